//! The checks of single columns. Each goes over its values once, without branches, so that the loops vectorise.
//!
//! They are vector code, for every x86-64 and, chosen at start, for those with AVX2, as long as a loop is a fold over slices side by side,
//! which never ends early, into an accumulator of one type: what is wrong is gathered by `|` or `max`, and looked at behind the
//! loop. (SSE2 has no `max` of unsigned 16-bit values: a saturating subtraction and an addition make it.)

use super::error::BatchErrorKind;
use crate::batch::{ArchivedColumn, ArchivedColumnData, ArchivedSeverityColumn, ArchivedText};
use crate::limits::{MAX_DICT, MAX_TEXT};
use crate::view::raw::native;
use crate::view::{PlainText, TextView};
use crate::{DeclaredField, FieldType, Severity};

type Checked = Result<(), BatchErrorKind>;

/// A column of a field, against its declaration.
pub(super) fn declared(column: &ArchivedColumn, field: &DeclaredField, rows: usize) -> Checked {
    validity(native(&column.validity), field.optional, rows)?;
    match (&column.data, &field.ty) {
        (ArchivedColumnData::Bool(bits), FieldType::Bool) => bitmap(native(bits), rows),
        (ArchivedColumnData::Int(values), FieldType::Int)
        | (ArchivedColumnData::Time(values), FieldType::Time)
        | (ArchivedColumnData::Duration(values), FieldType::Duration) => length(values, rows),
        (ArchivedColumnData::Float(values), FieldType::Float) => {
            length(values, rows)?;
            floats(native(values))
        }
        (ArchivedColumnData::Enum(codes), FieldType::Enum(variants)) => {
            length(codes, rows)?;
            require(
                codes_below(native(codes), variants.len()),
                BatchErrorKind::Enum,
            )
        }
        (ArchivedColumnData::Text(text), FieldType::Text) => self::text(text, rows),
        (ArchivedColumnData::Ip(values), FieldType::Ip) => length(values, rows),
        _ => Err(BatchErrorKind::Kind),
    }
}

/// A validity bitmap: none, or a bit for each row.
pub(super) fn validity(words: &[u64], optional: bool, rows: usize) -> Checked {
    if words.is_empty() {
        return Ok(());
    }
    bitmap(words, rows)?;
    require(
        optional
            || words
                .iter()
                .map(|word| word.count_ones() as usize)
                .sum::<usize>()
                == rows,
        BatchErrorKind::Null,
    )
}

pub(super) fn text(text: &ArchivedText, rows: usize) -> Checked {
    match TextView::of(text) {
        TextView::Plain(text) => {
            require(text.offsets.len() == rows + 1, BatchErrorKind::Length)?;
            texts(text)
        }
        TextView::Dict(dict) => {
            length(dict.codes, rows)?;
            texts(dict.values)?;
            let in_range =
                dict.values.len() <= MAX_DICT && codes_below(dict.codes, dict.values.len());
            require(in_range, BatchErrorKind::Dictionary)
        }
    }
}

pub(super) fn severity(column: &ArchivedSeverityColumn, rows: usize) -> Checked {
    validity(native(&column.validity), true, rows)?;
    length(&column.codes, rows)?;
    let highest = column.codes.iter().copied().fold(0, u8::max);
    require(
        Severity::from_code(highest).is_some(),
        BatchErrorKind::Severity,
    )
}

pub(super) fn length<T>(values: &[T], rows: usize) -> Checked {
    require(values.len() == rows, BatchErrorKind::Length)
}

fn require(holds: bool, otherwise: BatchErrorKind) -> Checked {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn bitmap(words: &[u64], rows: usize) -> Checked {
    let tail = rows % 64;
    let zero_tail = tail == 0 || words.last().is_none_or(|last| last >> tail == 0);
    require(
        words.len() == rows.div_ceil(64) && zero_tail,
        BatchErrorKind::Bitmap,
    )
}

fn floats(values: &[f64]) -> Checked {
    let bad = vectorised(values.len(), || {
        values.iter().fold(0, |bad, value| {
            bad | u64::from(value.is_nan()) | u64::from(value.to_bits() == (-0.0_f64).to_bits())
        })
    });
    require(bad == 0, BatchErrorKind::Float)
}

fn codes_below(codes: &[u16], count: usize) -> bool {
    let highest = vectorised(codes.len(), || codes.iter().copied().fold(0, u16::max));
    usize::from(highest) < count
}

/// Runs a loop over so many values, compiled for what this processor has where that is worth the choice.
#[inline]
fn vectorised<R>(values: usize, work: impl FnOnce() -> R) -> R {
    if values < FEW {
        work()
    } else {
        pulp::Arch::new().dispatch(work)
    }
}

/// So many values are gone over before it is known what the processor has.
const FEW: usize = 64;

/// Offsets of a list of texts. That the bytes are UTF-8 is proven by rkyv's check of the string that holds them.
fn texts(texts: PlainText<'_>) -> Checked {
    let PlainText { offsets, text } = texts;
    let ([0, rest @ ..], Some(last)) = (offsets, offsets.last()) else {
        return Err(BatchErrorKind::Offsets);
    };
    let decreases = vectorised(rest.len(), || {
        let pairs = offsets.iter().zip(rest);
        pairs.fold(0, |bad, (begin, end)| bad | u32::from(begin > end))
    });
    require(
        decreases == 0 && *last as usize == text.len(),
        BatchErrorKind::Offsets,
    )?;
    if text.len() > MAX_TEXT {
        let longest = offsets
            .iter()
            .zip(rest)
            .fold(0, |longest, (begin, end)| longest.max(end - begin));
        require(longest as usize <= MAX_TEXT, BatchErrorKind::Text)?;
    }
    let boundaries = text.is_ascii()
        || offsets
            .iter()
            .all(|offset| text.is_char_boundary(*offset as usize));
    require(boundaries, BatchErrorKind::Boundary)
}
