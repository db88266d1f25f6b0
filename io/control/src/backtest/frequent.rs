//! The most frequent of many, in bounded room.
//!
//! Misra and Gries (1982) as Anderson et al. (2017, "A High-Performance Algorithm for Identifying Frequent Items in Data
//! Streams") hold it: when the room is full, the median count is taken off all counts, and what has none left is
//! forgotten. Counts are exact until then; after that a count is short by [`Frequent::missed`] at most, and nothing that
//! stands for more than that is missing.

use std::collections::HashMap;
use std::hash::Hash;

/// Counts by item.
#[derive(Clone, Debug)]
pub(super) struct Frequent<T> {
    counts: HashMap<T, u64>,
    room: usize,
    missed: u64,
}

impl<T: Eq + Hash + Ord> Frequent<T> {
    /// With room for so many items.
    pub(super) fn new(room: usize) -> Self {
        Self {
            counts: HashMap::new(),
            room: room.max(2),
            missed: 0,
        }
    }

    pub(super) fn add(&mut self, item: T) {
        *self.counts.entry(item).or_default() += 1;
        if self.counts.len() > self.room {
            self.make_room();
        }
    }

    /// Takes the median off all counts, so that half of the room is free at least.
    fn make_room(&mut self) {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let middle = counts.len() / 2;
        let (_, &mut median, _) = counts.select_nth_unstable(middle);
        self.missed += median;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(median);
            *count > 0
        });
    }

    /// Items that are counted: all that there were, if nothing was [`missed`](Self::missed).
    pub(super) fn items(&self) -> usize {
        self.counts.len()
    }

    /// By how much counts may be short; 0: they are exact.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// The most frequent first; of equally frequent ones the least.
    pub(super) fn most(&self, limit: usize) -> Vec<(&T, u64)> {
        let mut all: Vec<(&T, u64)> = self
            .counts
            .iter()
            .map(|(item, count)| (item, *count))
            .collect();
        all.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        all.truncate(limit);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_items_are_counted_exactly() {
        let mut frequent = Frequent::new(8);
        for item in [3, 1, 2, 1, 3, 1] {
            frequent.add(item);
        }
        assert_eq!(frequent.most(2), [(&1, 3), (&3, 2)]);
        assert_eq!((frequent.items(), frequent.missed()), (3, 0));
    }

    #[test]
    fn what_is_frequent_is_found_among_many() {
        let room = 64;
        let mut frequent = Frequent::new(room);
        let (mut total, mut heavy) = (0_u64, 0_u64);
        for number in 0..100_000_u64 {
            frequent.add(1_000_000 + number);
            total += 1;
            // It comes late, when the room has long been full.
            if number > 90_000 && number % 2 == 0 {
                frequent.add(7);
                (total, heavy) = (total + 1, heavy + 1);
            }
            assert!(frequent.items() <= room);
        }
        let (first, count) = frequent.most(1)[0];
        assert_eq!(*first, 7);
        assert!(count <= heavy && count + frequent.missed() >= heavy);
        // The bound of the algorithm for a median of half of the room.
        assert!(frequent.missed() <= total / (room as u64 / 2));
    }
}
