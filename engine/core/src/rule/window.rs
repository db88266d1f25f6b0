//! `over D`, `over N events` and `over all`: windows that end at the newest event and are evaluated at each of theirs;
//! and `over N events tumbling`, which begins anew whenever it is full.
//!
//! A row updates its key's window at once and leaves the window's values in columns; `having` is then run
//! over many rows in one go, and its turns are taken in order.

use trapjaw_event::MatchKind;
use trapjaw_program::{Aggregate, Clause, Rule};

use super::context::{Context, Trigger};
use super::feed::At;
use super::judge::{Judge, Stand};
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use super::run::Run;
use super::stretch::Stretch;
use crate::aggregate::{Accumulator, Layout, Leaving, Store};
use crate::bound::{Growth, Most, Pool};
use crate::limits::EVALUATED_TEXT;
use crate::output::{Alias, Identity};
use crate::vm::bits;
use crate::window::chunks::{Chunks, Fifo};

/// One key's window.
#[derive(Clone, Debug, Default)]
struct Window {
    rows: Fifo,
    newest: i64,
    /// When its oldest event took effect, and how many there are; where no single row leaves.
    since: i64,
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
    reports_clear: bool,
    /// The aggregates [subtract](Layout::subtracts).
    subtracts: bool,
    /// The rules that have these windows.
    judges: Vec<Judge>,
    layout: Layout,
    store: Store,
    chunks: Chunks,
    by_slot: Vec<Window>,
    /// By slot, as many as there are aggregates.
    accumulators: Vec<Accumulator>,
    run: Run,
    /// What leaves as the rows of a stretch come.
    leaving: Leaving,
    latest: LatestEvents,
}

