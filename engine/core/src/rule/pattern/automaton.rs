//! The automaton of a pattern, made as it is needed.
//!
//! What an event does to a run depends on where the run stands and on which elements the event fits, and on nothing
//! else. So each such step is derived from the pattern once, and looked up from then on.

use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_program::pattern::{self as program, Awaited, Choice, Pattern, Rest};

use super::starts::EVERYTHING;
use crate::limits::{MAX_MOVES, MAX_PLACES};

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
    /// Each place, what a run awaits there, and what [concerns](Self::asks) it.
    rests: Vec<(Rest, Awaited, u64)>,
    by_rest: HashMap<Rest, RestId>,
    by_event: HashMap<(RestId, u64), Arc<Moves>>,
    deadlines: HashMap<(RestId, u64), Box<[Arrival]>>,
    /// What the steps of both hold.
    weight: usize,
    beginnings: Box<[RestId]>,
    /// From how many places on it has to be asked where runs stand.
    most: usize,
}

impl Automaton {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let mut automaton = Self {
            rests: Vec::new(),
            by_rest: HashMap::new(),
            by_event: HashMap::new(),
            deadlines: HashMap::new(),
            weight: 0,
            beginnings: Box::default(),
            most: MAX_PLACES,
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

    /// The elements that concern a run: what they don't fit does nothing to it. [`EVERYTHING`], where each event does.
    pub(super) fn asks(&self, rest: RestId) -> u64 {
        self.rests[rest as usize].2
    }

    /// What an event that fits these elements does to a run.
    pub(super) fn moves(&mut self, pattern: &Pattern, rest: RestId, fits: u64) -> Arc<Moves> {
        let awaited = self.rests[rest as usize].1;
        let key = (rest, fits & (awaited.elements | awaited.forbidden));
        if let Some(known) = self.by_event.get(&key) {
            return Arc::clone(known);
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
        let arrivals = moves.taken.iter().flat_map(|taken| taken.arrivals.iter());
        self.weigh(arrivals);
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
        self.weigh(arrivals.iter());
        self.deadlines.insert(key, arrivals.clone());
        arrivals
    }

    /// Are so many places remembered that those where no run stands should be forgotten?
    pub(super) fn is_crowded(&self) -> bool {
        self.rests.len() > self.most
    }

    /// Forgets the places where none of these runs stands, and gives the others new numbers.
    pub(super) fn forget<'r>(&mut self, runs: impl Iterator<Item = &'r mut RestId>) {
        let known = core::mem::take(&mut self.rests);
        let mut numbers: Vec<Option<RestId>> = vec![None; known.len()];
        let rests = &mut self.rests;
        let mut number = |id: &mut RestId| {
            if *id != COMPLETE && *id != LATE {
                let place = *id as usize;
                *id = *numbers[place].get_or_insert_with(|| {
                    rests.push(known[place].clone());
                    rests.len() as RestId - 1
                });
            }
        };
        self.beginnings.iter_mut().for_each(&mut number);
        runs.for_each(&mut number);
        let places = self.rests.iter().zip(0..);
        self.by_rest = places.map(|((rest, ..), id)| (rest.clone(), id)).collect();
        self.by_event.clear();
        self.deadlines.clear();
        self.weight = 0;
        self.most = MAX_PLACES.max(2 * self.rests.len());
    }

    /// Makes room for one more step.
    fn weigh<'a>(&mut self, arrivals: impl Iterator<Item = &'a Arrival>) {
        let weight = 1 + arrivals.fold(0, |all, arrival| all + 1 + arrival.path.len());
        if self.weight + weight > MAX_MOVES {
            self.by_event.clear();
            self.deadlines.clear();
            self.weight = 0;
        }
        self.weight += weight;
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
        let stays = pattern.at_event(&rest, 0).skipped;
        let asks = if stays {
            awaited.elements | awaited.forbidden
        } else {
            EVERYTHING
        };
        self.rests.push((rest.clone(), awaited, asks));
        self.by_rest.insert(rest, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two operands of an `and`, a hundred times each: ten thousand places.
    fn pattern() -> Pattern {
        let mut sources = trapjaw_dsl::source::SourceMap::new();
        sources.add(
            "test.trap",
            "event a { n: int } event b { n: int }\n\
             rule r { match a{100} and b{100} within 1h do log(\"x\") }",
        );
        let compiled = trapjaw_dsl::compile(&sources).expect("the rule is right");
        let pattern = compiled.program.rules[0].pattern.as_deref();
        pattern.expect("the rule has a pattern").clone()
    }

    /// Where an event of one element leads.
    fn next(automaton: &mut Automaton, pattern: &Pattern, rest: RestId, element: u16) -> RestId {
        automaton.moves(pattern, rest, 1 << element).taken[0].arrivals[0].rest
    }

    #[test]
    fn places_where_no_run_stands_are_forgotten() {
        let pattern = pattern();
        let (mut automaton, mut all) = (Automaton::new(&pattern), Automaton::new(&pattern));
        let start = automaton.beginnings()[0];
        let (mut most, mut forgotten) = (0, 0);
        // A run stays behind, and others go all ways: so many of one element first, then the others in turn.
        let mut stays = next(&mut automaton, &pattern, start, 0);
        let mut stays_in_all = next(&mut all, &pattern, start, 0);
        for first in 1..100_usize {
            let (mut run, mut in_all) = (automaton.beginnings()[0], all.beginnings()[0]);
            let taken = [0, 1].map(|element| core::iter::repeat_n(element, 100));
            let [of_a, of_b] = taken;
            let ahead = of_a.clone().take(first);
            let in_turn = of_a.skip(first).zip(of_b.clone()).flat_map(|(a, b)| [a, b]);
            for element in ahead.chain(in_turn).chain(of_b.take(first)) {
                run = next(&mut automaton, &pattern, run, element);
                in_all = next(&mut all, &pattern, in_all, element);
                if automaton.is_crowded() {
                    forgotten += 1;
                    automaton.forget([&mut run, &mut stays].into_iter());
                }
                most = most.max(automaton.rests.len());
                let place = |automaton: &Automaton, id: RestId| {
                    automaton
                        .rests
                        .get(id as usize)
                        .map(|(rest, ..)| rest.clone())
                };
                assert_eq!(place(&automaton, run), place(&all, in_all));
            }
            assert_eq!((run, in_all), (COMPLETE, COMPLETE));
        }
        assert!(
            forgotten > 0 && most <= MAX_PLACES + 1,
            "{forgotten} {most}"
        );
        assert!(all.rests.len() > MAX_PLACES, "{}", all.rests.len());
        stays = next(&mut automaton, &pattern, stays, 1);
        stays_in_all = next(&mut all, &pattern, stays_in_all, 1);
        assert_eq!(
            automaton.rests[stays as usize],
            all.rests[stays_in_all as usize]
        );
    }
}
