//! The events that partial matches hold, each once. An event with which matches may begin is its start, too.

use trapjaw_program::Rule;

pub(super) use super::contents::EventId;
use super::contents::{Content, Contents};
use super::slab::{NONE, Place, Slab};
use crate::rule::context::Context;
use crate::rule::feed::At;

/// What an event is beside [what is known of it](Content): a start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// It came so far in its rule's input.
    pub(super) number: u64,
    /// Of a start: the next one in its stand. Of a free place: the next free one.
    pub(super) next: u32,
    /// Of a start: what happens to it from the next step on.
    pub(super) log: u32,
}

impl Place for Event {
    fn set_free(&mut self, next: u32) {
        self.next = next;
    }

    fn next(&self) -> u32 {
        self.next
    }
}

/// The events of one rule.
#[derive(Debug, Default)]
pub(super) struct Events {
    all: Slab<Event>,
    pub(super) contents: Contents,
    /// Events of this step, with the slot for which they were taken in.
    fresh: Vec<(EventId, u32)>,
    taken: u64,
}

impl Events {
    /// Bytes that one event of a rule takes, without its texts.
    pub(super) fn event_bytes(rule: &Rule) -> usize {
        size_of::<Event>() + size_of::<Content>() + Contents::copy_bytes(rule)
    }

    /// Takes in a row, for whoever holds it then.
    #[inline]
    pub(super) fn insert(&mut self, cx: &Context<'_>, (slot, at, time): (u32, At, i64)) -> EventId {
        self.taken += 1;
        let id = self.all.insert(Event {
            number: self.taken,
            next: NONE,
            log: NONE,
        });
        self.contents.grow(id as usize + 1);
        self.contents.know(cx);
        self.contents.put(cx.feed(at), id, (at, time));
        self.fresh.push((id, slot));
        id
    }

    /// The same, for one holder.
    #[inline]
    pub(super) fn insert_held(&mut self, cx: &Context<'_>, row: (u32, At, i64)) -> EventId {
        let id = self.insert(cx, row);
        self.hold(id);
        id
    }

    #[inline]
    pub(super) fn hold(&mut self, id: EventId) {
        self.contents[id].holders += 1;
    }

    #[inline]
    pub(super) fn release(&mut self, id: EventId) {
        let event = &mut self.contents[id];
        event.holders -= 1;
        if event.holders == 0 {
            self.contents.forget(id);
            self.all.remove(id);
        }
    }

    /// When an event took effect.
    #[inline]
    pub(super) fn time(&self, id: EventId) -> i64 {
        self.contents[id].time
    }

    /// Copies one of the events that have to outlive the step, and tells for which slot.
    pub(super) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        if !self.fresh.is_empty() {
            let mut packers = self.contents.packers(cx);
            for (id, slot) in self.fresh.drain(..) {
                // What was given back is none of this step any more, nor is a number that it has had twice.
                self.contents.pack(&mut packers, id, slot);
            }
        }
        let slot = self.contents.copy_one(cx);
        if slot.is_none() && self.all.is_empty() {
            self.contents.give_back();
        }
        slot
    }

    /// Nobody reads the rows of this step any more: none of them has to outlive it.
    pub(super) fn forget_rows(&mut self) {
        self.fresh.clear();
    }

    /// Bytes of the events and of their copies.
    pub(super) fn bytes(&self) -> usize {
        let own = self.contents.own_bytes(self.all.len());
        self.all.bytes() + own + self.contents.copied_bytes()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl core::ops::Index<EventId> for Events {
    type Output = Event;

    #[inline]
    fn index(&self, id: EventId) -> &Event {
        &self.all[id]
    }
}

impl core::ops::IndexMut<EventId> for Events {
    #[inline]
    fn index_mut(&mut self, id: EventId) -> &mut Event {
        &mut self.all[id]
    }
}
