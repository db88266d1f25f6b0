//! Rows that wait for their turn, rows that came too late, and the passing of time on each line.

use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchView, BuildError, RuleId, check};
use trapjaw_program::RuleSet;

use super::Shard;
use crate::output::{LateRef, Sink};
use crate::record::Record;
use crate::segment::{Origin, RowOrigin};
use crate::stage::{Held, Stage, Turn};

impl Shard {
    /// Does any rule let events be late? Only then is there need of [`Input::Watermark`](super::Input::Watermark).
    pub fn has_lateness(&self) -> bool {
        self.lines.are_many()
    }

    /// The largest lateness of all rules.
    pub fn longest_lateness(&self) -> i64 {
        self.lines.longest()
    }

    /// The watermark of lateness 0; `None` before there is one.
    pub fn watermark(&self) -> Option<i64> {
        Some(self.base).filter(|&base| base != i64::MIN)
    }

    /// Rows that wait for the watermark, and the bytes that they take.
    pub fn held(&self) -> (usize, usize) {
        let rows = self.stages.iter().map(Stage::len).sum();
        (rows, self.stages.iter().map(Stage::bytes).sum())
    }

    /// A lower bound of the next watermark at which something happens to rules that let events be late.
    pub fn next_watermark(&self) -> Option<i64> {
        let lines = 1..self.lines.len() as u32;
        let next = lines.filter_map(|line| {
            let row = self
                .first_held(line)
                .map(|turn| turn.time.saturating_add(1));
            let deadline = self.agendas[line as usize].next_deadline();
            let next = row.into_iter().chain(deadline).min()?;
            Some(next.saturating_add(self.lines.lateness(line)))
        });
        next.min()
    }

