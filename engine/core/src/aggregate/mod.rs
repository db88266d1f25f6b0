//! The aggregates of a rule: what of each row they keep, and how a window's value changes with it.
//!
//! A row of a window that rows leave is a time, the words of each aggregate that subtracts or compares its
//! argument again, and, where an argument or a filter can be absent, one word of presence bits. An absent float of
//! a sum or an extreme is NaN, which no event holds.

mod accumulator;
mod argument;
mod different;
mod evict;
mod merge;
mod passing;
mod results;
mod store;
mod stretch;

use trapjaw_event::{FieldType, Value};
use trapjaw_program::{Aggregate, AggregateFunction, Kind};

use crate::bound::{Growth, Most, Pool};
use crate::limits::EXACT_DISTINCT;
use crate::sketch::{HyperLogLog, Quantiles};
use crate::sum::{IntSum, Sum};
use crate::window::chunks::{Chunks, Cursor, Fifo};
use crate::window::minmax::{Combine, Daba, MaxInt, MinInt};
pub(crate) use accumulator::Accumulator;
use argument::lane;
pub(crate) use argument::{Argument, argument};
use different::{Counted, Different};
pub(crate) use passing::Passing;
pub(crate) use results::Results;
pub(crate) use store::Store;

/// How the aggregates of one rule lie in its windows' rows.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    specs: Vec<Spec>,
    /// Words of a row; the first is its time.
    pub(crate) width: usize,
    /// The word of presence bits.
    presence: Option<usize>,
    heap: Heap,
    /// Does an aggregate ask how long the window is?
    pub(crate) has_rate: bool,
    /// Is the value of an aggregate a text?
    pub(crate) has_text: bool,
}

/// What aggregates keep outside of rows and of their own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heap {
    None,
    /// Only what this one, a `distinct`, does: it grows in the order of rows, whether they are taken in one by one or as a
    /// stretch.
    Distinct(usize),
    Any,
}

impl Heap {
    fn of(specs: &[Spec]) -> Self {
        let mut heaps = (specs.iter().enumerate()).filter(|(_, spec)| spec.has_heap());
        match (heaps.next(), heaps.next()) {
            (None, _) => Self::None,
            (Some((index, spec)), None) if spec.function == AggregateFunction::Distinct => {
                Self::Distinct(index)
            }
            _ => Self::Any,
        }
    }
}

#[derive(Clone, Debug)]
struct Spec {
    function: AggregateFunction,
    lane: Kind,
    counts_rows: bool,
    /// The word with the argument; for a minimum or maximum, then with an aggregate of its own. Of `first`, the next
    /// word says where the next value is.
    column: usize,
    /// Of a quantile: which.
    fraction: f64,
    argument_ty: Option<FieldType>,
    ty: FieldType,
}

impl Spec {
    /// How many words of a row it takes.
    fn words(&self) -> usize {
        use AggregateFunction as F;
        match self.function {
            F::Count | F::Last => 0,
            F::Rate if self.argument_ty.is_none() => 0,
            F::First => 2,
            _ => 1,
        }
    }

    fn needs_presence(&self) -> bool {
        use AggregateFunction as F;
        let may_be_nan = matches!(self.function, F::Sum | F::Avg | F::Min | F::Max | F::Rate);
        !(self.counts_rows || may_be_nan && self.lane == Kind::Float)
    }

    /// Are its words those of kept texts or addresses?
    fn is_kept(&self) -> bool {
        use AggregateFunction as F;
        matches!(self.lane, Kind::Text | Kind::Ip)
            && matches!(self.function, F::First | F::Last | F::Distinct)
    }

    fn subtracts(&self) -> bool {
        use AggregateFunction as F;
        matches!(
            self.function,
            F::Count | F::Sum | F::Avg | F::Rate | F::Stddev | F::StddevPop
        )
    }

    fn has_heap(&self) -> bool {
        use AggregateFunction as F;
        self.is_kept() || matches!(self.function, F::Distinct | F::Quantile)
    }
}

impl Layout {
    pub(crate) fn new(aggregates: &[Aggregate]) -> Self {
        let mut width = 1;
        let mut specs: Vec<Spec> = aggregates.iter().map(Spec::new).collect();
        for spec in &mut specs {
            spec.column = width;
            width += spec.words();
        }
        let presence = specs.iter().any(Spec::needs_presence).then_some(width);
        Self {
            width: width + usize::from(presence.is_some()),
            heap: Heap::of(&specs),
            has_rate: (specs.iter()).any(|spec| spec.function == AggregateFunction::Rate),
            has_text: specs.iter().any(|spec| spec.ty == FieldType::Text),
            specs,
            presence,
        }
    }

