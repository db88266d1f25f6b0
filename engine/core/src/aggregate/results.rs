//! Columns of aggregates' values, a row for each evaluation.

use trapjaw_event::{ColumnData, ColumnView, FieldType, Ip, PlainText, Value};
use trapjaw_program::Kind;

use crate::vm::{Bound, bits};

/// The values of a rule's aggregates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    pub(super) columns: Vec<Column>,
}

/// The values of one aggregate.
#[derive(Clone, Debug)]
pub(super) struct Column {
    values: Values,
    known: Vec<u64>,
    rows: usize,
    some_unknown: bool,
}

/// Values of one kind; what an unknown row holds means nothing.
#[derive(Clone, Debug)]
enum Values {
    Bools(Vec<u64>),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    /// Texts end to end: `ends` holds 0, then the end of each.
    Texts {
        ends: Vec<u32>,
        text: String,
    },
    Ips(Vec<[u8; 16]>),
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bools(Vec::new()),
            Kind::Int => Self::Ints(Vec::new()),
            Kind::Float => Self::Floats(Vec::new()),
            Kind::Text => Self::Texts {
                ends: vec![0],
                text: String::new(),
            },
            Kind::Ip => Self::Ips(Vec::new()),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Bools(values) => values.clear(),
            Self::Ints(values) => values.clear(),
            Self::Floats(values) => values.clear(),
            Self::Texts { ends, text } => {
                ends.truncate(1);
                text.clear();
            }
            Self::Ips(values) => values.clear(),
        }
    }
}

impl Column {
    fn new(kind: Kind) -> Self {
        Self {
            values: Values::new(kind),
            known: Vec::new(),
            rows: 0,
            some_unknown: false,
        }
    }

    #[inline]
    pub(super) fn push_float(&mut self, value: Option<f64>) {
        if let Values::Floats(values) = &mut self.values {
            values.push(value.unwrap_or_default());
        }
        self.push_known(value.is_some());
    }

    /// As [`push_float`](Self::push_float), for each; NaN stands for `None`.
    #[inline]
    pub(super) fn extend_floats(&mut self, each: impl Iterator<Item = f64>) {
        let Values::Floats(values) = &mut self.values else {
            return;
        };
        values.extend(each);
        let rows = values.len();
        if !self.rows.is_multiple_of(64)
            && let Some(word) = self.known.last_mut()
        {
            *word |= u64::MAX << (self.rows % 64);
        }
        self.known.resize(bits::words(rows), u64::MAX);
        bits::clear_tail(&mut self.known, rows);
        let new = &mut values[self.rows..];
        // Looked at without ending early: mostly there are none.
        if new.iter().fold(false, |any, value| any | value.is_nan()) {
            self.some_unknown = true;
            for (value, row) in new.iter_mut().zip(self.rows..) {
                if value.is_nan() {
                    *value = 0.0;
                    self.known[row / 64] &= !(1 << (row % 64));
                }
            }
        }
        self.rows = rows;
    }

    pub(super) fn push_int(&mut self, value: Option<i64>) {
        if let Values::Ints(values) = &mut self.values {
            values.push(value.unwrap_or_default());
        }
        self.push_known(value.is_some());
    }

    /// A value as its word; `bytes` gives the text or address behind it.
    pub(super) fn push_word<'s>(&mut self, word: Option<u64>, bytes: impl FnOnce(u64) -> &'s [u8]) {
        let row = self.rows;
        match &mut self.values {
            Values::Bools(truth) => {
                if row.is_multiple_of(64) {
                    truth.push(0);
                }
                if let Some(last) = truth.last_mut() {
                    *last |= word.unwrap_or_default() << (row % 64);
                }
            }
            Values::Ints(values) => values.push(word.unwrap_or_default() as i64),
            Values::Floats(values) => values.push(f64::from_bits(word.unwrap_or_default())),
            Values::Texts { ends, text } => {
                // What was kept is a text.
                text.push_str(
                    word.map_or("", |word| str::from_utf8(bytes(word)).unwrap_or_default()),
                );
                ends.push(text.len() as u32);
            }
            Values::Ips(values) => {
                let octets =
                    word.map_or([0; 16], |word| bytes(word).try_into().unwrap_or_default());
                values.push(octets);
            }
        }
        self.push_known(word.is_some());
    }

    #[inline]
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

    /// The value of this type at a row.
    pub(super) fn value(&self, ty: &FieldType, row: usize) -> Value {
        if !bits::get(&self.known, row) {
            return Value::Null;
        }
        match (&self.values, ty) {
            (Values::Bools(truth), _) => Value::Bool(bits::get(truth, row)),
            // Adding zero makes -0.0 read as 0.0.
            (Values::Floats(values), _) => Value::Float(values[row] + 0.0),
            (Values::Ints(values), FieldType::Time) => Value::Time(values[row]),
            (Values::Ints(values), FieldType::Duration) => Value::Duration(values[row]),
            (Values::Ints(values), FieldType::Enum(_)) => Value::Enum(values[row] as u16),
            (Values::Ints(values), _) => Value::Int(values[row]),
            (Values::Texts { ends, text }, _) => {
                let (start, end) = (ends[row] as usize, ends[row + 1] as usize);
                Value::Text(text[start..end].into())
            }
            (Values::Ips(values), _) => Value::Ip(Ip::from_octets(values[row])),
        }
    }
}

impl Results {
    /// No rows yet, of aggregates of these kinds.
    pub(super) fn of(kinds: impl Iterator<Item = Kind>) -> Self {
        Self {
            columns: kinds.map(Column::new).collect(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for column in &mut self.columns {
            column.values.clear();
            column.known.clear();
            column.rows = 0;
            column.some_unknown = false;
        }
    }

    /// Bytes of texts: so many are to be evaluated before they are too many for one column.
    pub(crate) fn text_bytes(&self) -> usize {
        let bytes = self.columns.iter().map(|column| match &column.values {
            Values::Texts { text, .. } => text.len(),
            _ => 0,
        });
        bytes.max().unwrap_or_default()
    }

    /// The column of an aggregate as code's input.
    pub(crate) fn bind(&self, aggregate: usize) -> Bound<'_> {
        let column = &self.columns[aggregate];
        let data = match &column.values {
            Values::Bools(truth) => ColumnData::Bool(truth),
            Values::Ints(values) => ColumnData::Int(values),
            Values::Floats(values) => ColumnData::Float(values),
            Values::Texts { ends, text } => ColumnData::Text(PlainText {
                offsets: ends,
                text,
            }),
            Values::Ips(values) => ColumnData::Ip(values),
        };
        Bound::Dense(ColumnView {
            validity: column.some_unknown.then_some(&*column.known),
            data,
        })
    }
}
