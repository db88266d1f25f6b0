//! `over D tumbling`: windows `[start, start + D)` aligned to the Unix epoch, evaluated at their end.
//!
//! Rows take effect in order, so one window is open at a time, the same for all keys. There is one exception:
//! what another rule's timer derives at the very end of a window may come before the window's own timer,
//! and belongs to the next one.

use trapjaw_event::{MatchKind, ValueRef};
use trapjaw_program::{Code, Input, Rule};

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::aggregate::{Accumulator, Layout, Results};
use crate::bound::Growth;
use crate::matched::About;
use crate::output::{Alias, Identity};
use crate::vm::{self, Bound, Selection, bits};

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
#[derive(Debug, Default)]
struct Pane {
    /// Its end, while it has rows.
    end: Option<i64>,
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

    fn close(&mut self, slot: u32) {
        if let Some(place @ Place::Active) = self.places.get_mut(slot as usize) {
            *place = Place::Closed;
        }
        self.latest.clear(slot);
    }

    fn add(&mut self, layout: &Layout, cx: &Context<'_>, slot: u32, at: At) {
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
        if before != Place::Active {
            for (accumulator, empty) in accumulators.iter_mut().zip(layout.accumulators(false)) {
                *accumulator = empty;
            }
        }
        layout.add(accumulators, &cx.feed(at).arguments, at.index as usize);
        self.latest.see(slot, at);
    }

    /// The slots with rows, in order. Their window is over: nothing is listed then, but they are active still.
    fn take_active(&mut self) -> Vec<u32> {
        self.end = None;
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
    fn leave(&mut self, slot: u32) {
        self.places[slot as usize] = Place::Outside;
        self.latest.clear(slot);
    }

    /// The aggregates of slots, a row each.
    fn results(&self, layout: &Layout, slots: &[u32]) -> Results {
        let mut results = Results::new(layout);
        for &slot in slots {
            let accumulators = &self.accumulators[slot as usize * layout.len()..][..layout.len()];
            layout.results(accumulators, None, &mut results);
        }
        results
    }
}

/// The windows of all keys.
#[derive(Debug)]
pub(crate) struct Tumbling {
    length: i64,
    layout: Layout,
    open: Pane,
    next: Pane,
}

impl Tumbling {
    pub(crate) fn new(rule: &Rule, length: i64) -> Self {
        Self {
            length,
            layout: Layout::new(&rule.aggregates),
            open: Pane::default(),
            next: Pane::default(),
        }
    }

    /// The end of the window that `now` lies in.
    fn end_of(&self, now: i64) -> i64 {
        now.div_euclid(self.length)
            .saturating_add(1)
            .saturating_mul(self.length)
    }

    /// For which of the slots `having` holds, as a bitmap.
    fn having(
        &self,
        cx: &mut Context<'_>,
        aliases: &[Option<Alias>],
        results: &Results,
    ) -> Vec<u64> {
        let slots = aliases.len();
        if slots == 0 {
            // Columns without rows don't say of which type they are.
            return Vec::new();
        }
        let Some(code) = &cx.rule.having else {
            let mut all = vec![u64::MAX; bits::words(slots)];
            bits::clear_tail(&mut all, slots);
            return all;
        };
        if code
            .inputs
            .iter()
            .all(|slot| matches!(slot.input, Input::Aggregate(_)))
        {
            let bind = |input| match input {
                Input::Aggregate(index) => results.bind(index),
                _ => Bound::Value(ValueRef::Null),
            };
            let registers = vm::run(code, cx.tables, bind, Selection::All(slots));
            cx.counters.faults += registers.faults();
            return registers.truth(0).into_owned();
        }
        let mut holds = vec![0; bits::words(slots)];
        for (row, alias) in aliases.iter().enumerate() {
            let held = alias.is_some_and(|alias| self.having_of(cx, code, alias, results, row));
            holds[row / 64] |= u64::from(held) << (row % 64);
        }
        holds
    }

    /// Does `having` hold for one slot, whose newest event it reads?
    fn having_of(
        &self,
        cx: &mut Context<'_>,
        code: &Code,
        alias: Alias,
        results: &Results,
        row: usize,
    ) -> bool {
        let aggregates: Vec<_> = (0..self.layout.len())
            .map(|i| self.layout.value(i, results, row))
            .collect();
        let about = About {
            rule: (cx.id, cx.rule),
            registry: cx.registry,
            tables: cx.tables,
            segments: cx.segments,
            kept: &cx.outputs.kept,
            bound: &[],
        };
        let registers = about.run(code, alias, &aggregates);
        cx.counters.faults += registers.faults();
        bits::get(&registers.truth(0), 0)
    }
}

impl Machine for Tumbling {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, _slot: u32) {}

    fn close(&mut self, slot: u32) {
        self.open.close(slot);
        self.next.close(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let end = self.end_of(now);
        let pane = if *self.open.end.get_or_insert(end) > now {
            &mut self.open
        } else {
            &mut self.next
        };
        pane.end = Some(end);
        pane.add(&self.layout, cx, slot, at);
        Ok(())
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
        self.open.end.filter(|&end| end != i64::MAX)
    }

    fn expire_all(&mut self, cx: &mut Context<'_>, core: &mut Core, deadline: i64) {
        let slots = self.open.take_active();
        let results = self.open.results(&self.layout, &slots);
        let aliases: Vec<_> = slots
            .iter()
            .map(|&slot| self.open.latest.alias(cx, slot))
            .collect();
        let holds = self.having(cx, &aliases, &results);
        for row in bits::ones(&holds) {
            let (slot, Some(alias)) = (slots[row as usize], aliases[row as usize]) else {
                continue;
            };
            if core.admit(cx, slot, deadline) {
                let values =
                    (0..self.layout.len()).map(|i| self.layout.value(i, &results, row as usize));
                let about = (alias, Identity::Instant(deadline));
                cx.fire(
                    core.keys.key(slot),
                    MatchKind::Matched,
                    Trigger::Deadline(deadline),
                    about,
                    values,
                );
            }
        }
        for slot in slots {
            self.open.leave(slot);
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
        vec![LatestEvents::growth(rule, 2)]
    }

    fn timers(&self) -> (usize, usize) {
        (0, 1)
    }

    fn kept_bytes(&self) -> usize {
        self.open.latest.bytes() + self.next.latest.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.open.latest.reorder_sources(places);
        self.next.latest.reorder_sources(places);
    }
}
