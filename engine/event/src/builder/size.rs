//! How large the archive of a batch under construction can become.

use core::mem::{align_of, size_of};

use super::Head;
use super::section::SectionBuilder;
use crate::batch::{
    ArchivedBatch, ArchivedColumn, ArchivedSection, ArchivedSeverityColumn, ArchivedTextColumn,
};
use crate::{EventType, FieldType};

/// An upper bound on an archive's size, kept row by row. Texts count as plain: a dictionary is only made where it is
/// smaller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    bits: usize,
}

/// Most bytes that a list adds to its values' own: padding before it, the rest of a bitmap's last word, or the first
/// of the text offsets.
const LIST: usize = align_of::<u64>() - 1 + size_of::<u64>();

/// What a batch takes without sections.
const BATCH: usize = size_of::<ArchivedBatch>() + 2 * LIST + align_of::<ArchivedBatch>();

/// What a section takes without fields and rows: itself and its time, source, id, subject and severity.
const SECTION: usize = size_of::<ArchivedSection>()
    + 2 * size_of::<ArchivedTextColumn>()
    + size_of::<ArchivedSeverityColumn>()
    + (1 + 3 + 4 + 4 + 2 + 1) * LIST;

/// What a column takes without rows: itself, its validity, and up to three lists of a text.
const COLUMN: usize = size_of::<ArchivedColumn>() + 4 * LIST;

/// Bits that a row takes of each: an offset and a validity bit for id and subject, a code and a validity bit for the
/// severity.
const ENVELOPE_BITS: [usize; 3] = [33, 33, 9];

/// Bits that a row takes without its fields: time, offset of the source, order.
const ROW_BITS: usize = 64 + 32 + 8;

impl Default for Size {
    fn default() -> Self {
        Self { bits: BATCH * 8 }
    }
}

impl Size {
    /// Bytes that each row takes, whatever is in it.
    pub(super) const LEAST_ROW: usize = ROW_BITS / 8;

    pub(super) const fn bytes(self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The size with one row more of a type, whose texts have so many bytes; `section` is where its rows are so far.
    pub(super) fn with(
        self,
        ty: &EventType,
        section: Option<&SectionBuilder>,
        head: &Head<'_>,
        text_bytes: usize,
    ) -> Self {
        let mut bits = self.bits + ROW_BITS + text_bytes * 8;
        if section.is_none() {
            bits += (SECTION + ty.fields.len() * COLUMN) * 8;
        }
        let (rows, begun) = section.map_or((0, [false; 3]), |section| {
            (section.rows(), section.envelope())
        });
        let given = [
            head.id.is_some(),
            head.subject.is_some(),
            head.severity.is_some(),
        ];
        for ((begun, given), width) in begun.into_iter().zip(given).zip(ENVELOPE_BITS) {
            // A column that begins late has a place for each row before.
            bits += if begun {
                width
            } else {
                usize::from(given) * width * (rows + 1)
            };
        }
        bits += section.map_or_else(|| Self::field_bits(ty), SectionBuilder::field_bits);
        Self { bits }
    }

    /// Bits that a row of this type takes in its fields' columns, without its texts.
    pub(super) fn field_bits(ty: &EventType) -> usize {
        ty.fields
            .iter()
            .map(|field| width(&field.ty) + usize::from(field.optional))
            .sum()
    }
}

/// Bits that a row takes in a column, without its text.
fn width(ty: &FieldType) -> usize {
    match ty {
        FieldType::Bool => 1,
        FieldType::Enum(_) => 16,
        FieldType::Text => 32,
        FieldType::Int | FieldType::Float | FieldType::Time | FieldType::Duration => 64,
        FieldType::Ip => 128,
    }
}