    /// Does each aggregate add what comes, and subtract what goes, whatever else is in the window?
    pub(crate) fn subtracts(&self) -> bool {
        self.specs.iter().all(Spec::subtracts)
    }

    /// May rows be taken in as a stretch? `is_roomy`: what they may bring has room.
    #[inline]
    pub(crate) fn joins(&self, is_roomy: bool) -> bool {
        match self.heap {
            Heap::None => true,
            Heap::Distinct(_) => is_roomy,
            Heap::Any => false,
        }
    }

    /// Bytes that so many rows may add to what is kept; `None` where that can't be told of all rows together.
    pub(crate) fn most_growth(
        &self,
        arguments: &[Argument<'_>],
        rows: usize,
        store: &Store,
    ) -> Option<usize> {
        let Heap::Distinct(index) = self.heap else {
            return None;
        };
        Some(store.most_growth(rows, arguments[index].text_bytes(rows)?))
    }

    /// Number of aggregates.
    pub(crate) fn len(&self) -> usize {
        self.specs.len()
    }

    /// No results yet.
    pub(crate) fn no_results(&self) -> Results {
        Results::of(self.specs.iter().map(|spec| Kind::of(&spec.ty)))
    }

    /// What sketches, sets and texts add to a key's state, with so many windows or panes of it; `leave`: rows leave,
    /// and as many as `rows` says may be there.
    pub(crate) fn growth(&self, windows: u64, rows: Option<Most>) -> Vec<Growth> {
        use AggregateFunction as F;
        let grows = |what, bytes, most| Growth {
            what,
            bytes,
            text_bytes: 0,
            most,
            pool: Pool::State,
        };
        let mut growth = Vec::new();
        for spec in &self.specs {
            match (spec.function, rows) {
                (F::Distinct, Some(rows)) => {
                    growth.push(grows(
                        "different value in the window",
                        Counted::MOST_BYTES,
                        rows,
                    ));
                }
                (F::Distinct, None) => {
                    let set = Different::MOST_SET_BYTES;
                    let sketch = set.max(HyperLogLog::BYTES);
                    growth.push(grows(
                        "set or sketch of values",
                        sketch,
                        Most::Count(windows),
                    ));
                }
                (F::Quantile, _) => {
                    let most = Quantiles::MOST_BLOCKS as u64 * windows;
                    growth.push(grows(
                        "octave of values",
                        Quantiles::BLOCK_BYTES,
                        Most::Count(most),
                    ));
                }
                _ => {}
            }
            if spec.is_kept() {
                let most = match (spec.function, rows) {
                    (F::First | F::Distinct, Some(rows)) => rows,
                    (F::Distinct, None) => Most::Count(windows * (EXACT_DISTINCT as u64 + 1)),
                    _ => Most::Count(windows),
                };
                growth.push(Growth {
                    text_bytes: match spec.lane {
                        Kind::Text => trapjaw_event::limits::MAX_TEXT,
                        _ => size_of::<[u8; 16]>(),
                    },
                    ..grows("value that is kept", Store::VALUE_BYTES, most)
                });
            }
        }
        growth
    }

    /// The aggregates of an empty window.
    pub(crate) fn accumulators(&self, rows_leave: bool) -> impl Iterator<Item = Accumulator> + '_ {
        self.specs
            .iter()
            .map(move |spec| spec.accumulator(rows_leave))
    }

    /// Takes in a row that never leaves.
    pub(crate) fn add(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        row: usize,
        store: &mut Store,
    ) {
        for ((spec, accumulator), argument) in self.specs.iter().zip(accumulators).zip(arguments) {
            if argument.is_present(row) {
                accumulator.add(spec, argument, row, store);
            }
        }
    }

