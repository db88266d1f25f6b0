//! Keys that find no room: whose place they take, and what is left of those.

use std::sync::Arc;

use trapjaw_dsl::compile;
use trapjaw_engine::{Config, Shard};
use trapjaw_event::{Event, Match, Value};
use trapjaw_tests::generate::Case;
use trapjaw_tests::oracle::{self, Options, close_to};

use crate::rig::{CLAUSES, Draws, EVENT, Rig, SECOND, compiled, event};

fn keys(max_keys: usize) -> Config {
    Config {
        max_keys,
        ..Config::default()
    }
}

fn rule(clause: &str) -> String {
    format!("{EVENT}{clause}")
}

/// Whoever comes second drives out the first: what does the first's end, its timer and its next event bring?
#[track_caller]
fn check(clause: &str, events: &[Event], until: i64, expected: &[&str]) {
    for cut in [1, events.len()] {
        let mut rig = Rig::new(&rule(clause), keys(1));
        for part in events.chunks(cut) {
            rig.take(part);
            assert_eq!(rig.keys(), 1);
        }
        rig.tick(until);
        assert_eq!(rig.found(), expected, "in batches of {cut}");
        assert!(rig.shard.counters().evicted > 0);
    }
}

#[test]
fn an_absence_that_was_given_up_is_not_raised() {
    check(
        "rule r { on a: e by a.k absent 10ns do log(\"x\") }",
        &[event("a", 0, 1), event("b", 1, 1)],
        100,
        &["r raised 11 b"],
    );
}

#[test]
fn a_window_that_was_given_up_begins_anew() {
    check(
        "rule r { on a: e by a.k over 1m each having sum(a.n) > 0 do log(\"x\") }",
        &[event("a", 0, 5), event("b", 1, 1), event("a", 2, 2)],
        100,
        &["r matched 0 a 5", "r matched 1 b 1", "r matched 2 a 2"],
    );
    check(
        "rule r { on a: e by a.k over all each having min(a.n) > 0 do log(\"x\") }",
        &[event("a", 0, 1), event("b", 1, 7), event("a", 2, 2)],
        100,
        &["r matched 0 a 1", "r matched 1 b 7", "r matched 2 a 2"],
    );
    check(
        "rule r { on a: e by a.k over 10ns tumbling having count() > 0 do log(\"x\") }",
        &[event("a", 0, 5), event("b", 1, 1), event("b", 2, 2)],
        100,
        &["r matched 10 b 2"],
    );
    check(
        "rule r { on a: e by a.k over 10ns tumbling having sum(a.n) > 0 do log(\"x\") }",
        &[event("a", 0, 5), event("b", 1, 1), event("a", 2, 2)],
        100,
        &["r matched 10 a 2"],
    );
}

#[test]
fn a_run_that_was_given_up_is_neither_cleared_nor_expired() {
    check(
        "rule r { on a: e where a.n > 0 by a.k for 1ns gap 20ns do log(\"x\") }",
        &[
            event("a", 0, 1),
            event("a", 1, 1),
            event("b", 2, 1),
            event("a", 3, 0),
        ],
        100,
        &["r raised 1 a"],
    );
}

#[test]
fn a_limit_forgets_who_was_given_up() {
    check(
        "rule r { on a: e by a.k limit 1 per 1h do log(\"x\") }",
        &[
            event("a", 0, 1),
            event("a", 1, 1),
            event("b", 2, 1),
            event("a", 3, 1),
        ],
        100,
        &["r matched 0 a", "r matched 2 b", "r matched 3 a"],
    );
}

/// A key that is seen between any two others, among so many that come once.
fn crowd(seed: u64) -> Vec<Event> {
    let draws = &mut Draws(seed * 2 + 1);
    let mut time = 0;
    let mut events = Vec::new();
    for number in 0..120 {
        time += [0, 1, SECOND / 2, SECOND, SECOND, 2 * SECOND, 6 * SECOND][draws.below(7)];
        let name = match draws.below(2) {
            0 => format!("c{number}"),
            _ => format!("a rather long name, number {number}"),
        };
        let value = draws.below(3) as i64;
        events.push(event(&name, time, value));
        // At last twice what every condition takes, so that it is seen again even where it was begun anew.
        for value in [[0, 1, 1, 2][draws.below(4)], 1, 1] {
            events.push(event("hot", time, value));
        }
    }
    events
}

fn of_hot(found: &Match) -> bool {
    found.key == [Value::Text("hot".into())]
}

