//! What runs make of a moment: an event, or a deadline.

use core::mem;

use trapjaw_program::pattern::{Pattern, Skip};

use super::automaton::{Arrival, COMPLETE};
use super::bindings::EMPTY;
use super::events::{EventId, Seen};
use super::fits::late_of;
use super::runs::{OutOfTime, PutOff, Run, Start, begin, silences};
use super::{Event, NEVER, Partition, Patterns};
use crate::rule::context::Context;

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
        for start in &mut partition.starts {
            let runs = mem::take(&mut start.runs);
            let mut moves = Vec::with_capacity(runs.len());
            for run in &runs {
                moves.push((!run.is_complete()).then(|| {
                    let awaited = self.automaton.awaited(run.rest);
                    let of = awaited.elements | awaited.forbidden;
                    let fits = self.fits(cx, pattern, *event, Some(run), partition.previous, of);
                    self.automaton.moves(pattern, run.rest, fits)
                }));
            }
            for (index, run) in runs.iter().enumerate() {
                let Some(number) = moves[index] else {
                    start.runs.push(run.clone());
                    continue;
                };
                let found = self.automaton.at(number).clone();
                for taken in &found.taken {
                    let id = *event
                        .id
                        .get_or_insert_with(|| self.events.insert(event.slot, event.at, event.now));
                    let binding = (taken.element, id);
                    self.go_on(
                        cx,
                        pattern,
                        start,
                        run,
                        binding,
                        (&taken.arrivals, event.now),
                    );
                }
                let closed = || {
                    let mut others = runs.iter().zip(&moves);
                    others.any(|(other, number)| {
                        other.family == run.family
                            && number.is_some_and(|number| self.automaton.at(number).insists())
                            && self.automaton.competes(run.path, other.path)
                    })
                };
                if found.skipped && !found.ends && !closed() {
                    start.runs.push(run.clone());
                } else {
                    self.bindings.release(&mut self.events, run.bindings);
                }
            }
            self.thin(&mut start.runs, pattern);
        }
        self.start(cx, pattern, partition, event);
    }

    /// A run takes an event, and comes to several places.
    pub(super) fn go_on(
        &mut self,
        cx: &Context<'_>,
        pattern: &Pattern,
        start: &mut Start,
        run: &Run,
        (element, event): (u16, EventId),
        (arrivals, now): (&[Arrival], i64),
    ) {
        self.families += 1;
        let list = self
            .bindings
            .push(&mut self.events, run.bindings, (element, event));
        let passage = run.passage | 1 << element;
        let mut put_off: Vec<PutOff> = run.put_off.clone();
        put_off.retain(|put| late_of(pattern, put).awaits & !passage != 0);
        if let Seen::Here(at) = self.events.get(event) {
            let source = cx.feed(at).source;
            let test = pattern.elements[usize::from(element)].tests[usize::from(source)].as_ref();
            let late = test.map_or(&[][..], |test| &test.late).iter().zip(0..);
            let late = late.filter(|(late, _)| late.awaits & !passage != 0);
            put_off.extend(late.map(|(_, late)| PutOff {
                element,
                late,
                source,
                event,
            }));
        }
        for arrival in arrivals {
            let base = Run {
                bindings: list,
                passage,
                put_off: put_off.clone(),
                ..run.clone()
            };
            self.arrive(pattern, start, base, arrival, now);
        }
        self.bindings.release(&mut self.events, list);
    }

    /// A run comes to a place, unless something ends it there. It begins to hold its bindings.
    pub(super) fn arrive(
        &mut self,
        pattern: &Pattern,
        start: &mut Start,
        mut run: Run,
        arrival: &Arrival,
        now: i64,
    ) {
        // What an `and` left open when it was done is not true.
        if run
            .put_off
            .iter()
            .any(|put| arrival.closes >> put.element & 1 == 1)
        {
            return;
        }
        run.passage &= !arrival.closes;
        if arrival.rest == COMPLETE && run.back != NEVER {
            let newest = self.bindings.iter(run.bindings).next();
            let last = newest.map_or(now, |(_, event)| self.events.time(event));
            if run.back >= last.saturating_sub(pattern.within.unwrap_or(0)) {
                return;
            }
        }
        begin(&mut run.clocks, pattern, arrival, now);
        run.rest = arrival.rest;
        run.path = arrival.path;
        run.family = self.families;
        self.bindings.hold(run.bindings);
        start.runs.push(run);
    }

    /// The match that may begin with an event.
    pub(super) fn start(
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
            let of = awaited.elements | awaited.forbidden;
            if event.fits & awaited.elements == 0 {
                continue;
            }
            let fits = self.fits(cx, pattern, *event, None, partition.previous, of);
            let number = self.automaton.moves(pattern, rest, fits);
            for taken in 0..self.automaton.at(number).taken.len() {
                let taken = self.automaton.at(number).taken[taken].clone();
                let latest = |elements: u64| partition.latest(elements, event.now);
                let broken = silences(pattern, taken.back_spans).any(|(span, duration)| {
                    latest(pattern.spans[span].elements)
                        >= event.now.saturating_sub(duration).max(NEVER + 1)
                });
                if broken {
                    continue;
                }
                let back = latest(taken.back);
                let id = *event
                    .id
                    .get_or_insert_with(|| self.events.insert(event.slot, event.at, event.now));
                let events = &mut self.events;
                let start = start.get_or_insert_with(|| {
                    events.hold(id);
                    Start {
                        event: id,
                        time: event.now,
                        runs: Vec::new(),
                        is_bound: false,
                        late: None,
                    }
                });
                let run = Run {
                    rest,
                    path: 0,
                    family: 0,
                    bindings: EMPTY,
                    clocks: Vec::new(),
                    back,
                    passage: 0,
                    put_off: Vec::new(),
                };
                let binding = (taken.element, id);
                self.go_on(
                    cx,
                    pattern,
                    start,
                    &run,
                    binding,
                    (&taken.arrivals, event.now),
                );
            }
        }
        if let Some(mut start) = start {
            self.thin(&mut start.runs, pattern);
            partition.starts.push(start);
        }
    }

    /// Takes out the runs that can do nothing that a preferred one can't do too.
    pub(super) fn thin(&mut self, runs: &mut Vec<Run>, pattern: &Pattern) {
        if pattern.skip != Skip::None
            && let Some(won) = runs.iter().position(Run::is_complete)
        {
            for run in runs.drain(won + 1..) {
                self.bindings.release(&mut self.events, run.bindings);
            }
        }
        let mut index = 1;
        while index < runs.len() {
            let (before, rest) = runs.split_at(index);
            let run = &rest[0];
            let is_known = before.iter().any(|other| {
                other.covers(run, &self.automaton, self.traits.plain)
                    || (
                        other.rest,
                        other.path,
                        &other.clocks,
                        other.back,
                        &other.put_off,
                    ) == (run.rest, run.path, &run.clocks, run.back, &run.put_off)
                        && other.passage == run.passage
                        && (other.family == run.family
                            || other.is_complete()
                            || !self.automaton.is_bound_to_others(run.path))
                        && self.bindings.are_equal(other.bindings, run.bindings)
            });
            if is_known {
                let run = runs.remove(index);
                self.bindings.release(&mut self.events, run.bindings);
            } else {
                index += 1;
            }
        }
    }

    /// A deadline comes to the runs of a key.
    pub(super) fn pass_deadline(&mut self, pattern: &Pattern, partition: &mut Partition, now: i64) {
        for start in &mut partition.starts {
            let end = start.end(pattern);
            let runs = mem::take(&mut start.runs);
            let due: Vec<u64> = runs.iter().map(|run| self.due(pattern, run, now)).collect();
            for (index, run) in runs.iter().enumerate() {
                let first = start.runs.len();
                if due[index] != 0 {
                    self.families += 1;
                    let arrivals = self.automaton.at_deadline(pattern, run.rest, due[index]);
                    for arrival in &arrivals {
                        self.arrive(pattern, start, run.clone(), arrival, now);
                    }
                    self.bindings.release(&mut self.events, run.bindings);
                } else {
                    let mut others = runs.iter().zip(&due);
                    let closed = others.any(|(other, due)| {
                        *due != 0
                            && other.family == run.family
                            && self.automaton.competes(run.path, other.path)
                    });
                    if closed {
                        self.bindings.release(&mut self.events, run.bindings);
                    } else {
                        start.runs.push(run.clone());
                    }
                }
                if end.is_some_and(|end| end <= now) {
                    self.close_window(pattern, start, first, now);
                }
            }
            self.thin(&mut start.runs, pattern);
        }
    }

    /// The silences that have passed for a run.
    pub(super) fn due(&self, pattern: &Pattern, run: &Run, now: i64) -> u64 {
        if run.is_complete() {
            return 0;
        }
        let spans = self.automaton.awaited(run.rest).spans;
        silences(pattern, spans)
            .filter(|(index, duration)| run.clocks[*index].saturating_add(*duration) <= now)
            .fold(0, |due, (index, _)| due | 1 << index)
    }

    /// The end of the window comes to a start's runs from one on.
    pub(super) fn close_window(
        &mut self,
        pattern: &Pattern,
        start: &mut Start,
        first: usize,
        now: i64,
    ) {
        for mut run in start.runs.split_off(first) {
            if run.is_complete() {
                start.runs.push(run);
                continue;
            }
            let awaited = self.automaton.awaited(run.rest);
            if awaited.window {
                self.families += 1;
                let complete = Arrival {
                    rest: COMPLETE,
                    path: 0,
                    starts: 0,
                    closes: 0,
                };
                let bindings = run.bindings;
                run.path = 0;
                self.arrive(pattern, start, run, &complete, now);
                self.bindings.release(&mut self.events, bindings);
            } else if awaited.elements != 0 {
                match &mut start.late {
                    None if pattern.reports_timeout => {
                        start.late = Some(OutOfTime {
                            bindings: run.bindings,
                            waited: awaited.elements,
                        });
                        continue;
                    }
                    Some(late) if self.bindings.are_equal(late.bindings, run.bindings) => {
                        late.waited |= awaited.elements;
                    }
                    _ => {}
                }
                self.bindings.release(&mut self.events, run.bindings);
            } else {
                start.runs.push(run);
            }
        }
    }
}
