//! Many rows at once, each of its window: one aggregate after the other.
//!
//! What an aggregate is and where its argument comes from is asked once for all rows. The usual ones have loops of their own: a
//! row then costs what the arithmetic costs, and the way to its window.

use core::ops::Range;

use trapjaw_program::{AggregateFunction, Kind};

use super::accumulator::float_extreme;
use super::argument::Argument;
use super::results::Column;
use super::{Accumulator, Layout, Results, Store};
use crate::sum::Sum;

/// One aggregate of all windows, and the rows that it takes in.
struct Lane<'a> {
    accumulators: &'a mut [Accumulator],
    /// How many aggregates a window has, and which of them it is.
    stride: usize,
    index: usize,
    slots: &'a [u32],
    rows: Range<usize>,
}

impl Lane<'_> {
    /// Each row, with the aggregate of its window.
    #[inline]
    fn each(self, mut take: impl FnMut(&mut Accumulator, usize)) {
        for (&slot, row) in self.slots.iter().zip(self.rows) {
            let place = slot as usize * self.stride + self.index;
            take(&mut self.accumulators[place], row);
        }
    }

    /// Sums, and tells what each window then has.
    #[inline]
    fn sum(self, values: &[f64], column: &mut Column, tell: impl Fn(&Sum) -> Option<f64>) {
        self.each(|accumulator, row| {
            if let Accumulator::Float(sum) = accumulator {
                sum.push(values[row]);
                column.push_float(tell(sum));
            }
        });
    }

    #[inline]
    fn extremes(self, values: &[f64], least: bool) {
        self.each(|accumulator, row| {
            if let Accumulator::ExtremeFloat(extreme) = accumulator {
                let value = values[row];
                *extreme = Some(extreme.map_or(value, |e| float_extreme(e, value, least)));
            }
        });
    }
}

/// The rows that leave windows when the rows of a stretch come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaving {
    /// Their words, row after row.
    words: Vec<u64>,
    /// By row of the stretch: how many words there are up to its own.
    ends: Vec<u32>,
}

impl Leaving {
    pub(crate) fn clear(&mut self) {
        self.words.clear();
        self.ends.clear();
    }

    /// Another row leaves as the next one comes.
    #[inline]
    pub(crate) fn push(&mut self, words: &[u64]) {
        self.words.extend_from_slice(words);
    }

    /// The row has come.
    #[inline]
    pub(crate) fn come(&mut self) {
        self.ends.push(self.words.len() as u32);
    }

    /// Those that leave although the row that was to come has not.
    pub(crate) fn rest(&self, width: usize) -> impl Iterator<Item = &[u64]> {
        let end = self.ends.last().map_or(0, |end| *end as usize);
        self.words[end..].chunks_exact(width)
    }

    /// For each row that has come, those that left.
    fn each(&self, width: usize) -> impl Iterator<Item = core::slice::ChunksExact<'_, u64>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let of_row = &self.words[start..*end as usize];
            start = *end as usize;
            of_row.chunks_exact(width)
        })
    }
}

impl Layout {
    /// Takes in rows that will leave, after those that leave as they come, and appends the value after each to the columns
    /// of results. `accumulators`: those of all slots; each aggregate [subtracts](Self::subtracts). `length`: that of
    /// the windows, in nanoseconds.
    pub(crate) fn come_and_go(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        (slots, rows): (&[u32], Range<usize>),
        (leaving, length): (&Leaving, i64),
        store: &mut Store,
        results: &mut Results,
    ) {
        use AggregateFunction as F;
        let columns = results.columns.iter_mut();
        for (index, ((spec, argument), column)) in
            (self.specs.iter().zip(arguments).zip(columns)).enumerate()
        {
            let mut leaving = leaving.each(self.width);
            let mut gone = || leaving.next().unwrap_or([].chunks_exact(1));
            let lane = Lane {
                accumulators,
                stride: self.len(),
                index,
                slots,
                rows: rows.clone(),
            };
            let floats = argument.floats().filter(|_| spec.lane == Kind::Float);
            match (spec.function, floats) {
                (F::Sum | F::Avg, Some(floats)) => lane.each(|accumulator, row| {
                    if let Accumulator::Float(sum) = accumulator {
                        for words in gone() {
                            let value = f64::from_bits(words[spec.column]);
                            if !value.is_nan() {
                                sum.evict(value);
                            }
                        }
                        sum.push(floats[row]);
                        let is_sum = spec.function == F::Sum;
                        column.push_float(if is_sum { sum.value() } else { sum.mean() });
                    }
                }),
                _ => lane.each(|accumulator, row| {
                    for words in gone() {
                        let present = self.is_present(words, index);
                        spec.leave(accumulator, words, present, store);
                    }
                    if argument.is_present(row) {
                        accumulator.add(spec, argument, row, store);
                    }
                    accumulator.result(spec, None, Some(length), store, column);
                }),
            }
        }
    }

    /// Takes in rows that never leave, and appends the value after each to the columns of results, if there are any.
    /// `accumulators`: those of all slots. No aggregate may have a [heap](Self::has_heap), and, where there are results, none
    /// may ask how long the window is.
    pub(crate) fn add_stretch(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        (slots, rows): (&[u32], Range<usize>),
        store: &mut Store,
        mut results: Option<&mut Results>,
    ) {
        use AggregateFunction as F;
        for (index, (spec, argument)) in self.specs.iter().zip(arguments).enumerate() {
            let lane = Lane {
                accumulators,
                stride: self.len(),
                index,
                slots,
                rows: rows.clone(),
            };
            let column = results.as_mut().map(|it| &mut it.columns[index]);
            let floats = argument.floats().filter(|_| spec.lane == Kind::Float);
            match (spec.function, floats, column) {
                (F::Sum, Some(floats), Some(column)) => lane.sum(floats, column, Sum::value),
                (F::Avg, Some(floats), Some(column)) => lane.sum(floats, column, Sum::mean),
                (F::Sum | F::Avg | F::Rate, Some(floats), None) => lane.each(|accumulator, row| {
                    if let Accumulator::Float(sum) = accumulator {
                        sum.push(floats[row]);
                    }
                }),
                (F::Min, Some(floats), None) => lane.extremes(floats, true),
                (F::Max, Some(floats), None) => lane.extremes(floats, false),
                (F::Count, _, None) if spec.counts_rows => lane.each(|accumulator, _| {
                    if let Accumulator::Count(count) = accumulator {
                        *count += 1;
                    }
                }),
                (.., mut column) => lane.each(|accumulator, row| {
                    if argument.is_present(row) {
                        accumulator.add(spec, argument, row, store);
                    }
                    if let Some(column) = &mut column {
                        accumulator.result(spec, None, None, store, column);
                    }
                }),
            }
        }
    }
}
