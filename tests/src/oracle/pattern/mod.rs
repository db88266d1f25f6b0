//! What a pattern means, by brute force: read it beside the definition in the book's page on patterns.
//!
//! Nothing is remembered: for the whole input of a partition, as it is at some time, every run of every start is
//! followed from its beginning, and then it is chosen what is reported.
//!
//! - this file: starts, runs and their order, competition, the end of the window, and which matches are reported;
//! - `way`, `open`: where a run stands, and how it comes there;
//! - `moment`, `all`: what it can do at a moment, and what an `and` can;
//! - `partition`: which events a partition sees, and what it tells;
//! - `view`: what expressions see.

mod all;
mod moment;
mod open;
mod partition;
#[cfg(test)]
mod tests;
mod view;
mod way;

use std::sync::Arc;

use trapjaw_dsl::hir::pattern::{Condition, ElementId, Not, Pattern, Skip};
use trapjaw_dsl::hir::{Rule, Table};
use trapjaw_event::{Event, MatchKind, Registry, Value};

use super::eval::{self, Scope};
pub(super) use view::View;
use way::{Head, Moment, Taking, Way};

/// What a partition has been through: its input, and how far time has come.
pub(super) struct History<'h> {
    pub(super) registry: &'h Registry,
    pub(super) tables: &'h [Arc<Table>],
    pub(super) rule: &'h Rule,
    pub(super) key: &'h [Value],
    pub(super) idle_ttl: i64,
    /// Events, and when they took effect.
    pub(super) input: &'h [(i64, &'h Event)],
    /// Deadlines up to and with this instant have come.
    pub(super) now: i64,
}

/// Something that is reported of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) kind: MatchKind,
    pub(super) start: usize,
    /// Elements and places in the input, by elements and then by places.
    pub(super) bound: Vec<(ElementId, usize)>,
    /// What a timeout waited for.
    pub(super) waiting: Vec<ElementId>,
}

/// All that is known of a partition at some time.
#[derive(Debug)]
pub(super) struct Known {
    /// What is to have been reported by then, in the order of starts.
    pub(super) reports: Vec<Report>,
    /// When something may be known next, if no event comes.
    pub(super) deadline: Option<i64>,
}

/// A run, as far as it has come.
#[derive(Clone, Debug)]
struct Run<'p> {
    way: Way<'p>,
    bound: Vec<(ElementId, usize)>,
    /// `not`s that are looked at when it completes, each with the event from which they look back.
    back: Vec<(&'p Not, usize)>,
    /// It waited for an element when its window ended.
    late: bool,
}

/// Follows the runs of one start.
struct Search<'p> {
    history: &'p History<'p>,
    pattern: &'p Pattern,
    input: &'p [(i64, &'p Event)],
    start: usize,
    /// How often a run was split.
    splits: usize,
}

/// What is known of a partition.
pub(super) fn known(history: &History<'_>, pattern: &Pattern) -> Known {
    let mut known = Known {
        reports: Vec::new(),
        deadline: None,
    };
    // The first start that the search has not gone past, and whether it stays there.
    let (mut at, mut open_before) = (0, false);
    for start in 0..history.input.len() {
        if start < at {
            continue;
        }
        let mut search = Search {
            history,
            pattern,
            input: history.input,
            start,
            splits: 0,
        };
        let runs = search.runs();
        known.deadline = known
            .deadline
            .into_iter()
            .chain(search.deadline(&runs))
            .min();
        let open = match pattern.skip {
            Skip::None => runs.iter().any(Run::is_open),
            _ => runs.iter().find(|run| !run.late).is_some_and(Run::is_open),
        };
        match (pattern.skip, runs.iter().find(|run| !run.late)) {
            (Skip::None, _) => {
                for run in runs.iter().filter(|run| run.is_complete()) {
                    let report = run.report(MatchKind::Matched, start);
                    if !known.reports.contains(&report) {
                        known.reports.push(report);
                    }
                }
                known.time_out(pattern, start, &runs, open_before);
            }
            (skip, Some(first)) if first.is_complete() => {
                let report = first.report(MatchKind::Matched, start);
                at = next_start(skip, &report);
                known.reports.push(report);
            }
            (Skip::ToNext, Some(_)) => {}
            // Nothing is known of later starts.
            (_, Some(_)) => break,
            (_, None) => known.time_out(pattern, start, &runs, open_before),
        }
        open_before |= open;
    }
    known
}

