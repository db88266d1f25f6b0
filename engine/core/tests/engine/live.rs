//! Shards that run live, each at its own pace: every partition against the oracle.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use trapjaw_dsl::Compiled;
use trapjaw_engine::{Config, Forward, Input, Origin, Shard};
use trapjaw_event::{BatchBuilder, Event, Match, Value, check};
use trapjaw_program::Clause;
use trapjaw_tests::oracle::{self, Matched, Options, close_to};

use crate::rig::{CLAUSES, Collector, Draws, EVENT, SECOND, bindings, compiled, event};

const SHARDS: usize = 3;
const KEYS: [&str; 5] = ["a", "b", "c", "d", "g"];

/// One stream of events to each shard; each event's `note` tells it apart.
fn streams(draws: &mut Draws) -> Vec<VecDeque<Event>> {
    let mut number = 0;
    let mut streams = vec![VecDeque::new(); SHARDS];
    for stream in &mut streams {
        let mut time = draws.below(3) as i64 * SECOND;
        for _ in 0..40 {
            time += [0, 1, SECOND / 2, SECOND, 2 * SECOND][draws.below(5)];
            let mut event = event(KEYS[draws.below(5)], time, draws.below(3) as i64);
            event.id = Some(number.to_string().into());
            event.values[2] = Value::Text(number.to_string().into());
            number += 1;
            stream.push_back(event);
        }
    }
    streams
}

/// What a shard's owner saw: by key, events with the instant at which they took effect, in order.
type Seen = BTreeMap<Box<str>, Vec<Event>>;

struct Live {
    shards: Vec<Shard>,
    /// Does the rule take the events that do not satisfy its condition?
    breaks: bool,
    /// From each shard to each other, in order, with the rows' events.
    ways: Vec<VecDeque<(Forward, Vec<Event>)>>,
    seen: Seen,
    matches: Vec<Match>,
    sequence: u64,
}

impl Live {
    fn new(rules: &Compiled, config: Config) -> Self {
        let program = Arc::new(rules.program.clone());
        let shard = |id| Shard::new(Arc::clone(&program), config, (id, SHARDS as u32));
        let rule = &program.rules[0];
        Self {
            breaks: rule.sources[0].condition.is_none()
                || matches!(rule.clause, Clause::Sustained { .. }),
            shards: (0..SHARDS as u32).map(shard).collect(),
            ways: (0..SHARDS * SHARDS).map(|_| VecDeque::new()).collect(),
            seen: Seen::new(),
            matches: Vec::new(),
            sequence: 0,
        }
    }

    fn owner(key: &str) -> usize {
        trapjaw_engine::owner(xxhash_rust::xxh3::xxh3_64(key.as_bytes()), SHARDS as u32) as usize
    }

    /// The owner of a key takes an event in when its clock stands there.
    fn see(&mut self, clock: &mut i64, event: &Event) {
        *clock = (*clock).max(event.time);
        let mut seen = event.clone();
        seen.time = *clock;
        self.seen.entry(key(event).into()).or_default().push(seen);
    }

    fn step(&mut self, shard: usize, events: &[Event]) {
        let registry = Arc::clone(&self.shards[shard].rules().registry);
        let mut builder = BatchBuilder::new(Arc::clone(&registry));
        let mut clock = self.shards[shard].clock();
        let mut strays: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
        for event in events {
            builder.push(event).expect("it fits");
            clock = clock.max(event.time);
            let owner = Self::owner(key(event));
            if owner == shard {
                self.see(&mut clock, event);
            } else if self.breaks || event.values[1] != Value::Int(0) {
                // It takes effect no earlier than here.
                let mut stray = event.clone();
                stray.time = clock;
                strays.entry(owner).or_default().push(stray);
            }
        }
        let bytes = builder.finish();
        let bindings = bindings(&registry);
        let input = Input::Batch {
            batch: check(&bytes, &bindings).expect("it is sound"),
            origin: Origin {
                stream: 0,
                sequence: self.sequence,
            },
            ingest: 0,
            wall: None,
        };
        self.sequence += events.len() as u64;
        let mut out = Collector::default();
        self.shards[shard].step(input, &mut out);
        self.matches.append(&mut out.matches);
        for forward in out.forwards {
            let to = forward.destination as usize;
            let rows = strays.remove(&to).expect("it goes to who owns its keys");
            assert_eq!(forward.rows(), rows.len());
            self.ways[shard * SHARDS + to].push_back((forward, rows));
        }
        assert!(strays.is_empty(), "every row goes to who owns its key");
    }

