//! The events that partial matches of a rule have bound, each once, however many matches share it.

use std::sync::Arc;

use trapjaw_program::Rule;

use crate::kept::KeptEvent;
use crate::rule::context::Context;
use crate::rule::feed::At;

/// An event that something holds.
pub(crate) type EventId = u32;

/// Places that are kept though nothing is there.
pub(super) const SPARE: usize = 1 << 12;

/// Where an event is.
#[derive(Debug)]
enum Where {
    /// Among the rows of this step.
    Here(At),
    /// Copied from an earlier step.
    Kept(Arc<KeptEvent>),
    /// Nothing: the next free one.
    Free(EventId),
}

#[derive(Debug)]
struct Entry {
    at: Where,
    /// How many hold it.
    holders: u32,
    /// It came so far in its rule's input.
    number: u64,
    /// When it took effect.
    time: i64,
    identity: u128,
}

/// An event's place, for who reads it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'e> {
    Here(At),
    Kept(&'e Arc<KeptEvent>),
}

/// The events of one rule.
#[derive(Debug, Default)]
pub(super) struct Events {
    entries: Vec<Entry>,
    free: Option<EventId>,
    live: usize,
    taken: u64,
    /// Events of this step, with the slot for which they were taken in.
    fresh: Vec<(EventId, u32)>,
    bytes: usize,
}

impl Events {
    /// Bytes that one event of a rule takes, without its texts.
    pub(super) fn event_bytes(rule: &Rule) -> usize {
        let kept = rule.sources.iter().map(|source| source.kept.len()).max();
        let values = kept.unwrap_or(0) + 2 * rule.aggregates.len();
        size_of::<Entry>() + KeptEvent::bytes_of(values)
    }

    /// Takes in a row, for one holder.
    pub(super) fn insert(&mut self, slot: u32, at: At, time: i64) -> EventId {
        self.taken += 1;
        self.live += 1;
        let entry = Entry {
            at: Where::Here(at),
            holders: 1,
            number: self.taken,
            time,
            identity: 0,
        };
        let id = match self.free {
            Some(id) => {
                let Where::Free(next) = self.entries[id as usize].at else {
                    unreachable!("what is free is in the list")
                };
                self.free = (next != EventId::MAX).then_some(next);
                self.entries[id as usize] = entry;
                id
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as EventId - 1
            }
        };
        self.fresh.push((id, slot));
        id
    }

    pub(super) fn hold(&mut self, id: EventId) {
        self.entries[id as usize].holders += 1;
    }

    pub(super) fn release(&mut self, id: EventId) {
        let entry = &mut self.entries[id as usize];
        entry.holders -= 1;
        if entry.holders == 0 {
            if let Where::Kept(kept) = &entry.at {
                self.bytes -= kept.bytes();
            }
            entry.at = Where::Free(self.free.unwrap_or(EventId::MAX));
            self.free = Some(id);
            self.live -= 1;
            if self.live == 0 && self.entries.len() > SPARE {
                // What grew in a flood is given back.
                (self.entries, self.free) = (Vec::new(), None);
            }
        }
    }

    pub(super) fn get(&self, id: EventId) -> Seen<'_> {
        match &self.entries[id as usize].at {
            Where::Here(at) => Seen::Here(*at),
            Where::Kept(kept) => Seen::Kept(kept),
            Where::Free(_) => unreachable!("who holds an event finds it"),
        }
    }

    pub(super) fn number(&self, id: EventId) -> u64 {
        self.entries[id as usize].number
    }

    pub(super) fn time(&self, id: EventId) -> i64 {
        self.entries[id as usize].time
    }

    /// The event's identity.
    pub(super) fn identity(&self, cx: &Context<'_>, id: EventId) -> u128 {
        let entry = &self.entries[id as usize];
        match entry.at {
            Where::Here(at) => {
                let feed = cx.feed(at);
                feed.segment.identity(feed.rows.get(at.index))
            }
            _ => entry.identity,
        }
    }

    /// Copies one of the events that have to outlive the step, and tells for which slot.
    pub(super) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        while let Some((id, slot)) = self.fresh.pop() {
            let Some(&Entry {
                at: Where::Here(at),
                ..
            }) = self.entries.get(id as usize)
            else {
                continue;
            };
            let identity = self.identity(cx, id);
            let mut kept = KeptEvent::default();
            cx.keep(at, &mut kept);
            let feed = cx.feed(at);
            for aggregate in &cx.rule.aggregates {
                for output in [aggregate.argument, aggregate.filter].into_iter().flatten() {
                    kept.push_value(feed.inputs.value(usize::from(output), at.index as usize));
                }
            }
            self.bytes += kept.bytes();
            let entry = &mut self.entries[id as usize];
            entry.identity = identity;
            entry.at = Where::Kept(Arc::new(kept));
            return Some(slot);
        }
        None
    }

    /// Bytes of the copies and of their places.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.live * size_of::<Entry>()
    }

    /// The rule's sources have come to stand in another order.
    pub(super) fn reorder_sources(&mut self, places: &[u16]) {
        for entry in &mut self.entries {
            if let Where::Kept(kept) = &mut entry.at
                && let Some(kept) = Arc::get_mut(kept)
            {
                kept.source = places[usize::from(kept.source)];
            }
        }
    }
}
