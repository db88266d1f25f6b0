//! Patterns whose starts go one way: from place to place, or to nowhere.
//!
//! Where each start has one run all the time, and each step takes it one place further, or ends it, starts never pass each
//! other: an older one is at least as far as a younger. So those of a place are a list that is only added to at its end,
//! and there are no logs: what an event was bound by stands with the oldest start of those that it took along, and is
//! handed on to the next when that one goes.
//!
//! Most sequences are such chains; see [`Table::chain`]. The others are [`Shared`](super::Shared).

use trapjaw_program::Rule;
use trapjaw_program::pattern::{Pattern, Skip};

use super::events::{EventId, Events};
use super::groups::NEVER;
use super::growth;
use super::report::Moment;
use super::slab::NONE;
use super::table::{STAY, Table};
use crate::bound::Growth;
use crate::limits::MAX_RUNS;
use crate::rule::context::{Context, Trigger};
use crate::rule::feed::At;
use crate::rule::keyed::{Core, Full, Machine};

/// Partial matches of one rule.
#[derive(Debug)]
pub(crate) struct Chain {
    table: Table,
    /// The elements that take events, in order: behind the last one a match is complete.
    elements: Box<[u16]>,
    /// How many places there are for starts: one fewer than elements.
    places: usize,
    keys: Vec<Key>,
    /// The starts of each key by place.
    lists: Vec<List>,
    events: Events,
    /// By event, what it bound at each of the places behind the first, if it is a start; [`NONE`] where that is what the
    /// next start of its list has bound before it: they share it, and the oldest of them has it.
    behind: Vec<EventId>,
    /// The starts that are complete at this moment.
    complete: List,
    /// What a match has bound.
    bound: Vec<(u16, EventId)>,
}

/// The starts of a key.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// No start's window ends before this.
    due: i64,
    /// The places where there are starts, a bit each.
    occupied: u32,
    starts: u32,
}

impl Key {
    const EMPTY: Self = Self {
        due: NEVER,
        occupied: 0,
        starts: 0,
    };
}

/// Starts in order, the oldest first.
#[derive(Clone, Copy, Debug)]
struct List {
    head: EventId,
    tail: EventId,
}

impl List {
    const EMPTY: Self = Self {
        head: NONE,
        tail: NONE,
    };
}

impl Chain {
    /// Of a pattern's table, and [its elements](Table::chain).
    pub(super) fn new(table: Table, elements: Box<[u16]>) -> Self {
        Self {
            table,
            places: elements.len() - 1,
            elements,
            keys: Vec::new(),
            lists: Vec::new(),
            events: Events::default(),
            behind: Vec::new(),
            complete: List::EMPTY,
            bound: Vec::new(),
        }
    }

    /// What an event makes of the starts of a key, and the match that may begin with it. Gives its number if anything
    /// took it.
    #[inline]
    fn event(
        &mut self,
        cx: &Context<'_>,
        pattern: &Pattern,
        class: u32,
        (slot, at, now): (u32, At, i64),
    ) -> EventId {
        let class = self.table.classes.get(class);
        let (begins, ends) = (class.begins != STAY, class.ends as u32);
        let touched = self.keys[slot as usize].occupied & class.touches as u32;
        let mut event = NONE;
        if begins || touched & !ends != 0 {
            event = self.events.insert(cx, (slot, at, now));
        }
        if touched != 0 {
            self.go_on(slot, (touched, ends), event);
        }
        if begins {
            self.begin(slot, event);
            if let Some(within) = pattern.within {
                let key = &mut self.keys[slot as usize];
                key.due = key.due.min(now.saturating_add(within));
            }
        }
        event
    }

    /// Takes the starts of these places one place further with an event, or ends them.
    #[inline]
    fn go_on(&mut self, slot: u32, (mut touched, ends): (u32, u32), event: EventId) {
        let first = slot as usize * self.places;
        while touched != 0 {
            // From the last place on: what moves is not moved twice.
            let place = touched.ilog2() as usize;
            touched ^= 1 << place;
            let list = self.lists[first + place];
            self.keys[slot as usize].occupied ^= 1 << place;
            if ends >> place & 1 != 0 {
                self.end(slot, place, list);
            } else if place + 1 == self.places {
                self.complete = list;
            } else {
                self.events.hold(event);
                self.behind[list.head as usize * (self.places - 1) + place] = event;
                self.append(slot, place + 1, list);
            }
        }
    }

