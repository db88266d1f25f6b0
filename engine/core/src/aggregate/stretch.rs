//! Many rows at once, each of its window: one aggregate after the other.
//!
//! What an aggregate is and where its argument comes from is asked once for all rows. The usual ones have loops of their own: a
//! row then costs what the arithmetic costs, and the way to its window.

use core::ops::Range;

use trapjaw_program::{AggregateFunction, Kind};

use super::accumulator::float_extreme;
use super::argument::{Argument, Raw};
use super::results::Column;
use super::{Accumulator, Layout, Results, Store};

/// One aggregate of all windows, and the rows that it takes in.
///
/// The usual loops are functions by themselves, so that what they hold stays in registers.
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

    /// Each row's value, with the aggregate of its window.
    #[inline]
    fn each_of(self, values: &[f64], mut take: impl FnMut(&mut Accumulator, f64)) {
        for (&slot, &value) in self.slots.iter().zip(&values[self.rows]) {
            let place = slot as usize * self.stride + self.index;
            take(&mut self.accumulators[place], value);
        }
    }

    /// Sums, and tells what each window then has, by what `divisor` makes of the count of its values.
    #[inline(never)]
    fn sum(self, values: &[f64], column: &mut Column, divisor: impl Fn(u64) -> f64) {
        let Self {
            accumulators,
            stride,
            index,
            slots,
            rows,
        } = self;
        let rows = slots.iter().zip(&values[rows]);
        column.extend_floats(rows.map(|(&slot, &value)| {
            match &mut accumulators[slot as usize * stride + index] {
                Accumulator::Float(sum) => sum.push_and_tell(value, &divisor),
                _ => f64::NAN,
            }
        }));
    }

    #[inline(never)]
    fn totals(self, values: &[f64]) {
        self.each_of(values, |accumulator, value| {
            if let Accumulator::Float(sum) = accumulator {
                sum.push(value);
            }
        });
    }

    #[inline(never)]
    fn counts(self) {
        self.each(|accumulator, _| {
            if let Accumulator::Count(count) = accumulator {
                *count += 1;
            }
        });
    }

    #[inline(never)]
    fn extremes<const LEAST: bool>(self, values: &[f64]) {
        self.each_of(values, |accumulator, value| {
            if let Accumulator::ExtremeFloat(extreme) = accumulator {
                *extreme = Some(extreme.map_or(value, |e| float_extreme(e, value, LEAST)));
            }
        });
    }
}

/// Reads the first aggregate of each window, if all together are more than a cache holds: each is somewhere else in memory, and so
/// they are fetched together, which takes little longer than to fetch one.
pub(super) fn look_ahead(accumulators: &[Accumulator], stride: usize, slots: &[u32]) {
    if size_of_val(accumulators) > NEAR {
        let is_count = |slot: &&u32| {
            let accumulator = accumulators.get(**slot as usize * stride);
            matches!(accumulator, Some(Accumulator::Count(_)))
        };
        core::hint::black_box(slots.iter().filter(is_count).count());
    }
}

/// So many bytes may well be in a near cache.
const NEAR: usize = 1 << 20;

impl Layout {
    /// Takes in rows that never leave, and appends the value after each to the columns of results, if there are any.
    /// `accumulators`: those of all slots. The rows [join](Self::joins), and, where there are results, no aggregate may ask how
    /// long the window is.
    pub(crate) fn add_stretch(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        (slots, rows): (&[u32], Range<usize>),
        store: &mut Store,
        mut results: Option<&mut Results>,
    ) {
        use AggregateFunction as F;
        look_ahead(accumulators, self.len(), slots);
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
                (F::Sum, Some(floats), Some(column)) => {
                    lane.sum(floats, column, |_| 1.0);
                }
                (F::Avg, Some(floats), Some(column)) => {
                    lane.sum(floats, column, |count| count as f64);
                }
                (F::Sum | F::Avg | F::Rate, Some(floats), None) => lane.totals(floats),
                (F::Min, Some(floats), None) => lane.extremes::<true>(floats),
                (F::Max, Some(floats), None) => lane.extremes::<false>(floats),
                (F::Distinct, _, None) => {
                    let coded = argument.coded();
                    let is_kept = spec.is_kept();
                    lane.each(|accumulator, row| {
                        let Accumulator::Different(different) = accumulator else {
                            return;
                        };
                        if let Some((codes, texts)) = coded {
                            different.push(Raw::Coded(texts, codes[row]), true, store);
                        } else if argument.is_present(row) {
                            different.push(argument.raw(row), is_kept, store);
                        }
                    });
                }
                (F::Count, _, None) if spec.counts_rows => lane.counts(),
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
