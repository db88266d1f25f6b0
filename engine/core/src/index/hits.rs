//! What was found: for each condition the rows for which it is true.

use crate::vm::bits;

/// Rows by condition.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// Conditions that are true for a row at least, by their place in the index; they rise.
    items: Vec<u32>,
    /// Where the rows of each begin, and the end of the last's.
    starts: Vec<u32>,
    /// Rows, rising for each condition.
    rows: Vec<u32>,
}

impl Hits {
    /// Of pairs of condition and row, for each condition by rising rows and perhaps more than once, below `items` conditions.
    pub(super) fn new(pairs: &mut Vec<(u32, u32)>, items: usize) -> Self {
        let mut hits = Self::default();
        if pairs.is_empty() {
            return hits;
        }
        // Counting costs a word a condition, sorting grows with the pairs alone.
        if pairs.len() >= items / 16 {
            hits.count(pairs, items);
        } else {
            pairs.sort_unstable();
            pairs.dedup();
            for &(item, row) in &*pairs {
                if hits.items.last() != Some(&item) {
                    hits.items.push(item);
                    hits.starts.push(hits.rows.len() as u32);
                }
                hits.rows.push(row);
            }
            hits.starts.push(hits.rows.len() as u32);
        }
        hits
    }

    fn count(&mut self, pairs: &mut Vec<(u32, u32)>, items: usize) {
        // The same pair again stands behind the first, if not directly: rows of a condition rise.
        let mut last = vec![u32::MAX; items];
        pairs.retain(|&(item, row)| {
            let last = &mut last[item as usize];
            core::mem::replace(last, row) != row
        });
        let mut ends = vec![0_u32; items];
        for &(item, _) in &*pairs {
            ends[item as usize] += 1;
        }
        let mut end = 0;
        for (item, count) in ends.iter_mut().enumerate() {
            if *count > 0 {
                self.items.push(item as u32);
                self.starts.push(end);
            }
            // For now, where the next row goes.
            end += core::mem::replace(count, end);
        }
        self.starts.push(end);
        self.rows.resize(end as usize, 0);
        for &(item, row) in &*pairs {
            let at = &mut ends[item as usize];
            self.rows[*at as usize] = row;
            *at += 1;
        }
    }

    /// Conditions with their rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let ends = self.starts.windows(2);
        let rows = ends.map(|ends| &self.rows[ends[0] as usize..ends[1] as usize]);
        self.items.iter().copied().zip(rows)
    }

    /// The rows of a condition.
    pub(crate) fn of(&self, item: u32) -> &[u32] {
        match self.items.binary_search(&item) {
            Ok(at) => &self.rows[self.starts[at] as usize..self.starts[at + 1] as usize],
            Err(_) => &[],
        }
    }

    /// Keeps of some conditions some rows: `keep` gives a bit for each row of a condition; `None`: all.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u32, &[u32]) -> Option<Vec<u64>>) {
        let mut kept = Self::default();
        for (item, rows) in self.iter() {
            let start = kept.rows.len();
            match keep(item, rows) {
                None => kept.rows.extend_from_slice(rows),
                Some(truth) => {
                    kept.rows
                        .extend(bits::ones(&truth).map(|index| rows[index as usize]));
                }
            }
            if kept.rows.len() > start {
                kept.items.push(item);
                kept.starts.push(start as u32);
            }
        }
        if !kept.items.is_empty() {
            kept.starts.push(kept.rows.len() as u32);
        }
        *self = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_are_grouped_however_many_there_are(
            rows in proptest::collection::vec(proptest::collection::vec(0_u32..40, 0..6), 0..30),
            items in 40_usize..2_000,
        ) {
            let pairs: Vec<(u32, u32)> = (rows.iter().zip(0..))
                .flat_map(|(found, row)| found.iter().map(move |&item| (item, row)))
                .collect();
            let mut expected = pairs.clone();
            expected.sort_unstable();
            expected.dedup();
            let hits = Hits::new(&mut pairs.clone(), items);
            let all: Vec<(u32, u32)> = hits
                .iter()
                .flat_map(|(item, rows)| rows.iter().map(move |&row| (item, row)))
                .collect();
            prop_assert_eq!(&all, &expected);
            for item in 0..41 {
                let of: Vec<u32> = expected
                    .iter()
                    .filter(|(other, _)| *other == item)
                    .map(|(_, row)| *row)
                    .collect();
                prop_assert_eq!(hits.of(item), &*of);
            }
        }
    }

    #[test]
    fn some_rows_are_kept() {
        let mut hits = Hits::new(&mut vec![(1, 0), (2, 0), (1, 5), (3, 7)], 100);
        hits.retain(|item, rows| match item {
            1 => Some(vec![0b10]),
            2 => Some(vec![0]),
            _ => {
                assert_eq!(rows, [7]);
                None
            }
        });
        assert_eq!(hits.iter().collect::<Vec<_>>(), [(1, &[5][..]), (3, &[7])]);
        hits.retain(|_, _| Some(vec![0]));
        assert_eq!(hits.iter().count(), 0);
    }
}
