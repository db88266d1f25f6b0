//! Batches from rows.

mod section;
mod size;
#[cfg(test)]
mod tests;
mod text;

use core::fmt;
use std::sync::Arc;

use rkyv::ser::allocator::Arena;

use crate::batch::{Batch, BatchBytes};
use crate::limits::{MAX_BATCH, MAX_ROWS, MAX_SECTIONS, MAX_TEXT};
use crate::{Event, FieldType, Registry, Severity, TypeId, ValueRef};
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
    size: Size,
    arena: Arena,
}

/// One event as a borrowed row, for callers who have no [`Event`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// As in [`Event`].
    pub type_id: TypeId,
    /// As in [`Event`].
    pub time: i64,
    /// As in [`Event`].
    pub source: &'a str,
    /// As in [`Event`].
    pub id: Option<&'a str>,
    /// As in [`Event`].
    pub subject: Option<&'a str>,
    /// As in [`Event`].
    pub severity: Option<Severity>,
    /// As in [`Event`].
    pub values: &'a [ValueRef<'a>],
}

/// A row's envelope.
struct Head<'a> {
    time: i64,
    source: &'a str,
    id: Option<&'a str>,
    subject: Option<&'a str>,
    severity: Option<Severity>,
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
        let head = Head {
            time: event.time,
            source: &event.source,
            id: event.id.as_deref(),
            subject: event.subject.as_deref(),
            severity: event.severity,
        };
        self.append(event.type_id, &head, event.values.len(), |field| {
            normal(event.values[field].as_ref())
        })
    }

    /// Adds an event, as [`push`](Self::push) does.
    ///
    /// # Errors
    ///
    /// As [`BuildError`] says; the batch is then as before.
    pub fn push_row(&mut self, row: &Row<'_>) -> Result<(), BuildError> {
        let head = Head {
            time: row.time,
            source: row.source,
            id: row.id,
            subject: row.subject,
            severity: row.severity,
        };
        self.append(row.type_id, &head, row.values.len(), |field| {
            normal(row.values[field])
        })
    }

    /// How many rows the batch has.
    pub fn rows(&self) -> usize {
        self.batch.order.len()
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
        if sections.len() < 2 {
            batch.order.clear();
        }
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
        self.size = Size::default();
    }

    fn append<'v>(
        &mut self,
        type_id: TypeId,
        head: &Head<'_>,
        count: usize,
        value: impl Fn(usize) -> ValueRef<'v>,
    ) -> Result<(), BuildError> {
        if type_id.index() >= self.places.len() {
            return Err(BuildError::UnknownType(type_id));
        }
        let place = self.places[type_id.index()];
        let text_bytes = self.checked_row(type_id, head, count, &value)?;
        let ty = self.registry.get(type_id);
        let size = self.size.with(
            ty,
            place.map(|place| &self.sections[usize::from(place)]),
            head,
            text_bytes,
        );
        if size.bytes() > MAX_BATCH
            || self.rows() == MAX_ROWS
            || (place.is_none() && self.sections.len() == MAX_SECTIONS)
        {
            return Err(if self.is_empty() {
                BuildError::TooLarge
            } else {
                BuildError::Full
            });
        }
        self.size = size;
        let place = place.unwrap_or_else(|| self.open_section(type_id));
        self.batch.order.push(place);
        self.sections[usize::from(place)].push(head, value);
        Ok(())
    }

    /// Checks a row against its type, and counts the bytes of its texts.
    fn checked_row<'v>(
        &self,
        type_id: TypeId,
        head: &Head<'_>,
        count: usize,
        value: impl Fn(usize) -> ValueRef<'v>,
    ) -> Result<usize, BuildError> {
        let ty = self.registry.get(type_id);
        if ty.fields.len() != count {
            return Err(BuildError::FieldCount {
                expected: ty.fields.len(),
                given: count,
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
        for (index, field) in ty.fields.iter().enumerate() {
            let value = value(index);
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

/// A value as batches hold it: without NaN and -0.0.
fn normal(value: ValueRef<'_>) -> ValueRef<'_> {
    match value {
        ValueRef::Float(float) if float.is_nan() => ValueRef::Null,
        // Adding zero changes the sign of -0.0 and nothing else.
        ValueRef::Float(float) => ValueRef::Float(float + 0.0),
        other => other,
    }
}

/// Why a row was not added to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The registry has no such type.
    UnknownType(TypeId),
    /// There is not a value for each field.
    FieldCount {
        /// How many fields the type has.
        expected: usize,
        /// How many values there are.
        given: usize,
    },
    /// This field is required, and its value is null.
    MissingRequired(Box<str>),
    /// A value is not of its field's type, or names no variant of its enum.
    OtherType {
        /// The field's name.
        field: Box<str>,
        /// The field's type.
        ty: FieldType,
    },
    /// A text is longer than [`MAX_TEXT`]: this many bytes.
    TextLength(usize),
    /// The row does not fit into any batch.
    TooLarge,
    /// The row does not fit into this batch: finish it, and push again.
    Full,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(id) => write!(f, "no event type has the number {id}"),
            Self::FieldCount { expected, given } => {
                write!(f, "{given} values for {expected} fields")
            }
            Self::MissingRequired(field) => write!(f, "field `{field}` is required"),
            Self::OtherType { field, ty } => write!(f, "field `{field}` is {ty}"),
            Self::TextLength(bytes) => write!(
                f,
                "a text has {bytes} bytes, at most {MAX_TEXT} are allowed"
            ),
            Self::TooLarge => write!(
                f,
                "the event does not fit into a batch of {MAX_BATCH} bytes"
            ),
            Self::Full => f.write_str("the batch is full"),
        }
    }
}

impl core::error::Error for BuildError {}
