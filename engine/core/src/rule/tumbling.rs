//! `over D tumbling`: windows `[start, start + D)` aligned to the Unix epoch, evaluated at their end.
//!
//! Rows take effect in order, so one window is open at a time, the same for all keys.

use trapjaw_event::MatchKind;
use trapjaw_program::{Code, Input, Rule};

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::aggregate::{Accumulator, Layout, Results};
use crate::output::{About, Alias, Identity};
use crate::vm::{self, Bound, Selection, bits};

/// The open window of all keys.
#[derive(Debug)]
pub(crate) struct Tumbling {
    length: i64,
    layout: Layout,
    /// End of the open window, while it has rows.
    end: Option<i64>,
    /// Slots with rows in it, or that had some and were closed since.
    active: Vec<u32>,
    is_active: Vec<bool>,
    /// By slot, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    latest: LatestEvents,
}

impl Tumbling {
    pub(crate) fn new(rule: &Rule, length: i64) -> Self {
        Self {
            length,
            layout: Layout::new(&rule.aggregates),
            end: None,
            active: Vec::new(),
            is_active: Vec::new(),
            accumulators: Vec::new(),
            latest: LatestEvents::default(),
        }
    }

    /// The end of the window that `now` lies in.
    fn end_of(&self, now: i64) -> i64 {
        now.div_euclid(self.length)
            .saturating_mul(self.length)
            .saturating_add(self.length)
    }

    /// The aggregates of the active slots, a row each.
    fn results(&self, slots: &[u32]) -> Results {
        let count = self.layout.len();
        let mut results = Results::new(&self.layout);
        for &slot in slots {
            let accumulators = &self.accumulators[slot as usize * count..][..count];
            self.layout.results(accumulators, None, &mut results);
        }
        results
    }

    /// For which of the slots `having` holds, as a bitmap.
    fn having(
        &self,
        cx: &mut Context<'_>,
        slots: &[u32],
        aliases: &[Option<Alias>],
        results: &Results,
    ) -> Vec<u64> {
        let Some(code) = &cx.rule.having else {
            let mut all = vec![u64::MAX; bits::words(slots.len())];
            bits::clear_tail(&mut all, slots.len());
            return all;
        };
        if code
            .inputs
            .iter()
            .all(|slot| matches!(slot.input, Input::Aggregate(_)))
        {
            let bind = |input| match input {
                Input::Aggregate(index) => results.bind(index),
                _ => Bound::Value(trapjaw_event::ValueRef::Null),
            };
            let registers = vm::run(code, bind, Selection::All(slots.len()));
            cx.counters.faults += registers.faults();
            return registers.truth(0).into_owned();
        }
        let mut holds = vec![0; bits::words(slots.len())];
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

    fn open(&mut self, slot: u32) {
        let slot = slot as usize;
        let count = self.layout.len();
        if self.is_active.len() <= slot {
            let new = slot + 1 - self.is_active.len();
            self.is_active.resize(slot + 1, false);
            self.accumulators
                .extend((0..new).flat_map(|_| self.layout.accumulators(false)));
        }
        let empty = self.layout.accumulators(false);
        for (accumulator, empty) in self.accumulators[slot * count..].iter_mut().zip(empty) {
            *accumulator = empty;
        }
    }

    fn close(&mut self, slot: u32) {
        self.is_active[slot as usize] = false;
        self.latest.clear(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        slot: u32,
        at: At,
    ) -> Result<(), Full> {
        if self.end.is_none() {
            self.end = Some(self.end_of(cx.effect(at)));
        }
        if !core::mem::replace(&mut self.is_active[slot as usize], true) {
            self.active.push(slot);
        }
        let count = self.layout.len();
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        self.layout
            .add(accumulators, &cx.feed(at).arguments, at.index as usize);
        self.latest.see(slot, at);
        Ok(())
    }

    fn deadline(&self, _cx: &Context<'_>, _slot: u32) -> Option<i64> {
        None
    }

    fn waits(&self, slot: u32) -> bool {
        self.is_active[slot as usize]
    }

    fn expire(&mut self, _cx: &mut Context<'_>, _core: &mut Core, _slot: u32, _deadline: i64) {}

    fn common_deadline(&self) -> Option<i64> {
        self.end
    }

    fn expire_all(&mut self, cx: &mut Context<'_>, core: &mut Core, deadline: i64) {
        self.end = None;
        let mut slots = core::mem::take(&mut self.active);
        // A slot that was closed and opened again stands here twice.
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|&slot| self.is_active[slot as usize]);
        let results = self.results(&slots);
        let aliases: Vec<_> = slots
            .iter()
            .map(|&slot| self.latest.alias(cx, slot))
            .collect();
        let holds = self.having(cx, &slots, &aliases, &results);
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
            self.is_active[slot as usize] = false;
            self.latest.clear(slot);
            core.release(slot, deadline);
        }
    }

    fn settle(&mut self, cx: &Context<'_>) {
        self.latest.settle(cx);
    }
}
