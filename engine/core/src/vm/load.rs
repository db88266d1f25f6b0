//! Loading: columns into registers, in place where all rows are taken, gathered otherwise.

use std::borrow::Cow;

use trapjaw_event::{ColumnData, ColumnView, TextView, ValueRef};
use trapjaw_program::Kind;

use super::bits;
use super::register::{Bools, Known, Lane, Register, TextValues, Texts};

/// What an input of code is bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound<'a> {
    /// A column; the selection says which of its rows.
    Column(ColumnView<'a>),
    /// A column that holds the selected rows alone.
    Dense(ColumnView<'a>),
    /// A plain or dictionary text column of the envelope, never null.
    Texts(TextView<'a>),
    /// The envelope's times.
    Times(&'a [i64]),
    /// Severity codes with their validity.
    Severity(Option<&'a [u64]>, &'a [u8]),
    /// The same for each row.
    Value(ValueRef<'a>),
}

/// The rows of a column that code runs over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    /// The first so many, which is all of them.
    All(usize),
    /// These, in order.
    Rows(&'a [u32]),
}

impl Selection<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Rows(rows) => rows.len(),
        }
    }
}

/// The register of kind `kind` that holds what an input is bound to.
pub(crate) fn load<'a>(bound: Bound<'a>, kind: Kind, selection: Selection<'_>) -> Register<'a> {
    let rows = selection.len();
    let column = match bound {
        Bound::Column(column) => column,
        Bound::Dense(column) => return load(Bound::Column(column), kind, Selection::All(rows)),
        Bound::Texts(TextView::Plain(texts)) => ColumnView {
            validity: None,
            data: ColumnData::Text(texts),
        },
        Bound::Texts(TextView::Dict(texts)) => ColumnView {
            validity: None,
            data: ColumnData::Dict(texts),
        },
        Bound::Times(times) => ColumnView {
            validity: None,
            data: ColumnData::Time(times),
        },
        Bound::Severity(validity, codes) => {
            let values = widen(codes, selection, i64::from);
            return Register::Int(Lane {
                values,
                known: known(validity, selection),
            });
        }
        Bound::Value(value) => return repeated(value, kind, rows),
    };
    let known = known(column.validity, selection);
    match column.data {
        ColumnData::Bool(truth) => {
            let mut truth = pick_bits(truth, selection);
            if let Some(known) = &known {
                for (truth, known) in truth.to_mut().iter_mut().zip(known.iter()) {
                    *truth &= known;
                }
            }
            Register::Bool(Bools { truth, known })
        }
        ColumnData::Int(values) | ColumnData::Time(values) | ColumnData::Duration(values) => {
            Register::Int(Lane {
                values: pick(values, selection),
                known,
            })
        }
        ColumnData::Enum(codes) => Register::Int(Lane {
            values: widen(codes, selection, i64::from),
            known,
        }),
        // No column holds NaN: the door refuses it.
        ColumnData::Float(values) => Register::Float(Lane {
            values: pick(values, selection),
            known,
        }),
        ColumnData::Ip(values) => Register::Ip(Lane {
            values: pick(values, selection),
            known,
        }),
        ColumnData::Text(texts) => {
            let values = match selection {
                Selection::All(_) => TextValues::Plain(texts),
                Selection::Rows(rows) => {
                    TextValues::Picked(rows.iter().map(|&row| texts.get(row as usize)).collect())
                }
            };
            Register::Text(Texts { values, known })
        }
        ColumnData::Dict(texts) => {
            let codes = pick(texts.codes, selection);
            Register::Text(Texts {
                values: TextValues::Dictionary(codes, texts.values),
                known,
            })
        }
    }
}

/// A register that holds the same value in each row.
fn repeated(value: ValueRef<'_>, kind: Kind, rows: usize) -> Register<'_> {
    let ints = |value| {
        Register::Int(Lane {
            values: Cow::Owned(vec![value; rows]),
            known: None,
        })
    };
    match value {
        ValueRef::Null => nulls(kind, rows),
        ValueRef::Bool(value) => {
            let mut truth = vec![if value { u64::MAX } else { 0 }; bits::words(rows)];
            bits::clear_tail(&mut truth, rows);
            Register::Bool(Bools {
                truth: Cow::Owned(truth),
                known: None,
            })
        }
        ValueRef::Int(value) | ValueRef::Time(value) | ValueRef::Duration(value) => ints(value),
        ValueRef::Enum(code) => ints(i64::from(code)),
        ValueRef::Float(value) if value.is_nan() => nulls(kind, rows),
        ValueRef::Float(value) => Register::Float(Lane {
            values: Cow::Owned(vec![value; rows]),
            known: None,
        }),
        ValueRef::Text(text) => Register::Text(Texts {
            values: TextValues::One(text),
            known: None,
        }),
        ValueRef::Ip(ip) => Register::Ip(Lane {
            values: Cow::Owned(vec![ip.octets(); rows]),
            known: None,
        }),
    }
}

/// A register that is null for each row.
fn nulls<'a>(kind: Kind, rows: usize) -> Register<'a> {
    let known: Known<'a> = Some(Cow::Owned(vec![0; bits::words(rows)]));
    match kind {
        Kind::Bool => Register::Bool(Bools {
            truth: Cow::Owned(vec![0; bits::words(rows)]),
            known,
        }),
        Kind::Int => Register::Int(Lane {
            values: Cow::Owned(vec![0; rows]),
            known,
        }),
        Kind::Float => Register::Float(Lane {
            values: Cow::Owned(vec![0.0; rows]),
            known,
        }),
        Kind::Text => Register::Text(Texts {
            values: TextValues::One(""),
            known,
        }),
        Kind::Ip => Register::Ip(Lane {
            values: Cow::Owned(vec![[0; 16]; rows]),
            known,
        }),
    }
}

fn pick<'a, T: Copy>(values: &'a [T], selection: Selection<'_>) -> Cow<'a, [T]> {
    match selection {
        Selection::All(rows) => Cow::Borrowed(&values[..rows]),
        Selection::Rows(rows) => rows.iter().map(|&row| values[row as usize]).collect(),
    }
}

fn widen<T: Copy>(
    values: &[T],
    selection: Selection<'_>,
    widen: impl Fn(T) -> i64,
) -> Cow<'static, [i64]> {
    match selection {
        Selection::All(rows) => values[..rows].iter().map(|&value| widen(value)).collect(),
        Selection::Rows(rows) => rows
            .iter()
            .map(|&row| widen(values[row as usize]))
            .collect(),
    }
}

fn pick_bits<'a>(words: &'a [u64], selection: Selection<'_>) -> Cow<'a, [u64]> {
    match selection {
        Selection::All(rows) => Cow::Borrowed(&words[..bits::words(rows)]),
        Selection::Rows(rows) => {
            let mut picked = Vec::with_capacity(bits::words(rows.len()));
            bits::test_each(rows, &mut picked, |row| bits::get(words, row as usize));
            Cow::Owned(picked)
        }
    }
}

fn known<'a>(validity: Option<&'a [u64]>, selection: Selection<'_>) -> Known<'a> {
    validity.map(|validity| pick_bits(validity, selection))
}
