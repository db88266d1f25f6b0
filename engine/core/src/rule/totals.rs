//! `over D` of which nothing is asked but what adds what comes and subtracts what goes: counts, sums, averages, deviations, rates.
//!
//! Nobody needs the rows of one key together, so those of all keys are one [log](crate::window::log), which is written and read in
//! order. What is no longer in a window that ends now leaves whenever a row comes, whichever key it is of. So a
//! window may have lost its rows before its own next one comes, or its end; but nobody looks at it in between.

use trapjaw_program::{Aggregate, Rule};

use super::context::Context;
use super::feed::At;
use super::judged::Judged;
use super::keyed::{Core, Full, Machine};
use super::stretch::Stretch;
use crate::aggregate::Passing;
use crate::bound::{Growth, Most, Pool};
use crate::window::log::Log;

/// One key's window.
#[derive(Clone, Debug, Default)]
struct Window {
    newest: i64,
    /// The run of rows in which it was last touched.
    run: u64,
    live: bool,
}

/// The windows of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    length: i64,
    judged: Judged,
    by_slot: Vec<Window>,
    log: Log,
    /// By row that comes: how many leave before.
    ends: Vec<u32>,
}

impl Totals {
    /// Of rules that have the same windows, with the aggregates of all; `None` where one of these has to look at rows
    /// again.
    pub(crate) fn new(
        rules: &[&Rule],
        aggregates: &[Aggregate],
        (length, max_bytes): (i64, usize),
    ) -> Option<Self> {
        let judged = Judged::new(rules, aggregates, true);
        judged.layout.subtracts().then(|| Self {
            length,
            by_slot: Vec::new(),
            log: Log::new(judged.layout.width, max_bytes),
            ends: Vec::new(),
            judged,
        })
    }

    /// The next rows that may come before anything else has to be done, as far as there is room in the last chunk, and how many leave the
    /// first one before each.
    fn plan(&mut self, effects: &[i64]) {
        let times = self.log.times();
        let mut left = 0;
        self.ends.clear();
        for &now in effects.iter().take(self.log.room()) {
            left += past(&times[left..], now, self.length);
            // The next chunk may have others.
            if left > 0 && left == times.len() {
                break;
            }
            self.ends.push(left as u32);
        }
    }

    /// What is no longer in a window that ends now leaves, as far as it is in the first chunk. Was there something?
    fn let_go(&mut self, now: i64) -> bool {
        let left = past(self.log.times(), now, self.length);
        let Judged {
            layout,
            accumulators,
            ..
        } = &mut self.judged;
        layout.leave(accumulators, &self.log.leaving(left));
        self.log.drop_front(left);
        left > 0
    }

    /// Takes in rows of which it is known what leaves before each, and notes the values after each.
    fn come_and_go(&mut self, cx: &Context<'_>, rows: &Stretch<'_>) {
        let arguments = &cx.feed(rows.at()).arguments;
        let left = self.ends.last().map_or(0, |end| *end as usize);
        let Judged {
            layout,
            store,
            accumulators,
            run,
            ..
        } = &mut self.judged;
        let passing = Passing {
            slots: rows.slots,
            rows: rows.rows(),
            ends: &self.ends,
            leaving: self.log.leaving(left),
        };
        let of = (&passing, self.length);
        layout.pass(accumulators, arguments, of, store, &mut run.results);
        let mut appended = self.log.append(rows.slots);
        layout.fill(&mut appended, arguments, (rows.rows(), rows.effects), store);
        // Not before: the last chunk may be the first.
        self.log.drop_front(left);
        run.extend(rows);
        let number = run.number;
        for (&slot, &now) in rows.slots.iter().zip(rows.effects) {
            let window = &mut self.by_slot[slot as usize];
            window.newest = now;
            window.run = number;
            window.live = true;
        }
        self.judged.see_each(rows);
    }
}

/// How many of these times, the oldest first, are no longer in a window of that length that ends now. Where time has not been going on for
/// as long, none is.
#[inline]
fn past(times: &[u64], now: i64, length: i64) -> usize {
    let Some(past) = now.checked_sub(length) else {
        return 0;
    };
    let is_past = |time: &&u64| **time as i64 <= past;
    times.iter().take_while(is_past).count()
}

impl Machine for Totals {
    const JOINS: bool = true;

    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize(slot as usize + 1, Window::default());
        }
        self.judged.fresh(slot);
        self.log.open(slot);
    }

    fn close(&mut self, slot: u32) {
        self.log.close(slot);
        self.judged.empty(slot, None);
        self.judged.forget(slot);
        self.by_slot[slot as usize] = Window::default();
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let taken = self.take_stretch(cx, core, &Stretch::new(at, &[slot], &[now]));
        if taken == 1 { Ok(()) } else { Err(Full) }
    }

    fn joins(&self, slot: u32, _is_roomy: bool) -> bool {
        self.by_slot[slot as usize].live
    }

    fn take_stretch(
        &mut self,
        cx: &mut Context<'_>,
        _core: &mut Core,
        stretch: &Stretch<'_>,
    ) -> usize {
        let mut taken = 0;
        while taken < stretch.slots.len() {
            self.plan(&stretch.effects[taken..]);
            if self.ends.is_empty() {
                if !self.let_go(stretch.effects[taken])
                    && self.log.room() == 0
                    && self.log.begin().is_err()
                {
                    break;
                }
                continue;
            }
            let until = taken + self.ends.len();
            self.come_and_go(cx, &stretch.part(taken..until));
            taken = until;
        }
        taken
    }

    fn deadline(&self, _cx: &Context<'_>, slot: u32) -> Option<i64> {
        let window = &self.by_slot[slot as usize];
        (window.live).then(|| window.newest.saturating_add(self.length))
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let told = self.judged.to_clear(cx, slot);
        // Then it leaves nothing behind.
        while self.let_go(deadline) {}
        self.close(slot);
        self.open(slot);
        if let Some(told) = told {
            let about = (slot, deadline, Some(self.length));
            self.judged.clear_empty(cx, core, about, told);
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        self.judged.flush(cx, core);
    }

    fn keep_members(&mut self, members: &[usize], window_bytes: usize) {
        self.log.limit_to(window_bytes);
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
        size_of::<Window>() + Log::SLOT_BYTES + self.judged.slot_bytes()
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        let row = Growth {
            what: "row in the window",
            bytes: self.log.row_bytes(),
            text_bytes: 0,
            most: Most::Within(self.length),
            pool: Pool::Windows,
        };
        let mut growth = vec![row];
        growth.extend(self.judged.growth(rule));
        growth
    }

    fn kept_bytes(&self) -> usize {
        self.judged.kept_bytes()
    }

    fn window_bytes(&self) -> usize {
        self.log.reserved_bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.judged.reorder_sources(places);
    }
}
