//! Several shards on one clock: replay, rule tests and simulation.
//!
//! A row and everything it causes, on whatever shard, is finished before the next row begins. So the output
//! is the same for any number of shards, and for any way of cutting the input into batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchView, Binding, Event, Match, check};
use trapjaw_program::{RuleSet, Verified};

use crate::config::Config;
use crate::counters::Counters;
use crate::forward::Forward;
use crate::matched::MatchRef;
use crate::output::{LateRef, Sink};
use crate::place::{Place, compare_inputs};
use crate::segment::Origin;
use crate::shard::{Input, Shard};
use crate::trace::Traces;
use crate::watermark::Watermark;

/// Shards in lockstep.
#[derive(Debug)]
pub struct Lockstep {
    shards: Vec<Shard>,
    bindings: Arc<[Option<Arc<Binding>>]>,
    /// Rows that fit no batch by themselves.
    unrouted: u64,
    /// How far the streams have come; used where a rule lets events be late.
    streams: Watermark,
    /// The watermark of lateness 0.
    base: i64,
    /// Events that came too late, since they were last taken.
    late: Vec<LateEvent>,
    keeps_late: bool,
    /// How many derived rows were numbered.
    numbered: u64,
}

/// An event that came too late for a rule that reads its type.
#[derive(Clone, Debug, PartialEq)]
pub struct LateEvent {
    /// The event.
    pub event: Event,
    /// The watermark that had passed it.
    pub watermark: i64,
}

impl LateEvent {
    /// It, owned.
    pub fn of(late: &LateRef<'_>) -> Self {
        Self {
            event: late.event(),
            watermark: late.watermark(),
        }
    }
}

/// Collects what one instant brings on all shards.
#[derive(Default)]
struct Collector {
    matches: Vec<(Place, Match)>,
    forwards: Vec<Forward>,
    late: Vec<LateEvent>,
}

impl Sink for Collector {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.matches.push((found.place(), found.to_match()));
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
    }

    fn late(&mut self, late: &LateRef<'_>) {
        self.late.push(LateEvent::of(late));
    }
}

impl Lockstep {
    /// `shards` shards with the same rules; at least one.
    pub fn new(rules: &Arc<Verified<RuleSet>>, config: Config, shards: u32) -> Self {
        let shards = shards.max(1);
        let shard = |id| {
            let shard = Shard::new(Arc::clone(rules), config, (id, shards));
            if shards > 1 { shard.deferring() } else { shard }
        };
        let bindings = rules
            .registry
            .iter()
            .map(|(id, _)| Some(Arc::new(Binding::identity(&rules.registry, id))));
        Self {
            bindings: bindings.collect(),
            shards: (0..shards).map(shard).collect(),
            unrouted: 0,
            streams: Watermark::new(config.idle),
            base: i64::MIN,
            late: Vec::new(),
            keeps_late: false,
            numbered: 0,
        }
    }

    /// Keeps events that come too late, for [`take_late`](Self::take_late).
    pub fn keep_late(&mut self) {
        self.keeps_late = true;
    }

    /// The events that came too late since the last call.
    pub fn take_late(&mut self) -> Vec<LateEvent> {
        core::mem::take(&mut self.late)
    }

    /// What the runs of patterns did, since it was last asked for, shard by shard and rule by rule; nothing unless the
    /// configuration asks for it.
    pub fn take_traces(&mut self) -> Traces {
        let shards = self.shards.iter_mut();
        shards.map(Shard::take_traces).collect()
    }

    /// The runs of patterns that are open now, each as a step that [waits](crate::trace::Fate::Waits); nothing unless
    /// the configuration asks for traces.
    pub fn open_runs(&mut self) -> Traces {
        let shards = self.shards.iter_mut();
        shards.map(Shard::open_runs).collect()
    }

    /// Events that wait for the watermark.
    pub fn held(&self) -> usize {
        self.shards.iter().map(|shard| shard.held().0).sum()
    }

