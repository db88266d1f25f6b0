//! Upper bounds on the sizes of archives.

use core::mem::{align_of, size_of};

use super::{
    ArchivedBatch, ArchivedColumn, ArchivedSection, ArchivedSeverityColumn, ArchivedTextColumn,
    Batch, ColumnData, Section, Text, TextColumn, Texts,
};

/// Most bytes that a list adds to its values' own: padding before it, the rest of a bitmap's last word, or the first
/// of the text offsets.
const LIST: usize = align_of::<u64>() - 1 + size_of::<u64>();

/// What a batch takes without sections.
pub(crate) const BATCH: usize = size_of::<ArchivedBatch>() + 2 * LIST + align_of::<ArchivedBatch>();

/// What a section takes without fields and rows: itself and its time, source, id, subject and severity.
pub(crate) const SECTION: usize = size_of::<ArchivedSection>()
    + 2 * size_of::<ArchivedTextColumn>()
    + size_of::<ArchivedSeverityColumn>()
    + (1 + 3 + 4 + 4 + 2 + 1) * LIST;

/// What a column takes without rows: itself, its validity, and up to three lists of a text.
pub(crate) const COLUMN: usize = size_of::<ArchivedColumn>() + 4 * LIST;

impl Batch {
    /// Most bytes that the archive takes: little more than it does take.
    pub(super) fn bound(&self) -> usize {
        BATCH + self.order.len() + self.sections.iter().map(section).sum::<usize>()
    }
}

fn section(section: &Section) -> usize {
    let envelope = |column: &Option<TextColumn>| {
        column.as_ref().map_or(0, |column| {
            size_of_val(&column.validity[..]) + text(&column.text)
        })
    };
    let severity = section.severity.as_ref().map_or(0, |column| {
        size_of_val(&column.validity[..]) + column.codes.len()
    });
    let columns = section
        .columns
        .iter()
        .map(|column| COLUMN + size_of_val(&column.validity[..]) + data(&column.data));
    SECTION
        + size_of_val(&section.time[..])
        + text(&section.source)
        + envelope(&section.id)
        + envelope(&section.subject)
        + severity
        + columns.sum::<usize>()
}

fn data(data: &ColumnData) -> usize {
    match data {
        ColumnData::Bool(bits) => size_of_val(&bits[..]),
        ColumnData::Int(values) | ColumnData::Time(values) | ColumnData::Duration(values) => {
            size_of_val(&values[..])
        }
        ColumnData::Float(values) => size_of_val(&values[..]),
        ColumnData::Enum(codes) => size_of_val(&codes[..]),
        ColumnData::Text(texts) => text(texts),
        ColumnData::Ip(values) => size_of_val(&values[..]),
    }
}

fn text(text: &Text) -> usize {
    let texts = |texts: &Texts| size_of_val(&texts.offsets[..]) + texts.bytes.len();
    match text {
        Text::Plain(plain) => texts(plain),
        Text::Dict(dictionary) => size_of_val(&dictionary.codes[..]) + texts(&dictionary.values),
    }
}