    /// Puts starts behind those of a place.
    #[inline]
    fn append(&mut self, slot: u32, place: usize, list: List) {
        let there = &mut self.lists[slot as usize * self.places + place];
        let key = &mut self.keys[slot as usize];
        if key.occupied >> place & 1 == 0 {
            key.occupied |= 1 << place;
            *there = list;
        } else {
            self.events[there.tail].next = list.head;
            there.tail = list.tail;
        }
    }

    #[inline]
    fn begin(&mut self, slot: u32, event: EventId) {
        let behind = self.places - 1;
        let begin = event as usize * behind;
        if self.behind.len() < begin + behind {
            let more = (begin + behind - self.behind.len()).max(self.behind.len() / 8 + 64);
            self.behind.reserve_exact(more);
            self.behind.resize(begin + behind, NONE);
        }
        self.behind[begin..begin + behind].fill(NONE);
        self.events.hold(event);
        self.keys[slot as usize].starts += 1;
        let list = List {
            head: event,
            tail: event,
        };
        self.append(slot, 0, list);
    }

    /// Gives up the oldest start of a list that stands at a place; gives what is left of the list.
    #[inline]
    fn pop(&mut self, slot: u32, place: usize, list: List) -> List {
        let start = list.head;
        let next = self.events[start].next;
        let behind = self.places - 1;
        for number in 0..place.min(behind) {
            let bound = self.behind[start as usize * behind + number];
            if bound == NONE {
                continue;
            }
            match (next != NONE).then(|| &mut self.behind[next as usize * behind + number]) {
                Some(shared) if *shared == NONE => *shared = bound,
                _ => self.events.release(bound),
            }
        }
        self.events.release(start);
        self.keys[slot as usize].starts -= 1;
        List {
            head: next,
            tail: if next == NONE { NONE } else { list.tail },
        }
    }

    /// Gives up all starts of a list that stood at a place.
    fn end(&mut self, slot: u32, place: usize, mut list: List) {
        while list.head != NONE {
            list = self.pop(slot, place, list);
        }
    }

    /// Gives up the oldest starts of a place as long as a condition holds. Gives the oldest one that is left.
    fn pop_while(
        &mut self,
        slot: u32,
        place: usize,
        is_through: impl Fn(&Self, EventId) -> bool,
    ) -> Option<EventId> {
        if self.keys[slot as usize].occupied >> place & 1 == 0 {
            return None;
        }
        let here = slot as usize * self.places + place;
        let mut list = self.lists[here];
        while list.head != NONE && is_through(self, list.head) {
            list = self.pop(slot, place, list);
        }
        self.lists[here] = list;
        if list.head == NONE {
            self.keys[slot as usize].occupied ^= 1 << place;
            return None;
        }
        Some(list.head)
    }

    /// The windows of a key's starts end, up to an instant.
    fn pass(&mut self, pattern: &Pattern, slot: u32, now: i64) {
        let Some(within) = pattern.within else {
            return;
        };
        if self.keys[slot as usize].due > now {
            return;
        }
        let end = |chain: &Self, start: EventId| chain.events.time(start).saturating_add(within);
        let mut due = NEVER;
        for place in 0..self.places {
            let left = self.pop_while(slot, place, |chain, start| end(chain, start) <= now);
            due = left.map_or(due, |start| due.min(end(self, start)));
        }
        self.keys[slot as usize].due = due;
    }