    /// Takes in a batch whose first event is `origin`.
    ///
    /// Where a rule lets events be late, what follows from a row is told before what follows from its moving the
    /// watermark, lateness by lateness; then comes the next row.
    pub fn batch(&mut self, batch: BatchView<'_>, origin: Origin, out: &mut impl FnMut(Match)) {
        let has_lateness = self.shards[0].has_lateness();
        if let ([shard], false) = (&mut *self.shards, has_lateness) {
            let input = Input::Batch {
                batch,
                origin,
                ingest: 0,
                wall: None,
            };
            shard.step(input, &mut Tell::new(out));
            return;
        }
        let registry = Arc::clone(&self.shards[0].rules().registry);
        let mut builder = BatchBuilder::new(registry);
        for ((section, row), number) in batch.rows_in_order().zip(0_u64..) {
            let event = batch.section(section).event(row);
            let sequence = origin.sequence.wrapping_add(number);
            if builder.push(&event).is_err() {
                self.unrouted += 1;
                continue;
            }
            let bytes = builder.finish();
            let bindings = Arc::clone(&self.bindings);
            let one = check(&bytes, &bindings).expect("a batch that was just built is sound");
            let origin = Origin { sequence, ..origin };
            self.row(one, (event.time, origin), out);
            if has_lateness {
                self.arrived(origin.stream, event.time);
                self.advance(out);
            }
        }
    }

    /// Takes one row in.
    fn row(
        &mut self,
        one: BatchView<'_>,
        (time, origin): (i64, Origin),
        out: &mut impl FnMut(Match),
    ) {
        let input = Input::Batch {
            batch: one,
            origin,
            ingest: 0,
            wall: None,
        };
        if let [shard] = &mut *self.shards {
            let mut tell = Tell::new(out);
            shard.step(input, &mut tell);
            if self.keeps_late {
                self.late.append(&mut tell.late);
            }
            return;
        }
        self.pass(0, time, out);
        // Any shard may take a row in: take them in turn.
        let shard = (origin.sequence % self.shards.len() as u64) as usize;
        self.settle(out, |shards, sink| shards[shard].step(input, sink));
    }

    /// Lets time pass up to `now`: for rules that let events be late, too, as if all streams had come this far.
    pub fn tick(&mut self, now: i64, out: &mut impl FnMut(Match)) {
        if let [shard] = &mut *self.shards {
            shard.step(Input::Tick(now), &mut Tell::new(out));
        } else {
            self.pass(0, now, out);
        }
        self.base = self.base.max(now);
        self.advance(out);
    }

    /// The newest event time seen.
    fn clock(&self) -> i64 {
        let clocks = self.shards.iter().map(Shard::clock);
        clocks.max().unwrap_or(i64::MIN)
    }

    /// A stream has brought an event of this time. What is late for every rule holds nothing back.
    fn arrived(&mut self, stream: u128, time: i64) {
        let clock = self.clock();
        let longest = self.shards[0].longest_lateness();
        if time >= self.base.saturating_sub(longest) {
            self.streams.arrived(stream, time, clock);
        }
        let low = self.streams.low(clock);
        self.base = self.base.max(low.unwrap_or(clock));
    }

    /// Lets go what the watermark has passed.
    fn advance(&mut self, out: &mut impl FnMut(Match)) {
        let base = self.base;
        let has_moved = self.shards[0].watermark() != Some(base);
        if !self.shards[0].has_lateness() || !has_moved {
            return;
        }
        if let [shard] = &mut *self.shards {
            shard.step(Input::Watermark(base), &mut Tell::new(out));
            return;
        }
        for shard in &mut self.shards {
            shard.set_base(base);
        }
        for line in 1..self.shards[0].lines() {
            let watermark = self.shards[0].watermark_of(line);
            loop {
                let firsts = self
                    .shards
                    .iter()
                    .filter_map(|shard| shard.first_held(line));
                let Some(turn) = firsts.min().filter(|turn| turn.time < watermark) else {
                    break;
                };
                self.pass(line, turn.time, out);
                self.settle(out, |shards, sink| {
                    for shard in shards {
                        if shard.first_held(line) == Some(turn) {
                            shard.let_first_go(line, sink);
                        }
                    }
                });
            }
            self.pass(line, watermark, out);
        }
    }

