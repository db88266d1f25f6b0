//! The aggregates of a rule: what of each row they keep, and how a window's value changes with it.
//!
//! A row of a window that rows leave is a time, one word for each aggregate with an argument that is
//! subtracted or compared again, and, where an int argument or a filter can be absent, one word of presence
//! bits. An absent float is NaN, which no event holds.

use std::borrow::Cow;

use trapjaw_event::{ColumnData, ColumnView, FieldType, Value};
use trapjaw_program::{Aggregate, AggregateFunction, Kind};

use crate::sum::{IntSum, Sum};
use crate::vm::{Arg, Bound, Registers, bits};
use crate::window::chunks::{Chunks, Fifo};
use crate::window::minmax::{Combine, Daba, MaxFloat, MaxInt, MinFloat, MinInt};

/// How the aggregates of one rule lie in its windows' rows.
#[derive(Debug)]
pub(crate) struct Layout {
    specs: Vec<Spec>,
    /// Words of a row; the first is its time.
    pub(crate) width: usize,
    /// The word of presence bits.
    presence: Option<usize>,
}

#[derive(Debug)]
struct Spec {
    function: AggregateFunction,
    lane: Kind,
    counts_rows: bool,
    /// The word with the argument; for a minimum or maximum, then with an aggregate of its own.
    column: usize,
    ty: FieldType,
}

impl Spec {
    fn needs_presence(&self) -> bool {
        !self.counts_rows && (self.function == AggregateFunction::Count || self.lane == Kind::Int)
    }
}

/// The kind of register that holds an aggregate's argument.
fn lane(aggregate: &Aggregate) -> Kind {
    aggregate.argument_ty.as_ref().map_or(Kind::Int, Kind::of)
}

/// The arguments of all aggregates, out of a source's computed inputs.
pub(crate) fn arguments<'r>(
    aggregates: &[Aggregate],
    inputs: &'r Registers<'_>,
) -> Vec<Argument<'r>> {
    let argument = |aggregate: &Aggregate| Argument {
        values: match (aggregate.argument.map(usize::from), lane(aggregate)) {
            _ if aggregate.function == AggregateFunction::Count => Values::None,
            (Some(output), Kind::Float) => Values::Floats(inputs.floats_of(output).0),
            (Some(output), Kind::Int) => Values::Ints(inputs.ints_of(output).0),
            _ => Values::None,
        },
        known: aggregate
            .argument
            .and_then(|output| inputs.known_of(usize::from(output))),
        filter: aggregate
            .filter
            .map(|output| inputs.truth(u32::from(output))),
    };
    aggregates.iter().map(argument).collect()
}

impl Layout {
    pub(crate) fn new(aggregates: &[Aggregate]) -> Self {
        let mut width = 1;
        let specs: Vec<Spec> = aggregates
            .iter()
            .map(|aggregate| {
                let column = width;
                width += usize::from(aggregate.function != AggregateFunction::Count);
                Spec {
                    function: aggregate.function,
                    lane: lane(aggregate),
                    counts_rows: aggregate.function == AggregateFunction::Count
                        && aggregate.argument.is_none()
                        && aggregate.filter.is_none(),
                    column,
                    ty: aggregate.ty.clone(),
                }
            })
            .collect();
        let presence = specs.iter().any(Spec::needs_presence).then_some(width);
        Self {
            width: width + usize::from(presence.is_some()),
            specs,
            presence,
        }
    }

    /// Number of aggregates.
    pub(crate) fn len(&self) -> usize {
        self.specs.len()
    }

