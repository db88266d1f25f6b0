//! One evaluation: every rule that has something to do once, producers of an event before its consumers.

use std::sync::Arc;

use smallvec::SmallVec;
use trapjaw_event::{Binding, RuleId, check};
use trapjaw_program::RuleSet;

use crate::agenda::Agenda;
use crate::columns::Columns;
use crate::config::Config;
use crate::counters::Counters;
use crate::derived::{DerivedBatch, DerivedEvents};
use crate::forward::{self, About, Forward, Stray};
use crate::index::Index;
use crate::lines::Lines;
use crate::matched::{Found, MatchRef, Telling};
use crate::output::{Outputs, Sink};
use crate::rule::{Context, Feed, Groups, Intake, Span, State};
use crate::segment::{Rows, Segment};
use crate::staging::Hold;

/// What an evaluation reads and writes of its shard. The outputs are those of this evaluation alone.
pub(crate) struct Evaluation<'r> {
    pub(crate) rules: &'r RuleSet,
    pub(crate) index: &'r Index,
    pub(crate) version: u64,
    pub(crate) config: &'r Config,
    pub(crate) place: (u32, u32),
    pub(crate) lines: &'r Lines,
    /// The line of time whose rules are evaluated.
    pub(crate) line: u32,
    /// Rows at the door: the watermark of lateness 0. What is behind a line's watermark is not for that line.
    pub(crate) door: Option<i64>,
    /// Whether derived events go out instead of being taken in at once.
    pub(crate) defers: bool,
    pub(crate) bindings: &'r [Option<Arc<Binding>>],
    /// When each row of the step takes effect.
    pub(crate) effects: &'r [i64],
    /// The rows of the step that are evaluated.
    pub(crate) span: Span,
    /// How far time comes.
    pub(crate) now: i64,
    /// Where the clock is on its way to, if that is later.
    pub(crate) target: i64,
    pub(crate) ingest: u64,
    /// Where the evaluation ends: after the timers of this instant up to, and without, this rule's.
    pub(crate) end: Option<(i64, RuleId)>,
    pub(crate) states: &'r mut [State],
    pub(crate) groups: &'r Groups,
    pub(crate) agenda: &'r mut Agenda,
    pub(crate) outputs: &'r mut Outputs,
    pub(crate) strays: &'r mut Vec<Stray>,
    /// Rows for the stages of lines behind this one.
    pub(crate) holds: &'r mut Vec<Hold>,
    /// How many derived rows were numbered.
    pub(crate) numbered: &'r mut u64,
    pub(crate) counters: &'r mut Counters,
    pub(crate) derived: DerivedEvents,
}

