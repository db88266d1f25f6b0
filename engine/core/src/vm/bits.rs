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
/// Eight bytes at a time: the multiplication moves each byte's low bit into the top byte.
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= gathered << (index * 8);
    }
    word
}

/// Rows that are tested side by side where values are as wide as a word of the result.
const LANES: usize = 4;

// The loops below are where predicates spend their time. They are vector code on every x86-64 (SSE2: `cmpltpd`, `cmplepd`,
// `pcmpgtd` and `pcmpeqd` in the assembly, and no jump within a block of 64) as long as
//
// - a block is an array of 64, of which the compiler knows the length: no bounds are checked, and it unrolls;
// - a test is a closure that it sees through, without a branch of its own, and never ends a block early;
// - the result of a test becomes a mask in a lane as wide as the value. A word has four lanes, whose bits are one apart and
//   come together once a block. Bits that are shifted into one word one by one are scalar code, and bytes are it for what is
//   as wide as a byte lane's eight: there they took 441 instructions a block, where this takes 232 (`float > constant`), and 641
//   where this takes 350 (`int > constant`).

/// A bit for each of 64 elements: does `test` hold?
#[inline]
fn test_block<T: Copy>(block: &[T; 64], test: impl Fn(T) -> bool) -> u64 {
    if size_of::<T>() == size_of::<u64>() {
        let mut lanes = [0; LANES];
        for (step, few) in block.as_chunks::<LANES>().0.iter().enumerate() {
            for (lane, &value) in lanes.iter_mut().zip(few) {
                *lane |= mask(test(value), step);
            }
        }
        return join(lanes);
    }
    let mut bytes = [0_u8; 64];
    for (byte, &value) in bytes.iter_mut().zip(block) {
        *byte = u8::from(test(value));
    }
    pack(&bytes)
}

/// A bit for each of 64 pairs: does `test` hold?
#[inline]
fn test_block_pairs<T: Copy, U: Copy>(
    a: &[T; 64],
    b: &[U; 64],
    test: impl Fn(T, U) -> bool,
) -> u64 {
    if size_of::<T>() == size_of::<u64>() && size_of::<U>() == size_of::<u64>() {
        let mut lanes = [0; LANES];
        let few = a
            .as_chunks::<LANES>()
            .0
            .iter()
            .zip(b.as_chunks::<LANES>().0);
        for (step, (a, b)) in few.enumerate() {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane |= mask(test(a, b), step);
            }
        }
        return join(lanes);
    }
    let mut bytes = [0_u8; 64];
    for ((byte, &a), &b) in bytes.iter_mut().zip(a).zip(b) {
        *byte = u8::from(test(a, b));
    }
    pack(&bytes)
}

/// A choice of two constants, which is an `and` of the comparison's mask.
#[inline]
fn mask(holds: bool, step: usize) -> u64 {
    if holds { 1 << (LANES * step) } else { 0 }
}

#[inline]
fn join(lanes: [u64; LANES]) -> u64 {
    (lanes.iter().enumerate()).fold(0, |word, (lane, bits)| word | bits << lane)
}

/// Appends to `out` a bit for each element: does `test` hold?
pub(crate) fn test_each<T: Copy>(values: &[T], out: &mut Vec<u64>, test: impl Fn(T) -> bool) {
    let (blocks, rest) = values.as_chunks::<64>();
    for block in blocks {
        out.push(test_block(block, &test));
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
        out.push(test_block_pairs(a, b, &test));
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
            // As wide as a word, they are tested another way.
            let wide: Vec<i64> = values.iter().map(|&value| value.into()).collect();
            let mut of_wide = Vec::new();
            test_each(&wide, &mut of_wide, |value| value < 2);
            assert_eq!(of_wide, bits);
            let mut of_pairs = Vec::new();
            test_pairs(&wide, &wide, &mut of_pairs, |a, b| a < 2 && b < 2);
            assert_eq!(of_pairs, bits);
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
