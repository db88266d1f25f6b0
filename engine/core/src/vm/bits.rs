//! Bitmaps: one bit a row, 64 rows a word, zeros behind the last row.

use core::ops::Range;

/// Words that hold `rows` bits.
pub(crate) const fn words(rows: usize) -> usize {
    rows.div_ceil(64)
}

/// The bits of the last word that stand for rows.
pub(crate) const fn tail_mask(rows: usize) -> u64 {
    if rows.is_multiple_of(64) {
        u64::MAX
    } else {
        (1 << (rows % 64)) - 1
    }
}

/// Zeroes what lies behind the last row.
pub(crate) fn clear_tail(bits: &mut [u64], rows: usize) {
    if let Some(last) = bits.last_mut() {
        *last &= tail_mask(rows);
    }
}

/// Is the bit of `row` set?
pub(crate) fn get(bits: &[u64], row: usize) -> bool {
    bits[row / 64] >> (row % 64) & 1 == 1
}

/// Sets the bit of `row`.
pub(crate) fn set(bits: &mut [u64], row: usize) {
    bits[row / 64] |= 1 << (row % 64);
}

/// How many bits are set.
pub(crate) fn count(bits: &[u64]) -> u64 {
    bits.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// How many bits of these rows are set.
pub(crate) fn count_in(bits: &[u64], rows: Range<usize>) -> usize {
    if rows.is_empty() {
        return 0;
    }
    let (first, last) = (rows.start / 64, (rows.end - 1) / 64);
    let words = bits[first..=last].iter().zip(first..);
    let counts = words.map(|(&word, index)| {
        let from = if index == first {
            u64::MAX << (rows.start % 64)
        } else {
            u64::MAX
        };
        let to = if index == last {
            tail_mask(rows.end)
        } else {
            u64::MAX
        };
        (word & from & to).count_ones() as usize
    });
    counts.sum()
}

/// Rows whose bit is set, in order.
pub(crate) fn ones(bits: &[u64]) -> impl Iterator<Item = u32> + '_ {
    bits.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        core::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            Some(index as u32 * 64 + bit)
        })
    })
}

/// Packs 64 bytes that are 0 or 1 into a word, first byte lowest.
///
/// Eight bytes at a time: the multiplication moves each byte's low bit into the top byte. Filling bytes
/// and packing them lets the comparison loop that fills them vectorise, which shifting bits into a word
/// one by one does not.
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= gathered << (index * 8);
    }
    word
}

/// Appends to `out` a bit for each element: does `test` hold?
pub(crate) fn test_each<T: Copy>(values: &[T], out: &mut Vec<u64>, test: impl Fn(T) -> bool) {
    let (blocks, rest) = values.as_chunks::<64>();
    for block in blocks {
        let mut bytes = [0_u8; 64];
        for (byte, &value) in bytes.iter_mut().zip(block) {
            *byte = u8::from(test(value));
        }
        out.push(pack(&bytes));
    }
    if !rest.is_empty() {
        let bits = rest.iter().enumerate().fold(0, |word, (row, &value)| {
            word | u64::from(test(value)) << row
        });
        out.push(bits);
    }
}

/// Appends to `out` a bit for each pair: does `test` hold? The slices are equally long.
pub(crate) fn test_pairs<T: Copy, U: Copy>(
    a: &[T],
    b: &[U],
    out: &mut Vec<u64>,
    test: impl Fn(T, U) -> bool,
) {
    let (a_blocks, a_rest) = a.as_chunks::<64>();
    let (b_blocks, b_rest) = b.as_chunks::<64>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let mut bytes = [0_u8; 64];
        for ((byte, &a), &b) in bytes.iter_mut().zip(a).zip(b) {
            *byte = u8::from(test(a, b));
        }
        out.push(pack(&bytes));
    }
    if !a_rest.is_empty() {
        let pairs = a_rest.iter().zip(b_rest).enumerate();
        out.push(pairs.fold(0, |word, (row, (&a, &b))| {
            word | u64::from(test(a, b)) << row
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_for_each_element() {
        for rows in [0, 1, 63, 64, 65, 127, 128, 200] {
            let values: Vec<u32> = (0..rows).map(|row| row * 7 % 5).collect();
            let mut bits = Vec::new();
            test_each(&values, &mut bits, |value| value < 2);
            assert_eq!(bits.len(), words(values.len()));
            let expected: Vec<u32> = (0..rows).filter(|&row| values[row as usize] < 2).collect();
            assert_eq!(ones(&bits).collect::<Vec<_>>(), expected);
            let mut pairs = Vec::new();
            test_pairs(&values, &values, &mut pairs, |a, b| a == b);
            assert_eq!(ones(&pairs).count(), rows as usize);
            for range in [0..rows, 0..rows / 2, rows / 3..rows, rows / 3..rows / 2] {
                let range = range.start as usize..range.end as usize;
                let within = expected
                    .iter()
                    .filter(|&&row| range.contains(&(row as usize)));
                assert_eq!(count_in(&bits, range.clone()), within.count());
            }
        }
    }
}
