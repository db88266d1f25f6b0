//! A checked batch in place: columns of native values that borrow the archive's bytes.
//!
//! Only [`check`](crate::check()) makes a [`BatchView`]; so whoever holds one knows that every column has its declared
//! type and a value for each row, and that codes and offsets lead somewhere. Views are small and `Copy`.

#[allow(unsafe_code, reason = "columns are read in place, as native slices")]
pub(crate) mod raw;
mod text;

use std::sync::Arc;

use crate::batch::{
    ArchivedBatch, ArchivedColumn, ArchivedColumnData, ArchivedSection, ArchivedTextColumn,
};
use crate::limits::MAX_SECTIONS;
use crate::{Binding, Event, FieldId, Ip, Severity, TypeId, ValueRef};
use raw::native;
pub use text::{DictText, PlainText, TextView};

/// A checked batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    batch: &'a ArchivedBatch,
    bindings: &'a [Option<Arc<Binding>>],
    rows: u32,
}

impl<'a> BatchView<'a> {
    /// The caller has checked that each section's schema has a binding that the section fits, and counted the rows.
    pub(crate) fn of_checked(
        batch: &'a ArchivedBatch,
        bindings: &'a [Option<Arc<Binding>>],
        rows: u32,
    ) -> Self {
        Self {
            batch,
            bindings,
            rows,
        }
    }

    /// How many rows there are in all sections.
    pub fn rows(self) -> u32 {
        self.rows
    }

    /// How many sections there are.
    pub fn section_count(self) -> usize {
        self.batch.sections.len()
    }

    /// The section at this place.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    pub fn section(self, index: usize) -> SectionView<'a> {
        let section = &self.batch.sections[index];
        let binding = self.bindings[section.schema.to_native() as usize].as_deref();
        SectionView {
            section,
            binding: binding.expect("a checked section has a binding"),
        }
    }

    /// The sections in order.
    pub fn sections(self) -> impl ExactSizeIterator<Item = SectionView<'a>> {
        (0..self.section_count()).map(move |index| self.section(index))
    }

    /// The section of each row, in the rows' order; empty where there are less than two sections.
    pub fn order(self) -> &'a [u8] {
        &self.batch.order
    }

    /// The place of each row, as (section, row in the section), in the rows' order.
    pub fn rows_in_order(self) -> RowsInOrder<'a> {
        RowsInOrder {
            order: self.order(),
            row: 0,
            rows: self.rows as usize,
            next: [0; MAX_SECTIONS],
        }
    }
}

/// The places of a batch's rows, in the rows' order: see [`BatchView::rows_in_order`].
#[derive(Clone, Debug)]
pub struct RowsInOrder<'a> {
    order: &'a [u8],
    row: usize,
    rows: usize,
    /// By section: its next row.
    next: [u16; MAX_SECTIONS],
}

impl Iterator for RowsInOrder<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        if self.row == self.rows {
            return None;
        }
        let section = self
            .order
            .get(self.row)
            .map_or(0, |section| usize::from(*section));
        let row = usize::from(self.next[section]);
        self.next[section] += 1;
        self.row += 1;
        Some((section, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows - self.row, Some(self.rows - self.row))
    }
}

impl ExactSizeIterator for RowsInOrder<'_> {}

/// The rows of one event type in a checked batch.
#[derive(Clone, Copy, Debug)]
pub struct SectionView<'a> {
    section: &'a ArchivedSection,
    binding: &'a Binding,
}

impl<'a> SectionView<'a> {
    /// The registered type.
    pub fn type_id(self) -> TypeId {
        self.binding.type_id()
    }

    /// How the peer's columns map to the type's fields.
    pub fn binding(self) -> &'a Binding {
        self.binding
    }

    /// How many rows there are; at least one.
    pub fn rows(self) -> usize {
        self.section.time.len()
    }

    /// When each event happened: nanoseconds since 1970-01-01T00:00:00Z.
    pub fn times(self) -> &'a [i64] {
        native(&self.section.time)
    }

    /// What each event came from.
    pub fn source(self) -> TextView<'a> {
        TextView::of(&self.section.source)
    }

    /// What identifies each event within its source; `None`: no row has it.
    pub fn id(self) -> Option<ColumnView<'a>> {
        self.section
            .id
            .as_ref()
            .map(|column| ColumnView::of_text(column))
    }

    /// What each event is about; `None`: no row has it.
    pub fn subject(self) -> Option<ColumnView<'a>> {
        self.section
            .subject
            .as_ref()
            .map(|column| ColumnView::of_text(column))
    }

    /// How severe each event is: validity as in [`ColumnView`], and codes; `None`: no row has a severity.
    pub fn severity(self) -> Option<(Option<&'a [u64]>, &'a [u8])> {
        self.section
            .severity
            .as_ref()
            .map(|column| (validity(&column.validity), &*column.codes))
    }

    /// The row's severity.
    pub fn severity_at(self, row: usize) -> Option<Severity> {
        let (validity, codes) = self.severity()?;
        if is_set(validity, row) {
            Severity::from_code(codes[row])
        } else {
            None
        }
    }

    /// A field's column; `None`: the peer did not declare it, and all its values are null.
    pub fn column(self, field: FieldId) -> Option<ColumnView<'a>> {
        self.binding
            .column_of(field)
            .map(|index| ColumnView::of(&self.section.columns[index]))
    }

    /// A row's value of a field.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn value(self, field: FieldId, row: usize) -> ValueRef<'a> {
        self.column(field)
            .map_or(ValueRef::Null, |column| column.value(row))
    }

    /// An owned copy of a row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn event(self, row: usize) -> Event {
        let text = |column: Option<ColumnView<'a>>| match column.map(|column| column.value(row)) {
            Some(ValueRef::Text(text)) => Some(text.into()),
            _ => None,
        };
        let fields = 0..self.binding.field_count() as u16;
        Event {
            type_id: self.type_id(),
            time: self.times()[row],
            source: self.source().get(row).into(),
            id: text(self.id()),
            subject: text(self.subject()),
            severity: self.severity_at(row),
            values: fields
                .map(|field| self.value(FieldId::new(field), row).to_value())
                .collect(),
        }
    }
}