    /// Tells the matches that are complete, as far as those told before leave them, and gives up those that are through.
    fn report(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (slot, event, at, now): (u32, EventId, At, i64),
    ) {
        let mut moment = Moment::new(Trigger::Row(at), now, (slot, Some(event)));
        // It is needed until all are told, whether or not it has begun something that goes on.
        self.events.hold(event);
        let mut bound = core::mem::take(&mut self.bound);
        while self.complete.head != NONE {
            self.bind(self.complete.head, event, &mut bound);
            self.events
                .contents
                .tell(cx, core, pattern, &bound, &mut moment);
            if matches!(pattern.skip, Skip::None | Skip::ToNext) {
                self.complete = self.pop(slot, self.places, self.complete);
                continue;
            }
            let target = self.events.skipped_to(cx, pattern.skip, &bound);
            let is_passed = |chain: &Self, start: EventId| chain.events[start].number < target;
            while self.complete.head != NONE && is_passed(self, self.complete.head) {
                self.complete = self.pop(slot, self.places, self.complete);
            }
            for place in 0..self.places {
                self.pop_while(slot, place, is_passed);
            }
        }
        bound.clear();
        self.bound = bound;
        self.events.release(event);
    }

    /// What a start has bound that an event completes.
    fn bind(&self, start: EventId, event: EventId, bound: &mut Vec<(u16, EventId)>) {
        let behind = self.places - 1;
        let begin = start as usize * behind;
        let events = core::iter::once(start)
            .chain(self.behind[begin..begin + behind].iter().copied())
            .chain(core::iter::once(event));
        bound.clear();
        bound.extend(self.elements.iter().copied().zip(events));
    }

    /// Gives the oldest starts up while there are too many.
    #[cold]
    fn give_up_oldest(&mut self, cx: &mut Context<'_>, slot: u32) {
        while let Key {
            occupied: occupied @ 1..,
            starts,
            ..
        } = self.keys[slot as usize]
            && starts as usize > MAX_RUNS
        {
            let place = occupied.ilog2() as usize;
            let here = slot as usize * self.places + place;
            self.lists[here] = self.pop(slot, place, self.lists[here]);
            if self.lists[here].head == NONE {
                self.keys[slot as usize].occupied ^= 1 << place;
            }
            cx.counters.partial_matches_given_up += 1;
        }
    }

    /// The end of a moment.
    #[inline]
    fn settle(&mut self, slot: u32) {
        let key = &mut self.keys[slot as usize];
        if key.occupied == 0 {
            key.due = NEVER;
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
        if self.keys.len() <= slot as usize {
            self.keys.resize(slot as usize + 1, Key::EMPTY);
            self.lists
                .resize(self.keys.len() * self.places, List::EMPTY);
        }
    }

    fn close(&mut self, slot: u32) {
        for place in 0..self.places {
            self.pop_while(slot, place, |_, _| true);
        }
        self.settle(slot);
    }

    #[expect(
        clippy::inline_always,
        reason = "it is all that is done about most rows: a call of its own would be a tenth of that"
    )]
    #[inline(always)]
    fn absorbs(&mut self, cx: &Context<'_>, slot: u32, at: At, now: i64) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        let class = self.table.class(fits);
        let class = self.table.classes.get(class);
        let key = &self.keys[slot as usize];
        class.begins == STAY && key.occupied & class.touches as u32 == 0 && key.due > now
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
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        let class = self.table.class(fits);
        // An event that a timer derived may come before the timers of its instant, and finds their windows over.
        if self.keys[slot as usize].due <= now {
            self.pass(pattern, slot, now);
        }
        let event = self.event(cx, pattern, class, (slot, at, now));
        if self.complete.head != NONE {
            self.report(cx, core, pattern, (slot, event, at, now));
        }
        if self.keys[slot as usize].starts as usize > MAX_RUNS {
            self.give_up_oldest(cx, slot);
        }
        self.settle(slot);
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
        self.settle(slot);
    }

    #[inline]
    fn waits(&self, slot: u32) -> bool {
        self.keys[slot as usize].occupied != 0
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.events.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Key>() + self.places * size_of::<List>()
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        growth(rule)
    }

    fn stands(&self) -> Option<usize> {
        Some(self.table.stands.len())
    }

    #[inline]
    fn kept_bytes(&self) -> usize {
        let behind = self.events.len() * (self.places - 1) * size_of::<EventId>();
        self.events.bytes() + behind + self.table.classes.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.events.contents.reorder_sources(places);
    }
}
