//! The engine over a whole history, cut in some way: what is held against the oracle.

use std::sync::Arc;

use trapjaw_engine::{Config, Counters, Lockstep, Origin};
use trapjaw_event::{BatchBuilder, Binding, Event, Match, check};
use trapjaw_program::{RuleSet, Verified};

use crate::oracle::Options;

/// How the engine takes a history in.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Number of shards.
    pub shards: u32,
    /// Events in a batch, at most.
    pub batch: usize,
}

/// What came of a history.
#[derive(Clone, Debug)]
pub struct Ran {
    /// All that the rules report, in the order of output.
    pub matches: Vec<Match>,
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
        ..Config::default()
    };
    let mut engine = Lockstep::new(rules, config, cut.shards);
    let bindings: Vec<_> = registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect();
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    let mut matches = Vec::new();
    for (number, part) in events.chunks(cut.batch).enumerate() {
        for event in part {
            builder
                .push(event)
                .expect("the events fit the registry and a batch");
        }
        let bytes = builder.finish();
        let batch = check(&bytes, &bindings).expect("a batch that was just built is sound");
        let origin = Origin {
            stream: 0,
            sequence: (number * cut.batch) as u64,
        };
        engine.batch(batch, origin, &mut |found| matches.push(found));
    }
    if let Some(until) = options.until {
        engine.tick(until, &mut |found| matches.push(found));
    }
    Ran {
        matches,
        counters: engine.counters(),
    }
}

/// The counter of that name, if there is one that does not depend on how a history was cut.
pub fn counter(counters: &Counters, name: &str) -> Option<u64> {
    Some(match name {
        "faults" => counters.faults,
        "null_keys" => counters.null_keys,
        "long_keys" => counters.long_keys,
        "evicted" => counters.evicted,
        "held_back" => counters.held_back,
        "dropped_derived" => counters.dropped_derived,
        _ => return None,
    })
}