/// Where the search goes on after a match.
fn next_start(skip: Skip, report: &Report) -> usize {
    let of = |element: ElementId| {
        let events = report.bound.iter().filter(move |(by, _)| *by == element);
        events.map(|&(_, place)| place)
    };
    let target = match skip {
        Skip::PastLast => report.bound.iter().map(|&(_, place)| place + 1).max(),
        Skip::ToFirst(element) => of(element).min(),
        Skip::ToLast(element) => of(element).max(),
        Skip::ToNext | Skip::None => None,
    };
    target
        .filter(|&target| target > report.start)
        .unwrap_or(report.start + 1)
}

impl Known {
    /// Reports that a start is lost, if a run of it ran out of time.
    fn time_out(&mut self, pattern: &Pattern, start: usize, runs: &[Run<'_>], open_before: bool) {
        let lost = runs.iter().all(|run| run.late);
        let bound = |report: &Report| {
            let mut places = report.bound.iter().map(|&(_, place)| place);
            report.kind == MatchKind::Matched && places.any(|place| place == start)
        };
        if !pattern.reports_timeout || !lost || open_before || self.reports.iter().any(bound) {
            return;
        }
        let Some(first) = runs.first() else { return };
        let alike = runs.iter().filter(|run| run.bound == first.bound);
        let mut waiting: Vec<ElementId> = alike.flat_map(|run| run.way.awaited()).collect();
        waiting.sort_unstable();
        waiting.dedup();
        self.reports.push(Report {
            waiting,
            ..first.report(MatchKind::Timeout, start)
        });
    }
}

impl Run<'_> {
    fn is_complete(&self) -> bool {
        matches!(self.way.head, Head::Done)
    }

    fn is_open(&self) -> bool {
        !self.is_complete() && !self.late
    }

    fn report(&self, kind: MatchKind, start: usize) -> Report {
        let mut bound = self.bound.clone();
        bound.sort_unstable();
        Report {
            kind,
            start,
            bound,
            waiting: Vec::new(),
        }
    }
}

