//! The automaton of a pattern, made as it is needed.
//!
//! What an event does to a run depends on where the run stands and on which elements the event fits, and on nothing
//! else. So each such step is derived from the pattern once, and looked up from then on.

use std::collections::HashMap;

use trapjaw_program::pattern::{self as program, Awaited, Branch, Pattern, Rest, competes};

/// Where a run stands.
pub(super) type RestId = u32;

/// A run that is complete stands here.
pub(super) const COMPLETE: RestId = u32::MAX;

/// Where a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) rest: RestId,
    /// The choices made on the way.
    pub(super) path: PathId,
    /// The silences that begin.
    pub(super) starts: u64,
    /// The elements of each `and` that is done.
    pub(super) closes: u64,
}

/// Choices, numbered.
pub(super) type PathId = u32;

/// An event taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) element: u16,
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

impl Moves {
    /// Is the event taken, and could not have been skipped?
    pub(super) fn insists(&self) -> bool {
        !self.taken.is_empty() && !self.skipped
    }
}

/// The automaton, as far as it was needed.
#[derive(Debug)]
pub(super) struct Automaton {
    rests: Vec<(Rest, Awaited)>,
    by_rest: HashMap<Rest, RestId>,
    paths: Vec<Box<[Branch]>>,
    by_path: HashMap<Box<[Branch]>, PathId>,
    moves: Vec<Moves>,
    by_event: HashMap<(RestId, u64), u32>,
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
            paths: Vec::new(),
            by_path: HashMap::new(),
            moves: Vec::new(),
            by_event: HashMap::new(),
            deadlines: HashMap::new(),
            beginnings: Box::default(),
        };
        automaton.path(Vec::new());
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

    /// Does a run that made the first choices end where one that made the others takes what it does not?
    pub(super) fn competes(&self, run: PathId, other: PathId) -> bool {
        run != other && competes(&self.paths[run as usize], &self.paths[other as usize])
    }

    /// Does a run that made these choices end where some other one takes what it does not?
    pub(super) fn is_bound_to_others(&self, path: PathId) -> bool {
        self.paths[path as usize]
            .iter()
            .any(|branch| *branch != Branch::Leave)
    }

    /// What an event that fits these elements does to a run, by number.
    pub(super) fn moves(&mut self, pattern: &Pattern, rest: RestId, fits: u64) -> u32 {
        let awaited = self.rests[rest as usize].1;
        let key = (rest, fits & (awaited.elements | awaited.forbidden));
        if let Some(&known) = self.by_event.get(&key) {
            return known;
        }
        if self.by_event.len() >= MAX_MOVES {
            self.by_event.clear();
            self.moves.clear();
        }
        let event = pattern.at_event(&self.rests[rest as usize].0, fits);
        let taken = event.taken.into_iter().map(|taken| Taken {
            element: taken.element,
            arrivals: self.arrivals(pattern, taken.arrivals),
            back: taken.back,
            back_spans: taken.back_spans,
        });
        let taken = taken.collect();
        self.moves.push(Moves {
            ends: event.ends,
            skipped: event.skipped,
            taken,
        });
        let index = self.moves.len() as u32 - 1;
        self.by_event.insert(key, index);
        index
    }

    /// The moves that have this number, until others are asked for.
    pub(super) fn at(&self, moves: u32) -> &Moves {
        &self.moves[moves as usize]
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
            path: self.path(arrival.path),
            starts: arrival.starts,
            closes: arrival.closes,
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

    fn path(&mut self, path: Vec<Branch>) -> PathId {
        let path: Box<[Branch]> = path.into();
        if let Some(&known) = self.by_path.get(&path) {
            return known;
        }
        let id = self.paths.len() as PathId;
        self.paths.push(path.clone());
        self.by_path.insert(path, id);
        id
    }
}
