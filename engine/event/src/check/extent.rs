//! Does an archive hold its parts and nothing else?
//!
//! rkyv's own check proves that each pointer leads to memory of the archive and that no two parts overlap. It lets gaps
//! pass, in which a sender could hide bytes that nobody reads, and parts in any order. rkyv writes each value's parts
//! before the value, at the next aligned position; so where each part has to begin follows from the lengths alone.

use core::mem::{align_of, size_of};

use rkyv::boxed::ArchivedBox;
use rkyv::option::ArchivedOption;
use rkyv::string::ArchivedString;
use rkyv::string::repr::INLINE_CAPACITY;

use crate::batch::{
    ArchivedBatch, ArchivedColumn, ArchivedColumnData, ArchivedSection, ArchivedSeverityColumn,
    ArchivedText, ArchivedTextColumn, ArchivedTexts,
};

/// Does `bytes` hold just the parts of `batch`, each at the place that rkyv gives it?
pub(super) fn is_exact(bytes: &[u8], batch: &ArchivedBatch) -> bool {
    let mut walk = Walk {
        start: bytes.as_ptr().addr(),
        at: 0,
        exact: true,
    };
    walk.slice(&batch.order);
    for section in batch.sections.iter() {
        walk.section(section);
    }
    walk.slice(&batch.sections);
    walk.value(batch);
    walk.exact && walk.at == bytes.len()
}

struct Walk {
    /// Address of the archive's first byte.
    start: usize,
    /// Bytes that the parts so far fill.
    at: usize,
    exact: bool,
}

impl Walk {
    fn section(&mut self, section: &ArchivedSection) {
        self.slice(&section.time);
        self.text(&section.source);
        self.text_column(&section.id);
        self.text_column(&section.subject);
        if let ArchivedOption::Some(severity) = &section.severity {
            self.slice(&severity.validity);
            self.slice(&severity.codes);
            self.value::<ArchivedSeverityColumn>(severity);
        }
        for column in section.columns.iter() {
            self.column(column);
        }
        self.slice(&section.columns);
    }

    fn column(&mut self, column: &ArchivedColumn) {
        self.slice(&column.validity);
        match &column.data {
            ArchivedColumnData::Bool(bits) => self.slice(bits),
            ArchivedColumnData::Int(values)
            | ArchivedColumnData::Time(values)
            | ArchivedColumnData::Duration(values) => {
                self.slice(values);
            }
            ArchivedColumnData::Float(values) => self.slice(values),
            ArchivedColumnData::Enum(codes) => self.slice(codes),
            ArchivedColumnData::Text(text) => self.text(text),
            ArchivedColumnData::Ip(values) => self.slice(values),
        }
    }

    fn text_column(&mut self, column: &ArchivedOption<ArchivedBox<ArchivedTextColumn>>) {
        if let ArchivedOption::Some(column) = column {
            self.slice(&column.validity);
            self.text(&column.text);
            self.value::<ArchivedTextColumn>(column);
        }
    }

    fn text(&mut self, text: &ArchivedText) {
        match text {
            ArchivedText::Plain(texts) => self.texts(texts),
            ArchivedText::Dict(dictionary) => {
                self.slice(&dictionary.codes);
                self.texts(&dictionary.values);
            }
        }
    }

    fn texts(&mut self, texts: &ArchivedTexts) {
        self.slice(&texts.offsets);
        self.string(&texts.bytes);
    }

    /// rkyv keeps a short string inside the value that holds it, and its check refuses short ones elsewhere.
    fn string(&mut self, string: &ArchivedString) {
        if string.len() > INLINE_CAPACITY {
            self.slice(string.as_bytes());
        }
    }

    fn value<T>(&mut self, value: &T) {
        self.slice(core::slice::from_ref(value));
    }

    fn slice<T>(&mut self, slice: &[T]) {
        let begin = self.at.next_multiple_of(align_of::<T>());
        self.exact &= slice.as_ptr().addr().wrapping_sub(self.start) == begin;
        self.at = begin + size_of_val(slice);
    }
}

// Parts of size 0 would all begin at one place.
const _: () = assert!(size_of::<ArchivedColumn>() > 0 && size_of::<ArchivedSection>() > 0);
