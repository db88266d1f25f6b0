//! The arguments of a rule's aggregates, over the rows that it takes in.

use core::cell::Cell;
use std::borrow::Cow;

use trapjaw_event::FieldType;
use trapjaw_program::{Aggregate, AggregateFunction, Kind};

use xxhash_rust::xxh3::xxh3_64;

use super::store::Place;
use crate::vm::{Arg, Registers, TextArg, TextValues, bits};

/// An aggregate's argument over the rows that a rule takes in.
#[derive(Debug)]
pub(crate) struct Argument<'r> {
    values: Values<'r>,
    known: Option<&'r [u64]>,
    filter: Option<Cow<'r, [u64]>>,
    /// Numbers of variants; a code that names none is null.
    variants: Option<i64>,
}

#[derive(Debug)]
enum Values<'r> {
    None,
    Bools(Cow<'r, [u64]>),
    Ints(Arg<'r, i64>),
    Floats(Arg<'r, f64>),
    Texts(TextArg<'r>),
    Coded(&'r [u16], Coded<'r>),
    Ips(Arg<'r, [u8; 16]>),
}

/// Texts to which rows refer by code: what is to be known of one is worked out once a batch.
#[derive(Debug)]
pub(super) struct Coded<'r> {
    values: &'r TextValues<'r>,
    /// By code.
    known: Vec<Known>,
    /// Of all texts.
    bytes: usize,
}

/// What is known of a text.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Its hash; 0 before it is asked for.
    hash: Cell<u64>,
    /// Where it was kept last.
    place: Cell<Place>,
}

impl<'r> Coded<'r> {
    /// Of the rows with these codes.
    fn new(values: &'r TextValues<'r>) -> Self {
        Self {
            values,
            known: vec![Known::default(); values.distinct()],
            bytes: values.distinct_bytes(),
        }
    }

    /// The text with a code.
    pub(super) fn text(&self, code: u16) -> &str {
        self.values.value(usize::from(code))
    }

    /// Where the text with a code was kept last.
    #[inline]
    pub(super) fn place(&self, code: u16) -> &Cell<Place> {
        &self.known[usize::from(code)].place
    }

    #[inline]
    fn hash(&self, code: u16) -> u64 {
        let known = &self.known[usize::from(code)].hash;
        if known.get() == 0 {
            known.set(xxh3_64(self.text(code).as_bytes()));
        }
        known.get()
    }
}

/// A value of any type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'r> {
    /// A bool, int, time, duration, or enum, or the bits of a float.
    Word(u64),
    Text(&'r str),
    /// The text with this code.
    Coded(&'r Coded<'r>, u16),
    Ip([u8; 16]),
}

impl Raw<'_> {
    /// The value's hash, the same in each process.
    #[inline]
    pub(super) fn hash(self) -> u64 {
        match self {
            Self::Word(word) => xxh3_64(&word.to_le_bytes()),
            Self::Text(text) => xxh3_64(text.as_bytes()),
            Self::Coded(texts, code) => texts.hash(code),
            Self::Ip(octets) => xxh3_64(&octets),
        }
    }
}

/// The kind of register that holds an aggregate's argument.
pub(super) fn lane(aggregate: &Aggregate) -> Kind {
    aggregate.argument_ty.as_ref().map_or(Kind::Int, Kind::of)
}

/// The argument of an aggregate, out of a source's computed inputs.
pub(crate) fn argument<'r>(aggregate: &Aggregate, inputs: &'r Registers<'_>) -> Argument<'r> {
    Argument {
        values: match (aggregate.argument.map(usize::from), lane(aggregate)) {
            _ if aggregate.function == AggregateFunction::Count => Values::None,
            (None, _) => Values::None,
            (Some(output), Kind::Bool) => Values::Bools(inputs.truth(output as u32)),
            (Some(output), Kind::Int) => Values::Ints(inputs.ints_of(output).0),
            (Some(output), Kind::Float) => Values::Floats(inputs.floats_of(output).0),
            (Some(output), Kind::Text) => texts(inputs.texts_of(output)),
            (Some(output), Kind::Ip) => Values::Ips(inputs.ips_of(output)),
        },
        known: aggregate
            .argument
            .and_then(|output| inputs.known_of(usize::from(output))),
        filter: aggregate
            .filter
            .map(|output| inputs.truth(u32::from(output))),
        variants: match &aggregate.argument_ty {
            Some(FieldType::Enum(names)) => Some(names.len() as i64),
            _ => None,
        },
    }
}

/// Texts by code, where no more are coded than there are rows.
fn texts(texts: TextArg<'_>) -> Values<'_> {
    if let TextArg::Each(values) = texts
        && let Some(codes) = values.codes()
        && values.distinct() <= codes.len()
    {
        return Values::Coded(codes, Coded::new(values));
    }
    Values::Texts(texts)
}

impl Argument<'_> {
    /// Of an aggregate that nobody asks for any more, over so many rows: it has no value of any of them. Rows without
    /// argument or filter go on to be counted, since no row says whether it was.
    pub(crate) fn unasked(aggregate: &Aggregate, rows: usize) -> Self {
        let counts_rows = aggregate.argument.is_none() && aggregate.filter.is_none();
        Self {
            values: Values::None,
            known: None,
            filter: (!counts_rows).then(|| vec![0; bits::words(rows)].into()),
            variants: None,
        }
    }

    #[inline]
    pub(super) fn is_present(&self, row: usize) -> bool {
        self.known.is_none_or(|known| bits::get(known, row))
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| bits::get(filter, row))
            && self
                .variants
                .is_none_or(|variants| (0..variants).contains(&self.int(row)))
    }

    /// The most bytes that texts and addresses of so many rows can have, each once; `None` where that can only be told row
    /// by row.
    pub(super) fn text_bytes(&self, rows: usize) -> Option<usize> {
        match &self.values {
            Values::Texts(TextArg::One(text)) => Some(text.len()),
            Values::Texts(TextArg::Each(_)) => None,
            Values::Coded(_, texts) => Some(texts.bytes),
            Values::Ips(_) => Some(rows * size_of::<[u8; 16]>()),
            _ => Some(0),
        }
    }

    /// The codes of all rows, where each row has a text with a code.
    pub(super) fn coded(&self) -> Option<(&[u16], &Coded<'_>)> {
        match &self.values {
            Values::Coded(codes, texts) if self.known.is_none() && self.filter.is_none() => {
                Some((codes, texts))
            }
            _ => None,
        }
    }

    /// The floats of all rows, where each row has one.
    pub(super) fn floats(&self) -> Option<&[f64]> {
        match self.values {
            Values::Floats(Arg::Each(values)) if self.known.is_none() && self.filter.is_none() => {
                Some(values)
            }
            _ => None,
        }
    }

    #[inline]
    pub(super) fn int(&self, row: usize) -> i64 {
        match self.values {
            Values::Ints(values) => values.get(row),
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn float(&self, row: usize) -> f64 {
        match self.values {
            Values::Floats(values) => values.get(row),
            _ => 0.0,
        }
    }

    /// An int or a float, as a float.
    pub(super) fn number(&self, row: usize) -> f64 {
        match self.values {
            Values::Floats(values) => values.get(row),
            Values::Ints(values) => values.get(row) as f64,
            _ => 0.0,
        }
    }

    /// A value of any type.
    #[inline]
    pub(super) fn raw(&self, row: usize) -> Raw<'_> {
        match &self.values {
            Values::None => Raw::Word(0),
            Values::Bools(truth) => Raw::Word(bits::get(truth, row).into()),
            Values::Ints(values) => Raw::Word(values.get(row) as u64),
            // Adding zero makes -0.0 the same as 0.0.
            Values::Floats(values) => Raw::Word((values.get(row) + 0.0).to_bits()),
            Values::Texts(TextArg::One(text)) => Raw::Text(text),
            Values::Texts(TextArg::Each(texts)) => Raw::Text(texts.get(row)),
            Values::Coded(codes, texts) => Raw::Coded(texts, codes[row]),
            Values::Ips(values) => Raw::Ip(values.get(row)),
        }
    }
}
