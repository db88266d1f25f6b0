//! Registers: a column of values with a bitmap of which are known (not null).

use std::borrow::Cow;

use trapjaw_event::{Ip, PlainText};

/// Which rows are known; `None`: all.
pub(crate) type Known<'a> = Option<Cow<'a, [u64]>>;

/// A register of one of the five kinds.
#[derive(Debug)]
pub(crate) enum Register<'a> {
    Bool(Bools<'a>),
    Int(Lane<'a, i64>),
    Float(Lane<'a, f64>),
    Text(Texts<'a>),
    Ip(Lane<'a, [u8; 16]>),
}

/// Three-valued: a row is true, false, or unknown; a row that is true is known.
#[derive(Debug)]
pub(crate) struct Bools<'a> {
    pub(crate) truth: Cow<'a, [u64]>,
    pub(crate) known: Known<'a>,
}

/// Values of a fixed width. What an unknown row holds means nothing.
#[derive(Debug)]
pub(crate) struct Lane<'a, T: Clone> {
    pub(crate) values: Cow<'a, [T]>,
    pub(crate) known: Known<'a>,
}

/// Texts in one of their forms.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    pub(crate) values: TextValues<'a>,
    pub(crate) known: Known<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum TextValues<'a> {
    /// Row by row, as the batch holds them.
    Plain(PlainText<'a>),
    /// Codes into a dictionary.
    Dictionary(Cow<'a, [u16]>, PlainText<'a>),
    /// Picked out of a plain column.
    Picked(Vec<&'a str>),
    /// The same for each row.
    One(&'a str),
    /// Made by an instruction.
    Made(Vec<Box<str>>),
    /// Made by an instruction once for each value of a dictionary: codes into what it made.
    Coded(Vec<u16>, Vec<Box<str>>),
}

impl TextValues<'_> {
    pub(crate) fn get(&self, row: usize) -> &str {
        match self {
            Self::Plain(texts) => texts.get(row),
            Self::Dictionary(codes, texts) => texts.get(usize::from(codes[row])),
            Self::Picked(texts) => texts[row],
            Self::One(text) => text,
            Self::Made(texts) => &texts[row],
            Self::Coded(codes, texts) => &texts[usize::from(codes[row])],
        }
    }

    /// The rows' codes, where rows refer to values by code.
    pub(crate) fn codes(&self) -> Option<&[u16]> {
        match self {
            Self::Dictionary(codes, _) => Some(codes),
            Self::Coded(codes, _) => Some(codes),
            _ => None,
        }
    }

    /// How many values codes refer to; 0 where there are no codes.
    pub(crate) fn distinct(&self) -> usize {
        match self {
            Self::Dictionary(_, values) => values.len(),
            Self::Coded(_, values) => values.len(),
            _ => 0,
        }
    }

    /// The most bytes that all values have to which codes refer.
    pub(crate) fn distinct_bytes(&self) -> usize {
        match self {
            Self::Dictionary(_, values) => values.text.len(),
            Self::Coded(_, values) => values.iter().map(|text| text.len()).sum(),
            _ => 0,
        }
    }

    /// The value with this code, one below [`distinct`](Self::distinct).
    pub(crate) fn value(&self, code: usize) -> &str {
        match self {
            Self::Coded(_, values) => &values[code],
            Self::Dictionary(_, values) => values.get(code),
            _ => "",
        }
    }
}

impl Register<'_> {
    /// The bitmap of known rows.
    pub(crate) fn known(&self) -> Option<&[u64]> {
        match self {
            Register::Bool(r) => r.known.as_deref(),
            Register::Int(r) => r.known.as_deref(),
            Register::Float(r) => r.known.as_deref(),
            Register::Text(r) => r.known.as_deref(),
            Register::Ip(r) => r.known.as_deref(),
        }
    }
}

/// An operand's values: a column, or one value for all rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'r, T> {
    Each(&'r [T]),
    One(T),
}

impl<T: Copy> Arg<'_, T> {
    pub(crate) fn get(self, row: usize) -> T {
        match self {
            Arg::Each(values) => values[row],
            Arg::One(value) => value,
        }
    }
}

/// An [`Ip`]'s octets: what a lane of addresses holds.
pub(crate) fn octets(ip: &Ip) -> [u8; 16] {
    ip.octets()
}
