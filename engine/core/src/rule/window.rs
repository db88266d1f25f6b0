//! `over D`, `over N events` and `over all`: windows that end at the newest event and are evaluated at each of theirs;
//! and `over N events tumbling`, which begins anew whenever it is full.
//!
//! Each key has its rows by itself, or none. Where nobody looks at rows again, those of `over D` are [one log](super::totals).

use trapjaw_program::{Aggregate, Rule};

use super::context::Context;
use super::feed::At;
use super::judged::Judged;
use super::keyed::{Core, Full, Machine};
use super::stretch::Stretch;
use crate::bound::{Growth, Most, Pool};
use crate::limits::EVALUATED_TEXT;
use crate::window::chunks::{Chunks, Fifo};

/// One key's window.
#[derive(Clone, Debug, Default)]
struct Window {
    rows: Fifo,
    newest: i64,
    /// When its oldest event took effect, where no single row leaves.
    since: i64,
    /// How many there are, where only all leave together.
    count: u32,
    /// The run of rows in which it was last touched.
    run: u64,
    live: bool,
}

/// Rows whose windows are looked at ahead.
const AHEAD: usize = 16;

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

/// Is a row no longer in a window of that length that ends now? Where time has not been going on for as long, none is.
fn is_past(row: &[u64], now: i64, length: i64) -> bool {
    let past = now.checked_sub(length);
    past.is_some_and(|past| row[0] as i64 <= past)
}

/// The windows of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    extent: Extent,
    judged: Judged,
    chunks: Chunks,
    by_slot: Vec<Window>,
}

impl Windows {
    /// Of rules that have the same windows, with the aggregates of all.
    pub(crate) fn new(
        rules: &[&Rule],
        aggregates: &[Aggregate],
        extent: Extent,
        max_bytes: usize,
    ) -> Self {
        let judged = Judged::new(rules, aggregates, extent.rows_leave());
        Self {
            extent,
            chunks: Chunks::new(judged.layout.width, max_bytes),
            by_slot: Vec::new(),
            judged,
        }
    }

