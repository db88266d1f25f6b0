//! Bitmaps: one bit a row, 64 rows a word, zeros behind the last row.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the newer processor"
)]

use core::ops::Range;

use pulp::{Arch, NullaryFnOnce};

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

// The loops below are where predicates spend their time. They are vector code, twice: for every x86-64 (SSE2), and for those that have
// AVX2 (x86-64-v3), which `pulp` compiles them for as well and chooses where the processor has it. They stay so as long as
//
// - a block is an array of 64, of which the compiler knows the length: no bounds are checked, and it unrolls;
// - a test is a closure that it sees through, without a branch of its own (two comparisons are joined by `&`; `&&` takes four times as
//   long), and never ends a block early; it and what is between it and `dispatch` has to be inlined, or it is not compiled for the newer
//   processor;
// - the result of a test becomes first a mask as wide as a word, and only then, in a loop of its own, one bit of the word. Bits that are
//   shifted into the word at once are scalar code; lanes that gather every fourth row's bits are vector code with SSE2, a third faster
//   than this, but are put across the vectors of AVX2 by some compilers, and slower than with SSE2.
//
// A block of 64 floats or ints takes 7 or 8 ns with AVX2, and 26 or 28 with SSE2, which has no comparison of 64-bit ints.

/// A bit for each of 64 elements: does `test` hold?
#[inline(always)]
fn test_block<T: Copy>(block: &[T; 64], test: impl Fn(T) -> bool) -> u64 {
    let mut masks = [0; 64];
    for (mask, &value) in masks.iter_mut().zip(block) {
        *mask = mask_of(test(value));
    }
    join(&masks)
}

/// A bit for each of 64 pairs: does `test` hold?
#[inline(always)]
fn test_block_pairs<T: Copy, U: Copy>(
    (a, b): (&[T; 64], &[U; 64]),
    test: impl Fn(T, U) -> bool,
) -> u64 {
    let mut masks = [0; 64];
    for ((mask, &a), &b) in masks.iter_mut().zip(a).zip(b) {
        *mask = mask_of(test(a, b));
    }
    join(&masks)
}

#[inline(always)]
fn mask_of(holds: bool) -> u64 {
    if holds { u64::MAX } else { 0 }
}

#[inline(always)]
fn join(masks: &[u64; 64]) -> u64 {
    (masks.iter().enumerate()).fold(0, |word, (row, mask)| word | mask & 1 << row)
}

/// Blocks of a column, to be tested on whatever processor this is.
struct Blocks<'c, T, F> {
    values: &'c [[T; 64]],
    out: &'c mut Vec<u64>,
    test: F,
}

impl<T: Copy, F: Fn(T) -> bool> NullaryFnOnce for Blocks<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { values, out, test } = self;
        out.extend(values.iter().map(|block| test_block(block, &test)));
    }
}

/// Blocks of two columns, side by side.
struct PairsOfBlocks<'c, T, U, F> {
    a: &'c [[T; 64]],
    b: &'c [[U; 64]],
    out: &'c mut Vec<u64>,
    test: F,
}

impl<T: Copy, U: Copy, F: Fn(T, U) -> bool> NullaryFnOnce for PairsOfBlocks<'_, T, U, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { a, b, out, test } = self;
        out.extend((a.iter().zip(b)).map(|pair| test_block_pairs(pair, &test)));
    }
}

/// Appends to `out` a bit for each element: does `test` hold?
pub(crate) fn test_each<T: Copy>(values: &[T], out: &mut Vec<u64>, test: impl Fn(T) -> bool) {
    let (blocks, rest) = values.as_chunks::<64>();
    if !blocks.is_empty() {
        let values = blocks;
        let test = &test;
        Arch::new().dispatch(Blocks { values, out, test });
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
    if !a_blocks.is_empty() {
        let (a, b) = (a_blocks, b_blocks);
        let test = &test;
        Arch::new().dispatch(PairsOfBlocks { a, b, out, test });
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
