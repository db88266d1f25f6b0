//! What becomes of a start, whichever events come: the automaton of a pattern, determinised.
//!
//! Where no condition reads what is bound, starts whose runs stand alike have the same future. So all of them stand in
//! one *stand*: the runs of a start in their order, with the choices that still matter. An event takes every start of a
//! stand to the same other one, and what each of their runs has bound then follows from the step alone: from which run
//! it came, and which element took the event.
//!
//! The table has every stand that any events can lead to, or there is none: see [`Table::new`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use trapjaw_program::pattern::{Pattern, Skip};

use super::super::NEVER;
use super::super::automaton::{Automaton, COMPLETE, LATE, Moves, RestId, Taken};
use super::super::rivals::Rivals;
use super::super::runs::{Made, Run};
use super::classes::Classes;
use crate::limits::{MAX_STAND_OPENED, MAX_STAND_RUNS, MAX_STAND_STEPS, MAX_STANDS};

/// Where all runs of a start stand.
pub(super) type StandId = u32;

/// A start that has no runs any more stands here.
pub(super) const GONE: StandId = u32::MAX;

/// What takes starts from one stand to another.
pub(super) type StepId = u32;

/// Nothing happens.
pub(super) const STAY: StepId = u32::MAX;

/// No element.
pub(super) const NOTHING: u16 = u16::MAX;

/// Elements that one stand asks of an event; there is a step for each of their subsets.
const MAX_ASKED: u32 = 8;

/// A run behind a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Which run of the stand before it was.
    pub(super) before: u16,
    /// The element that took the event, or [`NOTHING`].
    pub(super) element: u16,
    /// The element that took the start.
    pub(super) first: u16,
}

/// What an event, or the end of its window, makes of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) target: StandId,
    /// Does a run take the event?
    pub(super) takes: bool,
    /// By run of the target.
    pub(super) edges: Box<[Edge]>,
    /// With `skip none`: the runs that are complete, and no longer there.
    pub(super) found: Box<[Edge]>,
}

/// What a start has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    /// By this run.
    Won(u16),
    /// By time alone, which is to be reported: the first of its runs, and for what it waited.
    Lost(u16, u64),
}

/// The runs of a start, the preferred first.
#[derive(Debug)]
pub(super) struct Stand {
    pub(super) runs: u32,
    pub(super) outcome: Outcome,
    /// By run: the element that took the start.
    pub(super) firsts: Box<[u16]>,
    /// What the end of the window makes of it.
    pub(super) end: Option<StepId>,
    /// The elements that matter to it.
    asks: u64,
    /// By those of them that an event fits.
    steps: Vec<(u64, StepId)>,
}

/// A pattern's automaton.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) stands: Vec<Stand>,
    pub(super) steps: Vec<Step>,
    /// The elements that matter to an event that may begin a match, and what begins, by those that it fits.
    begins: (u64, Vec<(u64, StepId)>),
    /// Of the elements, those with which a match may begin.
    pub(super) beginners: u64,
    pub(super) classes: Classes,
}

impl Stand {
    /// What an event that fits these elements does to the starts that stand here.
    pub(super) fn step(&self, fits: u64) -> StepId {
        found(&self.steps, fits & self.asks)
    }

    /// All of them that do anything.
    pub(super) fn steps(&self) -> &[(u64, StepId)] {
        &self.steps
    }

    /// Does no event leave a start here?
    pub(super) fn is_left_by_all(&self) -> bool {
        self.steps.len() == 1 << self.asks.count_ones()
    }

    /// Is a start that stands here won or lost?
    pub(super) fn is_settled(&self) -> bool {
        self.outcome != Outcome::Open
    }
}

impl Table {
    /// The table of a pattern; `None` if it has too many stands, or if what is bound, what came before the match or
    /// what did not come for a while has a part in what follows.
    pub(super) fn new(pattern: &Pattern) -> Option<Self> {
        let mut tests = pattern
            .elements
            .iter()
            .flat_map(|element| element.tests.iter().flatten());
        if !pattern.spans.is_empty() || tests.any(|test| !test.late.is_empty()) {
            return None;
        }
        let mut automaton = Automaton::new(pattern);
        let mut builder = Builder {
            pattern,
            automaton: &mut automaton,
            moments: 0,
            known: HashMap::new(),
            runs: VecDeque::new(),
            stands: Vec::new(),
            steps: Vec::new(),
        };
        let (asks, beginners) = builder.asks_to_begin();
        let mut begins = Vec::new();
        for fits in subsets(asks)? {
            let runs = builder.begin(fits)?;
            begins.push((fits, builder.step(runs)?));
        }
        while let Some((stand, runs)) = builder.runs.pop_front() {
            builder.explore(stand, &runs)?;
        }
        let Builder { stands, steps, .. } = builder;
        Some(Self {
            classes: Classes::new(stands.len()),
            stands,
            steps,
            begins: (asks, begins),
            beginners,
        })
    }

