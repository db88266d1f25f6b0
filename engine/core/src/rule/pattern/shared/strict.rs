//! Chains where each event of a key takes every start one place further, or ends it.
//!
//! So what a start has bound is the newest events of its key, one for each place that it has come, and there is one start
//! at a place at most: a bit. An event shifts the bits. The newest events of a key stand in a ring of their own, as many
//! as there are places, and nobody counts who holds them.
//!
//! Sequences by `=>` are such, and repetitions that are `strict`. Other chains are [`Chain`](super::Chain)s.

use trapjaw_event::limits::MAX_BATCH;
use trapjaw_program::Rule;
use trapjaw_program::pattern::{Pattern, Skip};

use super::classes::Moves;
use super::contents::{Contents, EventId};
use super::groups::NEVER;
use super::report::Moment;
use super::table::Table;
use crate::bound::{Growth, Most, Pool};
use crate::rule::context::Context;
use crate::rule::feed::{At, Feed};
use crate::rule::keyed::{Core, Full, Machine};

/// Partial matches of one rule.
#[derive(Debug)]
pub(crate) struct Strict {
    table: Table,
    /// The elements that take events, in order: behind the last one a match is complete.
    elements: Box<[u16]>,
    /// How many places there are for starts: one fewer than elements.
    places: u32,
    /// Bytes of each slot.
    slot_bytes: usize,
    keys: Vec<Key>,
    /// Keys with a start.
    awake: usize,
    /// The event of the moment, while matches are told of it, and then the rings of the keys.
    contents: Contents,
    /// Keys that have taken in events of this step.
    fresh: Vec<u32>,
    /// What a match has bound: at last the event of the moment.
    bound: Vec<(u16, EventId)>,
}

/// The number of the event of the moment.
const MOMENT: EventId = 0;

/// The starts of a key.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// No start's window ends before this.
    due: i64,
    /// The places where there is a start: who stands at the n-th has bound the n newest events.
    starts: u32,
    /// Where in its ring the newest event is.
    newest: u16,
    /// Is it among the [fresh](Strict::fresh)?
    is_fresh: bool,
    /// Are there copies in its ring?
    has_copies: bool,
}

impl Key {
    const EMPTY: Self = Self {
        due: NEVER,
        starts: 0,
        newest: 0,
        is_fresh: false,
        has_copies: false,
    };

    /// How many of the newest events its starts have bound.
    #[inline]
    fn bound(&self) -> u32 {
        u32::BITS - self.starts.leading_zeros()
    }

    /// The places where its starts stand after an event: the first is that of who begins, and who is behind the last one is
    /// complete.
    #[inline]
    fn moved(&self, moves: Moves) -> u32 {
        (self.starts << 1 | 1) & moves.onto
    }
}

impl Strict {
    /// Of a pattern's table, and [its elements](Table::chain), if it [is strict](Table::is_strict).
    pub(super) fn new(rule: &Rule, table: Table, elements: Box<[u16]>) -> Self {
        let places = elements.len() as u32 - 1;
        let mut contents = Contents::default();
        contents.grow(1);
        Self {
            table,
            slot_bytes: size_of::<Key>() + places as usize * Contents::packed_bytes(rule),
            places,
            bound: elements.iter().map(|element| (*element, MOMENT)).collect(),
            elements,
            keys: Vec::new(),
            awake: 0,
            contents,
            fresh: Vec::new(),
        }
    }

    /// The number of the event of a key that came so many events before the newest.
    #[inline]
    fn before(&self, slot: u32, events: u32) -> EventId {
        let newest = u32::from(self.keys[slot as usize].newest);
        let place = if newest >= events {
            newest - events
        } else {
            newest + self.places - events
        };
        1 + slot * self.places + place
    }

