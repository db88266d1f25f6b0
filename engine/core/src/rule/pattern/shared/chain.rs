//! Patterns whose starts go one way: from place to place, or to nowhere.
//!
//! Where each start has one run all the time, and each step takes it one place further, or ends it, starts never pass each
//! other: an older one is at least as far as a younger. So a key has one queue of the events that its starts have bound, in
//! the order in which they came, and the starts of a place are a stretch of it: where that begins is all that an event moves.
//! What an event was bound by stands with the oldest start of those that it took along, and is handed on to the next when
//! that one goes.
//!
//! What is bound is never older than the oldest start. So nobody counts who holds an event: what is before that start goes with
//! the one before it. Starts that end while older ones are still there stay in the queue, and are cleared away at
//! the end of a step when they have become too many.
//!
//! Most sequences are such chains; see [`Table::chain`]. The others are [`Shared`](super::Shared).

mod queues;

use trapjaw_program::Rule;
use trapjaw_program::pattern::{Pattern, Skip};

use self::queues::{MOMENT, Queues};
use super::contents::EventId;
use super::groups::NEVER;
use super::growth;
use super::report::Moment;
use super::slab::NONE;
use super::table::Table;
use crate::bound::Growth;
use crate::limits::MAX_RUNS;
use crate::rule::context::Context;
use crate::rule::feed::At;
use crate::rule::keyed::{Core, Full, Machine};

/// Partial matches of one rule.
#[derive(Debug)]
pub(crate) struct Chain {
    table: Table,
    /// The elements that take events, in order: behind the last one a match is complete.
    elements: Box<[u16]>,
    /// The bit of the last place that starts stand at.
    last: u32,
    queues: Queues,
    /// What a match has bound: at last the event of the moment.
    bound: Vec<(u16, EventId)>,
}

impl Chain {
    /// Of a pattern's table, and [its elements](Table::chain).
    pub(super) fn new(table: Table, elements: Box<[u16]>) -> Self {
        let places = elements.len() - 1;
        let bound = elements.iter().map(|element| (*element, MOMENT)).collect();
        Self {
            table,
            elements,
            last: 1 << (places - 1),
            queues: Queues::new(places),
            bound,
        }
    }

    /// The windows of a key's starts end, up to an instant.
    fn pass(&mut self, pattern: &Pattern, slot: u32, now: i64) {
        let Some(within) = pattern.within else {
            return;
        };
        let mut due = NEVER;
        while let Some(start) = self.queues.oldest(slot) {
            due = self.queues.contents[start].time.saturating_add(within);
            if due > now {
                break;
            }
            self.queues.pop(slot, NONE);
            due = NEVER;
        }
        self.queues.keys[slot as usize].due = due;
    }

    /// Tells the matches that are complete, as far as those told before leave them, and gives up those that are through. `begun`
    /// is the start that the event of the moment is, if it is one.
    fn report(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (slot, at, now): (u32, At, i64),
        begun: EventId,
    ) {
        self.queues.contents.put(cx.feed(at), MOMENT, (at, now));
        let mut moment = Moment::of_row(cx, (slot, at, now), Some(MOMENT));
        let mut bound = core::mem::take(&mut self.bound);
        if matches!(pattern.skip, Skip::None | Skip::ToNext) {
            self.report_all(cx, core, pattern, &mut bound, &mut moment);
            self.queues.pop_complete(slot);
        } else {
            while self.queues.has_complete(slot) {
                self.queues.bind(self.queues.complete(slot).0, &mut bound);
                let contents = &mut self.queues.contents;
                contents.tell(cx, core, pattern, &bound, &mut moment);
                self.skip(cx, pattern.skip, &bound, (slot, begun));
            }
        }
        self.bound = bound;
    }

    /// Tells all matches that are complete.
    fn report_all(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        bound: &mut [(u16, EventId)],
        moment: &mut Moment,
    ) {
        let queues = &mut self.queues;
        let (oldest, end) = queues.complete(moment.slot);
        queues.bind(oldest, bound);
        queues.contents.tell(cx, core, pattern, bound, moment);
        let mut start = queues.next(oldest);
        let are_alike = self.elements.is_sorted()
            && queues.contents.tells_alike(cx, pattern)
            && !core.is_limited(cx);
        if are_alike {
            let mut matches = 0;
            while start != end {
                if queues.is_start(start) {
                    let own = (start, queues.further(start));
                    queues.contents.bind_next(cx, bound.len(), own);
                    matches += 1;
                }
                start = queues.next(start);
            }
            return cx.fire_alike(matches);
        }
        while start != end {
            if queues.bind(start, bound) {
                queues.contents.tell(cx, core, pattern, bound, moment);
            }
            start = queues.next(start);
        }
    }

