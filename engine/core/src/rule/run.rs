//! Windows that have been evaluated since they were last judged: `having` runs over many of them in one go.

use std::borrow::Cow;

use trapjaw_program::Input;

use super::context::Context;
use super::feed::At;
use super::stretch::Stretch;
use crate::aggregate::{Layout, Results};
use crate::vm::{self, Selection, bits};

/// Evaluations at rows; all of one feed.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) slots: Vec<u32>,
    feed: u32,
    /// Which of the feed's rows.
    indexes: Vec<u32>,
    pub(super) results: Results,
}

impl Run {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            number: 1,
            slots: Vec::new(),
            feed: 0,
            indexes: Vec::new(),
            results: layout.no_results(),
        }
    }

    /// Number of evaluations.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Where the row of an evaluation is.
    pub(super) fn at(&self, row: usize) -> At {
        At {
            feed: self.feed,
            index: self.indexes[row],
        }
    }

    /// A window is evaluated at a row.
    pub(super) fn push(&mut self, slot: u32, at: At) {
        self.feed = at.feed;
        self.slots.push(slot);
        self.indexes.push(at.index);
    }

    /// Windows are evaluated at each row of a stretch.
    pub(super) fn extend(&mut self, stretch: &Stretch<'_>) {
        self.feed = stretch.feed;
        self.slots.extend_from_slice(stretch.slots);
        let first = stretch.first;
        self.indexes
            .extend(first..first + stretch.slots.len() as u32);
    }

    /// All are judged: begins the next one.
    pub(super) fn next(&mut self) {
        self.slots.clear();
        self.indexes.clear();
        self.results.clear();
        self.number += 1;
    }

    /// The evaluations for which `having` holds, as a bitmap.
    pub(super) fn having(&self, cx: &mut Context<'_>) -> Vec<u64> {
        let rows = self.len();
        let Some(code) = &cx.rule.having else {
            let mut all = vec![u64::MAX; bits::words(rows)];
            bits::clear_tail(&mut all, rows);
            return all;
        };
        if rows == 0 {
            return Vec::new();
        }
        let feed = cx.feed(self.at(0));
        let source = &cx.rule.sources[usize::from(feed.source)];
        // Where nothing is read of the rows, nobody asks which they are.
        let mut inputs = code.inputs.iter();
        let reads_rows = inputs.any(|slot| !matches!(slot.input, Input::Aggregate(_)));
        let selected: Vec<u32> = if reads_rows {
            let indexes = self.indexes.iter();
            indexes.map(|&index| feed.rows.get(index)).collect()
        } else {
            Vec::new()
        };
        let selection = if reads_rows {
            Selection::Rows(&selected)
        } else {
            Selection::All(rows)
        };
        let bind = |input| match input {
            Input::Aggregate(index) => self.results.bind(cx.column(index)),
            Input::Kept(index) => feed
                .segment
                .bind(Input::Field(source.kept[usize::from(index)])),
            input => feed.segment.bind(input),
        };
        let registers = vm::run(code, cx.tables, bind, selection);
        cx.counters.faults += registers.faults();
        let truth: Cow<'_, [u64]> = registers.truth(0);
        truth.into_owned()
    }
}
