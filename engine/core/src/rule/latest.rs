//! The newest event of a key, for matches that a timer brings about.
//!
//! Copying an event for each row would cost more than all else. Within a step its place is enough; only
//! the last one of a key is copied, when the step ends.

use super::context::Context;
use super::feed::At;
use crate::output::{Alias, KeptEvent};

#[derive(Debug, Default)]
struct Latest {
    here: Option<At>,
    kept: Option<Box<KeptEvent>>,
}

/// The newest event of each slot.
#[derive(Debug, Default)]
pub(crate) struct LatestEvents {
    by_slot: Vec<Latest>,
    /// Slots whose newest event is of this step.
    touched: Vec<u32>,
}

impl LatestEvents {
    /// `at` is now the slot's newest event.
    pub(crate) fn see(&mut self, slot: u32, at: At) {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, Latest::default);
        }
        if self.by_slot[slot as usize].here.replace(at).is_none() {
            self.touched.push(slot);
        }
    }

    /// Forgets a slot's event.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(latest) = self.by_slot.get_mut(slot as usize) {
            // The list of touched slots may still name it: `settle` then finds nothing.
            *latest = Latest::default();
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

    /// Copies what has to outlive the step's batch.
    pub(crate) fn settle(&mut self, cx: &Context<'_>) {
        for slot in self.touched.drain(..) {
            let latest = &mut self.by_slot[slot as usize];
            if let Some(at) = latest.here.take() {
                latest.kept = Some(Box::new(cx.keep(at)));
            }
        }
    }
}
