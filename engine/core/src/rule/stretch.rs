//! Stretches: rows that follow each other, each of a key that is known, before anything changes by itself.
//!
//! Nothing comes between the rows of a stretch, no deadline, no new key, no eviction. So a machine may take them in one
//! aggregate after the other, and may look ahead to where the next rows' keys are in memory.

use core::ops::Range;

use super::feed::At;

/// Rows of one feed that follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch<'a> {
    /// Number of the feed.
    pub(crate) feed: u32,
    /// Place of its first row in the feed.
    pub(crate) first: u32,
    /// The slot of each row's key.
    pub(crate) slots: &'a [u32],
    /// When each row takes effect.
    pub(crate) effects: &'a [i64],
}

/// Most rows of a stretch: their slots stay in the nearest cache.
pub(crate) const LONGEST: usize = 512;

impl<'a> Stretch<'a> {
    /// The rows of these slots, from one on.
    pub(crate) fn new(first: At, slots: &'a [u32], effects: &'a [i64]) -> Self {
        Self {
            feed: first.feed,
            first: first.index,
            slots,
            effects: &effects[..slots.len()],
        }
    }

    /// Its first row.
    pub(crate) fn at(&self) -> At {
        At {
            feed: self.feed,
            index: self.first,
        }
    }

    /// Places of its rows in the feed.
    pub(crate) fn rows(&self) -> Range<usize> {
        let first = self.first as usize;
        first..first + self.slots.len()
    }

    /// Each row: its slot, where it is, and when it takes effect.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u32, At, i64)> + use<'a> {
        let Self { feed, first, .. } = *self;
        let rows = self.slots.iter().zip(self.effects).zip(first..);
        rows.map(move |((&slot, &effect), index)| (slot, At { feed, index }, effect))
    }

    /// Some of its rows.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        Self {
            feed: self.feed,
            first: self.first + rows.start as u32,
            slots: &self.slots[rows.clone()],
            effects: &self.effects[rows],
        }
    }

    /// The same rows in shorter stretches.
    pub(crate) fn parts(&self, rows: usize) -> impl Iterator<Item = Stretch<'a>> + use<'a> {
        let Self { feed, first, .. } = *self;
        let parts = self.slots.chunks(rows).zip(self.effects.chunks(rows));
        let firsts = (first..).step_by(rows);
        parts
            .zip(firsts)
            .map(move |((slots, effects), first)| Stretch {
                feed,
                first,
                slots,
                effects,
            })
    }
}