    fn fresh(&mut self, slot: u32) {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, Window::default);
        }
        self.judged.fresh(slot);
    }

    /// Makes a window an empty one.
    fn empty(&mut self, slot: u32) {
        let window = &mut self.by_slot[slot as usize];
        let rows = self
            .extent
            .rows_leave()
            .then_some((&self.chunks, &window.rows));
        self.judged.empty(slot, rows);
        self.chunks.clear(&mut window.rows);
        window.count = 0;
    }

    /// Removes what is no longer in the window that ends with the row that was taken in last.
    fn evict(&mut self, slot: u32, now: i64) {
        let window = &mut self.by_slot[slot as usize];
        let (layout, accumulators, store) = self.judged.of(slot);
        let is_past = |chunks: &Chunks, rows: &Fifo| match self.extent {
            Extent::Span(length) => chunks
                .front(rows)
                .is_some_and(|row| is_past(row, now, length)),
            Extent::Newest(count) => rows.len() > count,
            Extent::Batch(_) | Extent::All => false,
        };
        while is_past(&self.chunks, &window.rows) {
            layout.evict(accumulators, &mut self.chunks, &mut window.rows, store);
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
        if !self.judged.layout.has_rate {
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
        let rows = &self.by_slot[slot as usize].rows;
        let rows = self.extent.rows_leave().then_some((&self.chunks, rows));
        self.judged.evaluate((slot, at), rows, length);
    }

    /// Takes in rows that never leave, and notes the values after each.
    fn take_column_wise(&mut self, cx: &Context<'_>, stretch: &Stretch<'_>) {
        let Judged {
            layout,
            accumulators,
            store,
            run,
            ..
        } = &mut self.judged;
        layout.add_stretch(
            accumulators,
            &cx.feed(stretch.at()).arguments,
            (stretch.slots, stretch.rows()),
            store,
            Some(&mut run.results),
        );
        run.extend(stretch);
        let number = run.number;
        for (&slot, &now) in stretch.slots.iter().zip(stretch.effects) {
            let window = &mut self.by_slot[slot as usize];
            window.newest = now;
            window.run = number;
        }
        self.judged.see_each(stretch);
    }

    /// Reads what the rows of these slots will ask for first. Each is somewhere else in memory, and so they are fetched
    /// together, which takes little longer than to fetch one.
    fn look_ahead(&self, slots: &[u32]) {
        let mut seen = 0;
        for &slot in slots {
            let rows = &self.by_slot[slot as usize].rows;
            seen ^= self.chunks.front(rows).map_or(0, |row| row[0]);
            seen ^= self.chunks.back(rows).map_or(0, |row| row[0]);
        }
        core::hint::black_box(seen);
    }
}

impl Machine for Windows {
    const JOINS: bool = true;

    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        self.fresh(slot);
    }

    fn close(&mut self, slot: u32) {
        self.empty(slot);
        self.by_slot[slot as usize] = Window::default();
        self.judged.forget(slot);
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
        let number = self.judged.run.number;
        let window = &mut self.by_slot[slot as usize];
        let (layout, accumulators, store) = self.judged.of(slot);
        let arguments = &cx.feed(at).arguments;
        if self.extent.rows_leave() {
            self.chunks.push(&mut window.rows).map_err(|_| Full)?;
            layout.push(
                accumulators,
                arguments,
                (at.index as usize, now),
                (&mut self.chunks, &window.rows),
                store,
            );
        } else {
            layout.add(accumulators, arguments, at.index as usize, store);
            if window.count == 0 {
                window.since = now;
            }
            window.count = window.count.saturating_add(1);
        }
        window.live = true;
        window.newest = now;
        window.run = number;
        if let Extent::Newest(_) = self.extent {
            self.evict(slot, now);
        }
        if self.is_full(slot) {
            self.evaluate(slot, at, now);
            if let Extent::Batch(_) = self.extent {
                self.empty(slot);
            }
        }
        self.judged.see(slot, at);
        if self.judged.layout.has_text && self.judged.run.results.text_bytes() > EVALUATED_TEXT {
            self.flush(cx, core);
        }
        Ok(())
    }

    fn joins(&self, slot: u32, is_roomy: bool) -> bool {
        self.judged.layout.joins(is_roomy) && self.by_slot[slot as usize].live
    }

    fn most_growth(&self, cx: &Context<'_>, at: At, rows: usize) -> Option<usize> {
        let Judged { layout, store, .. } = &self.judged;
        layout.most_growth(&cx.feed(at).arguments, rows, store)
    }

    fn take_stretch(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        stretch: &Stretch<'_>,
    ) -> usize {
        if self.extent == Extent::All && !self.judged.layout.has_rate {
            self.take_column_wise(cx, stretch);
            return stretch.slots.len();
        }
        let mut taken = 0;
        for part in stretch.parts(AHEAD) {
            self.look_ahead(part.slots);
            for (slot, at, now) in part.each() {
                if self.take(cx, core, slot, at, now).is_err() {
                    return taken;
                }
                taken += 1;
            }
        }
        taken
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
        let told = self.judged.to_clear(cx, slot);
        self.close(slot);
        self.fresh(slot);
        if let Some(told) = told {
            let length = match self.extent {
                Extent::Span(length) => Some(length),
                _ => None,
            };
            let about = (slot, deadline, length);
            self.judged.clear_empty(cx, core, about, told);
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        self.judged.flush(cx, core);
    }

    fn keep_members(&mut self, members: &[usize], window_bytes: usize) {
        self.chunks.limit_to(window_bytes);
        self.judged.keep_members(members);
    }

    fn is_behind(&self, slot: u32) -> bool {
        let window = &self.by_slot[slot as usize];
        window.live && window.run == self.judged.run.number
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.judged.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Window>() + self.judged.slot_bytes()
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
        growth.extend(self.judged.layout.growth(1, rows));
        growth.extend(self.judged.growth(rule));
        growth
    }

    fn kept_bytes(&self) -> usize {
        self.judged.kept_bytes()
    }

    fn window_bytes(&self) -> usize {
        self.chunks.reserved_bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.judged.reorder_sources(places);
    }
}
