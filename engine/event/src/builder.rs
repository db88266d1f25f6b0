//! Batches from rows.

mod column;
mod envelope;
mod error;
mod row;
mod section;
mod size;
#[cfg(test)]
mod tests;
mod text;
mod validity;

use core::fmt;
use std::sync::Arc;

use rkyv::ser::allocator::Arena;

use crate::batch::{Batch, BatchBytes};
use crate::limits::{MAX_BATCH, MAX_ROWS, MAX_SECTIONS, MAX_TEXT};
use crate::{Event, Registry, TypeId, Value, ValueRef};
pub use error::BuildError;
use row::Head;
pub use row::Row;
use section::SectionBuilder;
use size::Size;

/// Makes batches from rows.
///
/// It turns rows into columns as they come, and decides for each text column whether a dictionary is worth it: a
/// dictionary where each text stands for two rows or more on average, else plain. It keeps its memory from batch to
/// batch, as much as the last two batches needed.
///
/// Sections carry the [`TypeId`] as their schema number: whoever sends batches to a peer declares the registry's types
/// in their order; whoever keeps them uses [`Binding::identity`](crate::Binding::identity).
pub struct BatchBuilder {
    registry: Arc<Registry>,
    /// By type: its section in this batch.
    places: Vec<Option<u8>>,
    sections: Vec<SectionBuilder>,
    /// Sections of the last batch, whose memory a type that comes again goes on with.
    idle: Vec<SectionBuilder>,
    batch: Batch,
    rows: usize,
    /// Are there two sections or more?
    has_order: bool,
    size: Size,
    arena: Arena,
}

