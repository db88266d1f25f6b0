//! Windows that are judged at each of their events: what rules aggregate of them, and what they tell.
//!
//! A row leaves the values of its window in columns; `having` is then run over many rows in one go, and its turns are taken in
//! order.

use trapjaw_event::MatchKind;
use trapjaw_program::{Aggregate, Clause, Rule};

use super::context::{Context, Trigger};
use super::feed::At;
use super::judge::{Judge, Stand};
use super::keyed::Core;
use super::latest::LatestEvents;
use super::run::Run;
use super::stretch::Stretch;
use crate::aggregate::{Accumulator, Layout, Store};
use crate::bound::Growth;
use crate::output::{Alias, Identity};
use crate::vm::bits;
use crate::window::chunks::{Chunks, Fifo};

/// The aggregates of all keys' windows, and the rules that judge them.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) reports_clear: bool,
    /// Do single rows leave windows?
    rows_leave: bool,
    /// The rules that have these windows.
    judges: Vec<Judge>,
    pub(super) layout: Layout,
    pub(super) store: Store,
    /// By slot, as many as there are aggregates.
    pub(super) accumulators: Vec<Accumulator>,
    pub(super) run: Run,
    latest: LatestEvents,
}

impl Judged {
    /// Of rules that have the same windows, with the aggregates of all.
    pub(super) fn new(rules: &[&Rule], aggregates: &[Aggregate], rows_leave: bool) -> Self {
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
            reports_clear: rules.iter().any(|rule| rule.reports_clear),
            rows_leave,
            judges: rules.iter().map(judge).collect(),
            accumulators: Vec::new(),
            run: Run::new(&layout),
            store: Store::default(),
            layout,
            latest: LatestEvents::default(),
        }
    }

    /// Makes place for a window, which is empty, unless there is.
    pub(super) fn fresh(&mut self, slot: u32) {
        let windows = slot as usize + 1;
        let places = windows * self.layout.len();
        while self.accumulators.len() < places {
            self.accumulators
                .extend(self.layout.accumulators(self.rows_leave));
        }
        for judge in &mut self.judges {
            if judge.by_slot.len() < windows {
                judge.by_slot.resize(windows, Stand::default());
            }
        }
    }

    /// The aggregates of a window, and what they are kept by.
    #[inline]
    pub(super) fn of(&mut self, slot: u32) -> (&Layout, &mut [Accumulator], &mut Store) {
        let count = self.layout.len();
        let accumulators = &mut self.accumulators[slot as usize * count..][..count];
        (&self.layout, accumulators, &mut self.store)
    }

    /// Makes a window's aggregates those of an empty one. `rows`: those of the window, where it has them by itself.
    pub(super) fn empty(&mut self, slot: u32, rows: Option<(&Chunks, &Fifo)>) {
        let (layout, accumulators, store) = self.of(slot);
        layout.clear(accumulators, rows, store);
    }

    /// Forgets what was told of a window.
    pub(super) fn forget(&mut self, slot: u32) {
        for judge in &mut self.judges {
            judge.forget(slot);
        }
        self.latest.clear(slot);
    }

    /// The window's newest event.
    #[inline]
    pub(super) fn see(&mut self, slot: u32, at: At) {
        if self.reports_clear {
            self.latest.see(slot, at);
        }
    }

    /// The newest events of the windows of a stretch.
    #[inline]
    pub(super) fn see_each(&mut self, stretch: &Stretch<'_>) {
        if self.reports_clear {
            self.latest.see_each(stretch);
        }
    }

    /// Notes the values of a window, to be judged with others.
    pub(super) fn evaluate(
        &mut self,
        (slot, at): (u32, At),
        rows: Option<(&Chunks, &Fifo)>,
        length: Option<i64>,
    ) {
        let count = self.layout.len();
        self.layout.results(
            &self.accumulators[slot as usize * count..][..count],
            rows,
            length,
            &self.store,
            &mut self.run.results,
        );
        self.run.push(slot, at);
    }

    /// Tells of an evaluation.
    fn tell(&self, cx: &mut Context<'_>, core: &Core, row: usize, kind: MatchKind) {
        let (slot, at) = (self.run.slots[row], self.run.at(row));
        let about = (cx.alias(at, true), Identity::Alias);
        let columns = cx.columns();
        let values = columns.map(|column| self.layout.value(column, &self.run.results, row));
        cx.fire(core.keys.key(slot), kind, Trigger::Row(at), about, values);
    }

    /// Judges what has been noted.
    pub(super) fn flush(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        if self.run.len() > 0 {
            for member in 0..self.judges.len() {
                cx.turn_to(member);
                self.turns(cx, core);
            }
            cx.turn_to(0);
        }
        self.run.next();
    }

    /// The turns of `having` of the rule whose turn it is.
    fn turns(&mut self, cx: &mut Context<'_>, core: &mut Core) {
        let holds = self.run.having(cx);
        let judge = cx.member;
        // Where nothing holds and nothing held, nothing turns.
        if self.judges[judge].holding == 0 && holds.iter().all(|&word| word == 0) {
            return;
        }
        for row in 0..self.run.len() {
            let (slot, at) = (self.run.slots[row], self.run.at(row));
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

    /// What is to be told when a window has run empty: its newest event, and which of the rules have reported it as true.
    pub(super) fn to_clear(&self, cx: &mut Context<'_>, slot: u32) -> Option<(Alias, Vec<bool>)> {
        if !self.reports_clear {
            return None;
        }
        let judges = self.judges.iter();
        let reported: Vec<bool> = judges
            .map(|judge| judge.by_slot[slot as usize].reported)
            .collect();
        let alias = reported
            .contains(&true)
            .then(|| self.latest.alias(cx, slot));
        Some((alias.flatten()?, reported))
    }

    /// A window that has run empty is not-true: tells it for the rules that have reported it as true.
    pub(super) fn clear_empty(
        &self,
        cx: &mut Context<'_>,
        core: &Core,
        (slot, deadline, length): (u32, i64, Option<i64>),
        (alias, reported): (Alias, Vec<bool>),
    ) {
        let count = self.layout.len();
        let mut empty = self.layout.no_results();
        self.layout.results(
            &self.accumulators[slot as usize * count..][..count],
            None,
            length,
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

    pub(super) fn keep_members(&mut self, members: &[usize]) {
        self.judges = (members.iter())
            .map(|&member| self.judges[member].clone())
            .collect();
    }

    pub(super) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.latest.settle_one(cx)
    }

    pub(super) fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
    }

    pub(super) fn slot_bytes(&self) -> usize {
        let accumulators = self.layout.len() * size_of::<Accumulator>();
        let latest = if self.reports_clear {
            LatestEvents::SLOT_BYTES
        } else {
            0
        };
        self.judges.len() * size_of::<Stand>() + accumulators + latest
    }

    /// What the newest event of a key adds, where it is kept.
    pub(super) fn growth(&self, rule: &Rule) -> Option<Growth> {
        (self.reports_clear).then(|| LatestEvents::growth(rule, 1))
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.latest.bytes() + self.store.bytes()
    }
}
