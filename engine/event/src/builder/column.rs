//! Building the column of a field.

use super::text::TextBuilder;
use super::validity::Validity;
use crate::batch::{Column, ColumnData};
use crate::{Field, FieldType, ValueRef};

/// A column under construction. It keeps its memory from batch to batch.
#[derive(Debug)]
pub(super) struct ColumnBuilder {
    optional: bool,
    /// Of an enum; 0 for other types.
    variants: usize,
    validity: Validity,
    values: Values,
}

/// The values as [`ColumnData`] has them; only texts wait in a builder of their own. The tag is a byte of its own: it is looked at more
/// often than room is short.
#[derive(Debug)]
#[repr(u8)]
enum Values {
    Bool(Vec<u64>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Time(Vec<i64>),
    Duration(Vec<i64>),
    Enum(Vec<u16>),
    Text(TextBuilder),
    Ip(Vec<[u8; 16]>),
}

impl ColumnBuilder {
    pub(super) fn new(field: &Field) -> Self {
        Self {
            optional: field.optional,
            variants: match &field.ty {
                FieldType::Enum(variants) => variants.len(),
                _ => 0,
            },
            validity: Validity::default(),
            values: match &field.ty {
                FieldType::Bool => Values::Bool(Vec::new()),
                FieldType::Int => Values::Int(Vec::new()),
                FieldType::Float => Values::Float(Vec::new()),
                FieldType::Text => Values::Text(TextBuilder::new()),
                FieldType::Time => Values::Time(Vec::new()),
                FieldType::Duration => Values::Duration(Vec::new()),
                FieldType::Ip => Values::Ip(Vec::new()),
                FieldType::Enum(_) => Values::Enum(Vec::new()),
            },
        }
    }

    /// May the field have this value? What it does not tell is whether a text is too long.
    #[inline]
    pub(super) fn takes(&self, value: ValueRef<'_>) -> bool {
        let values = &self.values;
        match value {
            ValueRef::Null => self.optional,
            ValueRef::Bool(_) => matches!(values, Values::Bool(_)),
            ValueRef::Int(_) => matches!(values, Values::Int(_)),
            // NaN is null.
            ValueRef::Float(value) if value.is_nan() => self.optional,
            ValueRef::Float(_) => matches!(values, Values::Float(_)),
            ValueRef::Text(_) => matches!(values, Values::Text(_)),
            ValueRef::Time(_) => matches!(values, Values::Time(_)),
            ValueRef::Duration(_) => matches!(values, Values::Duration(_)),
            ValueRef::Ip(_) => matches!(values, Values::Ip(_)),
            ValueRef::Enum(code) => usize::from(code) < self.variants,
        }
    }

    /// Adds a row whose value the field may have: without NaN and -0.0, as batches hold floats.
    #[inline]
    pub(super) fn push(&mut self, row: usize, value: ValueRef<'_>) {
        match (value, &mut self.values) {
            (ValueRef::Bool(value), Values::Bool(bits)) => push_bit(bits, row, value),
            (ValueRef::Int(value), Values::Int(values))
            | (ValueRef::Time(value), Values::Time(values))
            | (ValueRef::Duration(value), Values::Duration(values)) => values.push(value),
            (ValueRef::Float(value), Values::Float(values)) if !value.is_nan() => {
                // Adding zero changes the sign of -0.0 and nothing else.
                values.push(value + 0.0);
            }
            (ValueRef::Enum(code), Values::Enum(codes)) => codes.push(code),
            (ValueRef::Text(text), Values::Text(texts)) => texts.push(text),
            (ValueRef::Ip(value), Values::Ip(values)) => values.push(value.octets()),
            _ => self.push_absent(row),
        }
    }

    /// Adds a row without a value; zero stands for it.
    #[inline(never)]
    fn push_absent(&mut self, row: usize) {
        self.validity.absent(row);
        match &mut self.values {
            Values::Bool(bits) => push_bit(bits, row, false),
            Values::Int(values) | Values::Time(values) | Values::Duration(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Enum(codes) => codes.push(0),
            Values::Text(texts) => texts.push_absent(),
            Values::Ip(values) => values.push([0; 16]),
        }
    }

    /// The finished column; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self, rows: usize) -> Column {
        use core::mem::take;
        Column {
            validity: self.validity.finish(rows),
            data: match &mut self.values {
                Values::Bool(bits) => ColumnData::Bool(take(bits)),
                Values::Int(values) => ColumnData::Int(take(values)),
                Values::Float(values) => ColumnData::Float(take(values)),
                Values::Time(values) => ColumnData::Time(take(values)),
                Values::Duration(values) => ColumnData::Duration(take(values)),
                Values::Enum(codes) => ColumnData::Enum(take(codes)),
                Values::Text(texts) => ColumnData::Text(texts.finish()),
                Values::Ip(values) => ColumnData::Ip(take(values)),
            },
        }
    }

    /// Takes the memory of the column back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, column: Column) {
        self.validity.reclaim(column.validity);
        match (&mut self.values, column.data) {
            (Values::Bool(bits), ColumnData::Bool(used)) => *bits = cleared(used),
            (Values::Int(values), ColumnData::Int(used))
            | (Values::Time(values), ColumnData::Time(used))
            | (Values::Duration(values), ColumnData::Duration(used)) => *values = cleared(used),
            (Values::Float(values), ColumnData::Float(used)) => *values = cleared(used),
            (Values::Enum(codes), ColumnData::Enum(used)) => *codes = cleared(used),
            (Values::Text(texts), ColumnData::Text(used)) => texts.reclaim(used),
            (Values::Ip(values), ColumnData::Ip(used)) => *values = cleared(used),
            _ => unreachable!("a column comes back as it was given"),
        }
    }
}

fn push_bit(bits: &mut Vec<u64>, row: usize, set: bool) {
    if row.is_multiple_of(64) {
        bits.push(u64::from(set));
    } else if let Some(word) = bits.last_mut() {
        *word |= u64::from(set) << (row % 64);
    }
}

fn cleared<T>(mut values: Vec<T>) -> Vec<T> {
    values.clear();
    values
}
