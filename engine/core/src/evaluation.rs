//! One step's evaluation: every rule once, and what rules derive on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trapjaw_event::{
    BatchBuilder, BatchBytes, Binding, Event, MatchKind, RuleId, TypeId, Value, check,
};
use trapjaw_program::RuleSet;

use crate::config::Config;
use crate::counters::Counters;
use crate::forward::{self, Forward, Stray};
use crate::output::{Cause, Found, MatchRef, Outputs, Sink, compare_inputs};
use crate::rule::{Context, Feed, Intake, State};
use crate::segment::{Origin, RowOrigin, Rows, Segment};

/// An event that a rule has derived and that has yet to be taken in.
pub(crate) struct Derived {
    event: Event,
    cause: Cause,
    effect: i64,
    /// The row of the step at which it arose.
    row: u32,
}

impl Derived {
    fn origin(self) -> RowOrigin {
        RowOrigin {
            origin: Origin {
                stream: 0,
                sequence: 0,
            },
            effect: self.effect,
            cause: self.cause,
        }
    }
}

/// Derived events as a batch.
struct DerivedBatch {
    bytes: BatchBytes,
    rows: Vec<RowOrigin>,
    step_rows: Vec<u32>,
}

/// One step's evaluation: every rule once, producers of an event before its consumers.
pub(crate) struct Evaluation<'r> {
    pub(crate) rules: &'r RuleSet,
    pub(crate) version: u64,
    pub(crate) config: &'r Config,
    pub(crate) place: (u32, u32),
    pub(crate) defers: bool,
    pub(crate) bindings: &'r [Option<Arc<Binding>>],
    pub(crate) effects: &'r [i64],
    pub(crate) now: i64,
    pub(crate) ingest: u64,
    pub(crate) states: &'r mut [State],
    pub(crate) outputs: &'r mut Outputs,
    pub(crate) strays: &'r mut Vec<Stray>,
    pub(crate) counters: &'r mut Counters,
    pub(crate) derived: BTreeMap<TypeId, Vec<Derived>>,
    /// Where the evaluation ends: after the timers of this instant up to, and without, this rule's.
    pub(crate) end: Option<(i64, RuleId)>,
}

