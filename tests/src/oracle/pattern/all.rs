//! What an `and` makes of a moment.

use trapjaw_dsl::hir::pattern::{Condition, Contiguity, ElementId};

use super::Search;
use super::moment::far_back;
use super::way::{All, Entry, Head, Moment, Taking, Way, after_deadline, begun_groups};

impl<'p> Search<'p> {
    /// What an `and` can make of an event by giving it to one operand.
    pub(super) fn takings_of(
        &mut self,
        way: &Way<'p>,
        all: &All<'p>,
        operand: usize,
        place: usize,
        bound: &[(ElementId, usize)],
    ) -> Vec<Taking<'p>> {
        let mut after = all.clone();
        let entry = after.entry.take();
        if let Some(entry) = &entry {
            let strict = entry.contiguity == Contiguity::Strict;
            if (strict && place != entry.next) || !self.back_allows(entry, place) {
                return Vec::new();
            }
        }
        let moment = Moment::Event(place);
        for (_, other) in after
            .operands
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| *index != operand)
        {
            let Some(skipped) = self.skipping(other, moment, bound, None) else {
                return Vec::new();
            };
            *other = skipped;
        }
        let mut takings = Vec::new();
        for mut taking in self.takings(&all.operands[operand], moment, bound) {
            let mut after = after.clone();
            after.operands[operand] = taking.way.clone();
            if let Some(entry) = &entry {
                taking.must &= entry.contiguity != Contiguity::Any;
                taking.back.extend(far_back(entry, place));
                taking.settled.extend(&way.choices);
            }
            let (element, _) = taking.bound.expect("an event was taken");
            after.bound.push(element);
            let inside = |condition: &&Condition| {
                condition
                    .awaits
                    .iter()
                    .all(|awaited| all.elements.contains(awaited))
            };
            let (mine, outer): (Vec<_>, Vec<_>) = taking.put_off.into_iter().partition(inside);
            taking.put_off = outer;
            after.put_off.extend(
                mine.into_iter()
                    .map(|condition| (element, place, condition)),
            );
            if self.judge_put_off(&mut after, bound, (element, place)) {
                for after in self.begun(&after, place) {
                    let next = self.after_event(place);
                    takings.extend(self.with_all(way, after, next, taking.clone()));
                }
            }
        }
        takings
    }

    /// With the operands that have not begun: behind the first event they do. All combinations of their ways.
    fn begun(&mut self, all: &All<'p>, place: usize) -> Vec<All<'p>> {
        let mut begun = vec![all.clone()];
        for (index, operand) in all.operands.iter().enumerate() {
            let Head::Fresh(node) = operand.head else {
                continue;
            };
            let ways = self.open(node, self.after_event(place), Vec::new(), true);
            let with = |all: All<'p>| {
                let each = ways.iter().map(move |way| {
                    let mut all = all.clone();
                    all.operands[index] = way.clone();
                    all
                });
                each.collect::<Vec<_>>()
            };
            begun = begun.into_iter().flat_map(with).collect();
        }
        begun
    }

    /// What an `and` makes of a deadline: each operand that stands at it passes it.
    pub(super) fn passings(
        &mut self,
        way: &Way<'p>,
        all: &All<'p>,
        at: i64,
        next: usize,
        bound: &[(ElementId, usize)],
    ) -> Vec<Taking<'p>> {
        let nothing = Taking {
            way: way.clone(),
            bound: None,
            back: Vec::new(),
            settled: way.choices.clone(),
            must: true,
            put_off: Vec::new(),
        };
        let mut passed = vec![(all.clone(), nothing)];
        let mut any = false;
        for (index, operand) in all.operands.iter().enumerate() {
            let takings = self.takings(operand, Moment::Deadline(at, next), bound);
            if takings.is_empty() {
                continue;
            }
            any = true;
            let with = |(all, before): (All<'p>, Taking<'p>)| {
                let each = takings.iter().map(move |taking| {
                    let (mut all, mut before) = (all.clone(), before.clone());
                    all.operands[index] = taking.way.clone();
                    before.settled.extend(&taking.settled);
                    (all, before)
                });
                each.collect::<Vec<_>>()
            };
            passed = passed.into_iter().flat_map(with).collect();
        }
        if !any {
            return Vec::new();
        }
        let each = passed
            .into_iter()
            .flat_map(|(all, taking)| self.with_all(way, all, after_deadline(at, next), taking));
        each.collect()
    }

    /// The taking with the `and` as it stands then, or with what comes after it if it is done.
    fn with_all(
        &mut self,
        way: &Way<'p>,
        all: All<'p>,
        next: Entry<'p>,
        taking: Taking<'p>,
    ) -> Vec<Taking<'p>> {
        let done = all
            .operands
            .iter()
            .all(|operand| matches!(operand.head, Head::Done));
        if !done {
            let way = Way {
                head: Head::All(all),
                rest: begun_groups(&way.rest),
                choices: Vec::new(),
            };
            return vec![Taking { way, ..taking }];
        }
        if !all.put_off.is_empty() {
            return Vec::new();
        }
        let next = Entry {
            guards: all.nots,
            ..next
        };
        self.continued(way, next, &taking)
    }

    /// Judges what was put off and can be judged now. Whether all of it is true.
    fn judge_put_off(
        &self,
        all: &mut All<'p>,
        bound: &[(ElementId, usize)],
        new: (ElementId, usize),
    ) -> bool {
        let (ready, later) =
            std::mem::take(&mut all.put_off)
                .into_iter()
                .partition(|(_, _, condition)| {
                    condition
                        .awaits
                        .iter()
                        .all(|awaited| all.bound.contains(awaited))
                });
        let ready: Vec<(ElementId, usize, &Condition)> = ready;
        all.put_off = later;
        ready.into_iter().all(|(element, place, condition)| {
            let mut bound = [bound, &[new]].concat();
            bound.retain(|&event| event != (element, place));
            self.is_true(element, place, condition, &bound)
        })
    }
}
