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
use crate::output::{About, Alias, Identity};
use crate::vm::{self, Bound, Selection, bits};

/// One window of all keys.
#[derive(Debug, Default)]
struct Pane {
    /// Its end, while it has rows.
    end: Option<i64>,
    /// Slots with rows in it, or that had some and were closed since.
    active: Vec<u32>,
    is_active: Vec<bool>,
    /// By slot, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    latest: LatestEvents,
}

impl Pane {
    fn is_active(&self, slot: u32) -> bool {
        self.is_active
            .get(slot as usize)
            .is_some_and(|&active| active)
    }

    fn close(&mut self, slot: u32) {
        if let Some(active) = self.is_active.get_mut(slot as usize) {
            *active = false;
        }
        self.latest.clear(slot);
    }

    fn add(&mut self, layout: &Layout, cx: &Context<'_>, slot: u32, at: At) {
        let index = slot as usize;
        if self.is_active.len() <= index {
            let new = index + 1 - self.is_active.len();
            self.is_active.resize(index + 1, false);
            self.accumulators
                .extend((0..new).flat_map(|_| layout.accumulators(false)));
        }
        let accumulators = &mut self.accumulators[index * layout.len()..][..layout.len()];
        if !core::mem::replace(&mut self.is_active[index], true) {
            self.active.push(slot);
            // A slot lives on from window to window where a limit remembers it.
            for (accumulator, empty) in accumulators.iter_mut().zip(layout.accumulators(false)) {
                *accumulator = empty;
            }
        }
        layout.add(accumulators, &cx.feed(at).arguments, at.index as usize);
        self.latest.see(slot, at);
    }

    /// The slots with rows, whose window this then no longer is.
    fn take_active(&mut self) -> Vec<u32> {
        self.end = None;
        let mut slots = core::mem::take(&mut self.active);
        // A slot that was closed and opened again stands here twice.
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|&slot| self.is_active(slot));
        slots
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
            .saturating_mul(self.length)
            .saturating_add(self.length)
    }

    /// For which of the slots `having` holds, as a bitmap.
    fn having(
        &self,
        cx: &mut Context<'_>,
        aliases: &[Option<Alias>],
        results: &Results,
    ) -> Vec<u64> {
        let slots = aliases.len();
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
            let registers = vm::run(code, bind, Selection::All(slots));
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
            rule: cx.rule,
            registry: cx.registry,
            segments: cx.segments,
            kept: &cx.outputs.kept,
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
        self.open.end
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
            self.open.close(slot);
            if !self.next.is_active(slot) {
                core.release(slot, deadline);
            }
        }
        core::mem::swap(&mut self.open, &mut self.next);
    }

    fn settle(&mut self, cx: &Context<'_>) {
        self.open.latest.settle(cx);
        self.next.latest.settle(cx);
    }
}
