//! One aggregate of one key's window.

use trapjaw_event::FieldType;
use trapjaw_program::AggregateFunction;

use super::Spec;
use super::argument::Argument;
use super::different::{Counted, Different};
use super::results::Column;
use super::store::Store;
use crate::sketch::Quantiles;
use crate::sum::{IntSum, Moments, Sum};
use crate::window::chunks::{Chunks, Cursor, Fifo};
use crate::window::minmax::{Daba, MaxFloat, MaxInt, MinFloat, MinInt};

/// One aggregate of one key's window.
#[derive(Clone, Debug)]
pub(crate) enum Accumulator {
    Count(u64),
    Float(Sum),
    Int(IntSum),
    MinFloat(Daba<MinFloat>),
    MaxFloat(Daba<MaxFloat>),
    /// With the number of values, since each word is one.
    MinInt(Daba<MinInt>, u64),
    MaxInt(Daba<MaxInt>, u64),
    /// Least or greatest where no row leaves.
    ExtremeFloat(Option<f64>),
    ExtremeInt(Option<i64>),
    Moments(Box<Moments>),
    /// The rows with the oldest and the newest value. Each row with a value tells where the next one is, so that the
    /// oldest is found at once when another has left.
    Oldest(Option<(Cursor, Cursor)>),
    /// How many values there are, and the word of the newest.
    Newest {
        count: u64,
        word: u64,
    },
    /// First or last where no row leaves.
    Chosen(Option<u64>),
    Counted(Counted),
    Different(Different),
    Quantiles(Quantiles),
}

// All keys' windows hold these in a row.
const _: () = assert!(size_of::<Accumulator>() <= 80);

impl Accumulator {
    /// Takes in a value that never leaves.
    #[inline]
    pub(super) fn add(
        &mut self,
        spec: &Spec,
        argument: &Argument<'_>,
        row: usize,
        store: &mut Store,
    ) {
        let least = spec.function == AggregateFunction::Min;
        match self {
            Self::Count(count) => *count += 1,
            Self::Float(sum) => sum.push(argument.float(row)),
            Self::Int(sum) => sum.push(argument.int(row)),
            Self::ExtremeFloat(extreme) => {
                let value = argument.float(row);
                *extreme = Some(extreme.map_or(value, |e| float_extreme(e, value, least)));
            }
            Self::ExtremeInt(extreme) => {
                let value = argument.int(row);
                *extreme = Some(extreme.map_or(value, |e| int_extreme(e, value, least)));
            }
            Self::Moments(moments) => moments.push(argument.number(row)),
            Self::Chosen(chosen) => {
                let is_first = spec.function == AggregateFunction::First;
                if is_first && chosen.is_some() {
                    return;
                }
                let before = chosen.replace(store.keep(argument.raw(row)));
                if let Some(word) = before.filter(|_| spec.is_kept()) {
                    store.release(word);
                }
            }
            Self::Different(different) => {
                different.push(argument.raw(row), spec.is_kept(), store);
            }
            Self::Quantiles(quantiles) => {
                let before = quantiles.bytes();
                quantiles.push(argument.number(row));
                store.sketches = store.sketches + quantiles.bytes() - before;
            }
            Self::MinFloat(_)
            | Self::MaxFloat(_)
            | Self::MinInt(..)
            | Self::MaxInt(..)
            | Self::Oldest(_)
            | Self::Newest { .. }
            | Self::Counted(_) => unreachable!("it is made for rows that leave"),
        }
    }

    /// Takes a row back, with its word, if it has one; of an aggregate that [subtracts](Spec::subtracts).
    #[inline]
    pub(super) fn subtract(&mut self, word: u64, present: bool) {
        match self {
            Self::Count(count) => *count -= u64::from(present),
            Self::Float(sum) => {
                let value = f64::from_bits(word);
                if !value.is_nan() {
                    sum.evict(value);
                }
            }
            Self::Int(sum) if present => sum.evict(word as i64),
            Self::Moments(moments) if present => moments.evict(f64::from_bits(word)),
            _ => {}
        }
    }

    /// Takes in the newest row, which lies at `cursor`.
    #[inline]
    pub(super) fn push(
        &mut self,
        spec: &Spec,
        present: bool,
        cursor: Cursor,
        (chunks, fifo): (&mut Chunks, &Fifo),
        store: &mut Store,
    ) {
        if let Self::Count(count) = self {
            *count += u64::from(present);
            return;
        }
        let word = chunks.row(cursor)[spec.column];
        match self {
            Self::Float(sum) if present => sum.push(f64::from_bits(word)),
            Self::Int(sum) if present => sum.push(word as i64),
            Self::MinFloat(daba) => {
                daba.pushed(&mut MinFloat, f64::from_bits(word), chunks, fifo);
            }
            Self::MaxFloat(daba) => {
                daba.pushed(&mut MaxFloat, f64::from_bits(word), chunks, fifo);
            }
            Self::MinInt(daba, count) => {
                *count += u64::from(present);
                daba.pushed(&mut MinInt, word as i64, chunks, fifo);
            }
            Self::MaxInt(daba, count) => {
                *count += u64::from(present);
                daba.pushed(&mut MaxInt, word as i64, chunks, fifo);
            }
            Self::Moments(moments) if present => moments.push(f64::from_bits(word)),
            Self::Oldest(ends) if present => {
                if let Some((_, newest)) = ends {
                    chunks.row_mut(*newest)[spec.column + 1] = cursor.to_word();
                }
                let oldest = ends.map_or(cursor, |(oldest, _)| oldest);
                *ends = Some((oldest, cursor));
            }
            Self::Counted(counted) if present => counted.push(word, store),
            Self::Quantiles(quantiles) if present => {
                let before = quantiles.bytes();
                quantiles.push(f64::from_bits(word));
                store.sketches = store.sketches + quantiles.bytes() - before;
            }
            _ => {}
        }
    }

