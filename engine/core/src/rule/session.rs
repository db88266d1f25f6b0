//! `over session D`: events each less than D after the one before, evaluated D after the last.
//!
//! What another rule's timer derives at the very end of a session may come before the session's own timer: it is D
//! away, and begins the next one.

use trapjaw_program::{Aggregate, Rule};

use super::context::Context;
use super::ending;
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::aggregate::{Accumulator, Layout, Store};
use crate::bound::Growth;

/// When the first and the newest event of a session took effect.
type Span = Option<(i64, i64)>;

/// The sessions of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    gap: i64,
    layout: Layout,
    store: Store,
    /// The session that is open, and one that begins as it ends.
    by_slot: Vec<[Span; 2]>,
    /// By slot, twice as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    latest: LatestEvents,
    /// Events of sessions that begin as another ends.
    early: LatestEvents,
}

impl Sessions {
    pub(crate) fn new(aggregates: &[Aggregate], gap: i64) -> Self {
        Self {
            gap,
            layout: Layout::new(aggregates),
            store: Store::default(),
            by_slot: Vec::new(),
            accumulators: Vec::new(),
            latest: LatestEvents::default(),
            early: LatestEvents::default(),
        }
    }

    /// The aggregates of a slot's sessions: of the open one, and of the next.
    fn halves(&mut self, slot: u32) -> (&mut [Accumulator], &mut [Accumulator]) {
        let count = self.layout.len();
        let both = &mut self.accumulators[slot as usize * 2 * count..][..2 * count];
        both.split_at_mut(count)
    }

    fn empty(&mut self, slot: u32) {
        let count = self.layout.len();
        let open = &mut self.accumulators[slot as usize * 2 * count..][..count];
        self.layout.clear(open, None, &mut self.store);
    }

    /// The next session, if there is one, is now the open one.
    fn begin_next(&mut self, slot: u32) {
        self.empty(slot);
        let (open, next) = self.halves(slot);
        open.swap_with_slice(next);
        let [open, next] = &mut self.by_slot[slot as usize];
        *open = next.take();
        if open.is_none() {
            self.latest.clear(slot);
        } else {
            self.latest.take_over(slot, &mut self.early);
        }
    }
}

impl Machine for Sessions {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        let slot = slot as usize;
        if self.by_slot.len() <= slot {
            let new = slot + 1 - self.by_slot.len();
            self.by_slot.resize(slot + 1, [None, None]);
            let empty = (0..2 * new).flat_map(|_| self.layout.accumulators(false));
            self.accumulators.extend(empty);
        }
    }

    fn close(&mut self, slot: u32) {
        self.begin_next(slot);
        self.begin_next(slot);
        self.early.clear(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let count = self.layout.len();
        let [open, next] = &mut self.by_slot[slot as usize];
        let is_over = open.is_some_and(|(_, newest)| now >= newest.saturating_add(self.gap));
        let (span, latest) = if is_over {
            (next, &mut self.early)
        } else {
            (open, &mut self.latest)
        };
        *span = Some((span.map_or(now, |(first, _)| first), now));
        latest.see(slot, at);
        let half = 2 * slot as usize + usize::from(is_over);
        self.layout.add(
            &mut self.accumulators[half * count..][..count],
            &cx.feed(at).arguments,
            at.index as usize,
            &mut self.store,
        );
        Ok(())
    }

    fn deadline(&self, _cx: &Context<'_>, slot: u32) -> Option<i64> {
        let (_, newest) = self.by_slot[slot as usize][0]?;
        Some(newest.saturating_add(self.gap))
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let Some((first, newest)) = self.by_slot[slot as usize][0] else {
            return;
        };
        let length = Some(newest.saturating_sub(first)).filter(|&length| length > 0);
        let count = self.layout.len();
        let open = &self.accumulators[slot as usize * 2 * count..][..count];
        let mut results = self.layout.no_results();
        self.layout
            .results(open, None, length, &self.store, &mut results);
        let alias = self.latest.alias(cx, slot);
        ending::fire(
            cx,
            core,
            (&self.layout, &results),
            (&[slot], &[alias]),
            deadline,
        );
        self.begin_next(slot);
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        let latest = self.latest.settle_one(cx);
        latest.or_else(|| self.early.settle_one(cx))
    }

    fn slot_bytes(&self) -> usize {
        let accumulators = self.layout.len() * size_of::<Accumulator>();
        2 * (accumulators + size_of::<Span>() + LatestEvents::SLOT_BYTES)
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        let mut growth = vec![LatestEvents::growth(rule, 2)];
        growth.extend(self.layout.growth(2, None));
        growth
    }

    fn kept_bytes(&self) -> usize {
        self.latest.bytes() + self.early.bytes() + self.store.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
        self.early.reorder_sources(places);
    }
}
