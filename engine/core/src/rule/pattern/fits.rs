//! Which elements an event fits for a run, and conditions that are put off.

use std::sync::Arc;

use trapjaw_program::pattern::{Late, Pattern};

use super::automaton::Moves;
use super::events::{EventId, Seen};
use super::judge::{Scene, holds};
use super::runs::{PutOff, Run};
use super::{Event, Patterns, ones};
use crate::rule::context::Context;

impl Patterns {
    /// What an event does to a run.
    pub(super) fn moves(
        &mut self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        event: Event,
        run: &Run,
        previous: Option<EventId>,
    ) -> Arc<Moves> {
        let awaited = self.automaton.awaited(run.rest);
        let of = awaited.elements | awaited.forbidden;
        let mut fits = self.fits(cx, pattern, event, run, previous, of);
        loop {
            let moves = self.automaton.moves(pattern, run.rest, fits);
            // What would end an `and` with a condition still put off is not taken.
            let source = cx.feed(event.at).source;
            let open = |element: u16| {
                let mut after = run.clone();
                self.put_off(pattern, &mut after, (element, source, EventId::MAX));
                after
            };
            let mut taken = moves.taken.iter().filter(|_| self.traits.awaits);
            let refused = taken.find(|taken| {
                let after = open(taken.element);
                taken
                    .arrivals
                    .iter()
                    .all(|arrival| after.leaves_open(pattern, &arrival.closes))
            });
            match refused {
                Some(taken) => fits &= !(1 << taken.element),
                None => return moves,
            }
        }
    }

    /// Which of the elements an event fits for a run.
    pub(super) fn fits(
        &self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        event: Event,
        run: &Run,
        previous: Option<EventId>,
        of: u64,
    ) -> u64 {
        let mut fits = event.fits & of;
        if fits & event.late == 0 && run.put_off.is_empty() {
            return fits;
        }
        let source = usize::from(cx.feed(event.at).source);
        let scene = Scene {
            events: &self.events,
            bindings: &self.bindings,
            list: run.bindings,
            candidate: None,
            without: None,
            previous,
        };
        for element in ones(fits & event.late) {
            let Some(test) = &pattern.elements[usize::from(element)].tests[source] else {
                continue;
            };
            let is_due = |late: &&Late| {
                let around = late.awaits | 1 << element;
                late.awaits & !run.bound_of(around) == 0
            };
            let mut judged = test.late.iter().filter(is_due);
            if !judged.all(|late| holds(cx, pattern, late, Seen::Here(event.at), scene)) {
                fits &= !(1 << element);
            }
        }
        for element in ones(fits) {
            let is_true = |put: &PutOff| {
                // Is it the last that this one awaits?
                if put.missing(pattern, run) != 1 << element {
                    return true;
                }
                let scene = Scene {
                    candidate: Some((element, event.at)),
                    without: Some(put.event),
                    ..scene
                };
                let late = late_of(pattern, put);
                holds(cx, pattern, late, self.events.get(put.event), scene)
            };
            if !run.put_off.iter().all(is_true) {
                fits &= !(1 << element);
            }
        }
        fits
    }

    /// Notes in a run that an element took an event, and which of its conditions are put off.
    pub(super) fn put_off(
        &self,
        pattern: &Pattern,
        run: &mut Run,
        (element, source, event): (u16, u16, EventId),
    ) {
        if !self.traits.awaits {
            return;
        }
        for &all in self
            .conjunctions
            .iter()
            .filter(|all| *all >> element & 1 == 1)
        {
            match run.passages.iter_mut().find(|(known, _)| *known == all) {
                Some((_, bound)) => *bound |= 1 << element,
                None => run.passages.push((all, 1 << element)),
            }
        }
        let kept: Vec<PutOff> = (run.put_off.iter().copied())
            .filter(|put| put.missing(pattern, run) != 0)
            .collect();
        run.put_off = kept;
        let test = pattern.elements[usize::from(element)].tests[usize::from(source)].as_ref();
        let late = test.map_or(&[][..], |test| &test.late);
        for number in 0..late.len() as u16 {
            let put = PutOff {
                element,
                late: number,
                source,
                event,
            };
            if put.missing(pattern, run) != 0 {
                run.put_off.push(put);
            }
        }
    }
}

impl PutOff {
    /// The elements that it still awaits.
    fn missing(&self, pattern: &Pattern, run: &Run) -> u64 {
        let awaits = late_of(pattern, self).awaits;
        awaits & !run.bound_of(awaits | 1 << self.element)
    }
}

impl Run {
    /// Is a condition still put off that was to be judged in one of these `and`s?
    pub(super) fn leaves_open(&self, pattern: &Pattern, closes: &[u64]) -> bool {
        self.put_off.iter().any(|put| {
            let around = late_of(pattern, put).awaits | 1 << put.element;
            closes.iter().any(|all| around & !all == 0)
        })
    }
}

/// The condition that was put off.
pub(super) fn late_of<'p>(pattern: &'p Pattern, put: &PutOff) -> &'p Late {
    let tests = &pattern.elements[usize::from(put.element)].tests;
    match &tests[usize::from(put.source)] {
        Some(test) => &test.late[usize::from(put.late)],
        None => unreachable!("what was put off was asked"),
    }
}
