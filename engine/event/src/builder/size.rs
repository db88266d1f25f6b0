//! How large the archive of a batch under construction can become.

use super::Head;
use super::section::SectionBuilder;
use crate::batch::bound::{BATCH, COLUMN, SECTION};
use crate::{EventType, FieldType};

/// An upper bound on an archive's size, kept row by row. Texts count as plain: a dictionary is only made where it is
/// smaller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    bits: usize,
}

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

    /// The size with one row more in a section, which has all columns that the row needs, and whose texts have so many bytes.
    #[inline]
    pub(super) fn with_row(self, section: &SectionBuilder, text_bytes: usize) -> Self {
        Self {
            bits: self.bits + section.row_bits() + text_bytes * 8,
        }
    }

    /// The size with the columns more that a section has not begun yet and the next row needs.
    pub(super) fn with_columns(self, section: &SectionBuilder, head: &Head<'_>) -> Self {
        // Each has a place for the rows before, and for this one.
        let columns = envelope_bits(head.given() & !section.begun());
        Self {
            bits: self.bits + columns * (section.rows() + 1),
        }
    }

    /// The size with a section more, of this type, and with one row in it, whose texts have so many bytes.
    pub(super) fn with_section(self, ty: &EventType, head: &Head<'_>, text_bytes: usize) -> Self {
        let section = (SECTION + ty.fields.len() * COLUMN) * 8;
        let row = row_bits(ty) + envelope_bits(head.given()) + text_bytes * 8;
        Self {
            bits: self.bits + section + row,
        }
    }
}

/// Bits that a row of this type takes, without its texts and what of the envelope it may lack.
pub(super) fn row_bits(ty: &EventType) -> usize {
    let fields = ty
        .fields
        .iter()
        .map(|field| width(&field.ty) + usize::from(field.optional));
    ROW_BITS + fields.sum::<usize>()
}

/// Bits that a row takes in these columns of the envelope, without its texts. See [`Head::given`].
pub(super) fn envelope_bits(columns: u8) -> usize {
    let widths = (0..).zip(ENVELOPE_BITS);
    widths
        .filter(|(bit, _)| columns >> bit & 1 == 1)
        .map(|(_, width)| width)
        .sum()
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
