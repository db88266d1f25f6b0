//! The newest event of a key, for matches that a timer brings about.
//!
//! Copying an event for each row would cost more than all else. Within a step its place is enough; only
//! the last one of a key is copied, when the step ends, and goes where the copy of the one before was.

use std::sync::Arc;

use trapjaw_event::limits::MAX_BATCH;
use trapjaw_program::Rule;

use super::context::Context;
use super::feed::At;
use super::stretch::Stretch;
use crate::bound::{Growth, Most, Pool};
use crate::kept::KeptEvent;
use crate::output::Alias;

#[derive(Clone, Debug, Default)]
struct Latest {
    here: Option<At>,
    kept: Option<Arc<KeptEvent>>,
}

/// The newest event of each slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestEvents {
    by_slot: Vec<Latest>,
    /// Slots whose newest event is of this step.
    touched: Vec<u32>,
    bytes: usize,
}

impl LatestEvents {
    /// Bytes that each slot takes, whatever is kept of it.
    pub(crate) const SLOT_BYTES: usize = size_of::<Latest>();

    /// What the copies add: `count` of each key.
    pub(crate) fn growth(rule: &Rule, count: u64) -> Growth {
        Growth {
            what: "newest event",
            bytes: KeptEvent::bytes_of(rule.kept.len()),
            text_bytes: MAX_BATCH,
            most: Most::Count(count),
            pool: Pool::State,
        }
    }

    /// Bytes of the copies.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// `at` is now the slot's newest event.
    pub(crate) fn see(&mut self, slot: u32, at: At) {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, Latest::default);
        }
        if self.by_slot[slot as usize].here.replace(at).is_none() {
            self.touched.push(slot);
        }
    }

    /// The rows of a stretch are now their slots' newest events.
    pub(crate) fn see_each(&mut self, stretch: &Stretch<'_>) {
        let feed = stretch.feed;
        for (&slot, index) in stretch.slots.iter().zip(stretch.first..) {
            self.see(slot, At { feed, index });
        }
    }

    /// The slot's event is now the one that `newer` has of it, if it has one.
    pub(crate) fn take_over(&mut self, slot: u32, newer: &mut Self) {
        let Some(theirs) = newer.by_slot.get_mut(slot as usize) else {
            return;
        };
        let Latest { here, kept } = core::mem::take(theirs);
        if here.is_none() && kept.is_none() {
            return;
        }
        let bytes = kept.as_ref().map_or(0, |kept| kept.bytes());
        newer.bytes -= bytes;
        self.clear(slot);
        if let Some(at) = here {
            self.see(slot, at);
        }
        self.bytes += bytes;
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, Latest::default);
        }
        self.by_slot[slot as usize].kept = kept;
    }

    /// Forgets a slot's event.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(latest) = self.by_slot.get_mut(slot as usize) {
            // The list of touched slots may still name it: `settle_one` then finds nothing.
            latest.here = None;
            if let Some(kept) = latest.kept.take() {
                self.bytes -= kept.bytes();
            }
        }
    }

    /// The slot's newest event as the alias of a match.
    pub(crate) fn alias(&self, cx: &mut Context<'_>, slot: u32) -> Option<Alias> {
        let latest = self.by_slot.get(slot as usize)?;
        match (latest.here, &latest.kept) {
            (Some(at), _) => Some(cx.alias(at, false)),
            (None, Some(kept)) => Some(cx.kept(kept)),
            (None, None) => None,
        }
    }

    /// Copies one of the events that have to outlive the step's batch, and tells its slot; `None` when all are
    /// copied.
    pub(crate) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        while let Some(slot) = self.touched.pop() {
            let latest = &mut self.by_slot[slot as usize];
            let Some(at) = latest.here.take() else {
                continue;
            };
            self.bytes -= latest.kept.as_ref().map_or(0, |kept| kept.bytes());
            let kept = latest.kept.get_or_insert_default();
            match Arc::get_mut(kept) {
                Some(kept) => cx.keep(at, kept),
                // What a match of this step still reads stays as it is.
                None => {
                    let mut copy = KeptEvent::default();
                    cx.keep(at, &mut copy);
                    *kept = Arc::new(copy);
                }
            }
            self.bytes += kept.bytes();
            return Some(slot);
        }
        None
    }

    /// The rule's sources have come to stand in another order: `places` says where each stands now.
    pub(crate) fn reorder_sources(&mut self, places: &[u16]) {
        let kept = self
            .by_slot
            .iter_mut()
            .filter_map(|latest| latest.kept.as_mut());
        for kept in kept.filter_map(Arc::get_mut) {
            kept.source = places[usize::from(kept.source)];
        }
    }
}
