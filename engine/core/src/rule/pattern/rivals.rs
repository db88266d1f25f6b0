//! Choices of many runs, to find those of them with which another run's compete.

use super::runs::Made;

/// Choices, and of how many runs each is: sorted, so that those between the same ways stand side by side.
#[derive(Debug)]
pub(super) struct Rivals {
    made: Vec<(u64, u16, u32)>,
}

impl Rivals {
    pub(super) fn new<'r>(choices: impl Iterator<Item = &'r Made>) -> Self {
        let mut made: Vec<(u64, u16, u32)> =
            choices.map(|made| (made.split, made.way(), 1)).collect();
        made.sort_unstable();
        made.dedup_by(|next, kept| {
            let is_same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += u32::from(is_same);
            is_same
        });
        Self { made }
    }

    /// Is one of them between the same ways, and another one?
    pub(super) fn have_another(&self, than: &Made) -> bool {
        let first = self.made.partition_point(|(split, ..)| *split < than.split);
        let ways = self.made[first..].iter();
        let mut ways = ways.take_while(|(split, ..)| *split == than.split);
        ways.any(|(_, way, count)| *way != than.way() && *count > 0)
    }

    /// A run is gone.
    pub(super) fn remove(&mut self, made: &Made) {
        let place = (made.split, made.way());
        let found = self
            .made
            .binary_search_by_key(&place, |(split, way, _)| (*split, *way));
        if let Ok(found) = found {
            self.made[found].2 -= 1;
        }
    }
}
