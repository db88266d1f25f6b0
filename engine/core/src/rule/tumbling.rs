//! `over D tumbling`: windows from each start to the next, evaluated at their end.
//!
//! Rows take effect in order, so one window is open at a time, the same for all keys. There is one exception:
//! what another rule's timer derives at the very end of a window may come before the window's own timer,
//! and belongs to the next one.

use trapjaw_program::{Aggregate, Rule};

use super::context::Context;
use super::ending;
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use super::stretch::Stretch;
use crate::aggregate::{Accumulator, Layout, Results, Store};
use crate::bound::Growth;
use crate::limits::ENDED_AT_ONCE;
use crate::window::grid::Grid;

/// Where a slot stands in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// It has rows, and is listed.
    Active,
    /// It is listed, but was closed since.
    Closed,
}

/// One window of all keys.
#[derive(Clone, Debug, Default)]
struct Pane {
    /// Its start and end, while it has rows.
    span: Option<(i64, i64)>,
    /// Slots with rows in it, or that had some and were closed since; each once.
    listed: Vec<u32>,
    places: Vec<Place>,
    /// By slot, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    latest: LatestEvents,
}

impl Pane {
    fn is_active(&self, slot: u32) -> bool {
        self.places.get(slot as usize) == Some(&Place::Active)
    }

    fn close(&mut self, slot: u32, layout: &Layout, store: &mut Store) {
        if let Some(place @ Place::Active) = self.places.get_mut(slot as usize) {
            *place = Place::Closed;
            self.empty(slot, layout, store);
        }
        self.latest.clear(slot);
    }

    fn empty(&mut self, slot: u32, layout: &Layout, store: &mut Store) {
        let accumulators = &mut self.accumulators[slot as usize * layout.len()..][..layout.len()];
        layout.clear(accumulators, None, store);
    }

    fn add(&mut self, layout: &Layout, store: &mut Store, cx: &Context<'_>, slot: u32, at: At) {
        let index = slot as usize;
        if self.places.len() <= index {
            let new = index + 1 - self.places.len();
            self.places.resize(index + 1, Place::Outside);
            self.accumulators
                .extend((0..new).flat_map(|_| layout.accumulators(false)));
        }
        let accumulators = &mut self.accumulators[index * layout.len()..][..layout.len()];
        let before = core::mem::replace(&mut self.places[index], Place::Active);
        if before == Place::Outside {
            self.listed.push(slot);
        }
        layout.add(
            accumulators,
            &cx.feed(at).arguments,
            at.index as usize,
            store,
        );
        self.latest.see(slot, at);
    }

    /// The slots with rows, in order. Their window is over: nothing is listed then, but they are active still.
    fn take_active(&mut self) -> Vec<u32> {
        self.span = None;
        let mut slots = core::mem::take(&mut self.listed);
        slots.sort_unstable();
        slots.retain(|&slot| {
            let place = &mut self.places[slot as usize];
            if *place == Place::Closed {
                *place = Place::Outside;
            }
            *place == Place::Active
        });
        slots
    }

    /// A slot that was taken has nothing more to do with the window.
    fn leave(&mut self, slot: u32, layout: &Layout, store: &mut Store) {
        self.empty(slot, layout, store);
        self.places[slot as usize] = Place::Outside;
        self.latest.clear(slot);
    }

    /// The aggregates of slots over a window of that length, a row each.
    fn results(&self, layout: &Layout, slots: &[u32], length: i64, store: &Store) -> Results {
        let mut results = layout.no_results();
        for &slot in slots {
            let accumulators = &self.accumulators[slot as usize * layout.len()..][..layout.len()];
            layout.results(accumulators, None, Some(length), store, &mut results);
        }
        results
    }
}

/// The windows of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Tumbling {
    grid: Grid,
    layout: Layout,
    store: Store,
    open: Pane,
    next: Pane,
}

