//! Several shards on one clock: replay, rule tests and simulation.
//!
//! A row and everything it causes, on whatever shard, is finished before the next row begins. So the output
//! is the same for any number of shards, and for any way of cutting the input into batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchView, Binding, Match, check};
use trapjaw_program::{RuleSet, Verified};

use crate::config::Config;
use crate::counters::Counters;
use crate::forward::Forward;
use crate::matched::MatchRef;
use crate::output::Sink;
use crate::place::{Place, compare_inputs};
use crate::segment::Origin;
use crate::shard::{Input, Shard};

/// Shards in lockstep.
#[derive(Debug)]
pub struct Lockstep {
    shards: Vec<Shard>,
    bindings: Arc<[Option<Arc<Binding>>]>,
    /// Rows that fit no batch by themselves.
    unrouted: u64,
}

/// Collects what one instant brings on all shards.
#[derive(Default)]
struct Collector {
    matches: Vec<(Place, Match)>,
    forwards: Vec<Forward>,
}

impl Sink for Collector {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.matches.push((found.place(), found.to_match()));
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
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
        }
    }

    /// Takes in a batch whose first event is `origin`.
    pub fn batch(&mut self, batch: BatchView<'_>, origin: Origin, out: &mut impl FnMut(Match)) {
        if let [shard] = &mut *self.shards {
            shard.step(
                Input::Batch {
                    batch,
                    origin,
                    ingest: 0,
                    wall: None,
                },
                &mut Tell(out),
            );
            return;
        }
        let registry = Arc::clone(&self.shards[0].rules().registry);
        let mut builder = BatchBuilder::new(registry);
        for ((section, row), number) in batch.rows_in_order().zip(0_u64..) {
            let event = batch.section(section).event(row);
            let sequence = origin.sequence.wrapping_add(number);
            self.pass(event.time, out);
            if builder.push(&event).is_err() {
                self.unrouted += 1;
                continue;
            }
            let bytes = builder.finish();
            let bindings = Arc::clone(&self.bindings);
            let one = check(&bytes, &bindings).expect("a batch that was just built is sound");
            // Any shard may take a row in: take them in turn.
            let shard = (sequence % self.shards.len() as u64) as usize;
            let origin = Origin { sequence, ..origin };
            self.settle(out, |shards, sink| {
                shards[shard].step(
                    Input::Batch {
                        batch: one,
                        origin,
                        ingest: 0,
                        wall: None,
                    },
                    sink,
                );
            });
        }
    }

    /// Lets time pass up to `now`.
    pub fn tick(&mut self, now: i64, out: &mut impl FnMut(Match)) {
        if let [shard] = &mut *self.shards {
            shard.step(Input::Tick(now), &mut Tell(out));
        } else {
            self.pass(now, out);
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

    /// Lets time pass on several shards: one deadline after the other, and at each rule by rule, so
    /// that what an earlier timer derives is there before a later one goes off.
    fn pass(&mut self, now: i64, out: &mut impl FnMut(Match)) {
        while let Some(next) = self
            .shards
            .iter()
            .filter_map(Shard::next_deadline)
            .min()
            .filter(|&next| next <= now)
        {
            // What falls due at this instant is known now: durations are positive.
            let mut due = BTreeSet::new();
            for shard in &self.shards {
                shard.due(next, |rule| {
                    due.insert(rule);
                });
            }
            for rule in due {
                self.settle(out, |shards, sink| {
                    for shard in shards {
                        shard.pass_rule(next, rule, sink);
                    }
                });
            }
        }
        self.settle(out, |shards, sink| {
            for shard in shards {
                shard.step(Input::Tick(now), sink);
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
        first(&mut self.shards, &mut collector);
        while let Some(next) = first_of(&collector.forwards) {
            let forward = collector.forwards.remove(next);
            let shard = &mut self.shards[forward.destination as usize];
            shard.step(Input::Forwarded(&forward), &mut collector);
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
struct Tell<'o, F>(&'o mut F);

impl<F: FnMut(Match)> Sink for Tell<'_, F> {
    fn matched(&mut self, found: &MatchRef<'_>) {
        (self.0)(found.to_match());
    }

    fn forward(&mut self, _forward: Forward) {
        unreachable!("a single shard owns every key")
    }
}