    /// Tells the rows of a batch that come too late for some rule.
    pub(super) fn tell_late(
        &mut self,
        (batch, effects): (BatchView<'_>, &[i64]),
        sink: &mut impl Sink,
    ) {
        if !self.lines.are_many() || self.base == i64::MIN {
            return;
        }
        for ((section, row), &effect) in batch.rows_in_order().zip(effects) {
            let section = batch.section(section);
            let ty = section.type_id();
            let Some(lateness) = self.lines.strictest(ty) else {
                continue;
            };
            let watermark = self.base.saturating_sub(lateness);
            if section.times()[row].min(effect) < watermark {
                self.counters.late[ty.index()] += 1;
                sink.late(&LateRef {
                    section,
                    row,
                    watermark,
                });
            }
        }
    }

    /// Puts rows by for their stages. Where one holds more than it may, its oldest rows go early.
    pub(super) fn put_by(&mut self, sink: &mut impl Sink) {
        for hold in core::mem::take(&mut self.holds) {
            self.stages[hold.line as usize].hold(hold.turn, hold.held);
        }
        for line in 1..self.lines.len() as u32 {
            let mut early = Vec::new();
            let stage = &mut self.stages[line as usize];
            while stage.bytes() > self.config.max_held_bytes {
                early.extend(stage.pop());
            }
            if !early.is_empty() {
                self.counters.early += early.len() as u64;
                self.let_go(line, early, sink);
            }
        }
    }

    /// The watermark has come this far: rows before it go on, and time passes.
    pub(super) fn advance(&mut self, base: i64, sink: &mut impl Sink) {
        if base <= self.base {
            return;
        }
        self.base = base;
        for line in 1..self.lines.len() as u32 {
            let watermark = self.lines.watermark(line, base);
            let stage = &mut self.stages[line as usize];
            let rows: Vec<_> = core::iter::from_fn(|| stage.pop_before(watermark)).collect();
            self.let_go(line, rows, sink);
            let clock = self.clocks[line as usize];
            if watermark > clock {
                if let Some(records) = &mut self.records {
                    records.push(Record::tick(line, watermark));
                }
                self.pass_line(line, watermark, sink);
            }
        }
    }

    /// Lets all rows go.
    pub(super) fn release(&mut self, sink: &mut impl Sink) {
        for line in 1..self.lines.len() as u32 {
            let stage = &mut self.stages[line as usize];
            let rows: Vec<_> = core::iter::from_fn(|| stage.pop()).collect();
            self.let_go(line, rows, sink);
        }
    }

    /// The watermark has come this far, and whoever drives the shards lets rows go and time pass.
    pub(crate) fn set_base(&mut self, base: i64) {
        self.base = self.base.max(base);
    }

    /// Time comes up to `target` on the first line, if step by step.
    pub(crate) fn set_target(&mut self, target: i64) {
        self.target = target;
    }

    /// The line of time of a rule.
    pub(crate) fn line_of(&self, rule: RuleId) -> u32 {
        self.lines.of(rule)
    }

    /// How many lines of time there are.
    pub(crate) fn lines(&self) -> u32 {
        self.lines.len() as u32
    }

    /// How far time is to come on a line.
    pub(crate) fn watermark_of(&self, line: u32) -> i64 {
        self.lines.watermark(line, self.base)
    }

    /// Whose turn it is on a line.
    pub(crate) fn first_held(&self, line: u32) -> Option<Turn> {
        self.stages[line as usize].first()
    }

    /// Lets the row go whose turn it is.
    pub(crate) fn let_first_go(&mut self, line: u32, sink: &mut impl Sink) {
        if let Some(first) = self.stages[line as usize].pop() {
            self.let_go(line, vec![first], sink);
        }
    }

    /// Derived rows are numbered on from here.
    pub(crate) fn number_from(&mut self, numbered: u64) {
        self.numbered = numbered;
    }

    /// How many derived rows were numbered.
    pub(crate) fn numbered(&self) -> u64 {
        self.numbered
    }

    /// Takes rows in that have waited, in order.
    pub(crate) fn let_go(&mut self, line: u32, waited: Vec<(Turn, Held)>, sink: &mut impl Sink) {
        let rules = Arc::clone(&self.rules);
        let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
        let mut rows: Vec<RowOrigin> = Vec::new();
        let mut targets: Vec<(RuleId, u32)> = Vec::new();
        for (turn, held) in waited {
            let mut pushed = builder.push(&held.event);
            if pushed == Err(BuildError::Full) {
                self.take_waited(
                    (&rules, line),
                    &mut builder,
                    (&mut rows, &mut targets),
                    sink,
                );
                pushed = builder.push(&held.event);
            }
            if pushed.is_err() {
                self.counters.unrouted += 1;
                continue;
            }
            let place = rows.len() as u32;
            targets.extend(held.targets.iter().map(|&rule| (rule, place)));
            rows.push(RowOrigin {
                origin: held.origin,
                effect: turn.time,
                cause: None,
            });
        }
        if !rows.is_empty() {
            self.take_waited(
                (&rules, line),
                &mut builder,
                (&mut rows, &mut targets),
                sink,
            );
        }
    }

    fn take_waited(
        &mut self,
        about: (&RuleSet, u32),
        builder: &mut BatchBuilder,
        (rows, targets): (&mut Vec<RowOrigin>, &mut Vec<(RuleId, u32)>),
        sink: &mut impl Sink,
    ) {
        let (rows, mut targets) = (core::mem::take(rows), core::mem::take(targets));
        targets.sort_unstable();
        let bytes = builder.finish();
        let bindings = Arc::clone(&self.bindings);
        let batch = check(&bytes, &bindings).expect("a shard's own batch is sound");
        // They waited on purpose: latencies are not reckoned by them.
        self.take_rows(about, (batch, &rows, &targets), 0, None, sink);
    }

    /// Tells the rules of a line to which something may happen up to `now` without an event.
    pub(crate) fn due(&self, line: u32, now: i64, tell: impl FnMut(RuleId)) {
        self.agendas[line as usize].due(now, tell);
    }

    /// A lower bound of the next instant at which something happens on a line without an event.
    pub(crate) fn next_deadline_of(&self, line: u32) -> Option<i64> {
        self.agendas[line as usize].next_deadline()
    }

    /// Lets time pass on a line up to `now`.
    pub(crate) fn pass_line(&mut self, line: u32, now: i64, sink: &mut impl Sink) {
        let (rules, index) = (Arc::clone(&self.rules), Arc::clone(&self.index));
        let clock = &mut self.clocks[line as usize];
        *clock = now.max(*clock);
        self.evaluate((&rules, &index, line), (&[], &[]), 0, (None, None), sink);
    }

    /// Lets time pass on a line up to `now`, of which only the timers of rules up to and with this one are seen.
    pub(crate) fn pass_rule(&mut self, line: u32, now: i64, rule: RuleId, sink: &mut impl Sink) {
        let (rules, index) = (Arc::clone(&self.rules), Arc::clone(&self.index));
        let clock = &mut self.clocks[line as usize];
        *clock = now.max(*clock);
        let end = (now, RuleId::new(rule.get() + 1));
        self.evaluate(
            (&rules, &index, line),
            (&[], &[]),
            0,
            (None, Some(end)),
            sink,
        );
    }

    /// Records what rules of lateness 0 take in at the door. What the others take in is recorded when rows go.
    pub(super) fn record_rows(
        &mut self,
        (batch, effects): (BatchView<'_>, &[i64]),
        origin: Origin,
    ) {
        let Some(records) = &mut self.records else {
            return;
        };
        let rows = batch.rows_in_order().zip(0..).zip(effects);
        for (((section, row), number), &effect) in rows {
            let event = batch.section(section).event(row);
            let place = RowOrigin {
                origin: Origin {
                    sequence: origin.sequence.wrapping_add(number),
                    ..origin
                },
                effect,
                cause: None,
            };
            records.push(Record::row(0, event, place, None));
        }
    }

    /// Records rows that another shard has sent, or that have waited, for rules of the line on which they go on.
    pub(super) fn record_each(
        &mut self,
        (line, batch): (u32, BatchView<'_>),
        rows: &[RowOrigin],
        targets: &[(RuleId, u32)],
    ) {
        let Some(records) = &mut self.records else {
            return;
        };
        for (((section, row), origin), number) in batch.rows_in_order().zip(rows).zip(0..) {
            let of_row = targets.iter().filter(|(_, row)| *row == number);
            let of_line = of_row
                .map(|(rule, _)| *rule)
                .filter(|&rule| self.lines.of(rule) == line);
            let targets: Vec<RuleId> = of_line.collect();
            if !targets.is_empty() {
                let event = batch.section(section).event(row);
                records.push(Record::row(line, event, origin.clone(), Some(targets)));
            }
        }
    }
}
