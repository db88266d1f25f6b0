//! Ranges, and which of them a value lies in.

use super::lists::{ListId, Lists, NO_LIST};

/// What ranges are of.
pub(super) trait Point: Copy + Ord {
    /// The next value; `None` behind the last.
    fn next(self) -> Option<Self>;
}

impl Point for i64 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Point for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// A segment tree over the ends of ranges: each range is at few nodes, and those that a value lies in are on the way from
/// the value's leaf to the root. So a value costs a binary search and what it finds, and a range of any length takes memory
/// as the logarithm of how many there are.
#[derive(Debug)]
pub(super) struct Ranges<K> {
    /// Where another set of ranges begins to hold; they rise. Leaf `i` is what lies below `cuts[i]` and not below the one
    /// before.
    cuts: Vec<K>,
    /// By node, the root being node 1 and the leaves the second half: its list.
    lists: Vec<ListId>,
    /// By node: the nearest node with a list, from it upwards; 0 for none.
    next: Vec<u32>,
    hull: Option<(K, K)>,
}

impl<K: Point> Ranges<K> {
    /// Of ranges with what holds for them; both ends belong to a range. Empty ones hold for nothing.
    pub(super) fn new(ranges: &[(K, K, u32)], lists: &mut Lists) -> Self {
        let sound = || ranges.iter().filter(|(low, high, _)| low <= high);
        let mut cuts: Vec<K> = sound()
            .flat_map(|(low, high, _)| [Some(*low), high.next()])
            .flatten()
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let leaves = cuts.len() + 1;
        let mut nodes: Vec<Vec<u32>> = vec![Vec::new(); 2 * leaves];
        for &(low, high, item) in sound() {
            let leaf = |cut: K| cuts.partition_point(|&at| at <= cut) + leaves;
            let mut left = leaf(low);
            let mut right = high.next().map_or(2 * leaves, leaf);
            while left < right {
                if left % 2 == 1 {
                    nodes[left].push(item);
                    left += 1;
                }
                if right % 2 == 1 {
                    right -= 1;
                    nodes[right].push(item);
                }
                left /= 2;
                right /= 2;
            }
        }
        let mut next = vec![0; nodes.len()];
        let mut of_nodes = vec![NO_LIST; nodes.len()];
        for (node, items) in nodes.into_iter().enumerate().skip(1) {
            if items.is_empty() {
                next[node] = next[node / 2];
            } else {
                next[node] = node as u32;
                of_nodes[node] = lists.add(items);
            }
        }
        Self {
            cuts,
            lists: of_nodes,
            next,
            hull: sound()
                .map(|(low, high, _)| (*low, *high))
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
        }
    }

    /// The least and the greatest value in any of them; `None` where there are none.
    pub(super) fn hull(&self) -> Option<(K, K)> {
        self.hull
    }

    /// Are there none?
    pub(super) fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// Tells the lists of the ranges that a value lies in.
    #[inline]
    pub(super) fn at(&self, value: K, mut tell: impl FnMut(ListId)) {
        // Where most values lie in no range, they are mostly below all or above all.
        if self.cuts.first().is_none_or(|&first| value < first) {
            return;
        }
        let leaves = self.cuts.len() + 1;
        let leaf = match self.cuts.last() {
            Some(&last) if value >= last => leaves - 1,
            _ => self.cuts.partition_point(|&at| at <= value),
        };
        let mut node = self.next[leaf + leaves];
        while node != 0 {
            tell(self.lists[node as usize]);
            node = self.next[node as usize / 2];
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.cuts) + size_of_val(&*self.lists) + size_of_val(&*self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_finds_the_ranges_that_it_lies_in(
            ends in proptest::collection::vec((-20_i64..20, -20_i64..20), 0..40),
            open in proptest::collection::vec((any::<bool>(), -20_i64..20), 0..10),
        ) {
            let mut ranges: Vec<(i64, i64, u32)> = Vec::new();
            for (low, high) in ends {
                ranges.push((low, high, ranges.len() as u32));
            }
            for (up, end) in open {
                let (low, high) = if up { (end, i64::MAX) } else { (i64::MIN, end) };
                ranges.push((low, high, ranges.len() as u32));
            }
            let mut lists = Lists::default();
            let tree = Ranges::new(&ranges, &mut lists);
            for value in (-22..22).chain([i64::MIN, i64::MAX]) {
                let mut found = Vec::new();
                tree.at(value, |list| found.extend_from_slice(lists.items(list)));
                found.sort_unstable();
                let expected: Vec<u32> = ranges
                    .iter()
                    .filter(|(low, high, _)| (low..=high).contains(&&value))
                    .map(|(_, _, item)| *item)
                    .collect();
                prop_assert_eq!(found, expected, "{}", value);
            }
        }
    }
}
