//! What runs make of a moment: an event, or a deadline.

use core::mem;
use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_program::pattern::{Pattern, Skip};

use super::automaton::{Arrival, COMPLETE, LATE, Moves, Taken};
use super::events::EventId;
use super::rivals::Rivals;
use super::runs::{Run, Start, begin, silences};
use super::starts::EVERYTHING;
use super::{Event, NEVER, Partition, Patterns};
use crate::limits::{MAX_RUNS, MAX_START_RUNS};
use crate::rule::context::Context;
use crate::trace::{Fate, Why};

/// Runs that a start may have.
fn most_runs(pattern: &Pattern) -> usize {
    match pattern.skip {
        // Each of them may become a match.
        Skip::None => MAX_RUNS,
        _ => MAX_START_RUNS,
    }
}

/// Runs that a start may have while a moment passes, before those that can do nothing of their own are taken out.
fn most_opened(pattern: &Pattern) -> usize {
    2 * most_runs(pattern)
}

/// May one of the preferred runs still be ended by one of the others?
fn may_end(preferred: &[Run], others: &[Run]) -> bool {
    let rivals = Rivals::new(preferred.iter().flat_map(Run::competing));
    let mut choices = others.iter().flat_map(|run| &run.choices);
    choices.any(|made| rivals.have_another(made))
}

