//! `over D` and `over all`: windows that end at the newest event and are evaluated at each of theirs.
//!
//! A row updates its key's window at once and leaves the window's values in columns; `having` is then run
//! over many rows in one go, and its turns are taken in order.

use std::borrow::Cow;

use trapjaw_event::MatchKind;
use trapjaw_program::{Input, Rule};

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::aggregate::{Accumulator, Layout, Results};
use crate::bound::{Growth, Most, Pool};
use crate::output::Identity;
use crate::vm::{self, Selection, bits};
use crate::window::chunks::{Chunks, Fifo};

/// One key's window.
#[derive(Debug, Default)]
struct Window {
    rows: Fifo,
    newest: i64,
    /// `having` held at the last evaluation.
    holds: bool,
    /// A firing was reported since it last did not hold.
    reported: bool,
    /// The run of rows in which it was last touched.
    run: u64,
    live: bool,
}

/// The rows taken in since the last flush; all of one feed.
#[derive(Debug)]
struct Run {
    number: u64,
    slots: Vec<u32>,
    ats: Vec<At>,
    results: Results,
}

/// The windows of all keys.
#[derive(Debug)]
pub(crate) struct Windows {
    /// `None`: rows never leave.
    length: Option<i64>,
    /// Fires at every event for which `having` holds.
    each: bool,
    reports_clear: bool,
    layout: Layout,
    chunks: Chunks,
    by_slot: Vec<Window>,
    /// By slot, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    run: Run,
    /// Windows whose `having` holds.
    holding: usize,
    latest: LatestEvents,
}

impl Windows {
    pub(crate) fn new(rule: &Rule, length: Option<i64>, each: bool, max_bytes: usize) -> Self {
        let layout = Layout::new(&rule.aggregates);
        Self {
            length,
            each,
            reports_clear: rule.reports_clear,
            chunks: Chunks::new(layout.width, max_bytes),
            by_slot: Vec::new(),
            accumulators: Vec::new(),
            run: Run {
                number: 1,
                slots: Vec::new(),
                ats: Vec::new(),
                results: Results::new(&layout),
            },
            layout,
            holding: 0,
            latest: LatestEvents::default(),
        }
    }

    fn fresh(&mut self, slot: u32) {
        let slot = slot as usize;
        let count = self.layout.len();
        if self.by_slot.len() <= slot {
            self.by_slot.resize_with(slot + 1, Window::default);
            let missing = (slot + 1) * count - self.accumulators.len();
            let empty = (0..missing / count.max(1))
                .flat_map(|_| self.layout.accumulators(self.length.is_some()));
            self.accumulators.extend(empty);
        } else {
            let empty = self.layout.accumulators(self.length.is_some());
            for (accumulator, empty) in self.accumulators[slot * count..].iter_mut().zip(empty) {
                *accumulator = empty;
            }
        }
    }

    /// Removes what is no longer in `(now - length, now]`.
    fn evict(&mut self, slot: u32, now: i64) {
        // Where time has not been going on for as long, no row is past.
        let Some(past) = self.length.and_then(|length| now.checked_sub(length)) else {
            return;
        };
        let count = self.layout.len();
        let window = &mut self.by_slot[slot as usize];
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        while self
            .chunks
            .front(&window.rows)
            .is_some_and(|row| row[0] as i64 <= past)
        {
            self.layout
                .evict(accumulators, &mut self.chunks, &mut window.rows);
        }
    }

    /// `having` turned to not-true for a key.
    fn clear_at(&mut self, cx: &mut Context<'_>, core: &Core, slot: u32, at: At, row: usize) {
        let window = &mut self.by_slot[slot as usize];
        if core::mem::take(&mut window.reported) && self.reports_clear {
            let about = (cx.alias(at, true), Identity::Alias);
            let values =
                (0..self.layout.len()).map(|i| self.layout.value(i, &self.run.results, row));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Cleared,
                Trigger::Row(at),
                about,
                values,
            );
        }
    }

    /// The rows of the run for which `having` holds, as a bitmap.
    fn having(&self, cx: &mut Context<'_>) -> Vec<u64> {
        let rows = self.run.ats.len();
        let Some(code) = &cx.rule.having else {
            let mut all = vec![u64::MAX; bits::words(rows)];
            bits::clear_tail(&mut all, rows);
            return all;
        };
        let Some(&first) = self.run.ats.first() else {
            return Vec::new();
        };
        let feed = cx.feed(first);
        let source = &cx.rule.sources[usize::from(feed.source)];
        let selected: Vec<u32> = self
            .run
            .ats
            .iter()
            .map(|at| feed.rows.get(at.index))
            .collect();
        let bind = |input| match input {
            Input::Aggregate(index) => self.run.results.bind(index),
            Input::Kept(index) => feed
                .segment
                .bind(Input::Field(source.kept[usize::from(index)])),
            input => feed.segment.bind(input),
        };
        let registers = vm::run(code, cx.tables, bind, Selection::Rows(&selected));
        cx.counters.faults += registers.faults();
        let truth: Cow<'_, [u64]> = registers.truth(0);
        truth.into_owned()
    }

    fn turns(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        let holds = self.having(cx);
        // Where nothing holds and nothing held, nothing turns.
        if self.holding == 0 && holds.iter().all(|&word| word == 0) {
            return;
        }
        for row in 0..self.run.ats.len() {
            let (slot, at) = (self.run.slots[row], self.run.ats[row]);
            let now = bits::get(&holds, row);
            let window = &mut self.by_slot[slot as usize];
            let before = core::mem::replace(&mut window.holds, now);
            self.holding = self.holding + usize::from(now) - usize::from(before);
            if now && (self.each || !before) {
                if core.admit(cx, slot, cx.effect(at)) {
                    window.reported = true;
                    let about = (cx.alias(at, true), Identity::Alias);
                    let values = (0..self.layout.len())
                        .map(|i| self.layout.value(i, &self.run.results, row));
                    cx.fire(
                        core.keys.key(slot),
                        MatchKind::Matched,
                        Trigger::Row(at),
                        about,
                        values,
                    );
                }
            } else if before && !now {
                self.clear_at(cx, core, slot, at, row);
            }
        }
    }
}

