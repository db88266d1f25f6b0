//! The check at the door: bytes of a peer become a batch that nobody has to check again.

mod column;
mod error;
mod extent;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rkyv::option::ArchivedOption;
use rkyv::rancor::Failure;

use crate::Binding;
use crate::batch::{ArchivedBatch, ArchivedSection};
use crate::limits::{MAX_BATCH, MAX_ROWS, MAX_SECTIONS};
use crate::view::BatchView;
pub use error::{BatchError, BatchErrorKind};
use error::{BatchErrorKind as Kind, Place};

/// Alignment that [`check`] asks of the bytes. The types need 8; receive buffers and frames give 64.
const ALIGN: usize = 16;

/// Checks that bytes are a batch whose sections fit their declarations, and gives a view of it in place.
///
/// `bindings` holds, by schema number, what was declared.
///
/// What the view promises then: the archive is well-formed and fills `bytes` exactly; each section has its declared
/// columns, of the declared types, with a value for each row; bitmaps end in zeros; texts are UTF-8 and their offsets
/// rise from 0 to the last byte, on character boundaries; codes of dictionaries, enums and severities are in range;
/// columns that were declared without nulls have none; floats are neither NaN nor -0.0; `order` and the sections agree;
/// and the limits on rows, sections, bytes and texts hold. Its cost is that of one pass over each column.
///
/// # Errors
///
/// See [`BatchErrorKind`].
pub fn check<'a>(
    bytes: &'a [u8],
    bindings: &'a [Option<Arc<Binding>>],
) -> Result<BatchView<'a>, BatchError> {
    if !bytes.as_ptr().addr().is_multiple_of(ALIGN) {
        return Err(Kind::Align.into());
    }
    if bytes.len() > MAX_BATCH {
        return Err(Kind::Size.into());
    }
    let batch =
        rkyv::api::low::access::<ArchivedBatch, Failure>(bytes).map_err(|_| Kind::Archive)?;
    if !extent::is_exact(bytes, batch) {
        return Err(Kind::Extent.into());
    }
    if batch.sections.len() > MAX_SECTIONS {
        return Err(Kind::Sections.into());
    }
    let mut rows = 0;
    for (index, section) in batch.sections.iter().enumerate() {
        let binding = bindings
            .get(section.schema.to_native() as usize)
            .and_then(Option::as_deref);
        rows += binding
            .ok_or(BatchError::new(Kind::Schema))
            .and_then(|binding| checked_rows(section, binding))
            .map_err(|error| error.in_section(index))?;
    }
    if rows > MAX_ROWS {
        return Err(Kind::Rows.into());
    }
    if !order_agrees(batch, rows) {
        return Err(Kind::Order.into());
    }
    Ok(BatchView::of_checked(batch, bindings, rows as u32))
}

/// Checks a section and counts its rows.
fn checked_rows(section: &ArchivedSection, binding: &Binding) -> Result<usize, BatchError> {
    let envelope = |name| move |kind: Kind| BatchError::new(kind).in_column(Place::Envelope(name));
    let rows = section.rows.to_native() as usize;
    if rows == 0 || rows > MAX_ROWS {
        return Err(Kind::Rows.into());
    }
    column::length(&section.time, rows).map_err(envelope("time"))?;
    column::text(&section.source, rows).map_err(envelope("source"))?;
    for (name, texts) in [("id", &section.id), ("subject", &section.subject)] {
        if let ArchivedOption::Some(texts) = texts {
            column::validity(crate::view::raw::native(&texts.validity), true, rows)
                .map_err(envelope(name))?;
            column::text(&texts.text, rows).map_err(envelope(name))?;
        }
    }
    if let ArchivedOption::Some(severity) = &section.severity {
        column::severity(severity, rows).map_err(envelope("severity"))?;
    }
    if section.columns.len() != binding.declared().len() {
        return Err(Kind::Columns.into());
    }
    for (index, (column, field)) in section.columns.iter().zip(binding.declared()).enumerate() {
        column::declared(column, field, rows)
            .map_err(|kind| BatchError::new(kind).in_column(Place::Declared(index)))?;
    }
    Ok(rows)
}

/// Does `order` name each section as often as it has rows, or, for less than two sections, stay empty?
fn order_agrees(batch: &ArchivedBatch, rows: usize) -> bool {
    if batch.sections.len() < 2 {
        return batch.order.is_empty();
    }
    let mut counts = [0_u32; 1 << u8::BITS];
    for section in batch.order.iter() {
        counts[usize::from(*section)] += 1;
    }
    batch.order.len() == rows
        && batch
            .sections
            .iter()
            .zip(counts)
            .all(|(section, count)| section.rows == count)
}