#[test]
fn a_key_that_stays_behaves_as_if_it_were_alone() {
    let mut evicted = 0;
    let mut matches = 0;
    for clause in CLAUSES {
        let compiled = compiled(&rule(clause));
        for seed in 0..24 {
            let events = crowd(seed);
            let end = events.last().map_or(0, |event| event.time) + 20 * SECOND;
            let options = Options {
                until: Some(end),
                idle_ttl: 7 * SECOND,
                ..Options::default()
            };
            let expected: Vec<_> = oracle::run(&compiled.hir, &events, options)
                .into_iter()
                .filter(|found| found.key == [Value::Text("hot".into())])
                .collect();
            for (max_keys, cut) in [(2, 1), (2, 480), (3, 7), (3, 50)] {
                let config = Config {
                    idle_ttl: options.idle_ttl,
                    ..keys(max_keys)
                };
                let mut rig = Rig::new(&rule(clause), config);
                for part in events.chunks(cut) {
                    rig.take(part);
                    assert!(rig.keys() <= max_keys, "{clause}");
                }
                rig.tick(end);
                let found: Vec<&Match> = rig.out.matches.iter().filter(|m| of_hot(m)).collect();
                let place = format!("{clause}, seed {seed}, {max_keys} keys, batches of {cut}");
                assert_eq!(found.len(), expected.len(), "{place}");
                for (found, expected) in found.into_iter().zip(&expected) {
                    assert_eq!(
                        (found.kind, found.time),
                        (expected.kind, expected.time),
                        "{place}"
                    );
                    let values = found.values.iter().zip(&expected.values);
                    assert!(values.clone().all(|(a, (_, b))| close_to(a, b)), "{place}");
                    let args = found.actions.iter().map(|call| &*call.args);
                    assert!(
                        args.eq(expected.actions.iter().map(|(_, args)| &**args)),
                        "{place}"
                    );
                }
                evicted += rig.shard.counters().evicted;
                matches += expected.len();
            }
        }
    }
    assert!(evicted > 10_000 && matches > 5_000, "{evicted}, {matches}");
}

#[test]
fn who_is_given_up_does_not_depend_on_how_batches_are_cut() {
    for clause in CLAUSES {
        for seed in 0..8 {
            let events = crowd(seed);
            let run = |cut: usize| {
                let mut rig = Rig::new(&rule(clause), keys(3));
                for part in events.chunks(cut) {
                    rig.take(part);
                }
                rig.tick(events.last().map_or(0, |event| event.time) + 20 * SECOND);
                let evicted = rig.shard.counters().evicted;
                (rig.out.matches, evicted)
            };
            let whole = run(events.len());
            assert_eq!(run(1), whole, "{clause}, seed {seed}");
            assert_eq!(run(11), whole, "{clause}, seed {seed}");
        }
    }
}

#[test]
fn any_rules_live_with_little_room_and_the_same_inputs_give_the_same_outputs() {
    let mut evicted = 0;
    for seed in 0..250 {
        let case = Case::new(seed);
        let rules = compile(&case.sources()).expect("generated rules compile");
        let rules = Arc::new(rules.program);
        for (max_keys, max_window_bytes, max_state_bytes) in [
            (0, 1 << 30, 1 << 30),
            (1, 1 << 30, 1 << 30),
            (2, 0, 1 << 30),
            (3, 2_048, 4_096),
            (1_000, 1_024, 2_048),
            (1_000, 1 << 30, 0),
        ] {
            let config = Config {
                max_keys,
                max_window_bytes,
                max_state_bytes,
                idle_ttl: case.options.idle_ttl,
                ..Config::default()
            };
            let run = || {
                let mut rig = Rig::of(Shard::new(Arc::clone(&rules), config, (0, 1)));
                for part in case.events.chunks(9) {
                    rig.take(part);
                    assert!(
                        rig.shard.keys().all(|keys| keys <= max_keys.max(1)),
                        "{case}"
                    );
                }
                rig.tick(case.options.until.unwrap_or(0));
                rig
            };
            let (one, other) = (run(), run());
            assert_eq!(one.out.matches, other.out.matches, "{case}");
            assert_eq!(one.shard.counters(), other.shard.counters(), "{case}");
            evicted += one.shard.counters().evicted;
        }
    }
    assert!(evicted > 10_000, "{evicted}");
}

#[test]
fn different_texts_are_counted_and_give_keys_up_however_batches_are_cut() {
    let draws = &mut Draws(7);
    let mut text = String::new();
    let events: Vec<Event> = (0..4_000)
        .map(|number| {
            if draws.below(3) == 0 {
                // Some come again, and most do not.
                let name = [draws.below(5), number][usize::from(draws.below(4) > 0)];
                text = format!("{name:0>80}");
            }
            event(&text, number as i64 * SECOND, draws.below(6) as i64)
        })
        .collect();
    let mut evicted = 0;
    for over in ["over all", "over 1h", "over 3 events", "over 2s"] {
        let text = rule(&format!(
            "rule r {{ on a: e by a.n {over} each having distinct(a.k) > 0 do log(\"{{distinct(a.k)}}\") }}"
        ));
        for max_state_bytes in [1 << 30, 100_000] {
            let run = |cut: usize| {
                let config = Config {
                    max_state_bytes,
                    ..Config::default()
                };
                let mut rig = Rig::new(&text, config);
                for part in events.chunks(cut) {
                    rig.take(part);
                }
                let evicted = rig.shard.counters().evicted;
                (rig.out.matches, evicted)
            };
            let one_by_one = run(1);
            for cut in [2, 9, 600, events.len()] {
                assert!(run(cut) == one_by_one, "{over}, batches of {cut}");
            }
            evicted += one_by_one.1;
        }
    }
    assert!(evicted > 10, "{evicted}");
}