impl BatchBuilder {
    /// A builder of batches of this registry's types.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self {
            places: vec![None; registry.len()],
            registry,
            sections: Vec::new(),
            idle: Vec::new(),
            batch: Batch::default(),
            rows: 0,
            has_order: false,
            size: Size::default(),
            arena: Arena::new(),
        }
    }

    /// Adds an event. NaN becomes null, and -0.0 becomes 0.0.
    ///
    /// # Errors
    ///
    /// As [`BuildError`] says; the batch is then as before.
    pub fn push(&mut self, event: &Event) -> Result<(), BuildError> {
        let values = event.values.iter().map(Value::as_ref);
        self.append(event.type_id, Head::from(event), values)
    }

    /// Adds an event, as [`push`](Self::push) does.
    ///
    /// # Errors
    ///
    /// As [`BuildError`] says; the batch is then as before.
    pub fn push_row(&mut self, row: &Row<'_>) -> Result<(), BuildError> {
        self.append(row.type_id, Head::from(row), row.values.iter().copied())
    }

    /// How many rows the batch has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Does the batch have no rows?
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// Does no further row fit? A large one may not fit earlier, which [`push`](Self::push) tells.
    pub fn is_full(&self) -> bool {
        self.rows() == MAX_ROWS || self.size.bytes() + Size::LEAST_ROW > MAX_BATCH
    }

    /// The batch as an archive. The builder is empty then, and ready for the next batch.
    pub fn finish(&mut self) -> BatchBytes {
        let mut bytes = BatchBytes::default();
        self.finish_into(&mut bytes);
        bytes
    }

    /// As [`finish`](Self::finish), over what `bytes` held, whose memory is used again.
    pub fn finish_into(&mut self, bytes: &mut BatchBytes) {
        let Self {
            batch, sections, ..
        } = self;
        batch
            .sections
            .extend(sections.iter_mut().map(SectionBuilder::finish));
        batch.write_to(bytes, &mut self.arena);
        debug_assert!(
            bytes.len() <= self.size.bytes(),
            "the size was counted too low"
        );
        batch.order.clear();
        for (builder, section) in sections.iter_mut().zip(batch.sections.drain(..)) {
            self.places[builder.type_id().index()] = None;
            builder.reclaim(section);
        }
        self.idle.clear();
        core::mem::swap(&mut self.sections, &mut self.idle);
        self.rows = 0;
        self.has_order = false;
        self.size = Size::default();
    }

    #[inline]
    fn append<'v>(
        &mut self,
        type_id: TypeId,
        head: Head<'_>,
        values: impl ExactSizeIterator<Item = ValueRef<'v>> + Clone,
    ) -> Result<(), BuildError> {
        let (place, size) = match self.place(type_id, &head, values.clone()) {
            Some(found) => found,
            None => self.place_of_any(type_id, head, values.clone())?,
        };
        self.put(place, size, &head, values);
        Ok(())
    }

    /// Adds a checked row, with which the batch has this size.
    #[inline]
    fn put<'v>(
        &mut self,
        place: u8,
        size: Size,
        head: &Head<'_>,
        values: impl Iterator<Item = ValueRef<'v>>,
    ) {
        self.size = size;
        self.rows += 1;
        if self.has_order {
            self.batch.order.push(place);
        }
        self.sections[usize::from(place)].push(head, values);
    }

    /// Where a row goes, and the batch's size with it. Most are of a type that the batch has already, and nothing is wrong with
    /// them: `None` says that a closer look is needed.
    #[inline]
    fn place<'v>(
        &self,
        type_id: TypeId,
        head: &Head<'_>,
        values: impl ExactSizeIterator<Item = ValueRef<'v>>,
    ) -> Option<(u8, Size)> {
        let place = (*self.places.get(type_id.index())?)?;
        let section = &self.sections[usize::from(place)];
        let size = self
            .size
            .with_row(section, section.text_bytes(head, values)?);
        let fits = size.bytes() <= MAX_BATCH && self.rows < MAX_ROWS;
        fits.then_some((place, size))
    }

    /// As [`place`](Self::place), for any row; the section is opened where there is none.
    #[cold]
    fn place_of_any<'v>(
        &mut self,
        type_id: TypeId,
        head: Head<'_>,
        values: impl ExactSizeIterator<Item = ValueRef<'v>>,
    ) -> Result<(u8, Size), BuildError> {
        if type_id.index() >= self.places.len() {
            return Err(BuildError::UnknownType(type_id));
        }
        let place = self.places[type_id.index()];
        let text_bytes = self.checked_row(type_id, &head, values)?;
        let size = match place {
            Some(place) => {
                let section = &self.sections[usize::from(place)];
                let size = self.size.with_columns(section, &head);
                size.with_row(section, text_bytes)
            }
            None => {
                let ty = self.registry.get(type_id);
                self.size.with_section(ty, &head, text_bytes)
            }
        };
        if size.bytes() > MAX_BATCH
            || self.rows == MAX_ROWS
            || (place.is_none() && self.sections.len() == MAX_SECTIONS)
        {
            return Err(if self.is_empty() {
                BuildError::TooLarge
            } else {
                BuildError::Full
            });
        }
        let place = place.unwrap_or_else(|| self.open_section(type_id));
        Ok((place, size))
    }

    /// Checks a row against its type, and counts the bytes of its texts.
    fn checked_row<'v>(
        &self,
        type_id: TypeId,
        head: &Head<'_>,
        values: impl ExactSizeIterator<Item = ValueRef<'v>>,
    ) -> Result<usize, BuildError> {
        let ty = self.registry.get(type_id);
        if ty.fields.len() != values.len() {
            return Err(BuildError::FieldCount {
                expected: ty.fields.len(),
                given: values.len(),
            });
        }
        let mut text_bytes = 0;
        let mut count_text = |text: &str| {
            text_bytes += text.len();
            if text.len() > MAX_TEXT {
                Err(BuildError::TextLength(text.len()))
            } else {
                Ok(())
            }
        };
        count_text(head.source)?;
        head.id.map_or(Ok(()), &mut count_text)?;
        head.subject.map_or(Ok(()), &mut count_text)?;
        for (field, value) in ty.fields.iter().zip(values) {
            let value = normal(value);
            if value.is_null() && !field.optional {
                return Err(BuildError::MissingRequired(field.name.clone()));
            }
            if !field.ty.admits(value) {
                return Err(BuildError::OtherType {
                    field: field.name.clone(),
                    ty: field.ty.clone(),
                });
            }
            if let ValueRef::Text(text) = value {
                count_text(text)?;
            }
        }
        Ok(text_bytes)
    }

    fn open_section(&mut self, type_id: TypeId) -> u8 {
        let place = self.sections.len() as u8;
        if place == 1 {
            // Until now, each row was of the first section, which needs no order.
            self.has_order = true;
            self.batch.order.resize(self.rows, 0);
        }
        let idle = self
            .idle
            .iter()
            .position(|section| section.type_id() == type_id);
        self.sections.push(match idle {
            Some(idle) => self.idle.swap_remove(idle),
            None => SectionBuilder::new(type_id, self.registry.get(type_id)),
        });
        self.places[type_id.index()] = Some(place);
        place
    }
}

impl fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BatchBuilder({} rows, at most {} bytes)",
            self.rows(),
            self.size.bytes()
        )
    }
}

/// A value as batches hold it: NaN is null.
fn normal(value: ValueRef<'_>) -> ValueRef<'_> {
    match value {
        ValueRef::Float(float) if float.is_nan() => ValueRef::Null,
        other => other,
    }
}
