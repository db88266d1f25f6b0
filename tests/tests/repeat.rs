//! Shards that run live, each at its own pace, against the repetition of what they recorded on a single one.

use std::collections::VecDeque;
use std::sync::Arc;

use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Record, Shard, Sink, repeat};
use trapjaw_event::{BatchBuilder, Binding, Event, Match, check};
use trapjaw_program::{Rule, RuleSet, Verified};
use trapjaw_tests::generate::Case;

/// Those whose rules derive events are left out.
const CASES: u64 = 1_000;
const SHARDS: usize = 3;

/// Matches and rows for other shards.
#[derive(Default)]
struct Collector {
    matches: Vec<Match>,
    forwards: Vec<Forward>,
}

impl Sink for Collector {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.matches.push(found.to_match());
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
    }
}

/// xorshift64: the same draws everywhere.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// A run: what was found, and what each shard recorded.
fn live(
    rules: &Arc<Verified<RuleSet>>,
    config: Config,
    events: &[Event],
    draws: &mut Draws,
) -> (Vec<Match>, Vec<Vec<Record>>) {
    let registry = &rules.registry;
    let bindings: Vec<_> = registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect();
    let mut shards: Vec<Shard> = (0..SHARDS as u32)
        .map(|id| Shard::new(Arc::clone(rules), config, (id, SHARDS as u32)))
        .collect();
    shards.iter_mut().for_each(Shard::record);
    // From each shard to each other, in order.
    let mut ways: Vec<VecDeque<Forward>> = (0..SHARDS * SHARDS).map(|_| VecDeque::new()).collect();
    let mut collector = Collector::default();
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    let mut next = 0;
    let mut ends = false;
    loop {
        let shard = draws.below(SHARDS);
        let from = draws.below(SHARDS);
        if let Some(forward) = ways[from * SHARDS + shard].pop_front() {
            shards[shard].step(Input::Forwarded(&forward), &mut collector);
        } else if next < events.len() {
            let rows = (1 + draws.below(4)).min(events.len() - next);
            for event in &events[next..next + rows] {
                builder
                    .push(event)
                    .expect("the events fit the registry and a batch");
            }
            let bytes = builder.finish();
            let batch = check(&bytes, &bindings).expect("a batch that was just built is sound");
            let origin = Origin {
                stream: 0,
                sequence: next as u64,
            };
            shards[shard].step(
                Input::Batch {
                    batch,
                    origin,
                    ingest: 0,
                    wall: None,
                },
                &mut collector,
            );
            next += rows;
        } else if ways.iter().all(VecDeque::is_empty) {
            // Time is the same for all at last, so that all that one shard saw pass has passed for the others.
            if ends {
                break;
            }
            ends = true;
            let now = shards.iter().map(Shard::clock).max().unwrap_or_default();
            for id in 0..SHARDS {
                shards[id].step(Input::Tick(now), &mut collector);
                shards[id].step(Input::Watermark(now), &mut collector);
                for forward in collector.forwards.drain(..) {
                    ways[id * SHARDS + forward.destination as usize].push_back(forward);
                }
            }
        }
        for forward in collector.forwards.drain(..) {
            ways[shard * SHARDS + forward.destination as usize].push_back(forward);
        }
        if draws.below(8) == 0 {
            let now = shards.iter().map(Shard::clock).max().unwrap_or_default();
            let lags = draws.below(SHARDS);
            shards[lags].step(Input::Tick(now), &mut collector);
            shards[lags].step(Input::Watermark(now), &mut collector);
            for forward in collector.forwards.drain(..) {
                ways[lags * SHARDS + forward.destination as usize].push_back(forward);
            }
        }
    }
    let records = shards.iter_mut().map(Shard::take_records).collect();
    (collector.matches, records)
}

fn sorted(matches: &[Match]) -> Vec<String> {
    let mut texts: Vec<String> = matches.iter().map(|found| format!("{found:?}")).collect();
    texts.sort_unstable();
    texts
}

#[test]
fn what_live_shards_recorded_gives_their_matches_again_on_one() {
    let (mut matches, mut forwarded) = (0, 0);
    for seed in 0..CASES {
        let case = Case::new(seed);
        let compiled = trapjaw_dsl::compile(&case.sources()).expect("generated rules compile");
        let rules = Arc::new(compiled.program);
        // See `repeat`.
        let is_refused = |rule: &Rule| rule.emit.is_some() || rule.clause.is_schedule();
        if rules.rules.iter().any(is_refused) {
            assert!(repeat(&rules, Config::default(), &[]).is_none());
            continue;
        }
        let config = Config {
            idle_ttl: case.options.idle_ttl,
            ..Config::default()
        };
        let (found, records) = live(&rules, config, &case.events, &mut Draws(seed * 2 + 1));
        let again = repeat(&rules, config, &records)
            .expect("no rule derives events or is started by the clock");
        assert_eq!(sorted(&found), sorted(&again), "{case}");
        matches += found.len();
        forwarded += records
            .iter()
            .flatten()
            .filter(|record| record.is_forwarded())
            .count();
    }
    assert!(
        matches > 500 && forwarded > 1_000,
        "{matches} matches, {forwarded} rows between shards"
    );
}