    /// What all shards have counted, together.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters {
            unrouted: self.unrouted,
            ..Counters::default()
        };
        for counters in self.shards.iter().map(Shard::counters) {
            sum.add(counters);
        }
        sum
    }

    /// Lets time pass on a line of several shards: one deadline after the other, and at each rule by rule, so
    /// that what an earlier timer derives is there before a later one goes off.
    fn pass(&mut self, line: u32, now: i64, out: &mut impl FnMut(Match)) {
        if line == 0 {
            for shard in &mut self.shards {
                shard.set_target(now);
            }
        }
        // All shards know of the clock's first value, at which something may begin.
        if (self.shards.iter()).any(|shard| shard.clock_of(line) == i64::MIN) {
            self.settle(out, |shards, sink| {
                for shard in shards {
                    shard.pass_line(line, now, sink);
                }
            });
        }
        while let Some(next) = self
            .shards
            .iter()
            .filter_map(|shard| shard.next_deadline_of(line))
            .min()
            .filter(|&next| next <= now)
        {
            // What falls due at this instant is known now: durations are positive.
            let mut due = BTreeSet::new();
            for shard in &self.shards {
                shard.due(line, next, |rule| {
                    due.insert(rule);
                });
            }
            // Rules with the same windows are moved by the first of them: what one of them tells may belong behind what
            // a rule between them tells. So the instant's matches are put in order together.
            let mut collector = Collector::default();
            for rule in due {
                self.drive(&mut collector, |shards, sink| {
                    for shard in shards {
                        shard.pass_rule(line, next, rule, sink);
                    }
                });
            }
            self.tell(collector, out);
        }
        self.settle(out, |shards, sink| {
            for shard in shards {
                shard.pass_line(line, now, sink);
            }
        });
    }

    /// Runs `first`, delivers what the shards send one another until nothing is on its way, and tells the
    /// matches in order.
    fn settle(
        &mut self,
        out: &mut impl FnMut(Match),
        first: impl FnOnce(&mut [Shard], &mut Collector),
    ) {
        let mut collector = Collector::default();
        self.drive(&mut collector, first);
        self.tell(collector, out);
    }

    /// Runs `first`, and delivers what the shards send one another until nothing is on its way.
    fn drive(
        &mut self,
        collector: &mut Collector,
        first: impl FnOnce(&mut [Shard], &mut Collector),
    ) {
        first(&mut self.shards, collector);
        while let Some(next) = first_of(&collector.forwards) {
            let forward = collector.forwards.remove(next);
            let shard = &mut self.shards[forward.destination as usize];
            // Derived rows are numbered over all shards, in the order in which they come about.
            shard.number_from(self.numbered);
            shard.step(Input::Forwarded(&forward), collector);
            self.numbered = shard.numbered();
        }
    }

    /// Tells what was collected, in order.
    fn tell(&mut self, mut collector: Collector, out: &mut impl FnMut(Match)) {
        if self.keeps_late {
            self.late.append(&mut collector.late);
        }
        collector.matches.sort_by(|a, b| a.0.cmp(&b.0));
        collector
            .matches
            .into_iter()
            .for_each(|(_, found)| out(found));
    }
}

/// The row whose turn it is: what an event causes comes before what comes after the event.
fn first_of(forwards: &[Forward]) -> Option<usize> {
    let order =
        |a: usize, b: usize| compare_inputs((0, forwards[a].cause()), (0, forwards[b].cause()));
    (0..forwards.len()).min_by(|&a, &b| order(a, b))
}

/// Tells matches as they come; one shard has nobody to forward to.
struct Tell<'o, F> {
    out: &'o mut F,
    late: Vec<LateEvent>,
}

impl<'o, F> Tell<'o, F> {
    fn new(out: &'o mut F) -> Self {
        Self {
            out,
            late: Vec::new(),
        }
    }
}

impl<F: FnMut(Match)> Sink for Tell<'_, F> {
    fn matched(&mut self, found: &MatchRef<'_>) {
        (self.out)(found.to_match());
    }

    fn forward(&mut self, _forward: Forward) {
        unreachable!("a single shard owns every key")
    }

    fn late(&mut self, late: &LateRef<'_>) {
        self.late.push(LateEvent::of(late));
    }
}