impl<'p> Search<'p> {
    /// The runs of the start, in order of preference, as they stand now; those that ended are not among them, but for
    /// those that ran out of time.
    fn runs(&mut self) -> Vec<Run<'p>> {
        let mut runs = Vec::new();
        for way in self.beginnings(self.start) {
            let taking = self.takings(&way, Moment::Event(self.start), &[]);
            runs.extend(
                taking
                    .into_iter()
                    .filter_map(|taking| self.taken(&[], &[], taking)),
            );
        }
        let mut next = self.start + 1;
        loop {
            let event = self.input.get(next).map(|&(at, _)| at);
            let deadline = self.deadline(&runs);
            match (event, deadline) {
                (Some(at), Some(deadline)) if deadline <= at => {
                    runs = self.step(&runs, Moment::Deadline(deadline, next));
                }
                (Some(_), _) => {
                    runs = self.step(&runs, Moment::Event(next));
                    next += 1;
                }
                (None, Some(deadline)) if deadline <= self.history.now => {
                    runs = self.step(&runs, Moment::Deadline(deadline, next));
                }
                (None, _) => return runs,
            }
        }
    }

    /// The next deadline of the open runs.
    fn deadline(&self, runs: &[Run<'p>]) -> Option<i64> {
        let open = runs.iter().filter(|run| run.is_open());
        let deadlines = open.flat_map(|run| {
            let waits = !run.way.awaited().is_empty();
            let end = self.window_end().filter(|_| waits);
            run.way.deadlines().into_iter().chain(end)
        });
        deadlines.min()
    }

    /// What becomes of the runs at a moment.
    fn step(&mut self, runs: &[Run<'p>], moment: Moment) -> Vec<Run<'p>> {
        let takings: Vec<Vec<Taking<'p>>> = runs
            .iter()
            .map(|run| {
                if run.is_open() {
                    self.takings(&run.way, moment, &run.bound)
                } else {
                    Vec::new()
                }
            })
            .collect();
        let time = match moment {
            Moment::Event(place) => self.input[place].0,
            Moment::Deadline(at, _) => at,
        };
        let over = self.window_end().is_some_and(|end| end <= time);
        let mut after = Vec::new();
        for (run, own) in runs.iter().zip(&takings) {
            if !run.is_open() {
                after.push(run.clone());
                continue;
            }
            for taking in own {
                after.extend(self.taken(&run.bound, &run.back, taking.clone()));
            }
            let must: Vec<&Taking> = takings
                .iter()
                .flatten()
                .filter(|taking| taking.must)
                .collect();
            let closed = run.way.all_choices().iter().any(|choice| {
                must.iter().any(|taking| {
                    taking
                        .settled
                        .iter()
                        .any(|other| choice.competes_with(other))
                })
            });
            let skipped = self.skipping(&run.way, moment, &run.bound, Some(&|_| true));
            if let Some(way) = skipped.filter(|_| !closed) {
                after.push(Run { way, ..run.clone() });
            }
        }
        for run in &mut after {
            run.late |= over && !run.way.awaited().is_empty();
        }
        after
    }

    /// The run after a taking, unless it completes where a `not` that looks back forbids it.
    fn taken(
        &self,
        bound: &[(ElementId, usize)],
        back: &[(&'p Not, usize)],
        taking: Taking<'p>,
    ) -> Option<Run<'p>> {
        let run = Run {
            way: taking.way,
            bound: [bound, taking.bound.as_slice()].concat(),
            back: [back, &taking.back].concat(),
            late: false,
        };
        let last = run
            .bound
            .iter()
            .map(|&(_, place)| self.input[place].0)
            .max()?;
        let allowed = run.back.iter().all(|&(not, place)| {
            let within = self
                .pattern
                .within
                .expect("a `not` that looks back for ever is refused");
            !self.occurred(not, last.saturating_sub(within), self.input[place].0)
        });
        (!run.is_complete() || allowed).then_some(run)
    }

    fn window_end(&self) -> Option<i64> {
        Some(
            self.input[self.start]
                .0
                .saturating_add(self.pattern.within?),
        )
    }

    /// Whether the event fits the element, as far as other operands of an `and` have no part in it.
    fn fits(&self, element: ElementId, place: usize, bound: &[(ElementId, usize)]) -> bool {
        let definition = &self.pattern.elements[element.index()];
        let event = self.input[place].1;
        let scope = self.history.scope(event);
        sees(self.pattern, element, event, scope).is_some_and(|key| key == self.history.key)
            && definition
                .conditions
                .iter()
                .filter(|condition| condition.awaits.is_empty())
                .all(|condition| self.is_true(element, place, condition, bound))
    }

    fn is_true(
        &self,
        element: ElementId,
        place: usize,
        condition: &Condition,
        bound: &[(ElementId, usize)],
    ) -> bool {
        let view = View {
            types: &self.pattern.elements[element.index()].types,
            place: Some(place),
            ..self.history.view(self.pattern, bound)
        };
        let scope = Scope {
            bound: Some(&view),
            ..self.history.scope(self.input[place].1)
        };
        eval::holds(&condition.expr, scope)
    }

    /// Whether an event fits one of a `not`'s elements in [from, to), with nothing bound.
    fn occurred(&self, not: &Not, from: i64, to: i64) -> bool {
        let mut places =
            (0..self.input.len()).filter(|&place| (from..to).contains(&self.input[place].0));
        places.any(|place| {
            not.elements
                .iter()
                .any(|&element| self.fits(element, place, &[]))
        })
    }
}

/// The partition in which an element sees an event, if it does.
pub(super) fn sees(
    pattern: &Pattern,
    element: ElementId,
    event: &Event,
    scope: Scope,
) -> Option<Vec<Value>> {
    let types = &pattern.elements[element.index()].types;
    if !types.contains(&event.type_id) {
        return None;
    }
    let view = View {
        pattern,
        types,
        input: &[],
        bound: &[],
        place: None,
        key: &[],
        waiting: None,
        together: None,
        idle_ttl: 0,
    };
    let scope = Scope {
        event,
        bound: Some(&view),
        ..scope
    };
    let key = pattern
        .key
        .iter()
        .map(|part| eval::eval(&part.of[element.index()], scope));
    let key: Vec<Value> = key.collect();
    (!key.iter().any(Value::is_null)).then_some(key)
}

impl<'h> History<'h> {
    fn scope(&self, event: &'h Event) -> Scope<'h> {
        Scope {
            registry: self.registry,
            tables: self.tables,
            rule: self.rule,
            event,
            is_seen: true,
            rows: &[],
            length: None,
            bound: None,
        }
    }

    /// What is seen of a match, or of what has been bound of one.
    pub(super) fn view<'v>(
        &'v self,
        pattern: &'v Pattern,
        bound: &'v [(ElementId, usize)],
    ) -> View<'v> {
        View {
            pattern,
            types: &[],
            input: self.input,
            bound,
            place: None,
            key: self.key,
            waiting: None,
            together: None,
            idle_ttl: self.idle_ttl,
        }
    }
}
