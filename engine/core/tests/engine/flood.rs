//! Patterns under streams that are made to fill memory: each event opens a partial match.

use trapjaw_engine::{
    Config,
    limits::{MAX_RUNS, MAX_START_RUNS},
};
use trapjaw_event::Event;

use crate::rig::{EVENT, Rig, SECOND, event};

const PAIR: &str = "match a: e[n == 0] -> b: e[n == 1] by k within 1h do log(\"x\")";

fn rig(pattern: &str, config: Config) -> Rig {
    Rig::new(&format!("{EVENT}rule r {{ {pattern} }}"), config)
}

/// Both ways to evaluate a pattern.
fn both(config: Config) -> [Config; 2] {
    [false, true].map(|run_by_run| Config {
        run_by_run,
        ..config
    })
}

#[test]
fn of_one_key_the_oldest_partial_matches_are_given_up() {
    let mut rig = rig(PAIR, Config::default());
    let more = 1_000;
    let opening: Vec<Event> = (0..(MAX_RUNS + more) as i64)
        .map(|time| event("k", time, 0))
        .collect();
    let mut bytes = Vec::new();
    for part in opening.chunks(10_000) {
        rig.take(part);
        bytes.push(rig.bytes());
    }
    assert_eq!(rig.shard.counters().partial_matches_given_up, more as u64);
    assert!(bytes.is_sorted(), "{bytes:?}");
    rig.take(&[event("k", 100_000, 1)]);
    let found = core::mem::take(&mut rig.out.matches);
    let [found] = &*found else {
        panic!("one match: {found:?}");
    };
    // The oldest that is left is the leftmost.
    assert_eq!(found.events[0].time, more as i64);
}

#[test]
fn keys_that_come_once_stay_within_the_limit() {
    let limit = 1 << 20;
    for config in both(Config {
        max_state_bytes: limit,
        ..Config::default()
    }) {
        let mut rig = rig(PAIR, config);
        for round in 0..40_i64 {
            let events: Vec<Event> = (0..500)
                .map(|n| event(&format!("k{round}-{n}"), round, 0))
                .collect();
            rig.take(&events);
            assert!(rig.bytes() <= limit, "{}", rig.bytes());
        }
        let evicted = rig.shard.counters().evicted;
        assert!(evicted > 0);
        assert_eq!(rig.keys() as u64 + evicted, 20_000);
    }
}

#[test]
fn memory_is_given_back_as_windows_end_without_an_event() {
    for pattern in [
        PAIR,
        "match a: e+ -> b: e[n == 1] by k within 1h do log(\"x\")",
    ] {
        for config in both(Config::default()) {
            let mut rig = rig(pattern, config);
            let few: Vec<Event> = (0..2).map(|time| event("k", time, 0)).collect();
            rig.take(&few);
            let little = rig.bytes();
            let flood: Vec<Event> = (2..500).map(|time| event("k", time, 0)).collect();
            rig.take(&flood);
            assert!(rig.bytes() > 10 * little, "{} {little}", rig.bytes());
            rig.tick(3_600 * SECOND + 1_000);
            assert!(rig.bytes() <= little, "{} {little}", rig.bytes());
            assert_eq!((rig.keys(), rig.found().len()), (0, 0));
        }
    }
}

#[test]
fn a_key_that_rests_is_no_live_one_and_goes_first() {
    let config = Config {
        max_keys: 2,
        ..Config::default()
    };
    let mut rig = rig(PAIR, config);
    rig.take(&[event("a", 0, 0), event("b", 1, 0), event("a", 2, 1)]);
    assert_eq!((rig.keys(), rig.found().len()), (1, 1));
    // It takes the place of `a`, which has nothing to lose, and not that of `b`.
    rig.take(&[event("c", 3, 0), event("b", 4, 1), event("c", 5, 1)]);
    assert_eq!(rig.found().len(), 2);
    assert_eq!((rig.keys(), rig.shard.counters().evicted), (0, 0));
}

#[test]
fn an_event_with_nothing_but_fields_takes_little() {
    let mut rig = rig(
        "match a: e[n == 0] -> b: e[n == 0] -> c: e[n == 1] by k within 1h do log(\"x\")",
        Config::default(),
    );
    let events = |from: i64, to: i64| -> Vec<Event> {
        let plain = (from..to).map(|time| Event {
            source: "".into(),
            ..event("k", time, 0)
        });
        plain.collect()
    };
    rig.take(&events(0, 2));
    let few = rig.bytes();
    rig.take(&events(2, 1_002));
    // An event, the next one and what it has bound, and a number.
    assert_eq!(rig.bytes() - few, 1_000 * (24 + 8 + 8));
}

