//! Runs: what the starts of one key have become.

use trapjaw_program::pattern::{Choice, Pattern};

use super::automaton::{Arrival, Automaton, COMPLETE, LATE, RestId, Taken};
use super::bindings::{Bindings, EMPTY, ListId};
use super::events::{EventId, Events};
use super::rivals::Rivals;
use super::starts::Filed;

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

/// A choice that a run made and that still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Made {
    /// Between which ways: runs that had the same choice have the same number.
    pub(super) split: u64,
    choice: Choice,
}

impl Made {
    /// Does the run end where one that made another choice takes what it does not?
    pub(super) fn competes_with(&self, other: &Self) -> bool {
        self.choice.competes && self.split == other.split && self.choice.way != other.choice.way
    }

    pub(super) fn way(&self) -> u16 {
        self.choice.way
    }

    pub(super) fn competes(&self) -> bool {
        self.choice.competes
    }

    /// Is it settled where the element takes an event?
    pub(super) fn is_settled_by(&self, element: u16) -> bool {
        self.choice.elements >> element & 1 == 1
    }

    /// Is it settled where one of the silences passes?
    pub(super) fn is_settled_by_silence(&self, spans: u64) -> bool {
        self.choice.spans & spans != 0
    }
}

/// One way in which a start may become a match.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) rest: RestId,
    pub(super) choices: Vec<Made>,
    pub(super) bindings: ListId,
    /// When each of the pattern's silences began.
    pub(super) clocks: Vec<i64>,
    /// When one of the elements that must not precede the match was seen last before it.
    pub(super) back: i64,
    /// What was bound in each `and` that the run is in: its elements, and those of them that have an event.
    pub(super) passages: Vec<(u64, u64)>,
    pub(super) put_off: Vec<PutOff>,
    /// For what it waited when it ran out of time.
    pub(super) waited: u64,
}

impl Run {
    /// One that has taken nothing yet.
    pub(super) fn new(rest: RestId, back: i64) -> Self {
        Self {
            rest,
            choices: Vec::new(),
            bindings: EMPTY,
            clocks: Vec::new(),
            back,
            passages: Vec::new(),
            put_off: Vec::new(),
            waited: 0,
        }
    }

    /// Of its choices those that it settles as it takes an event so, and which end runs that made another one.
    pub(super) fn settled_by<'r>(&'r self, taken: &'r Taken) -> impl Iterator<Item = &'r Made> {
        let choices = self.choices.iter().filter(|_| taken.must);
        choices.filter(|made| made.is_settled_by(taken.element))
    }

    /// Does it end as these choices are settled?
    pub(super) fn is_closed_by(&self, settled: &Rivals) -> bool {
        self.competing().any(|made| settled.have_another(made))
    }

    /// Its choices with which those of others end it.
    pub(super) fn competing(&self) -> impl Iterator<Item = &Made> {
        self.choices.iter().filter(|made| made.competes())
    }

    /// Does it end where the other takes what it does not?
    pub(super) fn may_end_by(&self, other: &Self) -> bool {
        let mut choices = self.choices.iter();
        choices.any(|own| other.choices.iter().any(|made| own.competes_with(made)))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.rest == COMPLETE
    }

    pub(super) fn is_late(&self) -> bool {
        self.rest == LATE
    }

    pub(super) fn is_open(&self) -> bool {
        !self.is_complete() && !self.is_late()
    }

    /// Does nothing follow the other run that does not follow this one too?
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.rest == other.rest
            && self.clocks == other.clocks
            && self.back == other.back
            && self.is_open()
            && self.is_free()
    }

    /// Does it end by itself alone?
    pub(super) fn is_free(&self) -> bool {
        !self.choices.iter().any(|made| made.choice.competes)
    }

    /// Runs whose marks differ are not the same. Of what is bound it has the newest events.
    pub(super) fn mark(&self, bindings: &Bindings) -> u64 {
        let bound = bindings.iter(self.bindings).take(MARKED);
        let mark = bound.fold(u64::from(self.rest), |mark, (element, event)| {
            mix(mix(mark, u64::from(element)), u64::from(event))
        });
        if self.is_complete() {
            return mark;
        }
        let choices = self.choices.iter();
        choices.fold(mark, |mark, made| {
            mix(mix(mark, made.split), u64::from(made.way()))
        })
    }

    /// Makes the choices on the way to a place, at a moment that has this number.
    pub(super) fn choose(&mut self, path: &[Choice], moment: u64) {
        let mut splits: Vec<((u64, u64), u64)> = Vec::new();
        for choice in path {
            let place = (choice.elements, choice.spans);
            let at = splits.iter().position(|(known, _)| *known == place);
            let at = at.unwrap_or_else(|| {
                splits.push((place, mix(mix(moment, choice.elements), choice.spans)));
                splits.len() - 1
            });
            let split = splits[at].1;
            splits[at].1 = mix(split, u64::from(choice.way) + 1);
            self.choices.push(Made {
                split,
                choice: *choice,
            });
        }
    }

    /// Which elements of the innermost `and` that has all of these have an event.
    pub(super) fn bound_of(&self, elements: u64) -> u64 {
        let around = self.passages.iter().filter(|(all, _)| elements & !all == 0);
        let inner = around.min_by_key(|(all, _)| all.count_ones());
        inner.map_or(0, |(_, bound)| *bound)
    }
}

/// Bound events that a run's mark is made of: few runs differ in older ones alone.
const MARKED: usize = 8;

/// A number that hardly any other two give.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ 0xD1B5_4A32_D192_ED03);
    (product >> 64) as u64 ^ product as u64 ^ a.rotate_left(23)
}

/// An event with which matches may begin, and the runs that it has become, the preferred first.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) event: EventId,
    /// The event's: later ones have greater numbers.
    pub(super) number: u64,
    pub(super) time: i64,
    pub(super) runs: Vec<Run>,
    /// A match that was reported has bound its event.
    pub(super) is_bound: bool,
    /// Where [`Starts`](super::starts::Starts) has it.
    pub(super) filed: Filed,
}

impl Start {
    /// Of an event, its number and its time, without a run.
    pub(super) fn new((event, number): (EventId, u64), time: i64) -> Self {
        Self {
            event,
            number,
            time,
            runs: Vec::new(),
            is_bound: false,
            filed: Filed::NOWHERE,
        }
    }

    /// What it is to be filed under.
    pub(super) fn filing(&self, pattern: &Pattern, automaton: &Automaton) -> Filed {
        let open = self.runs.iter().filter(|run| run.is_open());
        Filed {
            asks: open.fold(0, |asks, run| asks | automaton.asks(run.rest)),
            due: self.deadline(pattern, automaton),
            runs: self.runs.len(),
        }
    }

    /// The first of its runs that did not run out of time: complete, it wins.
    pub(super) fn first(&self) -> Option<&Run> {
        self.runs.iter().find(|run| !run.is_late())
    }

    /// Has it no runs any more, complete or open?
    pub(super) fn is_lost(&self) -> bool {
        self.first().is_none()
    }

    /// The end of its window.
    pub(super) fn end(&self, pattern: &Pattern) -> Option<i64> {
        Some(self.time.saturating_add(pattern.within?))
    }

    /// When something happens to one of its runs by itself.
    fn deadline(&self, pattern: &Pattern, automaton: &Automaton) -> Option<i64> {
        let end = self.end(pattern);
        let of_run = |run: &Run| {
            if !run.is_open() {
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