impl Evaluation<'_> {
    /// Evaluates the rules that read the segments or have a deadline, and tells what they find.
    pub(crate) fn run(&mut self, segments: &[&Segment<'_>], sink: &mut impl Sink) {
        for (index, segment) in segments.iter().enumerate() {
            let ty = segment.type_id();
            let is_first = segments[..index]
                .last()
                .is_none_or(|last| last.type_id() != ty);
            match segment.found() {
                Some(found) => {
                    if is_first {
                        self.agenda.mark(found.always());
                    }
                    for (rules, _) in found.concerned() {
                        self.agenda.mark(rules);
                    }
                }
                None if is_first => self.agenda.mark_readers(self.rules, ty),
                None => {}
            }
        }
        self.agenda.mark_due(self.now);
        self.run_from(0, segments, sink);
    }

    /// Evaluates the marked rules from a place of the agenda on.
    ///
    /// Where a rule reads events that earlier rules have derived, these become segments and the rest runs
    /// one call deeper, where they live: as deep as rules derive from one another.
    fn run_from(&mut self, first: u32, segments: &[&Segment<'_>], sink: &mut impl Sink) {
        let mut from = first;
        // What a rule derives is read by rules behind it: none before it is marked any more.
        while let Some((place, id)) = self.agenda.next_marked(from) {
            from = place;
            if !self.defers && self.derived.are_read_by(&self.rules.rules[id.index()]) {
                let batches = self
                    .derived
                    .take_batches(&self.rules.registry, self.counters);
                return self.run_deeper(place, segments, &batches, sink);
            }
            self.agenda.unmark(place);
            self.rule((place, id), segments);
        }
        let wanted = |ty| self.lines.is_read_behind(self.line, ty);
        if !self.defers && self.derived.any(wanted) {
            let batches = self
                .derived
                .take_batches(&self.rules.registry, self.counters);
            return self.run_deeper(u32::MAX, segments, &batches, sink);
        }
        if self.lines.are_many() {
            self.stage(segments);
        }
        self.finish(segments, sink);
    }

    fn run_deeper(
        &mut self,
        place: u32,
        segments: &[&Segment<'_>],
        batches: &[DerivedBatch],
        sink: &mut impl Sink,
    ) {
        let mut derived = Vec::new();
        for batch in batches {
            let view = check(&batch.bytes, self.bindings).expect("a shard's own batch is sound");
            for section in view.sections() {
                let rows = Rows::Each(&batch.rows);
                let step_rows = Some(&*batch.step_rows);
                let segment = Segment::new(
                    (self.rules, self.index),
                    section,
                    None,
                    rows,
                    step_rows,
                    None,
                );
                self.counters.faults += segment.faults();
                derived.push(segment);
            }
        }
        let all: Vec<&Segment<'_>> = segments.iter().copied().chain(&derived).collect();
        self.run_from(place, &all, sink);
    }

    /// Up to when a rule's timers go off.
    fn until(&self, rule: RuleId) -> i64 {
        match self.end {
            Some((instant, first)) if instant == self.now && rule >= first => {
                instant.saturating_sub(1)
            }
            _ => self.now,
        }
    }

    fn rule(&mut self, (place, id): (u32, RuleId), segments: &[&Segment<'_>]) {
        if self.span == Span::Whole
            && let Some(matches) =
                self.index
                    .direct()
                    .fire(id, segments, self.effects, self.outputs)
        {
            self.counters.matches[id.index()] += matches;
            return;
        }
        let rule = &self.rules.rules[id.index()];
        let until = self.until(id);
        let state = &mut self.states[id.index()];
        if matches!(state, State::Elsewhere) {
            // The first of its group does for all.
            return;
        }
        let group = self.groups.of(id);
        let breaks = state.breaks();
        let span = &self.span;
        let tables = &*self.rules.tables;
        let numbered = segments.iter().zip(0..);
        let mut intakes: SmallVec<[Intake<'_>; 1]> = numbered
            .filter_map(|(segment, number)| {
                Intake::new(segment, number, (id, rule), (breaks, span), tables)
            })
            .collect();
        let is_due = || self.agenda.deadline_at(place).is_some_and(|at| at <= until);
        if intakes.is_empty() && !is_due() {
            return;
        }
        if let Some(group) = group {
            for intake in &mut intakes {
                intake.compute_more(group, self.rules);
            }
        }
        self.counters.faults += intakes
            .iter()
            .map(|intake| intake.faults(group))
            .sum::<crate::counters::Faults>();
        let feed = |intake| Feed::new((rule, group), intake, self.effects);
        let (one, several): ([Feed<'_>; 1], Vec<Feed<'_>>);
        let feeds: &[Feed<'_>] = if let [intake] = &*intakes {
            one = [feed(intake)];
            &one
        } else {
            several = intakes.iter().map(feed).collect();
            &several
        };
        let before = self.outputs.fired.len();
        let mut context = Context {
            rule,
            id,
            registry: &self.rules.registry,
            tables,
            segments,
            feeds,
            start: self.effects.first().copied().unwrap_or(self.now),
            target: self.target.max(self.now),
            effects: self.effects,
            config: self.config,
            shard: self.place,
            outputs: self.outputs,
            strays: self.strays,
            counters: self.counters,
            sees: u64::MAX,
            rules: &self.rules.rules,
            group,
            member: 0,
        };
        state.advance(&mut context, until);
        self.agenda.set_deadline_at(place, state.next_deadline());
        if rule.emit.is_none() && group.is_none() {
            return;
        }
        let telling = Telling::default();
        let found = Found {
            rules: self.rules,
            briefs: self.index.briefs(),
            segments,
            columns: &[],
            outputs: self.outputs,
            ingest: self.ingest,
            telling: &telling,
        };
        for fired in &found.outputs.fired[before..] {
            let rule = &self.rules.rules[fired.rule.index()];
            let Some(emit) = &rule.emit else {
                continue;
            };
            let new = (self.derived).add((rule, emit), found, fired, self.counters);
            if let Some(ty) = new.filter(|_| !self.defers) {
                self.agenda.mark_readers(self.rules, ty);
            }
        }
    }

    /// Puts what was found in order, and tells it.
    fn finish(&mut self, segments: &[&Segment<'_>], sink: &mut impl Sink) {
        let Self {
            rules,
            index,
            version,
            ingest,
            line,
            ..
        } = *self;
        let Self {
            strays,
            counters,
            derived,
            outputs,
            ..
        } = self;
        let place = self.place.0;
        if self.defers {
            derived.take_each(&rules.registry, counters, |ty, batch, row| {
                let readers = rules.types[ty.index()].readers.iter();
                sink.forward(Forward {
                    destination: place,
                    batch,
                    version,
                    ingest,
                    line,
                    rows: vec![row],
                    targets: readers.map(|(rule, _)| (*rule, 0)).collect(),
                });
            });
        }
        if !outputs.fired.is_empty() {
            outputs.sort();
            let telling = Telling::default();
            let columns: Vec<Columns<'_>> = (segments.iter())
                .map(|segment| Columns::new(segment.section))
                .collect();
            let found = Found {
                rules,
                briefs: index.briefs(),
                segments,
                columns: &columns,
                outputs,
                ingest,
                telling: &telling,
            };
            for (fired, place) in found.outputs.in_order(0).zip(0..) {
                sink.matched(&MatchRef {
                    found,
                    fired,
                    place,
                });
            }
            counters.faults += telling.faults();
        }
        if !strays.is_empty() {
            // Who drives several shards delivers row by row.
            let most = if self.defers { 1 } else { usize::MAX };
            let about = About {
                version,
                ingest,
                line,
            };
            counters.unrouted +=
                forward::pack(strays, segments, &rules.registry, about, most, |forward| {
                    sink.forward(forward);
                });
        }
    }
}
