//! Runs: what the starts of one key have become.

use trapjaw_program::pattern::Pattern;

use super::automaton::{Arrival, Automaton, COMPLETE, PathId, RestId};
use super::bindings::{Bindings, ListId};
use super::events::{EventId, Events};

/// A condition that waits for another operand of its `and`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PutOff {
    /// Whose it is.
    pub(super) element: u16,
    /// Which of its conditions for events of its source.
    pub(super) late: u16,
    pub(super) source: u16,
    /// The event under test, which the run has bound.
    pub(super) event: EventId,
}

/// One way in which a start may become a match.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) rest: RestId,
    /// The choices made since it last took an event or passed a deadline, and with which runs it shares that.
    pub(super) path: PathId,
    pub(super) family: u64,
    pub(super) bindings: ListId,
    /// When each of the pattern's silences began.
    pub(super) clocks: Vec<i64>,
    /// When one of the elements that must not precede the match was seen last before it.
    pub(super) back: i64,
    /// The elements that have bound an event in the `and`s that the run is in.
    pub(super) passage: u64,
    pub(super) put_off: Vec<PutOff>,
}

impl Run {
    pub(super) fn is_complete(&self) -> bool {
        self.rest == COMPLETE
    }

    /// Has nothing that follows the other run anything that does not follow this one?
    pub(super) fn covers(&self, other: &Self, automaton: &Automaton, plain: bool) -> bool {
        self.rest == other.rest
            && self.clocks == other.clocks
            && self.back == other.back
            && plain
            && !self.is_complete()
            && !automaton.is_bound_to_others(self.path)
    }
}

/// An event with which matches may begin, and the runs that it has become, the preferred first.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) event: EventId,
    pub(super) time: i64,
    pub(super) runs: Vec<Run>,
    /// A match that was reported has bound its event.
    pub(super) is_bound: bool,
    pub(super) late: Option<OutOfTime>,
}

/// The first of a start's runs that ran out of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfTime {
    pub(super) bindings: ListId,
    /// For which elements it waited.
    pub(super) waited: u64,
}

impl Start {
    /// The end of its window.
    pub(super) fn end(&self, pattern: &Pattern) -> Option<i64> {
        Some(self.time.saturating_add(pattern.within?))
    }

    /// When something happens to one of its runs by itself.
    pub(super) fn deadline(&self, pattern: &Pattern, automaton: &Automaton) -> Option<i64> {
        let end = self.end(pattern);
        let of_run = |run: &Run| {
            if run.is_complete() {
                return None;
            }
            let awaited = automaton.awaited(run.rest);
            let window = end.filter(|_| awaited.window || awaited.elements != 0);
            silences(pattern, awaited.spans)
                .map(|(index, duration)| run.clocks[index].saturating_add(duration))
                .chain(window)
                .min()
        };
        self.runs.iter().filter_map(of_run).min()
    }

    /// Gives up what its runs hold, and itself.
    pub(super) fn release(self, events: &mut Events, bindings: &mut Bindings) {
        for run in self.runs {
            bindings.release(events, run.bindings);
        }
        if let Some(late) = self.late {
            bindings.release(events, late.bindings);
        }
        events.release(self.event);
    }
}

/// Of a set of silences, each with its duration.
pub(super) fn silences(pattern: &Pattern, spans: u64) -> impl Iterator<Item = (usize, i64)> + '_ {
    let all = pattern.spans.iter().enumerate();
    let all = all.filter(move |(index, _)| spans >> index & 1 == 1);
    all.map(|(index, silence)| (index, silence.duration))
}

/// Sets the clocks of silences that begin.
pub(super) fn begin(clocks: &mut Vec<i64>, pattern: &Pattern, arrival: &Arrival, now: i64) {
    if arrival.starts == 0 {
        return;
    }
    clocks.resize(pattern.spans.len(), 0);
    for (index, _) in silences(pattern, arrival.starts) {
        clocks[index] = now;
    }
}
