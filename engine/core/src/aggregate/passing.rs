//! Rows that pass through windows of one length: they come at the end of a [log](crate::window::log), and leave at its front.
//!
//! Each aggregate subtracts what leaves and adds what comes, in the order of time, one aggregate after the other. Of a window by itself
//! that is the same as if its rows left when its next one comes, for nobody looks at it before.

use core::ops::Range;

use trapjaw_program::{AggregateFunction, Kind};

use super::argument::Argument;
use super::results::Column;
use super::stretch::look_ahead;
use super::{Accumulator, Layout, Results, Spec, Store};
use crate::sum::Sum;
use crate::window::log::{Appended, Leaving};

/// Rows that come, and those that leave before.
pub(crate) struct Passing<'a> {
    /// The slot of each row that comes.
    pub(crate) slots: &'a [u32],
    /// Which they are.
    pub(crate) rows: Range<usize>,
    /// By row that comes: how many have left before.
    pub(crate) ends: &'a [u32],
    /// The rows that leave.
    pub(crate) leaving: Leaving<'a>,
}

/// What one aggregate knows of the rows that leave.
struct Gone<'a> {
    slots: &'a [u32],
    /// None where the aggregate has no word of a row.
    words: &'a [u64],
    presence: Option<&'a [u64]>,
    /// So many have been subtracted.
    done: usize,
}

impl<'a> Gone<'a> {
    fn new(layout: &Layout, spec: &Spec, leaving: &Leaving<'a>) -> Self {
        Self {
            slots: leaving.slots(),
            words: if spec.words() > 0 {
                leaving.column(spec.column)
            } else {
                &[]
            },
            presence: layout.presence.map(|column| leaving.column(column)),
            done: 0,
        }
    }
}

/// One aggregate of all windows.
struct Lane<'a> {
    accumulators: &'a mut [Accumulator],
    /// How many aggregates a window has, and which of them it is.
    stride: usize,
    index: usize,
}

impl Lane<'_> {
    /// The aggregate of a window; `None` for one that was closed.
    #[inline]
    fn of(&mut self, slot: u32) -> Option<&mut Accumulator> {
        let place = slot as usize * self.stride + self.index;
        self.accumulators.get_mut(place)
    }

    /// Subtracts what has left by the end.
    #[inline]
    fn subtract(&mut self, gone: &mut Gone<'_>, end: usize) {
        let from = core::mem::replace(&mut gone.done, end);
        let index = self.index;
        for row in from..end {
            let Some(accumulator) = self.of(gone.slots[row]) else {
                continue;
            };
            let word = gone.words.get(row).copied().unwrap_or_default();
            let presence = gone.presence.map_or(u64::MAX, |presence| presence[row]);
            accumulator.subtract(word, presence >> index & 1 == 1);
        }
    }

    /// The same of a sum of floats.
    #[inline]
    fn subtract_floats(&mut self, gone: &mut Gone<'_>, end: usize) {
        let from = core::mem::replace(&mut gone.done, end);
        let rows = gone.slots[from..end].iter().zip(&gone.words[from..end]);
        for (&slot, &word) in rows {
            let value = f64::from_bits(word);
            if let Some(Accumulator::Float(sum)) = self.of(slot)
                && !value.is_nan()
            {
                sum.evict(value);
            }
        }
    }

    /// Sums floats, and tells what each window then has.
    #[inline]
    fn sum(
        mut self,
        passing: &Passing<'_>,
        (floats, mut gone): (&[f64], Gone<'_>),
        column: &mut Column,
        tell: impl Fn(&Sum) -> Option<f64>,
    ) {
        let coming = passing.slots.iter().zip(&floats[passing.rows.clone()]);
        let each = coming.zip(passing.ends).map(|((&slot, &value), &end)| {
            self.subtract_floats(&mut gone, end as usize);
            let Some(Accumulator::Float(sum)) = self.of(slot) else {
                return f64::NAN;
            };
            sum.push(value);
            tell(sum).unwrap_or(f64::NAN)
        });
        column.extend_floats(each);
    }
}

impl Layout {
    /// Takes in rows, after those that leave before each, and appends the value after each to the columns of results.
    /// `accumulators`: those of all slots; each aggregate [subtracts](Self::subtracts). `length`: that of the windows, in nanoseconds.
    pub(crate) fn pass(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        (passing, length): (&Passing<'_>, i64),
        store: &mut Store,
        results: &mut Results,
    ) {
        use AggregateFunction as F;
        look_ahead(accumulators, self.len(), passing.leaving.slots());
        look_ahead(accumulators, self.len(), passing.slots);
        let columns = results.columns.iter_mut();
        for (index, ((spec, argument), column)) in
            (self.specs.iter().zip(arguments).zip(columns)).enumerate()
        {
            let mut gone = Gone::new(self, spec, &passing.leaving);
            let mut lane = Lane {
                accumulators,
                stride: self.len(),
                index,
            };
            let floats = argument.floats().filter(|_| spec.lane == Kind::Float);
            match (spec.function, floats) {
                (F::Sum, Some(floats)) => lane.sum(passing, (floats, gone), column, Sum::value),
                (F::Avg, Some(floats)) => lane.sum(passing, (floats, gone), column, Sum::mean),
                _ => {
                    let coming = passing.slots.iter().zip(passing.rows.clone());
                    for ((&slot, row), &end) in coming.zip(passing.ends) {
                        lane.subtract(&mut gone, end as usize);
                        let Some(accumulator) = lane.of(slot) else {
                            continue;
                        };
                        if argument.is_present(row) {
                            accumulator.add(spec, argument, row, store);
                        }
                        accumulator.result(spec, None, Some(length), store, column);
                    }
                }
            }
        }
    }

    /// Rows leave, and none comes.
    pub(crate) fn leave(&self, accumulators: &mut [Accumulator], leaving: &Leaving<'_>) {
        for (index, spec) in self.specs.iter().enumerate() {
            let mut lane = Lane {
                accumulators,
                stride: self.len(),
                index,
            };
            let mut gone = Gone::new(self, spec, leaving);
            lane.subtract(&mut gone, leaving.slots().len());
        }
    }

    /// Fills rows that will leave.
    pub(crate) fn fill(
        &self,
        appended: &mut Appended<'_>,
        arguments: &[Argument<'_>],
        (rows, effects): (Range<usize>, &[i64]),
        store: &mut Store,
    ) {
        for (word, &effect) in appended.column(0).iter_mut().zip(effects) {
            *word = effect as u64;
        }
        for (spec, argument) in self.specs.iter().zip(arguments) {
            if spec.words() == 0 {
                continue;
            }
            let words = appended.column(spec.column).iter_mut();
            match argument.floats().filter(|_| spec.takes_floats()) {
                Some(floats) => {
                    for (word, value) in words.zip(&floats[rows.clone()]) {
                        *word = value.to_bits();
                    }
                }
                None => {
                    for (word, row) in words.zip(rows.clone()) {
                        *word = spec.word(argument, row, argument.is_present(row), store);
                    }
                }
            }
        }
        if let Some(column) = self.presence {
            for (word, row) in appended.column(column).iter_mut().zip(rows) {
                let present = arguments.iter().map(|argument| argument.is_present(row));
                let bits = present.zip(0..);
                *word = bits.fold(0, |word, (present, bit)| word | u64::from(present) << bit);
            }
        }
    }
}

impl Spec {
    /// Is its word the float of its argument?
    fn takes_floats(&self) -> bool {
        use AggregateFunction as F;
        self.lane == Kind::Float && matches!(self.function, F::Sum | F::Avg | F::Rate)
    }
}
