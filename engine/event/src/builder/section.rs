//! Building one section, in place in its wire form; only texts wait in builders of their own.

use super::Head;
use super::size::Size;
use super::text::TextBuilder;
use crate::batch::{Column, ColumnData, Section, SeverityColumn, Text, TextColumn};
use crate::{EventType, FieldType, Severity, TypeId, ValueRef};

/// A section under construction. It keeps its memory from batch to batch.
#[derive(Debug)]
pub(super) struct SectionBuilder {
    type_id: TypeId,
    section: Section,
    source: TextBuilder,
    id: EnvelopeText,
    subject: EnvelopeText,
    severity: EnvelopeSeverity,
    /// By field: the builder of a text column.
    texts: Vec<Option<TextBuilder>>,
    /// See [`Size::field_bits`].
    field_bits: usize,
}

impl SectionBuilder {
    pub(super) fn new(type_id: TypeId, ty: &EventType) -> Self {
        let columns = ty.fields.iter().map(|field| Column {
            validity: Vec::new(),
            data: empty(&field.ty),
        });
        let text = |ty: &FieldType| matches!(ty, FieldType::Text).then(TextBuilder::new);
        Self {
            type_id,
            section: Section {
                schema: type_id.get(),
                columns: columns.collect(),
                ..Section::default()
            },
            source: TextBuilder::new(),
            // An id is unique within its source: trying a dictionary would be in vain.
            id: EnvelopeText::new(TextBuilder::plain()),
            subject: EnvelopeText::new(TextBuilder::new()),
            severity: EnvelopeSeverity::default(),
            texts: ty.fields.iter().map(|field| text(&field.ty)).collect(),
            field_bits: Size::field_bits(ty),
        }
    }

    pub(super) fn type_id(&self) -> TypeId {
        self.type_id
    }

    pub(super) fn rows(&self) -> usize {
        self.section.time.len()
    }

    pub(super) fn field_bits(&self) -> usize {
        self.field_bits
    }

    /// Which of id, subject and severity some row has.
    pub(super) fn envelope(&self) -> [bool; 3] {
        [self.id.in_use, self.subject.in_use, self.severity.in_use]
    }

    /// Adds a row. The caller has checked that the values are of the fields' types.
    pub(super) fn push<'v>(&mut self, head: &Head<'_>, value: impl Fn(usize) -> ValueRef<'v>) {
        let row = self.rows();
        self.section.time.push(head.time);
        self.source.push(head.source);
        self.id.push(row, head.id);
        self.subject.push(row, head.subject);
        self.severity.push(row, head.severity);
        for (field, (column, text)) in self
            .section
            .columns
            .iter_mut()
            .zip(&mut self.texts)
            .enumerate()
        {
            let value = value(field);
            mark(&mut column.validity, row, !value.is_null());
            match text {
                Some(text) => match value {
                    ValueRef::Text(value) => text.push(value),
                    _ => text.push_absent(),
                },
                None => append(&mut column.data, row, value),
            }
        }
    }

    /// The finished section; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self) -> Section {
        let mut section = core::mem::take(&mut self.section);
        section.rows = section.time.len() as u32;
        section.source = self.source.finish();
        section.id = self.id.finish();
        section.subject = self.subject.finish();
        section.severity = self.severity.finish();
        for (column, text) in section.columns.iter_mut().zip(&mut self.texts) {
            if let Some(text) = text {
                column.data = ColumnData::Text(text.finish());
            }
        }
        section
    }

    /// Takes the memory of the section back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, mut section: Section) {
        section.time.clear();
        self.source.reclaim(core::mem::take(&mut section.source));
        self.id.reclaim(section.id.take());
        self.subject.reclaim(section.subject.take());
        self.severity.reclaim(section.severity.take());
        for (column, text) in section.columns.iter_mut().zip(&mut self.texts) {
            column.validity.clear();
            match (&mut column.data, text) {
                (ColumnData::Text(column), Some(text)) => text.reclaim(core::mem::take(column)),
                (ColumnData::Bool(bits), _) => bits.clear(),
                (
                    ColumnData::Int(values)
                    | ColumnData::Time(values)
                    | ColumnData::Duration(values),
                    _,
                ) => values.clear(),
                (ColumnData::Float(values), _) => values.clear(),
                (ColumnData::Enum(codes), _) => codes.clear(),
                (ColumnData::Ip(values), _) => values.clear(),
                (ColumnData::Text(_), None) => {}
            }
        }
        self.section = section;
    }
}

