//! `over D`, `over N events` and `over all`: windows that end at the newest event and are evaluated at each of theirs;
//! and `over N events tumbling`, which begins anew whenever it is full.
//!
//! A row updates its key's window at once and leaves the window's values in columns; `having` is then run
//! over many rows in one go, and its turns are taken in order.

use trapjaw_event::MatchKind;
use trapjaw_program::Rule;

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use super::run::Run;
use crate::aggregate::{Accumulator, Layout, Store};
use crate::bound::{Growth, Most, Pool};
use crate::limits::EVALUATED_TEXT;
use crate::output::Identity;
use crate::vm::bits;
use crate::window::chunks::{Chunks, Fifo};

/// One key's window.
#[derive(Debug, Default)]
struct Window {
    rows: Fifo,
    newest: i64,
    /// When its oldest event took effect, and how many there are; where no single row leaves.
    since: i64,
    count: u32,
    /// `having` held at the last evaluation.
    holds: bool,
    /// A firing was reported since it last did not hold.
    reported: bool,
    /// The run of rows in which it was last touched.
    run: u64,
    live: bool,
}

/// Which of a key's events a window holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Those of the last so many nanoseconds.
    Span(i64),
    /// The newest so many; it is evaluated when it has as many.
    Newest(u32),
    /// So many from the last time on that there were as many; it is evaluated when it has them.
    Batch(u32),
    /// All.
    All,
}

impl Extent {
    /// Do single rows leave?
    fn rows_leave(self) -> bool {
        matches!(self, Self::Span(_) | Self::Newest(_))
    }
}

/// The windows of all keys.
#[derive(Debug)]
pub(crate) struct Windows {
    extent: Extent,
    /// Fires at every event for which `having` holds.
    each: bool,
    reports_clear: bool,
    layout: Layout,
    store: Store,
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
    pub(crate) fn new(rule: &Rule, extent: Extent, each: bool, max_bytes: usize) -> Self {
        let layout = Layout::new(&rule.aggregates);
        Self {
            extent,
            each,
            reports_clear: rule.reports_clear,
            chunks: Chunks::new(layout.width, max_bytes),
            by_slot: Vec::new(),
            accumulators: Vec::new(),
            run: Run::new(&layout),
            store: Store::default(),
            layout,
            holding: 0,
            latest: LatestEvents::default(),
        }
    }

    fn fresh(&mut self, slot: u32) {
        let slot = slot as usize;
        if self.by_slot.len() <= slot {
            let new = slot + 1 - self.by_slot.len();
            self.by_slot.resize_with(slot + 1, Window::default);
            let empty = (0..new).flat_map(|_| self.layout.accumulators(self.extent.rows_leave()));
            self.accumulators.extend(empty);
        }
    }

    /// Makes a window an empty one.
    fn empty(&mut self, slot: u32) {
        let count = self.layout.len();
        let window = &mut self.by_slot[slot as usize];
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        let rows = self
            .extent
            .rows_leave()
            .then_some((&self.chunks, &window.rows));
        self.layout.clear(accumulators, rows, &mut self.store);
        self.chunks.clear(&mut window.rows);
        window.count = 0;
    }

    /// Removes what is no longer in the window that ends with the row that was taken in last.
    fn evict(&mut self, slot: u32, now: i64) {
        let count = self.layout.len();
        let window = &mut self.by_slot[slot as usize];
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        let is_past = |chunks: &Chunks, rows: &Fifo| match self.extent {
            // Where time has not been going on for as long, no row is past.
            Extent::Span(length) => now
                .checked_sub(length)
                .is_some_and(|past| chunks.front(rows).is_some_and(|row| row[0] as i64 <= past)),
            Extent::Newest(count) => rows.len() > count,
            Extent::Batch(_) | Extent::All => false,
        };
        while is_past(&self.chunks, &window.rows) {
            self.layout.evict(
                accumulators,
                &mut self.chunks,
                &mut window.rows,
                &mut self.store,
            );
        }
    }