/// A column's values and which of them are there.
#[derive(Clone, Copy, Debug)]
pub struct ColumnView<'a> {
    /// Bit `row % 64` of word `row / 64` is set where the row has a value; `None`: all rows have one.
    pub validity: Option<&'a [u64]>,
    /// A value for each row; without meaning where the row has none.
    pub data: ColumnData<'a>,
}

impl<'a> ColumnView<'a> {
    /// Does the row have a value?
    #[inline]
    pub fn is_present(self, row: usize) -> bool {
        is_set(self.validity, row)
    }

    /// The row's value.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn value(self, row: usize) -> ValueRef<'a> {
        if !self.is_present(row) {
            return ValueRef::Null;
        }
        match self.data {
            ColumnData::Bool(bits) => ValueRef::Bool(is_set(Some(bits), row)),
            ColumnData::Int(values) => ValueRef::Int(values[row]),
            ColumnData::Float(values) => ValueRef::Float(values[row]),
            ColumnData::Time(values) => ValueRef::Time(values[row]),
            ColumnData::Duration(values) => ValueRef::Duration(values[row]),
            ColumnData::Enum(codes) => ValueRef::Enum(codes[row]),
            ColumnData::Text(text) => ValueRef::Text(text.get(row)),
            ColumnData::Dict(text) => ValueRef::Text(text.get(row)),
            ColumnData::Ip(values) => ValueRef::Ip(Ip::from_octets(values[row])),
        }
    }

    fn of(column: &'a ArchivedColumn) -> Self {
        let data = match &column.data {
            ArchivedColumnData::Bool(bits) => ColumnData::Bool(native(bits)),
            ArchivedColumnData::Int(values) => ColumnData::Int(native(values)),
            ArchivedColumnData::Float(values) => ColumnData::Float(native(values)),
            ArchivedColumnData::Time(values) => ColumnData::Time(native(values)),
            ArchivedColumnData::Duration(values) => ColumnData::Duration(native(values)),
            ArchivedColumnData::Enum(codes) => ColumnData::Enum(native(codes)),
            ArchivedColumnData::Text(text) => TextView::of(text).into(),
            ArchivedColumnData::Ip(values) => ColumnData::Ip(values),
        };
        Self {
            validity: validity(&column.validity),
            data,
        }
    }

    fn of_text(column: &'a ArchivedTextColumn) -> Self {
        Self {
            validity: validity(&column.validity),
            data: TextView::of(&column.text).into(),
        }
    }
}

/// A column's values, by the field's type.
#[derive(Clone, Copy, Debug)]
pub enum ColumnData<'a> {
    /// Bit `row % 64` of word `row / 64`; bits past the last row are zero.
    Bool(&'a [u64]),
    /// Integers.
    Int(&'a [i64]),
    /// Floats: no NaN and no -0.0.
    Float(&'a [f64]),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(&'a [i64]),
    /// Nanoseconds.
    Duration(&'a [i64]),
    /// Places in the list of the type's variants.
    Enum(&'a [u16]),
    /// Texts, each row its own.
    Text(PlainText<'a>),
    /// Texts by number.
    Dict(DictText<'a>),
    /// IP addresses as in [`Ip`].
    Ip(&'a [[u8; 16]]),
}

impl<'a> From<TextView<'a>> for ColumnData<'a> {
    fn from(text: TextView<'a>) -> Self {
        match text {
            TextView::Plain(text) => Self::Text(text),
            TextView::Dict(text) => Self::Dict(text),
        }
    }
}

/// An archived validity bitmap is empty where all rows have a value.
fn validity(archived: &[rkyv::rend::u64_le]) -> Option<&[u64]> {
    if archived.is_empty() {
        None
    } else {
        Some(native(archived))
    }
}

#[inline]
fn is_set(bits: Option<&[u64]>, row: usize) -> bool {
    bits.is_none_or(|words| words[row / 64] >> (row % 64) & 1 != 0)
}