    /// All that may begin.
    pub(super) fn beginnings(&self) -> &[(u64, StepId)] {
        &self.begins.1
    }

    /// What an event that fits these elements begins.
    pub(super) fn beginning(&self, fits: u64) -> StepId {
        let (asks, begins) = &self.begins;
        let step = found(begins, fits & asks);
        if step == STAY || self.steps[step as usize].is_nothing() {
            return STAY;
        }
        step
    }
}

impl Step {
    /// Do the starts of a stand stand there behind it too, and has none of their runs bound anything more?
    pub(super) fn leaves_all(&self, stand: StandId) -> bool {
        let mut edges = self.edges.iter().zip(0_u16..);
        self.target == stand
            && edges.all(|(edge, run)| edge.before == run && edge.element == NOTHING)
    }

    /// Does it leave nothing, and no match either?
    pub(super) fn is_nothing(&self) -> bool {
        self.target == GONE && self.found.is_empty()
    }
}

fn found(steps: &[(u64, StepId)], fits: u64) -> StepId {
    let place = steps.binary_search_by_key(&fits, |(fits, _)| *fits);
    place.map_or(STAY, |place| steps[place].1)
}

/// All subsets, in ascending order; `None` if there are too many.
fn subsets(of: u64) -> Option<impl Iterator<Item = u64>> {
    if of.count_ones() > MAX_ASKED {
        return None;
    }
    let next = move |set: &u64| Some(set.wrapping_sub(of) & of).filter(|next| *next != 0);
    Some(core::iter::successors(Some(0), next))
}

/// A run, and the edge that leads to it.
type Came = (Run, Edge);

/// What makes two stands the same: each run's place, choices, the number of its bindings among those of the stand, the
/// element that took the start, and what it waited for.
type Key = Vec<(RestId, Vec<Made>, u32, u16, u64)>;

struct Builder<'p> {
    pattern: &'p Pattern,
    automaton: &'p mut Automaton,
    moments: u64,
    known: HashMap<Key, StandId>,
    /// The stands that are not explored yet, with their runs; the number of what a run has bound stands for its
    /// bindings: equal ones have the same.
    runs: VecDeque<(StandId, Vec<Came>)>,
    stands: Vec<Stand>,
    steps: Vec<Step>,
}