impl Patterns {
    /// Takes an event in: what each run makes of it, and the match that may begin with it.
    pub(super) fn event(
        &mut self,
        cx: &mut Context<'_>,
        partition: &mut Partition,
        event: &mut Event,
    ) {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return;
        };
        let begin = self.moved.len();
        // Who watches is told of those too that it does nothing to.
        let fits = self.recorder.as_ref().map_or(event.fits, |_| EVERYTHING);
        partition.starts.concerned_by(fits, &mut self.moved);
        for index in begin..self.moved.len() {
            let number = self.moved[index];
            let Some(start) = partition.starts.get_mut(number) else {
                continue;
            };
            let runs = mem::take(&mut start.runs);
            let mut moves: Vec<Option<Arc<Moves>>> = Vec::with_capacity(runs.len());
            for run in &runs {
                moves.push(
                    run.is_open()
                        .then(|| self.moves(cx, pattern, *event, run, partition.previous)),
                );
            }
            let settled = runs.iter().zip(&moves).flat_map(|(run, found)| {
                let taken = found.iter().flat_map(|found| &found.taken);
                taken.flat_map(|taken| run.settled_by(taken))
            });
            let settled = Rivals::new(settled);
            for (run, found) in runs.iter().zip(&moves) {
                let Some(found) = found else {
                    start.runs.push(run.clone());
                    continue;
                };
                for taken in &found.taken {
                    self.go_on(cx, pattern, start, run, taken, event);
                }
                let closed = run.is_closed_by(&settled);
                if self.recorder.is_some() {
                    let about = (*event, partition.previous);
                    self.note_moves(cx, pattern, (start, run), about, (found, closed));
                }
                if found.skipped && !found.ends && !closed && self.has_room(pattern, start) {
                    start.runs.push(run.clone());
                } else {
                    self.bindings.release(&mut self.events, run.bindings);
                }
            }
            self.thin(start, pattern);
            let filing = start.filing(pattern, &self.automaton);
            partition.starts.file(number, filing);
        }
        self.start(cx, pattern, partition, event);
    }

    /// The number under which an event is held.
    pub(super) fn held(&mut self, event: &mut Event) -> EventId {
        if let Some(id) = event.id {
            return id;
        }
        let id = self.events.insert(event.slot, event.at, event.now);
        if let Some(recorder) = &mut self.recorder {
            recorder.hold(id);
        }
        event.id = Some(id);
        id
    }

    /// A run takes an event, and comes to several places.
    fn go_on(
        &mut self,
        cx: &Context<'_>,
        pattern: &Pattern,
        start: &mut Start,
        run: &Run,
        taken: &Taken,
        event: &mut Event,
    ) {
        let id = self.held(event);
        self.moments += 1;
        let element = taken.element;
        let list = self
            .bindings
            .push(&mut self.events, run.bindings, (element, id));
        let mut base = Run {
            bindings: list,
            ..run.clone()
        };
        base.choices.retain(|made| !made.is_settled_by(element));
        let source = cx.feed(event.at).source;
        self.put_off(pattern, &mut base, (element, source, id));
        for arrival in &taken.arrivals {
            self.arrive(pattern, start, base.clone(), arrival, event.now);
        }
        self.bindings.release(&mut self.events, list);
    }

    /// May a start have one more run while a moment passes? Counts the one that it may not.
    fn has_room(&mut self, pattern: &Pattern, start: &Start) -> bool {
        let has_room = start.runs.len() < most_opened(pattern);
        self.given_up += u64::from(!has_room);
        has_room
    }

    /// A run comes to a place, unless something ends it there. It begins to hold its bindings.
    fn arrive(
        &mut self,
        pattern: &Pattern,
        start: &mut Start,
        mut run: Run,
        arrival: &Arrival,
        now: i64,
    ) {
        if !self.has_room(pattern, start) {
            self.note(start, &run, Fate::Ended(Why::GivenUp, Vec::new()));
            return;
        }
        if run.leaves_open(pattern, &arrival.closes) {
            self.note(start, &run, Fate::Ended(Why::Unjudged, Vec::new()));
            return;
        }
        run.passages
            .retain(|(all, _)| !arrival.closes.contains(all));
        if arrival.rest == COMPLETE && run.back != NEVER {
            let newest = self.bindings.iter(run.bindings).next();
            let last = newest.map_or(now, |(_, event)| self.events.time(event));
            if run.back >= last.saturating_sub(pattern.within.unwrap_or(0)) {
                self.note(start, &run, Fate::Ended(Why::Before, Vec::new()));
                return;
            }
        }
        begin(&mut run.clocks, pattern, arrival, now);
        run.rest = arrival.rest;
        run.choose(&arrival.path, self.moments);
        self.bindings.hold(run.bindings);
        if run.is_complete() {
            self.note(start, &run, Fate::Completed);
        }
        start.runs.push(run);
    }

    /// The match that may begin with an event.
    fn start(
        &mut self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        partition: &mut Partition,
        event: &mut Event,
    ) {
        let mut start: Option<Start> = None;
        for index in 0..self.automaton.beginnings().len() {
            let rest = self.automaton.beginnings()[index];
            let awaited = self.automaton.awaited(rest);
            if event.fits & awaited.elements == 0 {
                continue;
            }
            let run = Run::new(rest, NEVER);
            let found = self.moves(cx, pattern, *event, &run, partition.previous);
            for taken in &found.taken {
                let latest = |elements: u64| partition.latest(elements, event.now);
                let broken = silences(pattern, taken.back_spans).any(|(span, duration)| {
                    let from = event.now.saturating_sub(duration).max(NEVER + 1);
                    latest(pattern.spans[span].elements) >= from
                });
                if broken {
                    continue;
                }
                let run = Run::new(rest, latest(taken.back));
                let id = self.held(event);
                let events = &mut self.events;
                let start = start.get_or_insert_with(|| {
                    events.hold(id);
                    Start::new((id, events.number(id)), event.now)
                });
                self.note(start, &run, Fate::Took(taken.element));
                self.go_on(cx, pattern, start, &run, taken, event);
            }
        }
        if let Some(mut start) = start {
            self.thin(&mut start, pattern);
            let (number, filing) = (start.number, start.filing(pattern, &self.automaton));
            partition.starts.push(start);
            partition.starts.file(number, filing);
            self.moved.push(number);
        }
    }

    /// Takes out the runs that can do nothing that a preferred one can't do too.
    fn thin(&mut self, start: &mut Start, pattern: &Pattern) {
        let mut runs = mem::take(&mut start.runs);
        if pattern.skip != Skip::None
            && let Some(won) = runs.iter().position(Run::is_complete)
            && !may_end(&runs[..won], &runs[won..])
        {
            for run in runs.drain(won + 1..) {
                if run.is_open() {
                    self.note(start, &run, Fate::Ended(Why::Preferred, Vec::new()));
                }
                self.bindings.release(&mut self.events, run.bindings);
            }
        }
        let mut rivals = Rivals::new(runs.iter().flat_map(Run::competing));
        // Of those that stay: where those with a mark are, and which may cover others.
        let mut marks: HashMap<u64, Vec<usize>> = HashMap::with_capacity(runs.len());
        let mut free: Vec<usize> = Vec::new();
        for run in runs {
            // A run may be there to end another one.
            let is_rival = || run.choices.iter().any(|made| rivals.have_another(made));
            // A timeout tells of all runs that have bound the same as the first.
            let alike = |other: &Run| {
                // So does what must not have come before, which is judged by the last event bound.
                (!pattern.reports_timeout && run.back == NEVER)
                    || self.bindings.are_equal(other.bindings, run.bindings)
            };
            let mut free_ones = free.iter().map(|place| &start.runs[*place]);
            let is_covered = self.traits.plain
                && free_ones.any(|other| other.covers(&run) && alike(other))
                && !is_rival();
            let mark = run.mark(&self.bindings);
            let marked = marks.get(&mark).into_iter().flatten();
            let mut marked = marked.map(|place| &start.runs[*place]);
            let is_known = is_covered || marked.any(|other| self.is_same(other, &run));
            // The least preferred ones are given up.
            let is_beyond = !is_known && start.runs.len() == most_runs(pattern);
            if is_beyond {
                self.given_up += 1;
                self.note(start, &run, Fate::Ended(Why::GivenUp, Vec::new()));
            }
            if is_known || is_beyond {
                run.competing().for_each(|made| rivals.remove(made));
                self.bindings.release(&mut self.events, run.bindings);
                continue;
            }
            if run.is_open() && run.is_free() {
                free.push(start.runs.len());
            }
            marks.entry(mark).or_default().push(start.runs.len());
            start.runs.push(run);
        }
    }

    fn is_same(&self, a: &Run, b: &Run) -> bool {
        let are_complete = a.is_complete() && b.is_complete();
        if are_complete {
            return self.bindings.are_equal(a.bindings, b.bindings);
        }
        !a.is_late()
            && a.rest == b.rest
            && a.choices == b.choices
            && a.clocks == b.clocks
            && a.back == b.back
            && a.passages == b.passages
            && a.put_off == b.put_off
            && self.bindings.are_equal(a.bindings, b.bindings)
    }

    /// A deadline comes to the runs of a key.
    pub(super) fn pass_deadline(&mut self, pattern: &Pattern, partition: &mut Partition, now: i64) {
        let begin = self.moved.len();
        partition.starts.due_at(now, &mut self.moved);
        for index in begin..self.moved.len() {
            let number = self.moved[index];
            let Some(start) = partition.starts.get_mut(number) else {
                continue;
            };
            let end = start.end(pattern);
            let runs = mem::take(&mut start.runs);
            let due: Vec<u64> = runs.iter().map(|run| self.due(pattern, run, now)).collect();
            let settled = runs.iter().zip(&due).flat_map(|(run, passed)| {
                let choices = run.choices.iter();
                choices.filter(|made| made.is_settled_by_silence(*passed))
            });
            let settled = Rivals::new(settled);
            for (run, &passed) in runs.iter().zip(&due) {
                let first = start.runs.len();
                if passed != 0 {
                    self.note(start, run, Fate::Passed);
                    self.moments += 1;
                    let mut base = run.clone();
                    base.choices
                        .retain(|made| !made.is_settled_by_silence(passed));
                    let arrivals = self.automaton.at_deadline(pattern, run.rest, passed);
                    for arrival in &arrivals {
                        self.arrive(pattern, start, base.clone(), arrival, now);
                    }
                    self.bindings.release(&mut self.events, run.bindings);
                } else if run.is_open() && run.is_closed_by(&settled) {
                    self.note(start, run, Fate::Ended(Why::Rival, Vec::new()));
                    self.bindings.release(&mut self.events, run.bindings);
                } else if self.has_room(pattern, start) {
                    start.runs.push(run.clone());
                } else {
                    self.note(start, run, Fate::Ended(Why::GivenUp, Vec::new()));
                    self.bindings.release(&mut self.events, run.bindings);
                }
                if end.is_some_and(|end| end <= now) {
                    self.close_window(pattern, start, first, now);
                }
            }
            self.thin(start, pattern);
            let filing = start.filing(pattern, &self.automaton);
            partition.starts.file(number, filing);
        }
    }

    /// The silences that have passed for a run.
    fn due(&self, pattern: &Pattern, run: &Run, now: i64) -> u64 {
        if !run.is_open() {
            return 0;
        }
        let spans = self.automaton.awaited(run.rest).spans;
        silences(pattern, spans)
            .filter(|(index, duration)| run.clocks[*index].saturating_add(*duration) <= now)
            .fold(0, |due, (index, _)| due | 1 << index)
    }

    /// The end of the window comes to a start's runs from one on.
    fn close_window(&mut self, pattern: &Pattern, start: &mut Start, first: usize, now: i64) {
        for mut run in start.runs.split_off(first) {
            if !run.is_open() {
                start.runs.push(run);
                continue;
            }
            let awaited = self.automaton.awaited(run.rest);
            if awaited.window {
                let complete = Arrival {
                    rest: COMPLETE,
                    path: Arc::default(),
                    starts: 0,
                    closes: Arc::default(),
                };
                let bindings = run.bindings;
                self.arrive(pattern, start, run, &complete, now);
                self.bindings.release(&mut self.events, bindings);
            } else if awaited.elements == 0 {
                start.runs.push(run);
            } else if pattern.reports_timeout {
                self.note(start, &run, Fate::Ended(Why::Window, Vec::new()));
                run.waited = awaited.elements;
                run.rest = LATE;
                start.runs.push(run);
            } else {
                self.note(start, &run, Fate::Ended(Why::Window, Vec::new()));
                self.bindings.release(&mut self.events, run.bindings);
            }
        }
    }
}
