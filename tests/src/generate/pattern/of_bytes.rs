//! Patterns and histories that a fuzzer's bytes decide.
//!
//! What stands behind the pattern, the history, and the pattern have bytes of their own, so that a change of one leaves the
//! others as they are.

use super::super::random::Random;
use super::tree::Tree;
use super::{PatternCase, clauses, history, most_events};

/// Bytes that decide what stands behind the pattern.
const CLAUSES: usize = 16;

/// Bytes that decide the history: six for each of twelve events, and how it is run.
const HISTORY: usize = 80;

/// The ways on after a match. Those to an element end with its number.
pub const SKIPS: [&str; 6] = [
    "skip past last",
    "skip to next",
    "skip none together",
    "skip none",
    "skip to first",
    "skip to last",
];

impl PatternCase {
    /// The case that these bytes decide, if its pattern is one that the compiler takes. Any bytes decide one; the first
    /// 96 of them not the pattern.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (for_clauses, rest) = bytes.split_at(bytes.len().min(CLAUSES));
        let (for_history, for_tree) = rest.split_at(rest.len().min(HISTORY));
        let tree = Tree::new(&mut Random::of_bytes(for_tree));
        let random = &mut Random::of_bytes(for_history);
        let bare = random.chance(30);
        let (events, options) = history(random, most_events(&tree));
        let clauses = clauses(&mut Random::of_bytes(for_clauses));
        let case = Self {
            seed: 0,
            tree,
            clauses,
            events,
            options,
        };
        let case = if bare { case.bare() } else { case };
        case.is_right().then_some(case)
    }

    /// Where the search goes on after a match: `skip past last` where nothing is said, an element without its number.
    pub fn skip(&self) -> &'static str {
        let mut clauses = self.clauses.iter();
        let own = clauses.find(|clause| clause.starts_with("skip"));
        let own = own.and_then(|own| SKIPS.iter().find(|skip| own.starts_with(**skip)));
        own.unwrap_or(&SKIPS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: u64) -> Vec<u8> {
        let mut random = Random::new(seed);
        let length = CLAUSES + HISTORY + random.between(1, 80);
        (0..length).map(|_| random.below(256) as u8).collect()
    }

    #[test]
    fn many_bytes_are_cases_with_every_way_on() {
        let cases: Vec<PatternCase> = (0..300)
            .filter_map(|seed| PatternCase::of_bytes(&bytes(seed)))
            .collect();
        assert!(cases.len() > 60, "{}", cases.len());
        for skip in SKIPS {
            let with = cases.iter().filter(|case| case.skip() == skip);
            assert!(with.count() > 3, "{skip}");
        }
        assert!(cases.iter().all(PatternCase::is_right));
    }

    #[test]
    fn a_byte_of_one_part_leaves_the_others_as_they_are() {
        let mut changed = [0; 3];
        for seed in 0..200 {
            let before = bytes(seed);
            let at = [CLAUSES - 1, CLAUSES + 20, CLAUSES + HISTORY][seed as usize % 3];
            let mut after = before.clone();
            after[at] ^= 0x55;
            let both = [before, after].map(|bytes| PatternCase::of_bytes(&bytes));
            let [Some(before), Some(after)] = both else {
                continue;
            };
            let part = seed as usize % 3;
            let same = [
                before.clauses == after.clauses,
                before.events == after.events,
                before.tree.text() == after.tree.text(),
            ];
            changed[part] += usize::from(!same[part]);
            // How long a history may be depends on the pattern.
            let others = (0..3).filter(|other| *other != part && (part, *other) != (2, 1));
            assert!(others.into_iter().all(|other| same[other]), "{seed}");
        }
        assert!(changed[1] > 5 && changed[2] > 5, "{changed:?}");
    }
}