    fn deliver(&mut self, way: usize) -> bool {
        let Some((forward, rows)) = self.ways[way].pop_front() else {
            return false;
        };
        let shard = way % SHARDS;
        let mut clock = self.shards[shard].clock();
        for event in &rows {
            self.see(&mut clock, event);
        }
        let mut out = Collector::default();
        self.shards[shard].step(Input::Forwarded(&forward), &mut out);
        self.matches.append(&mut out.matches);
        assert!(out.forwards.is_empty(), "who owns a key keeps its rows");
        true
    }
}

fn key(event: &Event) -> &str {
    match &event.values[0] {
        Value::Text(key) => key,
        other => panic!("{other:?}"),
    }
}

fn same(found: &Match, expected: &Matched) -> bool {
    let args = found.actions.iter().map(|call| &*call.args);
    let values = found.values.iter().zip(&expected.values);
    (found.kind, found.time) == (expected.kind, expected.time)
        && args.eq(expected.actions.iter().map(|(_, args)| &**args))
        && values.clone().all(|(a, (_, b))| close_to(a, b))
        && found.events[0].id == expected.events[0].1[0].id
}

#[test]
fn each_partition_is_judged_as_its_owner_took_its_events_in() {
    let (mut matches, mut late) = (0, 0);
    // The first has no state: each shard keeps what it takes in.
    for clause in &CLAUSES[1..] {
        let rules = compiled(&format!("{EVENT}{clause}"));
        for seed in 0..60 {
            let draws = &mut Draws(seed * 2 + 1);
            let options = Options {
                until: Some(1_000 * SECOND),
                idle_ttl: [6 * SECOND, 86_400 * SECOND][draws.below(2)],
                ..Options::default()
            };
            let config = Config {
                idle_ttl: options.idle_ttl,
                ..Config::default()
            };
            let mut live = Live::new(&rules, config);
            let mut streams = streams(draws);
            while streams.iter().any(|stream| !stream.is_empty()) {
                let shard = draws.below(SHARDS);
                let rows = (1 + draws.below(5)).min(streams[shard].len());
                let events: Vec<Event> = streams[shard].drain(..rows).collect();
                if !events.is_empty() {
                    live.step(shard, &events);
                }
                // Delivery lags behind, more on some ways than on others.
                for _ in 0..draws.below(3) {
                    live.deliver(draws.below(SHARDS * SHARDS));
                }
            }
            for way in 0..SHARDS * SHARDS {
                while live.deliver(way) {}
            }
            for shard in &mut live.shards {
                let mut out = Collector::default();
                shard.step(Input::Tick(1_000 * SECOND), &mut out);
                live.matches.append(&mut out.matches);
            }
            for (key, events) in &live.seen {
                let expected = oracle::run(&rules.hir, events, options);
                let found: Vec<&Match> = live
                    .matches
                    .iter()
                    .filter(|found| found.key == [Value::Text(key.clone())])
                    .collect();
                let place = format!("{clause}, seed {seed}, key {key}");
                assert_eq!(found.len(), expected.len(), "{place}");
                for (found, expected) in found.into_iter().zip(&expected) {
                    assert!(same(found, expected), "{place}\n{found:?}\n{expected:?}");
                }
                matches += expected.len();
                late += events.windows(2).filter(|w| w[0].id > w[1].id).count();
            }
        }
    }
    assert!(matches > 5_000 && late > 1_000, "{matches}, {late}");
}