    /// The aggregates of an empty window.
    pub(crate) fn accumulators(&self, rows_leave: bool) -> impl Iterator<Item = Accumulator> + '_ {
        self.specs.iter().map(move |spec| {
            use AggregateFunction as F;
            let column = spec.column as u32;
            match (spec.function, spec.lane, rows_leave) {
                (F::Count, ..) => Accumulator::Count(0),
                (F::Sum | F::Avg, Kind::Float, _) => Accumulator::Float(Sum::default()),
                (F::Sum | F::Avg, ..) => Accumulator::Int(IntSum::default()),
                (F::Min, Kind::Float, true) => Accumulator::MinFloat(Daba::new(column)),
                (F::Max, Kind::Float, true) => Accumulator::MaxFloat(Daba::new(column)),
                (F::Min, _, true) => Accumulator::MinInt(Daba::new(column), 0),
                (F::Max, _, true) => Accumulator::MaxInt(Daba::new(column), 0),
                (F::Min | F::Max, Kind::Float, false) => Accumulator::ExtremeFloat(None),
                (F::Min | F::Max, _, false) => Accumulator::ExtremeInt(None),
            }
        })
    }

    /// Takes in a row that never leaves.
    pub(crate) fn add(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        row: usize,
    ) {
        for ((spec, accumulator), argument) in self.specs.iter().zip(accumulators).zip(arguments) {
            if !argument.is_present(row) {
                continue;
            }
            let least = spec.function == AggregateFunction::Min;
            match accumulator {
                Accumulator::Count(count) => *count += 1,
                Accumulator::Float(sum) => sum.push(argument.float(row)),
                Accumulator::Int(sum) => sum.push(argument.int(row)),
                Accumulator::ExtremeFloat(extreme) => {
                    let value = argument.float(row);
                    *extreme = Some(
                        extreme.map_or(value, |e| if least { e.min(value) } else { e.max(value) }),
                    );
                }
                Accumulator::ExtremeInt(extreme) => {
                    let value = argument.int(row);
                    *extreme = Some(
                        extreme.map_or(value, |e| if least { e.min(value) } else { e.max(value) }),
                    );
                }
                _ => unreachable!("such a window's minimum is made for rows that leave"),
            }
        }
    }

    /// Takes in a row that will leave: fills the words that `chunks` has just given it, the newest of `fifo`.
    pub(crate) fn push(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        row: usize,
        time: i64,
        (chunks, fifo): (&mut Chunks, &Fifo),
    ) {
        let Some(words) = newest(chunks, fifo) else {
            return;
        };
        words[0] = time as u64;
        let mut presence = 0;
        for (index, (spec, argument)) in self.specs.iter().zip(arguments).enumerate() {
            let present = argument.is_present(row);
            presence |= u64::from(present) << index;
            if spec.function != AggregateFunction::Count {
                words[spec.column] = match (spec.function, spec.lane, present) {
                    (_, Kind::Float, true) => argument.float(row).to_bits(),
                    (_, Kind::Float, false) => f64::NAN.to_bits(),
                    (_, _, true) => argument.int(row) as u64,
                    (AggregateFunction::Min, _, false) => MinInt::to_word(MinInt::IDENTITY),
                    (AggregateFunction::Max, _, false) => MaxInt::to_word(MaxInt::IDENTITY),
                    (_, _, false) => 0,
                };
            }
        }
        if let Some(word) = self.presence {
            words[word] = presence;
        }
        for (index, (spec, accumulator)) in self.specs.iter().zip(accumulators).enumerate() {
            let present = presence >> index & 1;
            let word =
                newest(chunks, fifo).map_or(0, |words| words[spec.column.min(words.len() - 1)]);
            match accumulator {
                Accumulator::Count(count) => *count += present,
                Accumulator::Float(sum) if present == 1 => sum.push(f64::from_bits(word)),
                Accumulator::Int(sum) if present == 1 => sum.push(word as i64),
                Accumulator::MinFloat(daba) => {
                    daba.pushed(&mut MinFloat, f64::from_bits(word), chunks, fifo);
                }
                Accumulator::MaxFloat(daba) => {
                    daba.pushed(&mut MaxFloat, f64::from_bits(word), chunks, fifo);
                }
                Accumulator::MinInt(daba, count) => {
                    *count += present;
                    daba.pushed(&mut MinInt, word as i64, chunks, fifo);
                }
                Accumulator::MaxInt(daba, count) => {
                    *count += present;
                    daba.pushed(&mut MaxInt, word as i64, chunks, fifo);
                }
                _ => {}
            }
        }
    }

    /// Gives up the oldest row of `fifo`.
    pub(crate) fn evict(
        &self,
        accumulators: &mut [Accumulator],
        chunks: &mut Chunks,
        fifo: &mut Fifo,
    ) {
        let Some(words) = chunks.front(fifo) else {
            return;
        };
        let presence = self.presence.map_or(u64::MAX, |word| words[word]);
        for (index, (spec, accumulator)) in
            self.specs.iter().zip(accumulators.iter_mut()).enumerate()
        {
            let present = presence >> index & 1;
            match accumulator {
                Accumulator::Count(count) => *count -= present,
                Accumulator::Float(sum) => {
                    let value = f64::from_bits(words[spec.column]);
                    if !value.is_nan() {
                        sum.evict(value);
                    }
                }
                Accumulator::Int(sum) if present == 1 => sum.evict(words[spec.column] as i64),
                Accumulator::MinInt(_, count) | Accumulator::MaxInt(_, count) => *count -= present,
                _ => {}
            }
        }
        chunks.pop_front(fifo);
        for accumulator in accumulators {
            match accumulator {
                Accumulator::MinFloat(daba) => daba.popped(&mut MinFloat, chunks, fifo),
                Accumulator::MaxFloat(daba) => daba.popped(&mut MaxFloat, chunks, fifo),
                Accumulator::MinInt(daba, _) => daba.popped(&mut MinInt, chunks, fifo),
                Accumulator::MaxInt(daba, _) => daba.popped(&mut MaxInt, chunks, fifo),
                _ => {}
            }
        }
    }

    /// Appends the window's values to the columns of results.
    pub(crate) fn results(
        &self,
        accumulators: &[Accumulator],
        window: Option<(&Chunks, &Fifo)>,
        results: &mut Results,
    ) {
        for ((spec, accumulator), column) in self
            .specs
            .iter()
            .zip(accumulators)
            .zip(&mut results.columns)
        {
            let average = spec.function == AggregateFunction::Avg;
            let dabas = |int: &dyn Fn(&Chunks, &Fifo) -> i64, count: u64| {
                window
                    .filter(|_| count > 0)
                    .map(|(chunks, fifo)| int(chunks, fifo))
            };
            match accumulator {
                Accumulator::Count(count) => column.push_int(Some(*count as i64)),
                Accumulator::Float(sum) => {
                    column.push_float(if average { sum.mean() } else { sum.value() });
                }
                Accumulator::Int(sum) if !average => {
                    let total = i64::try_from(sum.value()).ok();
                    column.push_int(total.filter(|_| sum.count() > 0));
                }
                Accumulator::Int(sum) if spec.ty == FieldType::Duration => {
                    column.push_int(
                        (sum.count() > 0).then(|| (sum.value() / i128::from(sum.count())) as i64),
                    );
                }
                Accumulator::Int(sum) => column.push_float(sum.mean()),
                Accumulator::ExtremeFloat(extreme) => column.push_float(*extreme),
                Accumulator::ExtremeInt(extreme) => column.push_int(*extreme),
                Accumulator::MinFloat(daba) => column.push_float(
                    window
                        .map(|(chunks, fifo)| daba.value(&mut MinFloat, chunks, fifo))
                        .filter(|v| !v.is_nan()),
                ),
                Accumulator::MaxFloat(daba) => column.push_float(
                    window
                        .map(|(chunks, fifo)| daba.value(&mut MaxFloat, chunks, fifo))
                        .filter(|v| !v.is_nan()),
                ),
                Accumulator::MinInt(daba, count) => {
                    column.push_int(dabas(
                        &|chunks, fifo| daba.value(&mut MinInt, chunks, fifo),
                        *count,
                    ));
                }
                Accumulator::MaxInt(daba, count) => {
                    column.push_int(dabas(
                        &|chunks, fifo| daba.value(&mut MaxInt, chunks, fifo),
                        *count,
                    ));
                }
            }
        }
    }

    /// The value of an aggregate at a row of the results.
    pub(crate) fn value(&self, aggregate: usize, results: &Results, row: usize) -> Value {
        let column = &results.columns[aggregate];
        if !bits::get(&column.known, row) {
            return Value::Null;
        }
        match &self.specs[aggregate].ty {
            // Adding zero makes -0.0 read as 0.0.
            FieldType::Float => Value::Float(column.floats[row] + 0.0),
            FieldType::Time => Value::Time(column.ints[row]),
            FieldType::Duration => Value::Duration(column.ints[row]),
            FieldType::Enum(_) => Value::Enum(column.ints[row] as u16),
            _ => Value::Int(column.ints[row]),
        }
    }
}