    /// Takes in a row that will leave: fills the words that `chunks` has just given it, the newest of `fifo`.
    pub(crate) fn push(
        &self,
        accumulators: &mut [Accumulator],
        arguments: &[Argument<'_>],
        (row, time): (usize, i64),
        (chunks, fifo): (&mut Chunks, &Fifo),
        store: &mut Store,
    ) {
        let Some(cursor) = newest(chunks, fifo) else {
            return;
        };
        let presence = self.write(chunks.row_mut(cursor), arguments, (row, time), store);
        for (index, (spec, accumulator)) in self.specs.iter().zip(accumulators).enumerate() {
            let present = presence >> index & 1 == 1;
            if let Accumulator::Newest { count, word } = accumulator {
                if present {
                    if *count > 0 && spec.is_kept() {
                        store.release(*word);
                    }
                    *word = store.keep(arguments[index].raw(row));
                    *count += 1;
                }
                continue;
            }
            accumulator.push(spec, present, cursor, (chunks, fifo), store);
        }
    }

    /// Fills the words of a row that will leave. Gives for which aggregates it has a value, a bit for each.
    #[inline]
    pub(crate) fn write(
        &self,
        words: &mut [u64],
        arguments: &[Argument<'_>],
        (row, time): (usize, i64),
        store: &mut Store,
    ) -> u64 {
        words[0] = time as u64;
        let mut presence = 0;
        for (index, (spec, argument)) in self.specs.iter().zip(arguments).enumerate() {
            let present = argument.is_present(row);
            presence |= u64::from(present) << index;
            if spec.words() > 0 {
                words[spec.column] = spec.word(argument, row, present, store);
            }
        }
        if let Some(word) = self.presence {
            words[word] = presence;
        }
        presence
    }

    /// Appends the window's values to the columns of results. `length`: the window's, in nanoseconds, where an
    /// aggregate asks for it.
    pub(crate) fn results(
        &self,
        accumulators: &[Accumulator],
        window: Option<(&Chunks, &Fifo)>,
        length: Option<i64>,
        store: &Store,
        results: &mut Results,
    ) {
        let columns = results.columns.iter_mut();
        for ((spec, accumulator), column) in self.specs.iter().zip(accumulators).zip(columns) {
            accumulator.result(spec, window, length, store, column);
        }
    }

    /// The value of an aggregate at a row of the results.
    pub(crate) fn value(&self, aggregate: usize, results: &Results, row: usize) -> Value {
        results.columns[aggregate].value(&self.specs[aggregate].ty, row)
    }
}

impl Spec {
    fn new(aggregate: &Aggregate) -> Self {
        Self {
            function: aggregate.function,
            lane: lane(aggregate),
            counts_rows: aggregate.argument.is_none() && aggregate.filter.is_none(),
            column: 0,
            fraction: aggregate.fraction.unwrap_or_default(),
            argument_ty: aggregate.argument_ty.clone(),
            ty: aggregate.ty.clone(),
        }
    }

    /// Over no rows.
    fn accumulator(&self, rows_leave: bool) -> Accumulator {
        use AggregateFunction as F;
        let column = self.column as u32;
        match (self.function, self.lane, rows_leave) {
            (F::Count, ..) => Accumulator::Count(0),
            (F::Rate, ..) if self.argument_ty.is_none() => Accumulator::Count(0),
            (F::Sum | F::Avg | F::Rate, Kind::Float, _) => Accumulator::Float(Sum::default()),
            (F::Sum | F::Avg | F::Rate, ..) => Accumulator::Int(IntSum::default()),
            (F::Min, Kind::Float, true) => Accumulator::MinFloat(Daba::new(column)),
            (F::Max, Kind::Float, true) => Accumulator::MaxFloat(Daba::new(column)),
            (F::Min, _, true) => Accumulator::MinInt(Daba::new(column), 0),
            (F::Max, _, true) => Accumulator::MaxInt(Daba::new(column), 0),
            (F::Min | F::Max, Kind::Float, false) => Accumulator::ExtremeFloat(None),
            (F::Min | F::Max, _, false) => Accumulator::ExtremeInt(None),
            (F::Stddev | F::StddevPop, ..) => Accumulator::Moments(Box::default()),
            (F::First, _, true) => Accumulator::Oldest(None),
            (F::Last, _, true) => Accumulator::Newest { count: 0, word: 0 },
            (F::First | F::Last, _, false) => Accumulator::Chosen(None),
            (F::Distinct, _, true) => Accumulator::Counted(Counted::default()),
            (F::Distinct, _, false) => Accumulator::Different(Different::default()),
            (F::Quantile, ..) => Accumulator::Quantiles(Quantiles::default()),
        }
    }

    /// What of a row stands in its word.
    #[inline]
    fn word(&self, argument: &Argument<'_>, row: usize, present: bool, store: &mut Store) -> u64 {
        use AggregateFunction as F;
        match (self.function, self.lane, present) {
            (F::First | F::Distinct, _, true) => store.keep(argument.raw(row)),
            (F::First | F::Distinct, _, false) => 0,
            (F::Stddev | F::StddevPop | F::Quantile, _, true) => argument.number(row).to_bits(),
            (_, Kind::Float, true) => argument.float(row).to_bits(),
            (_, Kind::Float, false) => f64::NAN.to_bits(),
            (_, _, true) => argument.int(row) as u64,
            (F::Min, _, false) => MinInt::to_word(MinInt::IDENTITY),
            (F::Max, _, false) => MaxInt::to_word(MaxInt::IDENTITY),
            (_, _, false) => 0,
        }
    }
}

fn newest(chunks: &Chunks, fifo: &Fifo) -> Option<Cursor> {
    (!fifo.is_empty()).then(|| chunks.backward(fifo.end()))
}