impl Tumbling {
    pub(crate) fn new(rule: &Rule, aggregates: &[Aggregate], length: i64) -> Self {
        Self {
            grid: Grid::new(length, rule.zone.as_deref()),
            layout: Layout::new(aggregates),
            store: Store::default(),
            open: Pane::default(),
            next: Pane::default(),
        }
    }
}

impl Machine for Tumbling {
    const JOINS: bool = true;

    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, _slot: u32) {}

    fn close(&mut self, slot: u32) {
        self.open.close(slot, &self.layout, &mut self.store);
        self.next.close(slot, &self.layout, &mut self.store);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let span = self.grid.around(now);
        let pane = if self.open.span.get_or_insert(span).1 > now {
            &mut self.open
        } else {
            &mut self.next
        };
        pane.span = Some(span);
        pane.add(&self.layout, &mut self.store, cx, slot, at);
        Ok(())
    }

    fn joins(&self, slot: u32, is_roomy: bool) -> bool {
        self.layout.joins(is_roomy) && self.open.is_active(slot)
    }

    fn most_growth(&self, cx: &Context<'_>, at: At, rows: usize) -> Option<usize> {
        (self.layout).most_growth(&cx.feed(at).arguments, rows, &self.store)
    }

    fn take_stretch(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        stretch: &Stretch<'_>,
    ) -> usize {
        // The window's end is a deadline: no row is of the next one.
        self.layout.add_stretch(
            &mut self.open.accumulators,
            &cx.feed(stretch.at()).arguments,
            (stretch.slots, stretch.rows()),
            &mut self.store,
            None,
        );
        self.open.latest.see_each(stretch);
        stretch.slots.len()
    }

    fn deadline(&self, _cx: &Context<'_>, _slot: u32) -> Option<i64> {
        None
    }

    fn waits(&self, slot: u32) -> bool {
        self.open.is_active(slot) || self.next.is_active(slot)
    }

    fn expire(&mut self, _cx: &mut Context<'_>, _core: &mut Core, _slot: u32, _deadline: i64) {}

    fn common_deadline(&self) -> Option<i64> {
        // A window that would end past the end of time does not.
        let end = self.open.span.map(|(_, end)| end);
        end.filter(|&end| end != i64::MAX)
    }

    fn expire_all(&mut self, cx: &mut Context<'_>, core: &mut Core, deadline: i64) {
        let length = (self.open.span).map_or(0, |(start, end)| end.saturating_sub(start));
        let slots = self.open.take_active();
        for slots in slots.chunks(ENDED_AT_ONCE) {
            let results = (self.open).results(&self.layout, slots, length, &self.store);
            let aliases: Vec<_> = slots
                .iter()
                .map(|&slot| self.open.latest.alias(cx, slot))
                .collect();
            ending::fire(
                cx,
                core,
                (&self.layout, &results),
                (slots, &aliases),
                deadline,
            );
        }
        for slot in slots {
            self.open.leave(slot, &self.layout, &mut self.store);
            if !self.next.is_active(slot) {
                core.release(slot, deadline);
            }
        }
        core::mem::swap(&mut self.open, &mut self.next);
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        let open = self.open.latest.settle_one(cx);
        open.or_else(|| self.next.latest.settle_one(cx))
    }

    fn slot_bytes(&self) -> usize {
        let accumulators = self.layout.len() * size_of::<Accumulator>();
        let listed = size_of::<u32>() + size_of::<Place>();
        2 * (accumulators + listed + LatestEvents::SLOT_BYTES)
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        // The window that is open, and the next one.
        let mut growth = vec![LatestEvents::growth(rule, 2)];
        growth.extend(self.layout.growth(2, None));
        growth
    }

    fn timers(&self) -> (usize, usize) {
        (0, 1)
    }

    fn kept_bytes(&self) -> usize {
        self.open.latest.bytes() + self.next.latest.bytes() + self.store.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.open.latest.reorder_sources(places);
        self.next.latest.reorder_sources(places);
    }
}
