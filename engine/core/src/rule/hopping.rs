//! `over D every E`: windows of one length from each start on, evaluated at their end.
//!
//! Windows overlap, so that a row would be in many. Instead, time is cut at every start and every end of a window
//! (Krishnamurthy, Wu and Franklin, *On-the-fly sharing for streamed aggregation*, SIGMOD 2006): each row goes into one
//! pane, and a window is the sum of its panes. There are at most two panes a step, and one where the length is a
//! multiple of the step. A key has panes only where it has rows.
//!
//! As with [tumbling windows](super::tumbling), what another rule's timer derives at the very end of a window may come
//! before the window's own timer: it is in the next pane already, and its event is kept apart until then.

use std::collections::VecDeque;

use trapjaw_program::{Aggregate, Rule};

use super::context::Context;
use super::ending;
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::aggregate::{Accumulator, Layout, Results, Store};
use crate::bound::{Growth, Most, Pool};
use crate::limits::ENDED_AT_ONCE;
use crate::window::grid::Grid;

/// A pane of one key: when it starts, and where its aggregates are.
#[derive(Clone, Copy, Debug)]
struct Pane {
    start: i64,
    cell: u32,
}

/// The windows of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Hopping {
    length: i64,
    every: i64,
    grid: Grid,
    layout: Layout,
    store: Store,
    /// The panes of each slot, oldest first.
    by_slot: Vec<VecDeque<Pane>>,
    /// By cell, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    free: Vec<u32>,
    cells: u32,
    max_bytes: usize,
    /// Start and end of the pane that was filled last; `None`: of a gap between windows.
    pane: (i64, i64, bool),
    /// Start and end of the first window with rows that has not been evaluated.
    pending: Option<(i64, i64)>,
    latest: LatestEvents,
    /// Events from the pending window's end on.
    early: LatestEvents,
}

impl Hopping {
    pub(crate) fn new(
        rule: &Rule,
        aggregates: &[Aggregate],
        (length, every): (i64, i64),
        max_bytes: usize,
    ) -> Self {
        Self {
            length,
            every,
            grid: Grid::new(every, rule.zone.as_deref()),
            layout: Layout::new(aggregates),
            store: Store::default(),
            by_slot: Vec::new(),
            accumulators: Vec::new(),
            free: Vec::new(),
            cells: 0,
            max_bytes,
            pane: (0, 0, false),
            pending: None,
            latest: LatestEvents::default(),
            early: LatestEvents::default(),
        }
    }

    /// The first window that ends after an instant. It may start after it too.
    fn first_after(&mut self, instant: i64) -> (i64, i64) {
        let ended = self.grid.last_ended(instant, self.length);
        let mut start = self.grid.around(ended).1;
        let mut end = self.grid.end(start, self.length);
        // Where days are left out of a calendar, several windows can end at once.
        while end <= instant && end != i64::MAX {
            start = self.grid.around(start).1;
            end = self.grid.end(start, self.length);
        }
        (start, end)
    }

    /// The pane of an instant: its start, its end, and whether any window has it.
    fn pane_at(&mut self, now: i64) -> (i64, i64, bool) {
        let (start, end, _) = self.pane;
        if !(start..end).contains(&now) {
            let ended = self.grid.last_ended(now, self.length);
            let ended = self.grid.end(ended, self.length);
            let (first, first_end) = self.first_after(now);
            let (start, next) = self.grid.around(now);
            self.pane = (start.max(ended), next.min(first_end), first <= now);
        }
        self.pane
    }

    /// The cell of a key's pane with that start.
    fn cell(&mut self, slot: u32, start: i64) -> Result<u32, Full> {
        let bytes = self.pane_bytes();
        let panes = &mut self.by_slot[slot as usize];
        if let Some(pane) = panes.back().filter(|pane| pane.start == start) {
            return Ok(pane.cell);
        }
        let cell = match self.free.pop() {
            Some(cell) => cell,
            None if (self.cells as usize + 1) * bytes > self.max_bytes => {
                return Err(Full);
            }
            None => {
                self.accumulators.extend(self.layout.accumulators(false));
                self.cells += 1;
                self.cells - 1
            }
        };
        panes.push_back(Pane { start, cell });
        Ok(cell)
    }

    /// Bytes of a pane: of its aggregates, and its entry in a queue that has just grown and among the free ones.
    fn pane_bytes(&self) -> usize {
        self.layout.len() * size_of::<Accumulator>() + 2 * size_of::<Pane>() + size_of::<u32>()
    }

    fn release(&mut self, pane: Pane) {
        let count = self.layout.len();
        let accumulators = &mut self.accumulators[pane.cell as usize * count..][..count];
        self.layout.clear(accumulators, None, &mut self.store);
        self.free.push(pane.cell);
    }