#[test]
fn places_of_a_pattern_that_nobody_stands_at_are_forgotten_in_between() {
    // Each key takes another way through a hundred times a hundred places.
    let mut rig = rig(
        "match s: e[n == 2] -> (a: e[n == 0]{100} and b: e[n == 1]{100}) by k within 1h do log(\"x\")",
        Config {
            run_by_run: true,
            ..Config::default()
        },
    );
    let keys = 1..100_usize;
    let of_key = |first: usize| {
        let ahead = core::iter::repeat_n(0, first);
        let in_turn = [0, 1].into_iter().cycle().take(2 * (100 - first));
        let behind = core::iter::repeat_n(1, first);
        core::iter::once(2)
            .chain(ahead)
            .chain(in_turn)
            .chain(behind)
    };
    let mut ways: Vec<_> = keys.clone().map(|first| (first, of_key(first))).collect();
    let mut time = 0;
    let mut events = Vec::new();
    // One half after the other, so that some stand somewhere while others go.
    for half in [0, 1] {
        for (first, way) in &mut ways {
            for n in way.by_ref().take(if half == 0 { 50 } else { 1_000 }) {
                time += 1;
                events.push(event(&format!("k{first}"), time, n));
            }
        }
    }
    rig.take(&events);
    assert_eq!(rig.found().len(), keys.len());
    assert_eq!(rig.shard.counters().partial_matches_given_up, 0);
}

/// Alike events, of which none completes anything.
fn alike(rig: &mut Rig, events: i64) {
    for time in 0..events {
        rig.take(&[event("k", time * SECOND, 0)]);
    }
}

#[test]
fn of_one_start_the_least_preferred_runs_are_given_up() {
    let steps: Vec<String> = (0..62).map(|at| format!("p{at}: e[n == 0]?")).collect();
    let operands: Vec<String> = (0..12).map(|at| format!("p{at}: e[n == 0]")).collect();
    let doubled: Vec<String> = (0..6)
        .map(|at| format!("(p{at}: e[n == 0]{{2}} or q{at}: e[n == 0])"))
        .collect();
    let patterns = [
        "p: e[n == 0]+ -> u: e[n == 1]".to_owned(),
        "p: e[n == 0]+ -> q: e[n == 0]+ -> r: e[n == 0]+ -> u: e[n == 1]".to_owned(),
        "p: e[n == 0]+ -> q: e[n == 0]+ -> r: e[n == 0]+ -> t: e[n == 0]+ -> u: e[n == 1]"
            .to_owned(),
        "(p: e[n == 0] or q: e[n == 0]){1,40} -> u: e[n == 1]".to_owned(),
        "(p: e[n == 0]{1,50}){1,50} -> u: e[n == 1]".to_owned(),
        format!("{} -> u: e[n == 1]", steps.join(" -> ")),
        format!("({}) -> u: e[n == 1]", operands.join(" and ")),
        format!("({}) -> u: e[n == 1]", doubled.join(" and ")),
    ];
    let events = 80;
    for pattern in &patterns {
        for config in both(Config::default()) {
            let text = format!("match s: e[n == 2] -> ({pattern}) within 1h do log(\"x\")");
            let mut rig = rig(&text, config);
            rig.take(&[event("k", 0, 2)]);
            alike(&mut rig, events);
            let bytes = rig.bytes();
            assert!(bytes <= MAX_START_RUNS * 1_024, "{pattern}: {bytes}");
            // A repetition by itself has a run or two at each event.
            let is_alone = *pattern == patterns[0];
            let given_up = rig.shard.counters().partial_matches_given_up;
            assert_eq!(given_up == 0, is_alone, "{pattern}: {given_up}");
            // The preferred runs are there yet, and what they come to is told.
            rig.take(&[event("k", 100 * SECOND, 1)]);
            rig.tick(4_000 * SECOND);
            assert!(rig.out.matches.len() <= 1, "{pattern}");
        }
    }
}

#[test]
fn the_preferred_run_of_the_leftmost_start_is_found_behind_a_flood() {
    let plus = "e[n == 0]+";
    let text = format!("match p: {plus} -> q: {plus} -> r: {plus} -> u: e[n == 1] within 1h");
    let mut rig = rig(&format!("{text} do log(\"x\")"), Config::default());
    let events = 50;
    alike(&mut rig, events);
    assert!(rig.shard.counters().partial_matches_given_up > 0);
    rig.take(&[event("k", events * SECOND, 1)]);
    rig.tick(4_000 * SECOND);
    let [found] = &*rig.out.matches else {
        panic!("one match: {:?}", rig.out.matches);
    };
    assert_eq!(found.events[0].time, 0);
    assert_eq!(found.events.len(), events as usize + 1);
}

/// Each of them may become a match: what one start may have is what its key may have.
#[test]
fn with_skip_none_a_start_has_all_combinations_up_to_the_limit() {
    let any = "p: e[n == 0] ~> q: e[n == 0] ~> s: e[n == 0] ~> t: e[n == 0] ~> u: e[n == 1]";
    let text = format!("match {any} within 1h skip none do log(\"x\")");
    let mut rig = rig(&text, Config::default());
    let runs_of_first = |events: usize| -> usize {
        // What is bound behind the start: none, one, two or three of those that followed.
        let n = events - 1;
        1 + n + n * (n - 1) / 2 + n * (n - 1) * (n - 2) / 6
    };
    alike(&mut rig, 30);
    assert_eq!(rig.shard.counters().partial_matches_given_up, 0);
    assert!(runs_of_first(30) < MAX_RUNS && runs_of_first(80) > MAX_RUNS);
    alike(&mut rig, 80);
    assert!(rig.shard.counters().partial_matches_given_up > 0);
    let bytes = rig.bytes();
    assert!(bytes <= MAX_RUNS * 1_024, "{bytes}");
}
