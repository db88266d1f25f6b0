//! The automaton of a pattern, made as it is needed.
//!
//! What an event does to a run depends on where the run stands and on which elements the event fits, and on nothing
//! else. So each such step is derived from the pattern once, and looked up from then on.

use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_program::pattern::{self as program, Awaited, Choice, Pattern, Rest};

/// Where a run stands.
pub(super) type RestId = u32;

/// A run that is complete stands here.
pub(super) const COMPLETE: RestId = u32::MAX;

/// A run that ran out of time stands here.
pub(super) const LATE: RestId = u32::MAX - 1;

/// Where a run comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) rest: RestId,
    /// The choices made on the way.
    pub(super) path: Arc<[Choice]>,
    /// The silences that begin.
    pub(super) starts: u64,
    /// The elements of each `and` that is done, the inner ones first.
    pub(super) closes: Arc<[u64]>,
}

/// An event taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) element: u16,
    /// Whether it could not have been skipped.
    pub(super) must: bool,
    pub(super) arrivals: Box<[Arrival]>,
    pub(super) back: u64,
    pub(super) back_spans: u64,
}

/// What an event does to a run.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    pub(super) ends: bool,
    pub(super) skipped: bool,
    pub(super) taken: Box<[Taken]>,
}

/// The automaton, as far as it was needed.
#[derive(Debug)]
pub(super) struct Automaton {
    rests: Vec<(Rest, Awaited)>,
    by_rest: HashMap<Rest, RestId>,
    by_event: HashMap<(RestId, u64), Arc<Moves>>,
    deadlines: HashMap<(RestId, u64), Box<[Arrival]>>,
    beginnings: Box<[RestId]>,
}

/// Steps that are remembered; when there are more, all are forgotten, and derived anew as they are needed.
const MAX_MOVES: usize = 1 << 16;

impl Automaton {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let mut automaton = Self {
            rests: Vec::new(),
            by_rest: HashMap::new(),
            by_event: HashMap::new(),
            deadlines: HashMap::new(),
            beginnings: Box::default(),
        };
        let beginnings = pattern.beginnings().into_iter();
        automaton.beginnings = beginnings
            .map(|rest| automaton.rest(pattern, rest))
            .collect();
        automaton
    }

    /// Where a match may begin.
    pub(super) fn beginnings(&self) -> &[RestId] {
        &self.beginnings
    }

    /// What a run waits for.
    pub(super) fn awaited(&self, rest: RestId) -> Awaited {
        self.rests[rest as usize].1
    }

    /// What an event that fits these elements does to a run.
    pub(super) fn moves(&mut self, pattern: &Pattern, rest: RestId, fits: u64) -> Arc<Moves> {
        let awaited = self.rests[rest as usize].1;
        let key = (rest, fits & (awaited.elements | awaited.forbidden));
        if let Some(known) = self.by_event.get(&key) {
            return Arc::clone(known);
        }
        if self.by_event.len() >= MAX_MOVES {
            self.by_event.clear();
        }
        let event = pattern.at_event(&self.rests[rest as usize].0, fits);
        let taken = event.taken.into_iter().map(|taken| Taken {
            element: taken.element,
            must: taken.must,
            arrivals: self.arrivals(pattern, taken.arrivals),
            back: taken.back,
            back_spans: taken.back_spans,
        });
        let moves = Arc::new(Moves {
            taken: taken.collect(),
            ends: event.ends,
            skipped: event.skipped,
        });
        self.by_event.insert(key, Arc::clone(&moves));
        moves
    }

    /// Where a run comes to when these silences have passed; empty if it waits for none of them.
    pub(super) fn at_deadline(
        &mut self,
        pattern: &Pattern,
        rest: RestId,
        due: u64,
    ) -> Box<[Arrival]> {
        let key = (rest, due & self.rests[rest as usize].1.spans);
        if let Some(known) = self.deadlines.get(&key) {
            return known.clone();
        }
        let arrivals = pattern.at_deadline(&self.rests[rest as usize].0, key.1);
        let arrivals = self.arrivals(pattern, arrivals);
        self.deadlines.insert(key, arrivals.clone());
        arrivals
    }

    fn arrivals(&mut self, pattern: &Pattern, arrivals: Vec<program::Arrival>) -> Box<[Arrival]> {
        let arrivals = arrivals.into_iter().map(|arrival| Arrival {
            rest: match arrival.rest {
                Some(rest) => self.rest(pattern, rest),
                None => COMPLETE,
            },
            path: arrival.path.into(),
            starts: arrival.starts,
            closes: arrival.closes.into(),
        });
        arrivals.collect()
    }

    fn rest(&mut self, pattern: &Pattern, rest: Rest) -> RestId {
        if let Some(&known) = self.by_rest.get(&rest) {
            return known;
        }
        let id = self.rests.len() as RestId;
        let awaited = pattern.awaited(&rest);
        self.rests.push((rest.clone(), awaited));
        self.by_rest.insert(rest, id);
        id
    }
}