fn empty(ty: &FieldType) -> ColumnData {
    match ty {
        FieldType::Bool => ColumnData::Bool(Vec::new()),
        FieldType::Int => ColumnData::Int(Vec::new()),
        FieldType::Float => ColumnData::Float(Vec::new()),
        FieldType::Text => ColumnData::Text(Text::default()),
        FieldType::Time => ColumnData::Time(Vec::new()),
        FieldType::Duration => ColumnData::Duration(Vec::new()),
        FieldType::Ip => ColumnData::Ip(Vec::new()),
        FieldType::Enum(_) => ColumnData::Enum(Vec::new()),
    }
}

/// Adds a value that is no text. What is not of the column's type can only be null here, and zero stands for it.
fn append(data: &mut ColumnData, row: usize, value: ValueRef<'_>) {
    match data {
        ColumnData::Bool(bits) => push_bit(bits, row, value == ValueRef::Bool(true)),
        ColumnData::Int(values) => values.push(if let ValueRef::Int(value) = value {
            value
        } else {
            0
        }),
        ColumnData::Float(values) => values.push(if let ValueRef::Float(value) = value {
            value
        } else {
            0.0
        }),
        ColumnData::Time(values) => values.push(if let ValueRef::Time(value) = value {
            value
        } else {
            0
        }),
        ColumnData::Duration(values) => values.push(if let ValueRef::Duration(value) = value {
            value
        } else {
            0
        }),
        ColumnData::Enum(codes) => codes.push(if let ValueRef::Enum(code) = value {
            code
        } else {
            0
        }),
        ColumnData::Ip(values) => values.push(if let ValueRef::Ip(value) = value {
            value.octets()
        } else {
            [0; 16]
        }),
        ColumnData::Text(_) => {}
    }
}

fn push_bit(bits: &mut Vec<u64>, row: usize, set: bool) {
    if row.is_multiple_of(64) {
        bits.push(u64::from(set));
    } else if let Some(word) = bits.last_mut() {
        *word |= u64::from(set) << (row % 64);
    }
}

/// Notes in a validity bitmap whether the next row has a value; the bitmap stays empty while all rows have one.
fn mark(validity: &mut Vec<u64>, row: usize, present: bool) {
    if validity.is_empty() {
        if present {
            return;
        }
        validity.resize(row / 64, u64::MAX);
        if !row.is_multiple_of(64) {
            validity.push((1 << (row % 64)) - 1);
        }
    }
    push_bit(validity, row, present);
}

/// An envelope column that begins with the first row that has a value.
#[derive(Debug)]
struct EnvelopeText {
    in_use: bool,
    validity: Vec<u64>,
    text: TextBuilder,
}

impl EnvelopeText {
    fn new(text: TextBuilder) -> Self {
        Self {
            in_use: false,
            validity: Vec::new(),
            text,
        }
    }

    fn push(&mut self, row: usize, value: Option<&str>) {
        if !self.in_use {
            if value.is_none() {
                return;
            }
            self.in_use = true;
            self.validity.resize(row.div_ceil(64), 0);
            (0..row).for_each(|_| self.text.push_absent());
        }
        mark(&mut self.validity, row, value.is_some());
        match value {
            Some(value) => self.text.push(value),
            None => self.text.push_absent(),
        }
    }

    fn finish(&mut self) -> Option<TextColumn> {
        self.in_use.then(|| TextColumn {
            validity: core::mem::take(&mut self.validity),
            text: self.text.finish(),
        })
    }

    fn reclaim(&mut self, column: Option<TextColumn>) {
        if let Some(column) = column {
            self.validity = column.validity;
            self.validity.clear();
            self.text.reclaim(column.text);
        }
        self.in_use = false;
    }
}

/// As [`EnvelopeText`], for severities.
#[derive(Debug, Default)]
struct EnvelopeSeverity {
    in_use: bool,
    column: SeverityColumn,
}

impl EnvelopeSeverity {
    fn push(&mut self, row: usize, severity: Option<Severity>) {
        if !self.in_use {
            if severity.is_none() {
                return;
            }
            self.in_use = true;
            self.column.validity.resize(row.div_ceil(64), 0);
            self.column.codes.resize(row, 0);
        }
        mark(&mut self.column.validity, row, severity.is_some());
        self.column.codes.push(severity.map_or(0, Severity::code));
    }

    fn finish(&mut self) -> Option<SeverityColumn> {
        self.in_use.then(|| core::mem::take(&mut self.column))
    }

    fn reclaim(&mut self, column: Option<SeverityColumn>) {
        if let Some(column) = column {
            self.column = column;
            self.column.validity.clear();
            self.column.codes.clear();
        }
        self.in_use = false;
    }
}