fn newest<'c>(chunks: &'c mut Chunks, fifo: &Fifo) -> Option<&'c mut [u64]> {
    (!fifo.is_empty()).then(|| {
        let cursor = chunks.backward(fifo.end());
        chunks.row_mut(cursor)
    })
}

/// One aggregate of one key's window.
#[derive(Debug)]
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
}

/// An aggregate's argument over the rows that a rule takes in.
#[derive(Debug)]
pub(crate) struct Argument<'r> {
    values: Values<'r>,
    known: Option<&'r [u64]>,
    filter: Option<Cow<'r, [u64]>>,
}

#[derive(Debug)]
enum Values<'r> {
    None,
    Ints(Arg<'r, i64>),
    Floats(Arg<'r, f64>),
}

impl Argument<'_> {
    fn is_present(&self, row: usize) -> bool {
        self.known.is_none_or(|known| bits::get(known, row))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| bits::get(filter, row))
    }

    fn int(&self, row: usize) -> i64 {
        match self.values {
            Values::Ints(values) => values.get(row),
            _ => 0,
        }
    }

    fn float(&self, row: usize) -> f64 {
        match self.values {
            Values::Floats(values) => values.get(row),
            _ => 0.0,
        }
    }
}

/// Columns of aggregates' values, a row for each evaluation.
#[derive(Debug, Default)]
pub(crate) struct Results {
    columns: Vec<ResultColumn>,
}

