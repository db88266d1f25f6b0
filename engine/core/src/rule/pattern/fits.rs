//! Which elements an event fits for a run.

use trapjaw_program::pattern::{Late, Pattern};

use super::bindings::EMPTY;
use super::events::{EventId, Seen};
use super::judge::{Scene, holds};
use super::runs::{PutOff, Run};
use super::{Event, Patterns, ones};
use crate::rule::context::Context;

impl Patterns {
    /// Which of the elements an event fits for a run (`None`: before a match has begun).
    pub(super) fn fits(
        &self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        event: Event,
        run: Option<&Run>,
        previous: Option<EventId>,
        of: u64,
    ) -> u64 {
        let mut fits = event.fits & of;
        let source = usize::from(cx.feed(event.at).source);
        let scene = Scene {
            events: &self.events,
            bindings: &self.bindings,
            list: run.map_or(EMPTY, |run| run.bindings),
            candidate: None,
            without: None,
            previous,
        };
        let passage = run.map_or(0, |run| run.passage);
        for element in ones(fits & event.late) {
            let Some(test) = &pattern.elements[usize::from(element)].tests[source] else {
                continue;
            };
            let mut judged = test.late.iter().filter(|late| late.awaits & !passage == 0);
            if !judged.all(|late| holds(cx, pattern, late, Seen::Here(event.at), scene)) {
                fits &= !(1 << element);
            }
        }
        let Some(run) = run.filter(|run| !run.put_off.is_empty()) else {
            return fits;
        };
        for element in ones(fits) {
            let is_true = |put: &PutOff| {
                let late = late_of(pattern, put);
                // It is the last that this one awaits.
                if late.awaits & !run.passage != 1 << element {
                    return true;
                }
                let scene = Scene {
                    candidate: Some((element, event.at)),
                    without: Some(put.event),
                    ..scene
                };
                holds(cx, pattern, late, self.events.get(put.event), scene)
            };
            if !run.put_off.iter().all(is_true) {
                fits &= !(1 << element);
            }
        }
        fits
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