    /// Gives up the starts that the oldest match, which has bound these, does not leave to others.
    fn skip(
        &mut self,
        cx: &mut Context<'_>,
        skip: Skip,
        bound: &[(u16, EventId)],
        (slot, begun): (u32, EventId),
    ) {
        let mut elements = self.elements.iter();
        let target = match skip {
            Skip::None | Skip::ToNext => None,
            Skip::PastLast => return self.queues.clear(slot),
            Skip::ToFirst(element) => elements.position(|by| *by == element),
            Skip::ToLast(element) => elements.rposition(|by| *by == element),
        };
        let Some(target) = target.filter(|target| *target > 0) else {
            cx.counters.skips_degraded += 1;
            self.queues.pop(slot, NONE);
            return;
        };
        let target = match bound[target].1 {
            MOMENT if begun == NONE => return self.queues.clear(slot),
            MOMENT => begun,
            target => target,
        };
        while self
            .queues
            .oldest(slot)
            .is_some_and(|start| start != target)
        {
            if self.queues.pop(slot, target) {
                break;
            }
        }
    }
}

impl Machine for Chain {
    const RESTS: bool = true;

    fn opens(&self, cx: &Context<'_>, at: At) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        fits & self.table.beginners != 0
    }

    fn open(&mut self, slot: u32) {
        self.queues.open(slot);
    }

    fn close(&mut self, slot: u32) {
        self.queues.clear(slot);
    }

    #[expect(
        clippy::inline_always,
        reason = "it is all that is done about most rows: a call of its own would be a tenth of that"
    )]
    #[inline(always)]
    fn absorbs(
        &mut self,
        cx: &Context<'_>,
        slot: u32,
        at: At,
        (now, is_roomy): (i64, bool),
    ) -> bool {
        let feed = cx.feed(at);
        let moves = self.table.moves(feed.fits(at.index) & cx.sees);
        let key = &self.queues.keys[slot as usize];
        let (moved, ended) = (key.occupied & moves.from(), key.occupied & moves.ends);
        if key.due <= now {
            return false;
        }
        if moved | ended == 0 && !moves.begins() {
            return true;
        }
        // Who begins to wait, ends, or comes to a match is more than can be done here.
        let is_simple = is_roomy
            && key.occupied != 0
            && ended | moved & self.last == 0
            && (key.starts as usize) < MAX_RUNS;
        if is_simple {
            let moved = (moved, moves.begins());
            self.queues.put(feed, slot, moved, (at, now));
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
        let feed = cx.feed(at);
        let moves = self.table.moves(feed.fits(at.index) & cx.sees);
        // An event that a timer derived may come before the timers of its instant, and finds their windows over.
        if self.queues.keys[slot as usize].due <= now {
            self.pass(pattern, slot, now);
        }
        self.queues.contents.know(cx);
        let begins = moves.begins();
        let occupied = self.queues.keys[slot as usize].occupied;
        let (moved, ended) = (occupied & moves.from(), occupied & moves.ends);
        if moved & self.last != 0 {
            self.queues.complete_last(slot);
        }
        if ended != 0 {
            self.queues.end(slot, ended);
        }
        let mut begun = NONE;
        if begins || moved & !self.last != 0 {
            let row = (at, now);
            let event = (self.queues).put(feed, slot, (moved & !self.last, begins), row);
            if begins {
                begun = event;
                if let Some(within) = pattern.within {
                    let key = &mut self.queues.keys[slot as usize];
                    key.due = key.due.min(now.saturating_add(within));
                }
            }
        }
        if moved & self.last != 0 {
            self.report(cx, core, pattern, (slot, at, now), begun);
        }
        while self.queues.keys[slot as usize].starts as usize > MAX_RUNS {
            self.queues.pop(slot, NONE);
            cx.counters.partial_matches_given_up += 1;
        }
        Ok(())
    }

    #[inline]
    fn deadline(&self, _cx: &Context<'_>, slot: u32) -> Option<i64> {
        let key = &self.queues.keys[slot as usize];
        Some(key.due).filter(|due| *due != NEVER)
    }

    fn expire(&mut self, cx: &mut Context<'_>, _core: &mut Core, slot: u32, deadline: i64) {
        if let Some(pattern) = cx.rule.pattern.as_deref() {
            self.pass(pattern, slot, deadline);
        }
    }

    #[inline]
    fn waits(&self, slot: u32) -> bool {
        self.queues.keys[slot as usize].occupied != 0
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.queues.settle_one(cx)
    }

    fn most_growth(&self, _cx: &Context<'_>, _at: At, rows: usize) -> Option<usize> {
        Some(self.queues.event_bytes(rows))
    }

    fn slot_bytes(&self) -> usize {
        self.queues.slot_bytes()
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        growth(rule)
    }

    fn stands(&self) -> Option<usize> {
        Some(self.table.stands.len())
    }

    #[inline]
    fn kept_bytes(&self) -> usize {
        self.queues.kept_bytes() + self.table.classes.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.queues.contents.reorder_sources(places);
    }
}
