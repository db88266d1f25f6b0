//! The queues of keys: the events that starts have bound, in the order in which they came.

use std::collections::HashSet;

use super::super::contents::{Contents, EventId};
use super::super::groups::NEVER;
use super::super::slab::{NONE, SPARE};
use crate::rule::context::Context;
use crate::rule::feed::{At, Feed};

/// The number of the event of the moment, while matches are told of it.
pub(super) const MOMENT: EventId = 0;

/// In place of what a start has bound first: the event is no start, or none any more.
const NO_START: EventId = u32::MAX - 1;

/// Events of a queue that nobody needs may be as many as those that somebody does, and so many more.
const SPARE_EVENTS: usize = 8;

/// Queues by slot.
#[derive(Debug)]
pub(super) struct Queues {
    /// How many places there are for starts.
    places: usize,
    pub(super) keys: Vec<Key>,
    /// The oldest start at each place of each key, and behind the last one the oldest that is complete.
    heads: Vec<EventId>,
    pub(super) contents: Contents,
    /// Of each event, for as many as there are places: the next one of its queue, or the next free one; then, of a start, what it
    /// bound behind the first place, one after the other. [`NONE`] where that is what the start before it at its place
    /// has bound: they share it, and the oldest of them has it.
    links: Vec<EventId>,
    /// The first number that is free.
    free: EventId,
    /// How many events there are in all queues.
    live: usize,
    /// Keys that have taken in events of this step.
    fresh: Vec<u32>,
}

/// The queue of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// No start's window ends before this.
    pub(super) due: i64,
    /// The places where there are starts, a bit each.
    pub(super) occupied: u32,
    pub(super) starts: u32,
    /// The newest event.
    tail: EventId,
    /// The first event of this step, or none.
    fresh: EventId,
    events: u32,
}

impl Key {
    const EMPTY: Self = Self {
        due: NEVER,
        occupied: 0,
        starts: 0,
        tail: NONE,
        fresh: NONE,
        events: 0,
    };
}

impl Queues {
    pub(super) fn new(places: usize) -> Self {
        let mut queues = Self {
            places,
            keys: Vec::new(),
            heads: Vec::new(),
            contents: Contents::default(),
            links: Vec::new(),
            free: NONE,
            live: 0,
            fresh: Vec::new(),
        };
        queues.give_back();
        queues
    }

    pub(super) fn open(&mut self, slot: u32) {
        if self.keys.len() <= slot as usize {
            self.keys.resize(slot as usize + 1, Key::EMPTY);
            self.heads.resize(self.keys.len() * (self.places + 1), NONE);
        }
    }

    /// The oldest start of a key.
    #[inline]
    pub(super) fn oldest(&self, slot: u32) -> Option<EventId> {
        let place = self.keys[slot as usize].occupied.checked_ilog2()?;
        Some(self.heads[self.place(slot, place)])
    }

    #[inline]
    fn place(&self, slot: u32, place: u32) -> usize {
        slot as usize * (self.places + 1) + place as usize
    }

    /// The event behind one in its queue.
    #[inline]
    pub(super) fn next(&self, event: EventId) -> EventId {
        self.links[event as usize * self.places]
    }

    /// With one place all events are starts.
    #[inline]
    pub(super) fn is_start(&self, event: EventId) -> bool {
        self.places == 1 || self.links[event as usize * self.places + 1] != NO_START
    }