    /// Is the window one to be evaluated?
    fn is_full(&self, slot: u32) -> bool {
        let window = &self.by_slot[slot as usize];
        match self.extent {
            Extent::Span(_) | Extent::All => true,
            Extent::Newest(count) => window.rows.len() == count,
            Extent::Batch(count) => window.count == count,
        }
    }

    /// How long a window is that ends now, in nanoseconds, where an aggregate asks for it; `None` for no time at all.
    fn length(&self, slot: u32, now: i64) -> Option<i64> {
        if !self.layout.has_rate {
            return None;
        }
        let window = &self.by_slot[slot as usize];
        let since = match self.extent {
            Extent::Span(length) => return Some(length),
            Extent::Newest(_) => self.chunks.front(&window.rows)?[0] as i64,
            Extent::Batch(_) | Extent::All => window.since,
        };
        Some(now.saturating_sub(since)).filter(|&length| length > 0)
    }

    /// Notes the values of a window, to be judged with others.
    fn evaluate(&mut self, slot: u32, at: At, now: i64) {
        let length = self.length(slot, now);
        let count = self.layout.len();
        let rows = &self.by_slot[slot as usize].rows;
        let rows = self.extent.rows_leave().then_some((&self.chunks, rows));
        self.layout.results(
            &self.accumulators[slot as usize * count..][..count],
            rows,
            length,
            &self.store,
            &mut self.run.results,
        );
        self.run.slots.push(slot);
        self.run.ats.push(at);
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

    fn turns(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        let holds = self.run.having(cx);
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
        self.empty(slot);
        let window = core::mem::take(&mut self.by_slot[slot as usize]);
        self.holding -= usize::from(window.holds);
        self.latest.clear(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        if let Extent::Span(_) = self.extent {
            self.evict(slot, now);
        }
        let count = self.layout.len();
        let window = &mut self.by_slot[slot as usize];
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        let arguments = &cx.feed(at).arguments;
        if self.extent.rows_leave() {
            self.chunks.push(&mut window.rows).map_err(|_| Full)?;
            self.layout.push(
                accumulators,
                arguments,
                (at.index as usize, now),
                (&mut self.chunks, &window.rows),
                &mut self.store,
            );
        } else {
            self.layout
                .add(accumulators, arguments, at.index as usize, &mut self.store);
            if window.count == 0 {
                window.since = now;
            }
            window.count = window.count.saturating_add(1);
        }
        window.live = true;
        window.newest = now;
        window.run = self.run.number;
        if let Extent::Newest(_) = self.extent {
            self.evict(slot, now);
        }
        if self.is_full(slot) {
            self.evaluate(slot, at, now);
            if let Extent::Batch(_) = self.extent {
                self.empty(slot);
            }
        }
        if self.reports_clear {
            self.latest.see(slot, at);
        }
        if self.layout.has_text && self.run.results.text_bytes() > EVALUATED_TEXT {
            self.flush(cx, core);
        }
        Ok(())
    }

    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64> {
        let window = &self.by_slot[slot as usize];
        let length = match self.extent {
            Extent::Span(length) => length,
            _ => cx.config.idle_ttl,
        };
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
            let mut empty = self.layout.no_results();
            self.layout.results(
                &self.accumulators[slot as usize * count..][..count],
                None,
                match self.extent {
                    Extent::Span(length) => Some(length),
                    _ => None,
                },
                &self.store,
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
        }
        self.run.next();
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
        let rows = match self.extent {
            Extent::Span(length) => Some(Most::Within(length)),
            Extent::Newest(count) => Some(Most::Count(u64::from(count) + 1)),
            Extent::Batch(_) | Extent::All => None,
        };
        let mut growth = Vec::new();
        if let Some(rows) = rows {
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
                most: rows,
                pool: Pool::Windows,
            });
        }
        growth.extend(self.layout.growth(1, rows));
        if self.reports_clear {
            growth.push(LatestEvents::growth(rule, 1));
        }
        growth
    }

    fn kept_bytes(&self) -> usize {
        self.latest.bytes() + self.store.bytes()
    }

    fn window_bytes(&self) -> usize {
        self.chunks.reserved_bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
    }
}