impl Windows {
    /// Of rules that have the same windows, with the aggregates of all.
    pub(crate) fn new(
        rules: &[&Rule],
        aggregates: &[Aggregate],
        extent: Extent,
        max_bytes: usize,
    ) -> Self {
        let layout = Layout::new(aggregates);
        let judge = |rule: &&Rule| Judge {
            each: match rule.clause {
                Clause::Sliding { each, .. }
                | Clause::Counted { each, .. }
                | Clause::All { each } => each,
                // Each full batch is judged by itself.
                _ => true,
            },
            by_slot: Vec::new(),
            holding: 0,
        };
        Self {
            extent,
            subtracts: layout.subtracts(),
            reports_clear: rules.iter().any(|rule| rule.reports_clear),
            judges: rules.iter().map(judge).collect(),
            chunks: Chunks::new(layout.width, max_bytes),
            by_slot: Vec::new(),
            accumulators: Vec::new(),
            run: Run::new(&layout),
            leaving: Leaving::default(),
            store: Store::default(),
            layout,
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
            for judge in &mut self.judges {
                judge.by_slot.resize(slot + 1, Stand::default());
            }
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
            Extent::Span(length) => chunks
                .front(rows)
                .is_some_and(|row| is_past(row, now, length)),
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

    /// Takes in rows that never leave, and notes the values after each.
    fn take_column_wise(&mut self, cx: &Context<'_>, stretch: &Stretch<'_>) {
        self.layout.add_stretch(
            &mut self.accumulators,
            &cx.feed(stretch.at()).arguments,
            (stretch.slots, stretch.rows()),
            &mut self.store,
            Some(&mut self.run.results),
        );
        for (slot, at, now) in stretch.each() {
            let window = &mut self.by_slot[slot as usize];
            window.count = window.count.saturating_add(1);
            window.newest = now;
            window.run = self.run.number;
            if self.reports_clear {
                self.latest.see(slot, at);
            }
        }
        self.run.slots.extend_from_slice(stretch.slots);
        self.run.ats.extend(stretch.each().map(|(_, at, _)| at));
    }

    /// Takes in rows of windows of that length, and notes the values after each; gives how many there was room for.
    ///
    /// First rows come and go, wherever in memory they are; then each aggregate learns of it.
    fn come_and_go(&mut self, cx: &Context<'_>, stretch: &Stretch<'_>, length: i64) -> usize {
        let arguments = &cx.feed(stretch.at()).arguments;
        self.leaving.clear();
        let mut taken = 0;
        'rows: for part in stretch.parts(AHEAD) {
            self.look_ahead(part.slots);
            for (slot, at, now) in part.each() {
                let window = &mut self.by_slot[slot as usize];
                let is_past = |row: &&[u64]| is_past(row, now, length);
                while let Some(row) = self.chunks.front(&window.rows).filter(is_past) {
                    self.leaving.push(row);
                    self.chunks.pop_front(&mut window.rows);
                }
                let Ok(row) = self.chunks.push(&mut window.rows) else {
                    let count = self.layout.len();
                    let accumulators = &mut self.accumulators[slot as usize * count..][..count];
                    for words in self.leaving.rest(self.layout.width) {
                        self.layout.subtract(accumulators, words, &mut self.store);
                    }
                    break 'rows;
                };
                let place = (at.index as usize, now);
                self.layout.write(row, arguments, place, &mut self.store);
                self.leaving.come();
                window.newest = now;
                window.run = self.run.number;
                if self.reports_clear {
                    self.latest.see(slot, at);
                }
                taken += 1;
            }
        }
        let rows = stretch.rows();
        self.layout.come_and_go(
            &mut self.accumulators,
            arguments,
            (&stretch.slots[..taken], rows.start..rows.start + taken),
            (&self.leaving, length),
            &mut self.store,
            &mut self.run.results,
        );
        self.run.slots.extend_from_slice(&stretch.slots[..taken]);
        let ats = stretch.each().map(|(_, at, _)| at);
        self.run.ats.extend(ats.take(taken));
        taken
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

    /// Tells of an evaluation.
    fn tell(&self, cx: &mut Context<'_>, core: &Core, row: usize, kind: MatchKind) {
        let (slot, at) = (self.run.slots[row], self.run.ats[row]);
        let about = (cx.alias(at, true), Identity::Alias);
        let columns = cx.columns();
        let values = columns.map(|column| self.layout.value(column, &self.run.results, row));
        cx.fire(core.keys.key(slot), kind, Trigger::Row(at), about, values);
    }

    /// The turns of `having` of the rule whose turn it is.
    fn turns(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        let holds = self.run.having(cx);
        let judge = cx.member;
        // Where nothing holds and nothing held, nothing turns.
        if self.judges[judge].holding == 0 && holds.iter().all(|&word| word == 0) {
            return;
        }
        for row in 0..self.run.ats.len() {
            let (slot, at) = (self.run.slots[row], self.run.ats[row]);
            let now = bits::get(&holds, row);
            let before = self.judges[judge].turn(slot, now);
            if now && (self.judges[judge].each || !before) {
                if core.admit(cx, slot, cx.effect(at)) {
                    self.judges[judge].by_slot[slot as usize].reported = true;
                    self.tell(cx, core, row, MatchKind::Matched);
                }
            } else if before && !now && self.judges[judge].take_reported(slot) && self.reports_clear
            {
                self.tell(cx, core, row, MatchKind::Cleared);
            }
        }
    }

    /// A window that has run empty is not-true: tells it for the rules that have reported it as true.
    fn clear_empty(
        &self,
        cx: &mut Context<'_>,
        core: &Core,
        (slot, deadline): (u32, i64),
        (alias, reported): (Alias, &[bool]),
    ) {
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
        for (member, _) in reported.iter().enumerate().filter(|(_, was)| **was) {
            cx.turn_to(member);
            let values = cx.columns().map(|i| self.layout.value(i, &empty, 0));
            let about = (alias, Identity::Instant(deadline));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Cleared,
                Trigger::Deadline(deadline),
                about,
                values,
            );
        }
        cx.turn_to(0);
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
        for judge in &mut self.judges {
            judge.forget(slot);
        }
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

    fn joins(&self, slot: u32) -> bool {
        !self.layout.has_heap && self.by_slot[slot as usize].live
    }

    fn take_stretch(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        stretch: &Stretch<'_>,
    ) -> usize {
        match self.extent {
            Extent::All if !self.layout.has_rate => {
                self.take_column_wise(cx, stretch);
                return stretch.slots.len();
            }
            Extent::Span(length) if self.subtracts => {
                return self.come_and_go(cx, stretch, length);
            }
            _ => {}
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
        let reported: Vec<bool> = (self.judges.iter())
            .map(|judge| judge.by_slot[slot as usize].reported)
            .collect();
        let is_told = self.reports_clear && reported.contains(&true);
        let alias = is_told.then(|| self.latest.alias(cx, slot)).flatten();
        self.close(slot);
        self.fresh(slot);
        if let Some(alias) = alias {
            self.clear_empty(cx, core, (slot, deadline), (alias, &reported));
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        if !self.run.ats.is_empty() {
            for member in 0..self.judges.len() {
                cx.turn_to(member);
                self.turns(cx, core);
            }
            cx.turn_to(0);
        }
        self.run.next();
    }

    fn keep_members(&mut self, members: &[usize], window_bytes: usize) {
        self.chunks.limit_to(window_bytes);
        self.judges = (members.iter())
            .map(|&member| self.judges[member].clone())
            .collect();
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
        size_of::<Window>() + self.judges.len() * size_of::<Stand>() + accumulators + latest
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