#[derive(Debug, Default)]
struct ResultColumn {
    floats: Vec<f64>,
    ints: Vec<i64>,
    known: Vec<u64>,
    rows: usize,
    some_unknown: bool,
}

impl ResultColumn {
    fn push_float(&mut self, value: Option<f64>) {
        self.floats.push(value.unwrap_or_default());
        self.push_known(value.is_some());
    }

    fn push_int(&mut self, value: Option<i64>) {
        self.ints.push(value.unwrap_or_default());
        self.push_known(value.is_some());
    }

    fn push_known(&mut self, known: bool) {
        if self.rows.is_multiple_of(64) {
            self.known.push(0);
        }
        if let Some(word) = self.known.last_mut() {
            *word |= u64::from(known) << (self.rows % 64);
        }
        self.some_unknown |= !known;
        self.rows += 1;
    }
}

impl Results {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            columns: layout
                .specs
                .iter()
                .map(|_| ResultColumn::default())
                .collect(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for column in &mut self.columns {
            column.floats.clear();
            column.ints.clear();
            column.known.clear();
            column.rows = 0;
            column.some_unknown = false;
        }
    }

    /// The column of an aggregate as code's input.
    pub(crate) fn bind(&self, aggregate: u16) -> Bound<'_> {
        let column = &self.columns[usize::from(aggregate)];
        let data = if column.floats.is_empty() {
            ColumnData::Int(&column.ints)
        } else {
            ColumnData::Float(&column.floats)
        };
        Bound::Dense(ColumnView {
            validity: column.some_unknown.then_some(&*column.known),
            data,
        })
    }
}
