//! Which rules have something to do: those that read what came, and those with a deadline.
//!
//! A step costs what the rules take that have something to do, not what all rules would.

use trapjaw_event::{RuleId, TypeId};
use trapjaw_program::RuleSet;

/// The rules in the order in which they are evaluated, those that are to be, and their deadlines.
///
/// The order goes by levels: rules that read no derived event, then those that read what these derive, and
/// so on. Hence derived events are taken in once a level, however many rules derive them.
#[derive(Debug)]
pub(crate) struct Agenda {
    order: Vec<RuleId>,
    /// By rule: its place in the order; `NOWHERE` for those that do not belong to it.
    places: Vec<u32>,
    /// By place, a bit for each rule that is to be evaluated. Empty between steps.
    marks: Vec<u64>,
    deadlines: Deadlines,
}

impl Agenda {
    /// Of the rules that belong to it; none has a deadline yet.
    pub(crate) fn new(rules: &RuleSet, belongs: impl Fn(RuleId) -> bool) -> Self {
        let mut order = by_level(rules);
        order.retain(|&rule| belongs(rule));
        let mut places = vec![NOWHERE; rules.rules.len()];
        for (id, place) in order.iter().zip(0..) {
            places[id.index()] = place;
        }
        Self {
            marks: vec![0; order.len().div_ceil(64)],
            deadlines: Deadlines::new(order.len()),
            order,
            places,
        }
    }

    /// The earliest deadline of all, or a lower bound of it.
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        self.deadlines.next()
    }

    /// The deadline of the rule at a place, or a lower bound of it.
    pub(crate) fn deadline_at(&self, place: u32) -> Option<i64> {
        self.deadlines.get(place)
    }

    /// The rule at a place has come to another deadline.
    pub(crate) fn set_deadline_at(&mut self, place: u32, deadline: Option<i64>) {
        self.deadlines.set(place, deadline);
    }

    /// Tells the rules that have a deadline up to `now`.
    pub(crate) fn due(&self, now: i64, mut tell: impl FnMut(RuleId)) {
        self.deadlines
            .due(now, |place| tell(self.order[place as usize]));
    }

    /// A rule that belongs to it has come to another deadline.
    pub(crate) fn set_deadline(&mut self, rule: RuleId, deadline: Option<i64>) {
        self.deadlines.set(self.places[rule.index()], deadline);
    }

    /// Marks the rules that read a type.
    pub(crate) fn mark_readers(&mut self, rules: &RuleSet, ty: TypeId) {
        for &(rule, _) in &rules.types[ty.index()].readers {
            self.mark_rule(rule);
        }
    }

    /// Marks rules.
    pub(crate) fn mark(&mut self, rules: &[RuleId]) {
        for &rule in rules {
            self.mark_rule(rule);
        }
    }

    fn mark_rule(&mut self, rule: RuleId) {
        let place = self.places[rule.index()];
        if place != NOWHERE {
            self.marks[place as usize / 64] |= 1 << (place % 64);
        }
    }

    /// Marks the rules that have a deadline up to `now`.
    pub(crate) fn mark_due(&mut self, now: i64) {
        let marks = &mut self.marks;
        self.deadlines.due(now, |place| {
            marks[place as usize / 64] |= 1 << (place % 64);
        });
    }

    /// The next marked rule from a place on, with its place.
    pub(crate) fn next_marked(&self, from: u32) -> Option<(u32, RuleId)> {
        let mut word = from as usize / 64;
        let mut rest = self.marks.get(word)? & (u64::MAX << (from % 64));
        while rest == 0 {
            word += 1;
            rest = *self.marks.get(word)?;
        }
        let place = word as u32 * 64 + rest.trailing_zeros();
        Some((place, self.order[place as usize]))
    }

    /// Takes the mark of a place away.
    pub(crate) fn unmark(&mut self, place: u32) {
        self.marks[place as usize / 64] &= !(1 << (place % 64));
    }
}