    /// Appends its value to a column.
    #[inline]
    pub(super) fn result(
        &self,
        spec: &Spec,
        window: Option<(&Chunks, &Fifo)>,
        length: Option<i64>,
        store: &Store,
        column: &mut Column,
    ) {
        use AggregateFunction as F;
        let per_second = |sum: f64| length.map(|length| sum / (length as f64 / 1e9));
        match self {
            Self::Count(count) if spec.function == F::Rate => {
                column.push_float(per_second(*count as f64));
            }
            Self::Count(count) => column.push_int(Some(*count as i64)),
            Self::Float(sum) if spec.function == F::Rate => {
                column.push_float(
                    per_second(if sum.count() > 0 {
                        sum.value().unwrap_or(f64::NAN)
                    } else {
                        0.0
                    })
                    .filter(|rate| !rate.is_nan()),
                );
            }
            Self::Float(sum) => {
                let average = spec.function == F::Avg;
                column.push_float(if average { sum.mean() } else { sum.value() });
            }
            Self::Int(sum) => match spec.function {
                F::Rate => column.push_float(per_second(sum.value() as f64)),
                F::Avg if spec.ty == FieldType::Float => column.push_float(sum.mean()),
                F::Avg => column.push_int(
                    (sum.count() > 0).then(|| (sum.value() / i128::from(sum.count())) as i64),
                ),
                _ => {
                    let total = i64::try_from(sum.value()).ok();
                    column.push_int(total.filter(|_| sum.count() > 0));
                }
            },
            Self::ExtremeFloat(extreme) => column.push_float(*extreme),
            Self::ExtremeInt(extreme) => column.push_int(*extreme),
            Self::MinFloat(daba) => column.push_float(
                window
                    .map(|(chunks, fifo)| daba.value(&mut MinFloat, chunks, fifo))
                    .filter(|v| !v.is_nan()),
            ),
            Self::MaxFloat(daba) => column.push_float(
                window
                    .map(|(chunks, fifo)| daba.value(&mut MaxFloat, chunks, fifo))
                    .filter(|v| !v.is_nan()),
            ),
            Self::MinInt(daba, count) => column.push_int(
                window
                    .filter(|_| *count > 0)
                    .map(|(chunks, fifo)| daba.value(&mut MinInt, chunks, fifo)),
            ),
            Self::MaxInt(daba, count) => column.push_int(
                window
                    .filter(|_| *count > 0)
                    .map(|(chunks, fifo)| daba.value(&mut MaxInt, chunks, fifo)),
            ),
            Self::Moments(moments) => {
                let variance = match spec.function {
                    F::Stddev => moments.variance_sample(),
                    _ => moments.variance_population(),
                };
                push_number(column, spec, variance.map(f64::sqrt));
            }
            Self::Oldest(ends) => {
                let word = ends
                    .zip(window)
                    .map(|((oldest, _), (chunks, _))| chunks.row(oldest)[spec.column]);
                column.push_word(word, |word| store.bytes_of(word));
            }
            Self::Newest { count, word } => {
                let word = (*count > 0).then_some(*word);
                column.push_word(word, |word| store.bytes_of(word));
            }
            Self::Chosen(word) => column.push_word(*word, |word| store.bytes_of(word)),
            Self::Counted(counted) => column.push_int(Some(counted.len() as i64)),
            Self::Different(different) => column.push_int(Some(different.count() as i64)),
            Self::Quantiles(quantiles) => {
                push_number(column, spec, quantiles.quantile(spec.fraction));
            }
        }
    }
}

/// A number where a float is asked for, or a duration: then to the nearest nanosecond.
fn push_number(column: &mut Column, spec: &Spec, value: Option<f64>) {
    if spec.ty == FieldType::Float {
        column.push_float(value);
    } else {
        column.push_int(value.map(|value| value.round() as i64));
    }
}

/// Neither is NaN, which stands for null and does not come here: so it is one comparison.
#[inline]
pub(super) fn float_extreme(a: f64, b: f64, least: bool) -> f64 {
    if (b < a) == least { b } else { a }
}

pub(super) fn int_extreme(a: i64, b: i64, least: bool) -> i64 {
    if least { a.min(b) } else { a.max(b) }
}