impl Machine for Windows {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        self.fresh(slot);
    }

    fn close(&mut self, slot: u32) {
        let mut window = core::mem::take(&mut self.by_slot[slot as usize]);
        self.chunks.clear(&mut window.rows);
        self.holding -= usize::from(window.holds);
        self.latest.clear(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        self.evict(slot, now);
        let count = self.layout.len();
        let window = &mut self.by_slot[slot as usize];
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        let arguments = &cx.feed(at).arguments;
        if self.length.is_some() {
            self.chunks.push(&mut window.rows).map_err(|_| Full)?;
            self.layout.push(
                accumulators,
                arguments,
                at.index as usize,
                now,
                (&mut self.chunks, &window.rows),
            );
        } else {
            self.layout.add(accumulators, arguments, at.index as usize);
        }
        window.live = true;
        window.newest = now;
        window.run = self.run.number;
        let rows = self
            .length
            .is_some()
            .then_some((&self.chunks, &window.rows));
        self.layout
            .results(accumulators, rows, &mut self.run.results);
        self.run.slots.push(slot);
        self.run.ats.push(at);
        if self.reports_clear {
            self.latest.see(slot, at);
        }
        Ok(())
    }

    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64> {
        let window = &self.by_slot[slot as usize];
        let length = self.length.unwrap_or(cx.config.idle_ttl);
        window.live.then(|| window.newest.saturating_add(length))
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let alias = self.latest.alias(cx, slot);
        let reported = self.by_slot[slot as usize].reported;
        self.close(slot);
        self.fresh(slot);
        if reported
            && self.reports_clear
            && let Some(alias) = alias
        {
            let count = self.layout.len();
            let mut empty = Results::new(&self.layout);
            self.layout.results(
                &self.accumulators[slot as usize * count..][..count],
                None,
                &mut empty,
            );
            let values = (0..count).map(|i| self.layout.value(i, &empty, 0));
            let about = (alias, Identity::Instant(deadline));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Cleared,
                Trigger::Deadline(deadline),
                about,
                values,
            );
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        if !self.run.ats.is_empty() {
            self.turns(cx, core);
            self.run.slots.clear();
            self.run.ats.clear();
            self.run.results.clear();
        }
        self.run.number += 1;
    }

    fn is_behind(&self, slot: u32) -> bool {
        let window = &self.by_slot[slot as usize];
        window.live && window.run == self.run.number
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.latest.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        let accumulators = self.layout.len() * size_of::<Accumulator>();
        let latest = if self.reports_clear {
            LatestEvents::SLOT_BYTES
        } else {
            0
        };
        size_of::<Window>() + accumulators + latest
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        let mut growth = Vec::new();
        if let Some(length) = self.length {
            growth.push(Growth {
                what: "chunk of rows, at an end of the window",
                bytes: self.chunks.least_bytes(),
                text_bytes: 0,
                most: Most::Count(2),
                pool: Pool::Windows,
            });
            growth.push(Growth {
                what: "further row in the window",
                bytes: self.chunks.row_bytes(),
                text_bytes: 0,
                most: Most::Within(length),
                pool: Pool::Windows,
            });
        }
        if self.reports_clear {
            growth.push(LatestEvents::growth(rule, 1));
        }
        growth
    }

    fn kept_bytes(&self) -> usize {
        self.latest.bytes()
    }

    fn window_bytes(&self) -> usize {
        self.chunks.reserved_bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
    }
}
