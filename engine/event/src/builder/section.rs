//! Building one section, column by column.

use super::Head;
use super::column::ColumnBuilder;
use super::envelope::{EnvelopeSeverity, EnvelopeText};
use super::size;
use super::text::TextBuilder;
use crate::batch::{Column, Section};
use crate::limits::MAX_TEXT;
use crate::{EventType, TypeId, ValueRef};

/// A section under construction. It keeps its memory from batch to batch.
#[derive(Debug)]
pub(super) struct SectionBuilder {
    type_id: TypeId,
    time: Vec<i64>,
    source: TextBuilder,
    id: EnvelopeText,
    subject: EnvelopeText,
    severity: EnvelopeSeverity,
    fields: Vec<ColumnBuilder>,
    /// Which columns of the envelope have begun: a bit each, as in [`Head::given`].
    begun: u8,
    /// Bits that a row takes in the columns that have begun, without its texts.
    row_bits: usize,
    /// The same, while no column of the envelope has begun.
    least_row_bits: usize,
    /// The finished columns of the last batch, which have gone: their list's memory.
    columns: Vec<Column>,
}

impl SectionBuilder {
    pub(super) fn new(type_id: TypeId, ty: &EventType) -> Self {
        Self {
            type_id,
            time: Vec::new(),
            source: TextBuilder::new(),
            // An id is unique within its source: trying a dictionary would be in vain.
            id: EnvelopeText::new(TextBuilder::plain()),
            subject: EnvelopeText::new(TextBuilder::new()),
            severity: EnvelopeSeverity::default(),
            fields: ty.fields.iter().map(ColumnBuilder::new).collect(),
            begun: 0,
            row_bits: size::row_bits(ty),
            least_row_bits: size::row_bits(ty),
            columns: Vec::new(),
        }
    }

    pub(super) fn type_id(&self) -> TypeId {
        self.type_id
    }

    pub(super) fn rows(&self) -> usize {
        self.time.len()
    }

    /// Bits that a row takes, without its texts, where no column begins with it.
    pub(super) fn row_bits(&self) -> usize {
        self.row_bits
    }

    /// Which columns of the envelope have begun: a bit each, as in [`Head::given`].
    pub(super) fn begun(&self) -> u8 {
        self.begun
    }

    /// The bytes of the row's texts, where a first look finds nothing wrong with it, and no column begins with it. `None`
    /// tells nothing: who wants to know looks closer.
    #[inline]
    pub(super) fn text_bytes<'v>(
        &self,
        head: &Head<'_>,
        values: impl ExactSizeIterator<Item = ValueRef<'v>>,
    ) -> Option<usize> {
        if values.len() != self.fields.len() || head.given() & !self.begun != 0 {
            return None;
        }
        let mut bytes =
            head.source.len() + head.id.map_or(0, str::len) + head.subject.map_or(0, str::len);
        for (column, value) in self.fields.iter().zip(values) {
            if !column.takes(value) {
                return None;
            }
            if let ValueRef::Text(text) = value {
                bytes += text.len();
            }
        }
        // If all of them together are not too long, none is.
        (bytes <= MAX_TEXT).then_some(bytes)
    }

    /// Adds a row. The caller has checked that the fields may have the values.
    #[inline]
    pub(super) fn push<'v>(&mut self, head: &Head<'_>, values: impl Iterator<Item = ValueRef<'v>>) {
        let row = self.rows();
        self.time.push(head.time);
        self.source.push(head.source);
        if head.given() | self.begun != 0 {
            self.push_envelope(row, *head);
        }
        for (column, value) in self.fields.iter_mut().zip(values) {
            column.push(row, value);
        }
    }

    #[inline(never)]
    fn push_envelope(&mut self, row: usize, head: Head<'_>) {
        self.id.push(row, head.id);
        self.subject.push(row, head.subject);
        self.severity.push(row, head.severity);
        let new = head.given() & !self.begun;
        self.begun |= new;
        self.row_bits += size::envelope_bits(new);
    }

    /// The finished section; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self) -> Section {
        let rows = self.rows();
        let mut columns = core::mem::take(&mut self.columns);
        columns.extend(self.fields.iter_mut().map(|field| field.finish(rows)));
        Section {
            schema: self.type_id.get(),
            rows: rows as u32,
            time: core::mem::take(&mut self.time),
            source: self.source.finish(),
            id: self.id.finish(rows),
            subject: self.subject.finish(rows),
            severity: self.severity.finish(rows),
            columns,
        }
    }

    /// Takes the memory of the section back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, mut section: Section) {
        for (field, column) in self.fields.iter_mut().zip(section.columns.drain(..)) {
            field.reclaim(column);
        }
        self.columns = section.columns;
        self.time = section.time;
        self.time.clear();
        self.source.reclaim(section.source);
        self.id.reclaim(section.id);
        self.subject.reclaim(section.subject);
        self.severity.reclaim(section.severity);
        self.begun = 0;
        self.row_bits = self.least_row_bits;
    }
}
