//! Building the columns of the envelope that an event may lack. Each begins with the first row that has a value.

use super::text::TextBuilder;
use super::validity::Validity;
use crate::Severity;
use crate::batch::{SeverityColumn, TextColumn};

/// A column of texts.
#[derive(Debug)]
pub(super) struct EnvelopeText {
    in_use: bool,
    validity: Validity,
    text: TextBuilder,
}

impl EnvelopeText {
    pub(super) fn new(text: TextBuilder) -> Self {
        Self {
            in_use: false,
            validity: Validity::default(),
            text,
        }
    }

    pub(super) fn push(&mut self, row: usize, value: Option<&str>) {
        match value {
            Some(value) => {
                if !self.in_use {
                    self.begin(row);
                }
                self.text.push(value);
            }
            None if self.in_use => {
                self.validity.absent(row);
                self.text.push_absent();
            }
            None => {}
        }
    }

    #[cold]
    fn begin(&mut self, row: usize) {
        self.in_use = true;
        self.validity.absent_below(row);
        (0..row).for_each(|_| self.text.push_absent());
    }

    /// The finished column; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self, rows: usize) -> Option<TextColumn> {
        self.in_use.then(|| TextColumn {
            validity: self.validity.finish(rows),
            text: self.text.finish(),
        })
    }

    /// Takes the memory of the column back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, column: Option<TextColumn>) {
        if let Some(column) = column {
            self.validity.reclaim(column.validity);
            self.text.reclaim(column.text);
        }
        self.in_use = false;
    }
}

/// The column of severities.
#[derive(Debug, Default)]
pub(super) struct EnvelopeSeverity {
    in_use: bool,
    validity: Validity,
    codes: Vec<u8>,
}

impl EnvelopeSeverity {
    pub(super) fn push(&mut self, row: usize, severity: Option<Severity>) {
        match severity {
            Some(severity) => {
                if !self.in_use {
                    self.begin(row);
                }
                self.codes.push(severity.code());
            }
            None if self.in_use => {
                self.validity.absent(row);
                self.codes.push(0);
            }
            None => {}
        }
    }

    #[cold]
    fn begin(&mut self, row: usize) {
        self.in_use = true;
        self.validity.absent_below(row);
        self.codes.resize(row, 0);
    }

    /// The finished column; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self, rows: usize) -> Option<SeverityColumn> {
        self.in_use.then(|| SeverityColumn {
            validity: self.validity.finish(rows),
            codes: core::mem::take(&mut self.codes),
        })
    }

    /// Takes the memory of the column back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, column: Option<SeverityColumn>) {
        if let Some(column) = column {
            self.validity.reclaim(column.validity);
            self.codes = column.codes;
            self.codes.clear();
        }
        self.in_use = false;
    }
}