    /// A key's starts stand at these places with a row, which some of them have bound: it comes into the ring, in place of
    /// the oldest event.
    #[expect(clippy::inline_always, reason = "most rows come to it, from one place")]
    #[inline(always)]
    fn put(&mut self, feed: &Feed<'_>, (slot, starts): (u32, u32), row: (At, i64)) {
        let key = &mut self.keys[slot as usize];
        key.starts = starts;
        let next = u32::from(key.newest) + 1;
        key.newest = if next == self.places { 0 } else { next as u16 };
        let event = 1 + slot * self.places + u32::from(key.newest);
        if !key.is_fresh {
            key.is_fresh = true;
            self.fresh.push(slot);
        }
        self.contents.put(feed, event, row);
    }

    /// Starts stand at these places.
    #[inline]
    fn set(&mut self, slot: u32, starts: u32) {
        let key = &mut self.keys[slot as usize];
        self.awake += usize::from(starts != 0);
        self.awake -= usize::from(key.starts != 0);
        key.starts = starts;
        if starts == 0 {
            key.due = NEVER;
        }
    }

    /// Gives up all events of a key but so many.
    #[cold]
    fn forget(&mut self, slot: u32, newest: u32) {
        for events in newest..self.places {
            let event = self.before(slot, events);
            self.contents.forget(event);
        }
        let is_copy = |events| self.contents.is_copy(self.before(slot, events));
        self.keys[slot as usize].has_copies = (0..newest).any(is_copy);
    }

    /// The windows of a key's starts end, up to an instant.
    fn pass(&mut self, pattern: &Pattern, slot: u32, now: i64) {
        let Some(within) = pattern.within else {
            return;
        };
        let mut key = self.keys[slot as usize];
        while let Some(events) = key.starts.checked_ilog2() {
            let begun = self.contents[self.before(slot, events)].time;
            key.due = begun.saturating_add(within);
            if key.due > now {
                break;
            }
            key.starts ^= 1 << events;
        }
        self.keys[slot as usize].due = key.due;
        self.set(slot, key.starts);
        if key.has_copies {
            self.forget(slot, key.bound());
        }
    }

    /// Puts the events of this step into words, as far as that can be.
    fn pack(&mut self, cx: &Context<'_>) {
        let mut packers = self.contents.packers(cx);
        let mut fresh = core::mem::take(&mut self.fresh);
        for slot in fresh.drain(..) {
            let key = &mut self.keys[slot as usize];
            key.is_fresh = false;
            for events in 0..key.bound() {
                let event = self.before(slot, events);
                self.contents.pack(&mut packers, event, slot);
            }
        }
        self.fresh = fresh;
    }

    /// Tells the match that is complete with a row. Gives the places of the starts that it leaves.
    fn report(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (slot, at, now): (u32, At, i64),
    ) -> u32 {
        self.contents.put(cx.feed(at), MOMENT, (at, now));
        let mut bound = core::mem::take(&mut self.bound);
        for ((_, bound), events) in bound.iter_mut().zip((0..self.places).rev()) {
            *bound = self.before(slot, events);
        }
        let mut moment = Moment::of_row(cx, (slot, at, now), Some(MOMENT));
        self.contents.tell(cx, core, pattern, &bound, &mut moment);
        self.bound = bound;
        // Who stands at the n-th place has begun so many events before this one.
        let first = self.skipped_to(cx, pattern.skip);
        (1 << (self.elements.len() - first)) - 1
    }

    /// Which of the events of a match is the first with which others may begin.
    fn skipped_to(&self, cx: &mut Context<'_>, skip: Skip) -> usize {
        let mut elements = self.elements.iter();
        let target = match skip {
            Skip::None | Skip::ToNext => return 1,
            Skip::PastLast => return self.elements.len(),
            Skip::ToFirst(element) => elements.position(|by| *by == element),
            Skip::ToLast(element) => elements.rposition(|by| *by == element),
        };
        target.filter(|target| *target > 0).unwrap_or_else(|| {
            cx.counters.skips_degraded += 1;
            1
        })
    }
}