impl Builder<'_> {
    /// The elements that matter to an event that may begin a match, and those with which it may begin.
    fn asks_to_begin(&self) -> (u64, u64) {
        let rests = self.automaton.beginnings().iter();
        rests.fold((0, 0), |(asks, begins), rest| {
            let awaited = self.automaton.awaited(*rest);
            (
                asks | awaited.elements | awaited.forbidden,
                begins | awaited.elements,
            )
        })
    }

    /// The runs of a start.
    fn begin(&mut self, fits: u64) -> Option<Vec<Came>> {
        let mut after = Vec::new();
        for rest in self.automaton.beginnings().to_vec() {
            if fits & self.automaton.awaited(rest).elements == 0 {
                continue;
            }
            let run = Run::new(rest, NEVER);
            let moves = self.automaton.moves(self.pattern, rest, fits);
            for taken in &moves.taken {
                if taken.back != 0 || taken.back_spans != 0 {
                    return None;
                }
                let from = Edge {
                    before: 0,
                    element: taken.element,
                    first: taken.element,
                };
                self.go_on(&mut after, &run, taken, from);
                if after.len() > MAX_STAND_OPENED {
                    return None;
                }
            }
        }
        Self::renumber(&mut after);
        self.thin(&mut after);
        Some(after)
    }

    fn go_on(&mut self, after: &mut Vec<Came>, run: &Run, taken: &Taken, from: Edge) {
        self.moments += 1;
        let mut base = run.clone();
        base.choices
            .retain(|made| !made.is_settled_by(taken.element));
        for arrival in &taken.arrivals {
            let mut run = base.clone();
            run.rest = arrival.rest;
            run.choose(&arrival.path, self.moments);
            after.push((run, from));
        }
    }

    /// What an event makes of the runs of a start: see [`Patterns::event`](super::super::Patterns::event), which does it
    /// run by run.
    fn event(&mut self, runs: &[Came], fits: u64) -> Option<Vec<Came>> {
        let moves: Vec<Option<Arc<Moves>>> = runs
            .iter()
            .map(|(run, _)| {
                run.is_open()
                    .then(|| self.automaton.moves(self.pattern, run.rest, fits))
            })
            .collect();
        let settled = runs.iter().zip(&moves).flat_map(|((run, _), found)| {
            let taken = found.iter().flat_map(|found| &found.taken);
            taken.flat_map(|taken| run.settled_by(taken))
        });
        let settled = Rivals::new(settled);
        let mut after = Vec::new();
        for (index, ((run, edge), found)) in runs.iter().zip(&moves).enumerate() {
            let stays = Edge {
                before: index as u16,
                element: NOTHING,
                first: edge.first,
            };
            let Some(found) = found else {
                after.push((run.clone(), stays));
                continue;
            };
            for taken in &found.taken {
                let from = Edge {
                    element: taken.element,
                    ..stays
                };
                self.go_on(&mut after, run, taken, from);
            }
            if found.skipped && !found.ends && !run.is_closed_by(&settled) {
                after.push((run.clone(), stays));
            }
            if after.len() > MAX_STAND_OPENED {
                return None;
            }
        }
        Self::renumber(&mut after);
        self.thin(&mut after);
        Some(after)
    }

    /// What the end of the window makes of them.
    fn end(&mut self, runs: &[Came]) -> Vec<Came> {
        let mut after = Vec::new();
        for (index, (run, edge)) in runs.iter().enumerate() {
            let mut run = run.clone();
            if run.is_open() {
                let awaited = self.automaton.awaited(run.rest);
                if awaited.window {
                    run.rest = COMPLETE;
                } else if self.pattern.reports_timeout {
                    run.waited = awaited.elements;
                    run.rest = LATE;
                } else {
                    continue;
                }
            }
            let stays = Edge {
                before: index as u16,
                element: NOTHING,
                first: edge.first,
            };
            after.push((run, stays));
        }
        self.thin(&mut after);
        after
    }

    /// Numbers anew what the runs have bound: the same from the same run by the same element.
    fn renumber(after: &mut [Came]) {
        let mut known: Vec<(u32, u16)> = Vec::new();
        for (run, edge) in after {
            // A run keeps the number of the one before until here.
            let bound = (run.bindings, edge.element);
            let place = known.iter().position(|other| *other == bound);
            run.bindings = place.unwrap_or_else(|| {
                known.push(bound);
                known.len() - 1
            }) as u32;
        }
    }

    /// Takes out the runs that can do nothing that a preferred one can't do too.
    ///
    /// A timeout tells of all runs that have bound the same as the first. None of these is missed: runs part with the same
    /// bound only at a choice that neither has settled since. So either a run competes with this one, which then may be
    /// there to end it; or this one competes, and so does every run that stands where it does, which then covers none.
    fn thin(&self, runs: &mut Vec<Came>) {
        let is_plain = self.pattern.skip != Skip::None;
        if is_plain
            && let Some(won) = runs.iter().position(|(run, _)| run.is_complete())
            // What can't be told any more may still end what is preferred.
            && !runs[..won]
                .iter()
                .any(|(run, _)| runs[won..].iter().any(|(other, _)| run.may_end_by(other)))
        {
            runs.truncate(won + 1);
        }
        let is_same = |a: &Run, b: &Run| {
            if a.is_complete() && b.is_complete() {
                return a.bindings == b.bindings;
            }
            a.rest == b.rest && a.bindings == b.bindings && !a.is_late() && a.choices == b.choices
        };
        // Of those before: where the ones stand that may cover others.
        let mut free: Vec<RestId> = Vec::new();
        let mut index = 0;
        while index < runs.len() {
            let (before, rest) = runs.split_at(index);
            let run = &rest[0].0;
            // A run may be there to end another one.
            let is_rival = || runs.iter().any(|(other, _)| other.may_end_by(run));
            let is_covered = is_plain && free.contains(&run.rest) && !is_rival();
            if is_covered || before.iter().any(|(other, _)| is_same(other, run)) {
                runs.remove(index);
                continue;
            }
            if run.is_open() && run.is_free() {
                free.push(run.rest);
            }
            index += 1;
        }
    }

    /// The step to where these runs stand.
    fn step(&mut self, mut runs: Vec<Came>) -> Option<StepId> {
        let takes = runs.iter().any(|(_, edge)| edge.element != NOTHING);
        let mut found = Vec::new();
        if self.pattern.skip == Skip::None {
            found.extend(
                runs.extract_if(.., |(run, _)| run.is_complete())
                    .map(|(_, edge)| edge),
            );
        }
        let step = Step {
            edges: runs.iter().map(|(_, edge)| *edge).collect(),
            target: self.stand(runs)?,
            takes,
            found: found.into(),
        };
        if self.steps.len() >= MAX_STAND_STEPS {
            return None;
        }
        self.steps.push(step);
        Some(self.steps.len() as StepId - 1)
    }

    /// Where these runs stand.
    fn stand(&mut self, mut runs: Vec<Came>) -> Option<StandId> {
        if runs.is_empty() {
            return Some(GONE);
        }
        if runs.len() > MAX_STAND_RUNS {
            return None;
        }
        // Only which are the same matters of numbers of choices and of what is bound.
        let mut splits = Vec::new();
        let mut bound = Vec::new();
        for (run, _) in &mut runs {
            for made in &mut run.choices {
                made.split = place(&mut splits, made.split);
            }
            run.bindings = place(&mut bound, run.bindings) as u32;
        }
        let key: Key = runs
            .iter()
            .map(|(run, edge)| {
                let Run {
                    rest,
                    choices,
                    bindings,
                    waited,
                    ..
                } = run;
                (*rest, choices.clone(), *bindings, edge.first, *waited)
            })
            .collect();
        if let Some(&known) = self.known.get(&key) {
            return Some(known);
        }
        if self.stands.len() >= MAX_STANDS {
            return None;
        }
        let id = self.stands.len() as StandId;
        self.known.insert(key, id);
        self.stands.push(Stand {
            runs: runs.len() as u32,
            outcome: outcome(&runs),
            firsts: runs.iter().map(|(_, edge)| edge.first).collect(),
            end: None,
            asks: 0,
            steps: Vec::new(),
        });
        self.runs.push_back((id, runs));
        Some(id)
    }

    /// Finds the steps from a stand.
    fn explore(&mut self, stand: StandId, runs: &[Came]) -> Option<()> {
        let open = runs.iter().filter(|(run, _)| run.is_open());
        let asks = open.fold(0, |asks, (run, _)| {
            let awaited = self.automaton.awaited(run.rest);
            asks | awaited.elements | awaited.forbidden
        });
        let mut steps = Vec::new();
        for fits in subsets(asks)? {
            let after = self.event(runs, fits)?;
            let stays = after.len() == runs.len()
                && after.iter().zip(runs).zip(0..).all(
                    |(((after, edge), (before, _)), index): (_, u16)| {
                        edge.element == NOTHING
                            && edge.before == index
                            && after.rest == before.rest
                            && after.choices == before.choices
                    },
                );
            if !stays {
                steps.push((fits, self.step(after)?));
            }
        }
        let end = if self.pattern.within.is_some() && runs.iter().any(|(run, _)| run.is_open()) {
            let after = self.end(runs);
            Some(self.step(after)?)
        } else {
            None
        };
        let stand = &mut self.stands[stand as usize];
        stand.asks = asks;
        stand.steps = steps;
        stand.end = end;
        Some(())
    }
}

/// What a start with these runs has come to.
fn outcome(runs: &[Came]) -> Outcome {
    match runs.iter().position(|(run, _)| !run.is_late()) {
        Some(first) if runs[first].0.is_complete() => Outcome::Won(first as u16),
        Some(_) => Outcome::Open,
        None => {
            let bound = runs[0].0.bindings;
            let alike = runs.iter().filter(|(run, _)| run.bindings == bound);
            Outcome::Lost(0, alike.fold(0, |waited, (run, _)| waited | run.waited))
        }
    }
}

/// The place of a value among those seen before.
fn place<V: PartialEq>(seen: &mut Vec<V>, value: V) -> u64 {
    let place = seen.iter().position(|other| *other == value);
    place.unwrap_or_else(|| {
        seen.push(value);
        seen.len() - 1
    }) as u64
}
