//! A validity bitmap under construction.

/// Tells which rows have no value, of those that came so far. It costs nothing while all have one.
#[derive(Debug, Default)]
pub(super) struct Validity {
    /// Up to the last row without a value, and to the end of its word, where rows to come count as present. Empty: none.
    words: Vec<u64>,
}

impl Validity {
    /// This row, behind all that were told of, has no value.
    pub(super) fn absent(&mut self, row: usize) {
        self.words.resize(row / 64 + 1, u64::MAX);
        if let Some(word) = self.words.last_mut() {
            *word &= !(1 << (row % 64));
        }
    }

    /// The first rows, so many, have no value; none was told of yet.
    pub(super) fn absent_below(&mut self, row: usize) {
        self.words.resize(row / 64, 0);
        if !row.is_multiple_of(64) {
            self.words.push(u64::MAX << (row % 64));
        }
    }

    /// The bitmap of so many rows, as [`Column`](crate::batch::Column) has it; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self, rows: usize) -> Vec<u64> {
        let mut words = core::mem::take(&mut self.words);
        if !words.is_empty() {
            words.resize(rows.div_ceil(64), u64::MAX);
            if let (Some(last), 1..) = (words.last_mut(), rows % 64) {
                *last &= (1 << (rows % 64)) - 1;
            }
        }
        words
    }

    /// Takes the memory of the bitmap back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, words: Vec<u64>) {
        self.words = words;
        self.words.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Validity;

    /// The bitmap as its definition says.
    fn expected(present: &[bool]) -> Vec<u64> {
        if present.iter().all(|present| *present) {
            return Vec::new();
        }
        let word = |rows: &[bool]| {
            let bits = rows.iter().enumerate();
            bits.map(|(row, present)| u64::from(*present) << row).sum()
        };
        present.chunks(64).map(word).collect()
    }

    #[test]
    fn bits_are_set_where_rows_have_a_value() {
        let mut validity = Validity::default();
        for rows in [1, 2, 63, 64, 65, 127, 128, 129, 200] {
            for absent in [1, 2, 3, 64, 65, 100] {
                let present = (1..=rows).map(|row| row % absent != 0).collect::<Vec<_>>();
                for row in (0..rows).filter(|row| !present[*row]) {
                    validity.absent(row);
                }
                let words = validity.finish(rows);
                assert_eq!(words, expected(&present), "each {absent}. of {rows}");
                validity.reclaim(words);
            }
        }
    }

    #[test]
    fn a_column_may_begin_late() {
        let mut validity = Validity::default();
        for first in [0, 1, 63, 64, 65, 150] {
            for (rows, absent) in [(151, None), (192, Some(first + 1)), (200, Some(199))] {
                let present = |row: usize| row >= first && Some(row) != absent;
                validity.absent_below(first);
                if let Some(row) = absent {
                    validity.absent(row);
                }
                let words = validity.finish(rows);
                assert_eq!(words, expected(&(0..rows).map(present).collect::<Vec<_>>()));
                validity.reclaim(words);
            }
        }
    }
}