/// Place of a rule that another agenda has.
const NOWHERE: u32 = u32::MAX;

/// The rules by level, and within a level as in the set's order.
fn by_level(rules: &RuleSet) -> Vec<RuleId> {
    // How many derivations lie at most behind the events of each type.
    let mut depths = vec![0_usize; rules.types.len()];
    let mut levels: Vec<Vec<RuleId>> = Vec::new();
    for &id in &rules.order {
        let rule = &rules.rules[id.index()];
        let sources = rule.sources.iter();
        let level = sources.map(|source| depths[source.type_id.index()]).max();
        let level = level.unwrap_or(0);
        if let Some(emit) = &rule.emit {
            let depth = &mut depths[emit.type_id.index()];
            *depth = (*depth).max(level + 1);
        }
        if levels.len() <= level {
            levels.resize_with(level + 1, Vec::new);
        }
        levels[level].push(id);
    }
    levels.concat()
}

/// A deadline for each place, and the least of them at hand: a tree in an array, in which each node holds
/// the least of its two children.
#[derive(Debug)]
struct Deadlines {
    /// From index 1 on; the leaves are the second half. `NEVER` for none.
    tree: Vec<i64>,
    leaves: usize,
}

/// What falls due at the end of time does not fall due.
const NEVER: i64 = i64::MAX;

impl Deadlines {
    fn new(places: usize) -> Self {
        let leaves = places.next_power_of_two();
        Self {
            tree: vec![NEVER; 2 * leaves],
            leaves,
        }
    }

    fn get(&self, place: u32) -> Option<i64> {
        Some(self.tree[self.leaves + place as usize]).filter(|&at| at != NEVER)
    }

    fn next(&self) -> Option<i64> {
        Some(self.tree[1]).filter(|&at| at != NEVER)
    }

    fn set(&mut self, place: u32, deadline: Option<i64>) {
        let mut node = self.leaves + place as usize;
        let mut least = deadline.unwrap_or(NEVER);
        while self.tree[node] != least {
            self.tree[node] = least;
            if node == 1 {
                return;
            }
            least = least.min(self.tree[node ^ 1]);
            node /= 2;
        }
    }

    /// Tells the places with a deadline up to `now`, in order.
    fn due(&self, now: i64, mut tell: impl FnMut(u32)) {
        let is_due = |node: usize| self.tree[node] <= now && self.tree[node] != NEVER;
        let mut node = 1;
        loop {
            if is_due(node) {
                if node < self.leaves {
                    node *= 2;
                    continue;
                }
                tell((node - self.leaves) as u32);
            }
            // On to the next subtree to the right.
            while node % 2 == 1 {
                node /= 2;
            }
            if node == 0 {
                return;
            }
            node += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn deadlines_are_those_that_were_set(
            places in 1_usize..70,
            sets in proptest::collection::vec((any::<u32>(), proptest::option::of(-5_i64..5)), 0..100),
        ) {
            let mut deadlines = Deadlines::new(places);
            let mut model = vec![None; places];
            for (place, deadline) in sets {
                let place = place % places as u32;
                deadlines.set(place, deadline);
                model[place as usize] = deadline;
                prop_assert_eq!(deadlines.next(), model.iter().flatten().min().copied());
                prop_assert_eq!(deadlines.get(place), deadline);
                for now in [-6, -1, 0, 3, i64::MAX] {
                    let mut due = Vec::new();
                    deadlines.due(now, |place| due.push(place));
                    let expected: Vec<u32> = (0..places as u32)
                        .filter(|&place| model[place as usize].is_some_and(|at| at <= now))
                        .collect();
                    prop_assert_eq!(due, expected);
                }
            }
        }
    }

    #[test]
    fn without_rules_nothing_is_due() {
        let deadlines = Deadlines::new(0);
        assert_eq!(deadlines.next(), None);
        deadlines.due(i64::MAX, |place| panic!("{place} is due"));
    }
}
