//! Batches of many sections, many rules, and the order of what comes of them.

use std::fmt::Write;
use std::sync::Arc;

use trapjaw_engine::{Config, Input, Lockstep, Origin, Shard};
use trapjaw_event::{BatchBuilder, Event, Match, Value, check};

use crate::rig::{EVENT, Rig, SECOND, bindings, event, of, program};

#[test]
fn a_batch_of_all_sections_keeps_its_order() {
    // 255 types that are read by one rule, by one rule each, or not at all.
    let mut text = String::new();
    let mut all = Vec::new();
    for n in 0..255 {
        writeln!(text, "event t{n} {{ k: text, n: int }}").unwrap();
        if n % 3 == 0 {
            all.push(format!("t{n}"));
        }
        if n % 3 == 1 {
            writeln!(
                text,
                "rule r{n} {{ on a: t{n} by a.k over 1h having sum(a.n) > 0 do log(\"x\") }}"
            )
            .unwrap();
        }
    }
    let all = all.join(" | ");
    writeln!(
        text,
        "rule all {{ on a: {all} by a.k over all each having count() > 0 do log(\"{{a.n}}\") }}"
    )
    .unwrap();
    let events: Vec<Event> = (0..2_000_u32)
        .map(|n| {
            let values = vec![
                Value::Text(["a", "b"][n as usize % 2].into()),
                Value::Int(i64::from(n)),
            ];
            of(n * 7 % 255, i64::from(n / 4) * SECOND, values)
        })
        .collect();
    let rules = program(&text);
    let run = |cut: usize, shards: u32| {
        let mut lockstep = Lockstep::new(&rules, Config::default(), shards);
        let mut matches: Vec<Match> = Vec::new();
        let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
        let bindings = bindings(&rules.registry);
        for (part, number) in events.chunks(cut).zip(0..) {
            for event in part {
                builder.push(event).expect("it fits");
            }
            let bytes = builder.finish();
            let batch = check(&bytes, &bindings).expect("it is sound");
            let origin = Origin {
                stream: 0,
                sequence: number * cut as u64,
            };
            lockstep.batch(batch, origin, &mut |found| matches.push(found));
        }
        matches
    };
    let whole = run(2_000, 1);
    assert_eq!(whole.len(), 667 + 170);
    assert!(run(1, 1) == whole && run(300, 1) == whole && run(500, 3) == whole);
    // The rule over many types counts along the order of the batch.
    let last = rules
        .rules
        .iter()
        .position(|rule| &*rule.name == "all")
        .unwrap();
    let numbers: Vec<&str> = whole
        .iter()
        .filter(|found| found.rule.index() == last)
        .map(|found| match &found.actions[0].args[0] {
            Value::Text(text) => &**text,
            other => panic!("{other:?}"),
        })
        .collect();
    let numbers: Vec<u32> = numbers
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.len() == 667);
}

#[test]
fn sections_that_no_rule_reads_cost_nothing_but_time() {
    let text = format!(
        "{EVENT}event f {{ k: text }}\nrule r {{ on a: e by a.k absent 10ns do log(\"x\") }}"
    );
    let mut rig = Rig::new(&text, Config::default());
    rig.take(&[
        event("a", 0, 1),
        of(1, 5, vec![Value::Text("a".into())]),
        of(1, 30, vec![Value::Text("b".into())]),
    ]);
    assert_eq!(rig.found(), ["r raised 10 a"]);
    assert_eq!(rig.shard.clock(), 30);
    rig.take(&[of(1, 50, vec![Value::Text("b".into())])]);
    assert_eq!(rig.shard.counters().events, 4);
}

#[test]
fn pairs_of_rules_that_derive_from_one_another_do_not_nest() {
    // In file order each consumer stands behind its producer: a call for each of them would need a deep stack.
    let mut text = EVENT.to_owned();
    for n in 0..2_000 {
        writeln!(text, "event d{n} {{ k: text, n: int }}").unwrap();
        writeln!(
            text,
            "rule p{n} {{ on a: e emit d{n} {{ k: a.k, n: a.n }} }}"
        )
        .unwrap();
        writeln!(text, "rule c{n} {{ on a: d{n} do log(\"x\") }}").unwrap();
    }
    let rules = program(&text);
    let run = move || {
        let mut rig = Rig::of(Shard::new(rules, Config::default(), (0, 1)));
        rig.take(&[event("a", 0, 1)]);
        rig.found()
    };
    let small = std::thread::Builder::new().stack_size(256 * 1_024);
    let found = small
        .spawn(run)
        .unwrap()
        .join()
        .expect("the stack is large enough");
    assert_eq!(found.len(), 4_000);
    // Each consumer directly behind its producer's match, in the order of the files: first the event's own.
    let producers = found.iter().filter(|line| line.starts_with('p')).count();
    assert_eq!(
        (producers, &*found[0], &*found[3_999]),
        (2_000, "p0 matched 0", "c1999 matched 0")
    );
}

#[test]
fn derived_events_that_are_refused_do_not_part_the_rest() {
    // Every other one lacks a required field.
    let text = format!(
        "{EVENT}event d {{ k: text, note: text }}\n\
         rule p {{ on a: e by a.k emit d {{ k: a.k, note: a.note }} }}\n\
         rule c {{ on a: d by a.k over 1h each having count() > 0 do log(\"x\") }}"
    );
    let mut rig = Rig::new(&text, Config::default());
    let events: Vec<Event> = (0..1_000)
        .map(|n| {
            let note = if n % 2 == 0 {
                Value::Null
            } else {
                Value::Text("y".into())
            };
            of(0, n, vec![Value::Text("a".into()), Value::Int(n), note])
        })
        .collect();
    rig.take(&events);
    assert_eq!(rig.shard.counters().dropped_derived, 500);
    let found = rig.found();
    assert_eq!(found.len(), 1_500);
    assert_eq!(found[1_499], "c matched 999 a 500");
}

#[test]
fn what_waits_has_a_limit_and_the_oldest_goes_early() {
    let text = "event e { k: text, n: int, note: text? } lateness 1h
        rule r { on a: e by a.n do log(\"x\") }";
    let config = Config {
        max_held_bytes: 20_000,
        ..Config::default()
    };
    let mut rig = Rig::new(text, config);
    let numbers = |found: Vec<String>| -> Vec<i64> {
        let number = |found: &String| found.rsplit(' ').next()?.parse().ok();
        found.iter().filter_map(number).collect()
    };
    // Newest first; none of them is before the watermark.
    let sent: Vec<Event> = (1..=1_000).rev().map(|n| event("a", n, n)).collect();
    rig.take(&sent);
    let early = numbers(rig.found());
    let count = early.len() as i64;
    assert!(count > 500, "{count}");
    assert_eq!(early, (1..=count).collect::<Vec<_>>());
    assert_eq!(rig.shard.counters().early, count as u64);
    // One that is older than what has gone is not lost, and the oldest that waits.
    rig.take(&[event("a", 0, 0), event("a", 2, 2)]);
    rig.shard.step(Input::Release, &mut rig.out);
    let mut later = numbers(rig.found());
    later.sort_unstable();
    let mut expected: Vec<i64> = (count + 1..=1_000).chain([0, 2]).collect();
    expected.sort_unstable();
    assert_eq!(later, expected);
    assert_eq!(rig.shard.counters().late.iter().sum::<u64>(), 0);
}
