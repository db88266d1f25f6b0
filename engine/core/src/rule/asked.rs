//! What a pattern's elements ask of rows, all rows of a segment at once.

use std::borrow::Cow;

use trapjaw_program::pattern::Pattern;

use super::feed::{Picked, picked};
use crate::segment::Segment;
use crate::vm::bits;

/// What a pattern's elements ask of a segment's rows.
pub(crate) struct Tests<'s> {
    /// Of the elements that see the segment, those that ask for the same, with the rows for which it is true; `None`: all.
    truths: Vec<(u64, Option<Cow<'s, [u64]>>)>,
    pub(crate) late: u64,
    takes_all: bool,
}

impl<'s> Tests<'s> {
    pub(crate) fn new(pattern: &Pattern, source: usize, segment: &'s Segment<'s>) -> Self {
        let mut tests = Self {
            truths: Vec::new(),
            late: 0,
            takes_all: pattern.sees_all(),
        };
        let mut conditions = Vec::new();
        for (element, number) in pattern.elements.iter().zip(0..) {
            let Some(test) = &element.tests[source] else {
                continue;
            };
            let known = conditions.iter().position(|known| *known == test.condition);
            let place = known.unwrap_or_else(|| {
                conditions.push(test.condition);
                tests.truths.push((0, segment.truth(test.condition)));
                conditions.len() - 1
            });
            tests.truths[place].0 |= 1 << number;
            tests.late |= u64::from(!test.late.is_empty()) << number;
        }
        tests
    }

    /// The rows that matter to the pattern; `None`: no row.
    pub(crate) fn rows(&self, all: u32) -> Option<Picked> {
        if self.takes_all || self.truths.iter().any(|(_, truth)| truth.is_none()) {
            return Some(Picked::All(all));
        }
        let mut truths = self.truths.iter().filter_map(|(_, truth)| truth.as_ref());
        let mut any = truths.next()?.to_vec();
        for truth in truths {
            for (any, truth) in any.iter_mut().zip(truth.iter()) {
                *any |= truth;
            }
        }
        if bits::count(&any) == u64::from(all) {
            return Some(Picked::All(all));
        }
        Some(Picked::Some(picked(&any)?))
    }

    /// The elements that each of the rows fits.
    pub(crate) fn fits(&self, rows: &Picked) -> Vec<u64> {
        let last = rows.len().checked_sub(1);
        let all = last.map_or(0, |last| rows.get(last as u32) as usize + 1);
        let mut truths = self.truths.iter();
        let mut fits = match truths.next() {
            None => vec![0; all],
            Some((elements, None)) => vec![*elements; all],
            Some((elements, Some(truth))) => spread(*elements, truth, all),
        };
        for (elements, truth) in truths {
            match truth {
                None => {
                    for fits in &mut fits {
                        *fits |= elements;
                    }
                }
                // What it costs goes by the rows that fit: of many elements few fit any one row.
                Some(truth) => {
                    for row in bits::ones(truth).take_while(|row| (*row as usize) < all) {
                        fits[row as usize] |= elements;
                    }
                }
            }
        }
        match rows {
            Picked::All(_) => fits,
            Picked::Some(rows) => rows.iter().map(|row| fits[*row as usize]).collect(),
        }
    }
}

/// These elements for the rows whose bit is set, and none for the others.
fn spread(elements: u64, truth: &[u64], rows: usize) -> Vec<u64> {
    let words = bits::words(rows);
    let mut spread = Vec::with_capacity(64 * words);
    for word in &truth[..words] {
        spread.extend((0..64).map(|bit| elements & 0_u64.wrapping_sub(word >> bit & 1)));
    }
    spread.truncate(rows);
    spread
}
