//! The engine over a whole history, cut in some way: what is held against the oracle.

use std::sync::Arc;

use trapjaw_engine::{Config, Counters, Lockstep, Origin};
use trapjaw_event::{BatchBuilder, Binding, Event, Match, check};
use trapjaw_program::{RuleSet, Verified};

use crate::oracle::Options;

/// Of [`Cut::index_from`]: each condition is computed for all rows.
pub const NEVER: usize = usize::MAX;

/// How the engine takes a history in.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Number of shards.
    pub shards: u32,
    /// Events in a batch, at most.
    pub batch: usize,
    /// Conditions on a type from which on they are looked up: see [`Config::index_from`].
    pub index_from: usize,
    /// Whether patterns are evaluated run by run.
    pub run_by_run: bool,
    /// Whether rules that have the same windows have them once.
    pub share_windows: bool,
}

/// What came of a history.
#[derive(Clone, Debug)]
pub struct Ran {
    /// All that the rules report, in the order of output.
    pub matches: Vec<Match>,
    /// The events that came too late for a rule.
    pub late: Vec<Event>,
    /// What all shards counted.
    pub counters: Counters,
}

/// All that the rules report over a history, in the order of output.
///
/// # Panics
///
/// If an event does not fit the registry.
pub fn run(
    rules: &Arc<Verified<RuleSet>>,
    events: &[Event],
    options: Options,
    cut: Cut,
) -> Vec<Match> {
    run_counted(rules, events, options, cut).matches
}

/// Like [`run`], with what was counted.
///
/// # Panics
///
/// If an event does not fit the registry.
pub fn run_counted(
    rules: &Arc<Verified<RuleSet>>,
    events: &[Event],
    options: Options,
    cut: Cut,
) -> Ran {
    let registry = &rules.registry;
    let config = Config {
        idle_ttl: options.idle_ttl,
        index_from: cut.index_from,
        run_by_run: cut.run_by_run,
        share_windows: cut.share_windows,
        ..Config::default()
    };
    let mut engine = Lockstep::new(rules, config, cut.shards);
    let bindings: Vec<_> = registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect();
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    let mut matches = Vec::new();
    let mut sequence = 0;
    engine.keep_late();
    let streams = events.chunk_by(|a, b| options.stream_of(a) == options.stream_of(b));
    for part in streams.flat_map(|of_stream| of_stream.chunks(cut.batch)) {
        for event in part {
            builder
                .push(event)
                .expect("the events fit the registry and a batch");
        }
        let bytes = builder.finish();
        let batch = check(&bytes, &bindings).expect("a batch that was just built is sound");
        let origin = Origin {
            stream: options.stream_of(&part[0]),
            sequence,
        };
        sequence += part.len() as u64;
        engine.batch(batch, origin, &mut |found| matches.push(found));
    }
    if let Some(until) = options.until {
        engine.tick(until, &mut |found| matches.push(found));
    }
    Ran {
        matches,
        late: engine
            .take_late()
            .into_iter()
            .map(|late| late.event)
            .collect(),
        counters: engine.counters(),
    }
}

/// An engine that takes in one history after the other: a new one for each would cost more than its events.
#[derive(Debug)]
pub struct Reused {
    engine: Lockstep,
    builder: BatchBuilder,
    bindings: Vec<Option<Arc<Binding>>>,
    batch: usize,
    sequence: u64,
}

impl Reused {
    /// A new one, for histories with this `idle_ttl`.
    pub fn new(rules: &Arc<Verified<RuleSet>>, idle_ttl: i64, cut: Cut) -> Self {
        let registry = &rules.registry;
        let config = Config {
            idle_ttl,
            index_from: cut.index_from,
            run_by_run: cut.run_by_run,
            share_windows: cut.share_windows,
            ..Config::default()
        };
        Self {
            engine: Lockstep::new(rules, config, cut.shards),
            builder: BatchBuilder::new(Arc::clone(registry)),
            bindings: registry
                .iter()
                .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
                .collect(),
            batch: cut.batch,
            sequence: 0,
        }
    }

    /// All that the rules report over a history, which begins after the one before has ended. At `end` nothing is to be
    /// left of it in the engine.
    ///
    /// # Panics
    ///
    /// If an event does not fit the registry.
    pub fn run(&mut self, events: &[Event], options: Options, end: i64) -> Vec<Match> {
        let mut matches = Vec::new();
        for part in events.chunks(self.batch) {
            for event in part {
                self.builder
                    .push(event)
                    .expect("the events fit the registry and a batch");
            }
            let bytes = self.builder.finish();
            let batch =
                check(&bytes, &self.bindings).expect("a batch that was just built is sound");
            let origin = Origin {
                stream: 0,
                sequence: self.sequence,
            };
            self.sequence += part.len() as u64;
            self.engine
                .batch(batch, origin, &mut |found| matches.push(found));
        }
        if let Some(until) = options.until {
            self.engine.tick(until, &mut |found| matches.push(found));
        }
        // What is told from here on is no part of the history.
        self.engine.tick(end, &mut |_| {});
        matches
    }
}

/// The counter of that name, if there is one that does not depend on how a history was cut.
pub fn counter(counters: &Counters, name: &str) -> Option<u64> {
    Some(match name {
        "faults" => counters.faults.total(),
        "null_keys" => counters.null_keys,
        "long_keys" => counters.long_keys,
        "evicted" => counters.evicted,
        "held_back" => counters.held_back,
        "skips_degraded" => counters.skips_degraded,
        "late" => counters.late.iter().sum(),
        "dropped_derived" => counters.dropped_derived,
        _ => return None,
    })
}