impl Machine for Strict {
    const RESTS: bool = true;

    fn opens(&self, cx: &Context<'_>, at: At) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        fits & self.table.beginners != 0
    }

    fn open(&mut self, slot: u32) {
        if self.keys.len() <= slot as usize {
            self.keys.resize(slot as usize + 1, Key::EMPTY);
            self.contents
                .grow(1 + self.keys.len() * self.places as usize);
        }
    }

    fn close(&mut self, slot: u32) {
        self.set(slot, 0);
        self.forget(slot, 0);
    }

    #[expect(
        clippy::inline_always,
        reason = "it is all that is done about most rows: a call of its own would be a tenth of that"
    )]
    #[inline(always)]
    fn absorbs(&mut self, cx: &Context<'_>, slot: u32, at: At, (now, _): (i64, bool)) -> bool {
        let feed = cx.feed(at);
        let moves = self.table.moves(feed.fits(at.index) & cx.sees);
        let key = &self.keys[slot as usize];
        let starts = key.moved(moves);
        if starts | key.starts == 0 {
            return true;
        }
        // Who begins to wait, or ceases to, or comes to a match, is more than can be done here.
        let is_simple = key.starts != 0
            && starts != 0
            && starts >> self.places == 0
            && key.due > now
            && !key.has_copies;
        if is_simple {
            self.put(feed, (slot, starts), (at, now));
        }
        is_simple
    }

    #[inline]
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return Ok(());
        };
        // An event that a timer derived may come before the timers of its instant, and finds their windows over.
        if self.keys[slot as usize].due <= now {
            self.pass(pattern, slot, now);
        }
        self.contents.know(cx);
        let feed = cx.feed(at);
        let moves = self.table.moves(feed.fits(at.index) & cx.sees);
        let key = self.keys[slot as usize];
        let mut starts = key.moved(moves);
        if starts >> self.places != 0 {
            starts &= self.report(cx, core, pattern, (slot, at, now));
        }
        self.set(slot, starts);
        if key.has_copies {
            // The row is not in the ring yet.
            let bound = self.keys[slot as usize].bound();
            self.forget(slot, bound.saturating_sub(1));
        }
        if starts != 0 {
            self.put(feed, (slot, starts), (at, now));
            if let Some(within) = pattern.within.filter(|_| key.starts == 0) {
                self.keys[slot as usize].due = now.saturating_add(within);
            }
        }
        Ok(())
    }

    #[inline]
    fn deadline(&self, _cx: &Context<'_>, slot: u32) -> Option<i64> {
        let key = &self.keys[slot as usize];
        Some(key.due).filter(|due| *due != NEVER)
    }

    fn expire(&mut self, cx: &mut Context<'_>, _core: &mut Core, slot: u32, deadline: i64) {
        if let Some(pattern) = cx.rule.pattern.as_deref() {
            self.pass(pattern, slot, deadline);
        }
    }

    #[inline]
    fn waits(&self, slot: u32) -> bool {
        self.keys[slot as usize].starts != 0
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        if !self.fresh.is_empty() {
            self.pack(cx);
        }
        let copied = self.contents.copy_one(cx);
        if let Some(slot) = copied {
            self.keys[slot as usize].has_copies = true;
        } else if self.awake == 0 {
            self.contents.forget_all();
        }
        copied
    }

    fn slot_bytes(&self) -> usize {
        self.slot_bytes
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        vec![Growth {
            what: "copy of an event",
            bytes: Contents::copy_bytes(rule),
            text_bytes: MAX_BATCH,
            most: Most::Count(self.places.into()),
            pool: Pool::State,
        }]
    }

    fn stands(&self) -> Option<usize> {
        Some(self.table.stands.len())
    }

    fn kept_bytes(&self) -> usize {
        self.contents.copied_bytes() + self.table.classes.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.contents.reorder_sources(places);
    }
}