impl Evaluation<'_> {
    /// Evaluates the rules from place `first` of their order on.
    ///
    /// Where a rule reads events that earlier rules have derived, these become segments and the rest runs
    /// one call deeper, where they live: as deep as rules derive from one another.
    pub(crate) fn run(mut self, first: usize, segments: Vec<Segment<'_>>, sink: &mut impl Sink) {
        let types: BTreeSet<TypeId> = segments
            .iter()
            .map(|segment| segment.section.type_id())
            .collect();
        for place in first..self.rules.order.len() {
            let id = self.rules.order[place];
            let rule = &self.rules.rules[id.index()];
            let reads = |ty: &TypeId| rule.sources.iter().any(|source| source.type_id == *ty);
            if !self.defers && self.derived.keys().any(reads) {
                let batches = self.derived_batches();
                return self.run_deeper(place, segments, &batches, sink);
            }
            let has_rows = types.iter().any(reads);
            let is_due = self.states[id.index()]
                .next_deadline()
                .is_some_and(|next| next <= self.until(id));
            if has_rows || is_due {
                self.rule(place, &segments);
            }
        }
        self.finish(&segments, sink);
    }

    fn run_deeper<'d>(
        self,
        place: usize,
        mut segments: Vec<Segment<'d>>,
        batches: &'d [DerivedBatch],
        sink: &mut impl Sink,
    ) where
        Self: 'd,
    {
        let rules = self.rules;
        for batch in batches {
            let view = check(&batch.bytes, self.bindings).expect("a shard's own batch is sound");
            for section in view.sections() {
                let rows = Rows::Each(&batch.rows);
                let segment =
                    Segment::new(rules, section, None, rows, Some(&batch.step_rows), None);
                self.counters.faults += segment.faults();
                segments.push(segment);
            }
        }
        self.run(place, segments, sink);
    }

    /// Up to when a rule's timers go off.
    fn until(&self, rule: RuleId) -> i64 {
        match self.end {
            Some((instant, first)) if instant == self.now && rule >= first => instant - 1,
            _ => self.now,
        }
    }

    fn rule(&mut self, place: usize, segments: &[Segment<'_>]) {
        let id = self.rules.order[place];
        let rule = &self.rules.rules[id.index()];
        let until = self.until(id);
        let state = &mut self.states[id.index()];
        let breaks = state.breaks();
        let numbered = segments.iter().zip(0..);
        let intakes: Vec<Intake<'_>> = numbered
            .filter_map(|(segment, number)| Intake::new(segment, number, (id, rule), breaks))
            .collect();
        self.counters.faults += intakes
            .iter()
            .map(|intake| intake.inputs.faults())
            .sum::<u64>();
        let feeds: Vec<Feed<'_>> = intakes
            .iter()
            .map(|intake| Feed::new(rule, intake, self.effects))
            .collect();
        let before = self.outputs.fired.len();
        let mut context = Context {
            rule,
            id,
            registry: &self.rules.registry,
            segments,
            feeds: &feeds,
            effects: self.effects,
            config: self.config,
            shard: self.place,
            outputs: self.outputs,
            strays: self.strays,
            counters: self.counters,
        };
        state.advance(&mut context, until);
        if rule.emit.is_some() {
            self.derive(before, segments);
        }
    }

    /// Makes the derived events of what was found from `first` on.
    fn derive(&mut self, first: usize, segments: &[Segment<'_>]) {
        let found = Found {
            rules: self.rules,
            segments,
            outputs: self.outputs,
            ingest: self.ingest,
        };
        for fired in &self.outputs.fired[first..] {
            let rule = &self.rules.rules[fired.rule.index()];
            let Some(emit) = rule
                .emit
                .as_ref()
                .filter(|_| matches!(fired.kind, MatchKind::Matched | MatchKind::Raised))
            else {
                continue;
            };
            let about = MatchRef { found, fired };
            let registers = about.run(&emit.code);
            self.counters.faults += registers.faults();
            let value = |output: &Option<u32>| {
                output.map_or(Value::Null, |output| {
                    registers.value(output as usize, 0).to_value()
                })
            };
            let event = Event {
                type_id: emit.type_id,
                time: fired.time,
                source: format!("trapjaw/{}", rule.name).into(),
                id: Some(format!("{}:0", about.id()).into()),
                subject: None,
                severity: rule.metadata.severity,
                values: emit.fields.iter().map(value).collect(),
            };
            let cause = Some(self.outputs.link(fired));
            let derived = Derived {
                event,
                cause,
                effect: fired.time,
                row: fired.row,
            };
            self.derived.entry(emit.type_id).or_default().push(derived);
        }
    }

    /// All derived events so far, as batches; each holds one type.
    fn derived_batches(&mut self) -> Vec<DerivedBatch> {
        let mut batches = Vec::new();
        for (_, mut events) in core::mem::take(&mut self.derived) {
            events.sort_by(|a, b| compare_inputs((a.row, &a.cause), (b.row, &b.cause)));
            let mut builder = BatchBuilder::new(Arc::clone(&self.rules.registry));
            let (mut rows, mut step_rows) = (Vec::new(), Vec::new());
            for derived in events {
                let mut pushed = builder.push(&derived.event);
                if pushed.is_err() && !builder.is_empty() {
                    let bytes = builder.finish();
                    batches.push(DerivedBatch {
                        bytes,
                        rows: core::mem::take(&mut rows),
                        step_rows: core::mem::take(&mut step_rows),
                    });
                    pushed = builder.push(&derived.event);
                }
                if pushed.is_err() {
                    self.counters.dropped_derived += 1;
                    continue;
                }
                step_rows.push(derived.row);
                rows.push(derived.origin());
            }
            if !builder.is_empty() {
                batches.push(DerivedBatch {
                    bytes: builder.finish(),
                    rows,
                    step_rows,
                });
            }
        }
        batches
    }

    /// Sends all derived events out: to this shard, for every rule that reads them.
    fn send_derived(&mut self, sink: &mut impl Sink) {
        let mut builder = BatchBuilder::new(Arc::clone(&self.rules.registry));
        for (type_id, events) in core::mem::take(&mut self.derived) {
            let readers = &self.rules.types[type_id.index()].readers;
            for derived in events {
                if builder.push(&derived.event).is_err() {
                    self.counters.dropped_derived += 1;
                    continue;
                }
                sink.forward(Forward {
                    destination: self.place.0,
                    batch: builder.finish(),
                    version: self.version,
                    ingest: self.ingest,
                    rows: vec![derived.origin()],
                    targets: readers.iter().map(|(rule, _)| (*rule, 0)).collect(),
                });
            }
        }
    }

    fn finish(mut self, segments: &[Segment<'_>], sink: &mut impl Sink) {
        if self.defers {
            self.send_derived(sink);
        }
        self.outputs.sort();
        let found = Found {
            rules: self.rules,
            segments,
            outputs: self.outputs,
            ingest: self.ingest,
        };
        for fired in &self.outputs.fired {
            sink.matched(&MatchRef { found, fired });
        }
        if !self.strays.is_empty() {
            let about = (self.version, self.ingest);
            let most = if self.defers { 1 } else { usize::MAX };
            forward::pack(
                self.strays,
                segments,
                &self.rules.registry,
                about,
                most,
                |forward| sink.forward(forward),
            );
        }
    }
}