    /// Appends the sum of a slot's panes that start before `end`.
    fn sum(&mut self, slot: u32, end: i64, length: i64, results: &mut Results) {
        let count = self.layout.len();
        let of = |pane: &Pane| pane.cell as usize * count..(pane.cell as usize + 1) * count;
        let panes = &self.by_slot[slot as usize];
        let mut inside = panes.iter().take_while(|pane| pane.start < end);
        let (first, second) = (inside.next(), inside.next());
        let (layout, store) = (&self.layout, &mut self.store);
        match (first, second) {
            (Some(only), None) => {
                let pane = &self.accumulators[of(only)];
                layout.results(pane, None, Some(length), store, results);
            }
            _ => {
                let mut sum: Vec<Accumulator> = layout.accumulators(false).collect();
                for pane in first.into_iter().chain(second).chain(inside) {
                    layout.merge(&mut sum, &self.accumulators[of(pane)], store);
                }
                layout.results(&sum, None, Some(length), store, results);
            }
        }
    }

    /// Drops the panes of a slot that start before `start`, and gives the start of the oldest that is left.
    fn drop_before(&mut self, slot: u32, start: i64) -> Option<i64> {
        loop {
            let oldest = self.by_slot[slot as usize].front()?.start;
            if oldest >= start {
                return Some(oldest);
            }
            if let Some(pane) = self.by_slot[slot as usize].pop_front() {
                self.release(pane);
            }
        }
    }
}

impl Machine for Hopping {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, VecDeque::new);
        }
    }

    fn close(&mut self, slot: u32) {
        self.drop_before(slot, i64::MAX);
        self.latest.clear(slot);
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
        let (start, _, is_covered) = self.pane_at(now);
        if !is_covered {
            return Ok(());
        }
        let cell = self.cell(slot, start)?;
        let count = self.layout.len();
        self.layout.add(
            &mut self.accumulators[cell as usize * count..][..count],
            &cx.feed(at).arguments,
            at.index as usize,
            &mut self.store,
        );
        if self.pending.is_none() {
            self.pending = Some(self.first_after(now));
        }
        if self.pending.is_some_and(|(_, end)| end <= now) {
            self.early.see(slot, at);
        } else {
            self.latest.see(slot, at);
        }
        Ok(())
    }

    fn deadline(&self, _cx: &Context<'_>, _slot: u32) -> Option<i64> {
        None
    }

    fn waits(&self, slot: u32) -> bool {
        !self.by_slot[slot as usize].is_empty()
    }

    fn expire(&mut self, _cx: &mut Context<'_>, _core: &mut Core, _slot: u32, _deadline: i64) {}

    fn common_deadline(&self) -> Option<i64> {
        // A window that would end past the end of time does not.
        let end = self.pending.map(|(_, end)| end);
        end.filter(|&end| end != i64::MAX)
    }

    fn expire_all(&mut self, cx: &mut Context<'_>, core: &mut Core, deadline: i64) {
        let Some((start, _)) = self.pending.take() else {
            return;
        };
        let length = deadline.saturating_sub(start);
        let has_rows =
            |panes: &VecDeque<Pane>| panes.front().is_some_and(|pane| pane.start < deadline);
        let slots =
            (0..self.by_slot.len() as u32).filter(|&slot| has_rows(&self.by_slot[slot as usize]));
        let slots: Vec<u32> = slots.collect();
        for slots in slots.chunks(ENDED_AT_ONCE) {
            let mut results = self.layout.no_results();
            for &slot in slots {
                self.sum(slot, deadline, length, &mut results);
            }
            let aliases: Vec<_> = slots
                .iter()
                .map(|&slot| self.latest.alias(cx, slot))
                .collect();
            ending::fire(
                cx,
                core,
                (&self.layout, &results),
                (slots, &aliases),
                deadline,
            );
        }
        let next = self.first_after(deadline);
        let mut oldest: Option<i64> = None;
        for slot in 0..self.by_slot.len() as u32 {
            if self.by_slot[slot as usize].is_empty() {
                continue;
            }
            match self.drop_before(slot, next.0) {
                Some(start) => {
                    oldest = Some(oldest.map_or(start, |oldest| oldest.min(start)));
                    self.latest.take_over(slot, &mut self.early);
                }
                None => {
                    self.latest.clear(slot);
                    core.release(slot, deadline);
                }
            }
        }
        self.pending = oldest.map(|oldest| {
            let first = self.first_after(oldest);
            if first.1 > next.1 { first } else { next }
        });
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        let latest = self.latest.settle_one(cx);
        latest.or_else(|| self.early.settle_one(cx))
    }

    fn slot_bytes(&self) -> usize {
        size_of::<VecDeque<Pane>>() + 2 * LatestEvents::SLOT_BYTES
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        // Two a step, and those of the steps that have just begun.
        let panes = 2 * (self.length / self.every + 2) as u64;
        let mut growth = vec![Growth {
            what: "pane of the window",
            bytes: self.pane_bytes(),
            text_bytes: 0,
            most: Most::Count(panes),
            pool: Pool::Windows,
        }];
        growth.push(LatestEvents::growth(rule, 2));
        growth.extend(self.layout.growth(panes, None));
        growth
    }

    fn timers(&self) -> (usize, usize) {
        (0, 1)
    }

    fn keep_members(&mut self, _members: &[usize], window_bytes: usize) {
        self.max_bytes = window_bytes.max(self.window_bytes());
    }

    fn kept_bytes(&self) -> usize {
        self.latest.bytes() + self.early.bytes() + self.store.bytes()
    }

    fn window_bytes(&self) -> usize {
        self.cells as usize * self.pane_bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
        self.early.reorder_sources(places);
    }
}