    /// Takes in a row, which takes the starts of these places one place further, none of them behind the last one, and may
    /// begin one.
    #[expect(clippy::inline_always, reason = "most rows come to it")]
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        feed: &Feed<'_>,
        slot: u32,
        (mut moved, begins): (u32, bool),
        row: (At, i64),
    ) -> EventId {
        let event = self.insert();
        self.contents.put(feed, event, row);
        match &mut self.links[event as usize * self.places..][..self.places] {
            [] => {}
            [next] => *next = NONE,
            [next, bound, further @ ..] => {
                *next = NONE;
                *bound = if begins { NONE } else { NO_START };
                if !further.is_empty() {
                    further.fill(NONE);
                }
            }
        }
        let key = &mut self.keys[slot as usize];
        if key.events > 0 {
            self.links[key.tail as usize * self.places] = event;
        }
        key.tail = event;
        key.events += 1;
        if key.fresh == NONE {
            key.fresh = event;
            self.fresh.push(slot);
        }
        let heads = slot as usize * (self.places + 1);
        let heads = &mut self.heads[heads..][..=self.places];
        while moved != 0 {
            // From the last place on: what moves is not moved twice.
            let place = moved.ilog2();
            moved ^= 1 << place;
            let head = heads[place as usize];
            self.links[head as usize * self.places + 1 + place as usize] = event;
            key.occupied ^= 1 << place;
            if key.occupied >> (place + 1) & 1 == 0 {
                key.occupied |= 2 << place;
                heads[place as usize + 1] = head;
            }
        }
        if begins {
            key.starts += 1;
            if key.occupied & 1 == 0 {
                key.occupied |= 1;
                heads[0] = event;
            }
        }
        event
    }

    /// A number for an event.
    #[inline]
    fn insert(&mut self) -> EventId {
        self.live += 1;
        if self.free == NONE {
            return self.push();
        }
        let event = self.free;
        self.free = self.next(event);
        event
    }

    #[inline(never)]
    fn push(&mut self) -> EventId {
        let event = self.links.len() / self.places;
        if self.links.len() + self.places > self.links.capacity() {
            // Memory that was never used counts too: what may be unused is an eighth.
            self.links.reserve_exact((event / 8 + 64) * self.places);
        }
        self.links.resize(self.links.len() + self.places, NONE);
        self.contents.grow(event + 1);
        event as EventId
    }

    /// The starts of the last place are complete.
    pub(super) fn complete_last(&mut self, slot: u32) {
        let first = self.place(slot, 0);
        self.heads[first + self.places] = self.heads[first + self.places - 1];
        self.keys[slot as usize].occupied ^= 3 << (self.places - 1);
    }

    /// Are there starts that are complete?
    pub(super) fn has_complete(&self, slot: u32) -> bool {
        self.keys[slot as usize].occupied >> self.places != 0
    }

    /// The oldest start that is complete, and the first event behind those that are.
    pub(super) fn complete(&self, slot: u32) -> (EventId, EventId) {
        let head = self.heads[self.place(slot, self.places as u32)];
        (head, self.behind(slot, self.places as u32))
    }

    /// The oldest start behind those of a place, and of those before it.
    fn behind(&self, slot: u32, place: u32) -> EventId {
        let before = self.keys[slot as usize].occupied & ((1 << place) - 1);
        match before.checked_ilog2() {
            Some(place) => self.heads[self.place(slot, place)],
            None => NONE,
        }
    }

    /// Puts what a start has bound, which is complete, in place of what the one before it has. Is it one?
    #[inline]
    pub(super) fn bind(&self, start: EventId, bound: &mut [(u16, EventId)]) -> bool {
        if !self.is_start(start) {
            return false;
        }
        bound[0].1 = start;
        for ((_, bound), event) in bound[1..].iter_mut().zip(self.further(start)) {
            if *event != NONE {
                *bound = *event;
            }
        }
        true
    }

    /// What a start has bound behind the first place: [`NONE`] where that is what the one before it has.
    #[inline]
    pub(super) fn further(&self, start: EventId) -> &[EventId] {
        &self.links[start as usize * self.places..][1..self.places]
    }

    /// Gives up the starts that are complete.
    pub(super) fn pop_complete(&mut self, slot: u32) {
        let (head, end) = self.complete(slot);
        self.keys[slot as usize].occupied ^= 1 << self.places;
        self.drop_before(slot, head, end);
    }

    /// Ends the starts of these places, before any others are moved.
    pub(super) fn end(&mut self, slot: u32, mut ended: u32) {
        while let Some(place) = ended.checked_ilog2() {
            ended ^= 1 << place;
            let head = self.heads[self.place(slot, place)];
            let end = self.behind(slot, place);
            let occupied = &mut self.keys[slot as usize].occupied;
            *occupied ^= 1 << place;
            if *occupied >> place == 0 {
                self.drop_before(slot, head, end);
                continue;
            }
            // Older ones may have bound what comes behind them.
            let mut event = head;
            while event != end {
                if self.is_start(event) {
                    self.links[event as usize * self.places + 1] = NO_START;
                    self.keys[slot as usize].starts -= 1;
                }
                event = self.next(event);
            }
        }
    }

    /// Gives up the oldest start of a key, which has one. Does this event stand between it and the next one?
    pub(super) fn pop(&mut self, slot: u32, sought: EventId) -> bool {
        let occupied = self.keys[slot as usize].occupied;
        let place = occupied.ilog2();
        let here = self.place(slot, place);
        let head = self.heads[here];
        let mut is_found = false;
        let mut next = self.next(head);
        while next != NONE && !self.is_start(next) {
            is_found |= next == sought;
            next = self.next(next);
        }
        if next == self.behind(slot, place) {
            self.keys[slot as usize].occupied ^= 1 << place;
        } else {
            self.heads[here] = next;
            let bound = (place as usize).min(self.places - 1);
            let (head, next) = (head as usize * self.places, next as usize * self.places);
            for number in 1..=bound {
                if self.links[next + number] == NONE {
                    self.links[next + number] = self.links[head + number];
                }
            }
        }
        self.drop_before(slot, head, next);
        is_found
    }

    /// Gives up all starts of a key.
    pub(super) fn clear(&mut self, slot: u32) {
        if let Some(oldest) = self.oldest(slot) {
            self.drop_before(slot, oldest, NONE);
        }
    }

    /// Gives up the events from the first one of a key up to another, or all.
    fn drop_before(&mut self, slot: u32, first: EventId, end: EventId) {
        let key = self.keys[slot as usize];
        let (mut last, mut dropped) = (key.tail, key.events);
        if end == NONE {
            if self.contents.must_forget() {
                self.forget(first, end);
            }
            self.keys[slot as usize] = Key::EMPTY;
        } else {
            let mut starts = 0;
            (last, dropped) = (first, 0);
            let mut event = first;
            let mut fresh = key.fresh;
            while event != end {
                starts += u32::from(self.is_start(event));
                dropped += 1;
                last = event;
                event = self.next(event);
                if last == fresh {
                    fresh = event;
                }
            }
            if self.contents.must_forget() {
                self.forget(first, end);
            }
            let key = &mut self.keys[slot as usize];
            key.fresh = fresh;
            key.starts -= starts;
            key.events -= dropped;
        }
        self.live -= dropped as usize;
        self.links[last as usize * self.places] = self.free;
        self.free = first;
    }

    /// Gives up the copies among these events.
    #[cold]
    fn forget(&mut self, first: EventId, end: EventId) {
        let mut event = first;
        while event != end {
            self.contents.forget(event);
            event = self.next(event);
        }
    }

    /// Clears a queue of events that nobody needs, if there are many.
    fn tidy(&mut self, slot: u32) {
        let key = self.keys[slot as usize];
        let needed = key.starts as usize * self.places;
        if key.events as usize > 2 * needed + SPARE_EVENTS {
            self.clear_away(slot);
        }
    }

    #[cold]
    fn clear_away(&mut self, slot: u32) {
        let Some(oldest) = self.oldest(slot) else {
            return;
        };
        let mut needed = HashSet::new();
        let mut event = oldest;
        while event != NONE {
            if self.is_start(event) {
                let links = &self.links[event as usize * self.places..][..self.places];
                needed.insert(event);
                needed.extend(links[1..].iter().filter(|bound| **bound != NONE));
            }
            event = self.next(event);
        }
        // The oldest start is needed.
        let mut key = self.keys[slot as usize];
        let (mut last, mut fresh, mut is_fresh) = (oldest, NONE, false);
        let mut event = oldest;
        while event != NONE {
            let next = self.next(event);
            is_fresh |= event == key.fresh;
            if needed.contains(&event) {
                self.links[last as usize * self.places] = event;
                last = event;
                if is_fresh && fresh == NONE {
                    fresh = event;
                }
            } else {
                self.contents.forget(event);
                self.links[event as usize * self.places] = self.free;
                self.free = event;
                key.events -= 1;
                self.live -= 1;
            }
            event = next;
        }
        self.links[last as usize * self.places] = NONE;
        key.tail = last;
        key.fresh = fresh;
        self.keys[slot as usize] = key;
    }

    /// Copies one of the events that have to outlive the step, and tells for which slot.
    pub(super) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        if !self.fresh.is_empty() {
            self.pack(cx);
        }
        let copied = self.contents.copy_one(cx);
        if copied.is_none() && self.live == 0 {
            self.give_back();
        }
        copied
    }

    /// Puts the events of this step into words, as far as that can be.
    fn pack(&mut self, cx: &Context<'_>) {
        let mut packers = self.contents.packers(cx);
        let mut fresh = core::mem::take(&mut self.fresh);
        for slot in fresh.drain(..) {
            self.tidy(slot);
            let mut event = core::mem::replace(&mut self.keys[slot as usize].fresh, NONE);
            while event != NONE {
                self.contents.pack(&mut packers, event, slot);
                event = self.next(event);
            }
        }
        self.fresh = fresh;
    }

    /// There are no events: what grew in a flood is given back.
    fn give_back(&mut self) {
        self.contents.give_back();
        if self.links.len() > SPARE * self.places || self.links.is_empty() {
            self.links = vec![NONE; self.places];
            self.free = NONE;
        }
        self.contents.grow(self.links.len() / self.places);
    }

    pub(super) fn slot_bytes(&self) -> usize {
        size_of::<Key>() + (self.places + 1) * size_of::<EventId>() + size_of::<u32>()
    }

    /// Bytes of so many events without copies.
    #[inline]
    pub(super) fn event_bytes(&self, events: usize) -> usize {
        self.contents.own_bytes(events) + events * self.places * size_of::<EventId>()
    }

    #[inline]
    pub(super) fn kept_bytes(&self) -> usize {
        self.event_bytes(self.live) + self.contents.copied_bytes()
    }
}
