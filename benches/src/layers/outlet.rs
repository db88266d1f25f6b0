//! The way out: rows to the shard that owns their key, matches to the control plane.

use std::sync::Arc;

use trapjaw_data::names::rule_names;
use trapjaw_data::queue::{mesh, ring};
use trapjaw_data::wake::Signal;
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{Matches, check};
use trapjaw_wire::json::write_match;

use super::{EVENTS, KEYS, Loaded, ROWS};
use crate::figures::patterns::fives;
use crate::load::{CPU, Load};
use crate::measure::compile;

/// Steps that a queue has room for.
const ROOM: usize = 16;

/// What one step brings.
#[derive(Default)]
struct Collected {
    matches: Matches,
    forwards: Vec<Forward>,
    counted: u64,
    /// Are matches only counted?
    counts: bool,
}

impl Sink for Collected {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.counted += 1;
        if !self.counts {
            found.tell(&mut self.matches);
        }
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
    }
}

/// A consumer that nobody has to wake.
fn awake() -> Arc<Signal<fn()>> {
    fn nothing() {}
    Arc::new(Signal::new(nothing as fn()))
}

fn step(shard: &mut Shard, load: &Load, number: usize, sink: &mut Collected) {
    let batch = check(&load.batches[number], &load.bindings).expect("a prepared batch is sound");
    let origin = Origin {
        stream: 0,
        sequence: (number * ROWS) as u64,
    };
    let input = Input::Batch {
        batch,
        origin,
        ingest: 0,
        wall: None,
    };
    shard.step(input, sink);
}

/// Two shards, of which one takes all in and hands what is the other's on: matches of both.
pub(super) fn exchange() -> Loaded {
    let rules = compile(&format!(
        "{CPU}rule s {{ match a: cpu[load > 0.5]{{5}} strict by host within 10s do log(\"x\") }}"
    ));
    let load = Load::cpu(&rules.registry, 1, EVENTS, ROWS, KEYS);
    let expected = fives(&load.events, 0.5);
    let load = Arc::new(load);
    Loaded {
        expected,
        ready: Box::new(move || {
            let load = Arc::clone(&load);
            let shard = |place| Shard::new(Arc::clone(&rules), Config::default(), (place, 2));
            let (mut door, mut owner) = (shard(0), shard(1));
            let mut ports = mesh::<Forward, _>(ROOM, &[awake(), awake()]);
            let mut sink = Collected {
                counts: true,
                ..Collected::default()
            };
            Box::new(move || {
                for number in 0..load.batches.len() {
                    step(&mut door, &load, number, &mut sink);
                    for forward in sink.forwards.drain(..) {
                        let to = forward.destination as usize;
                        let sent = ports[0].send(to, forward);
                        sent.expect("there is room for what one step brings");
                    }
                    while let Some((_, forward)) = ports[1].receive() {
                        owner.step(Input::Forwarded(&forward), &mut sink);
                    }
                }
                sink.counted
            })
        }),
    }
}

/// Matches, told whole, through the outbox to JSON: how many came out.
pub(super) fn outbox() -> Loaded {
    let rules = compile(&format!(
        "{CPU}rule f {{ on c: cpu where c.load > 0.9 do log(\"{{c.host}} is hot\") }}"
    ));
    let load = Load::cpu(&rules.registry, 1, EVENTS, ROWS, KEYS);
    let expected = load.events.iter().filter(|event| event.load > 0.9).count() as u64;
    let load = Arc::new(load);
    Loaded {
        expected,
        ready: Box::new(move || {
            let load = Arc::clone(&load);
            let rules = Arc::clone(&rules);
            let names: Vec<_> = rules.rules.iter().map(rule_names).collect();
            let mut shard = Shard::new(Arc::clone(&rules), Config::default(), (0, 1));
            let (mut producer, mut consumer) = ring::<Matches, _>(ROOM, awake());
            let mut sink = Collected::default();
            let mut json = Vec::new();
            Box::new(move || {
                let mut told = 0;
                for number in 0..load.batches.len() {
                    step(&mut shard, &load, number, &mut sink);
                    let pushed = producer.push(core::mem::take(&mut sink.matches));
                    pushed.expect("there is room for a step");
                    while let Some(matches) = consumer.pop() {
                        for found in matches {
                            json.clear();
                            write_match(
                                &mut json,
                                &found,
                                &names[found.rule.index()],
                                &rules.registry,
                            );
                            told += u64::from(json.ends_with(b"}"));
                        }
                    }
                }
                told
            })
        }),
    }
}
