//! Bytes: of windows, of kept events, of firings that a limit counts, of keys.

use std::fmt::Write;
use std::sync::Arc;

use trapjaw_engine::{Config, Input, Lockstep, Origin, Shard, limits};
use trapjaw_event::{BatchBuilder, Binding, DeclaredType, Event, Match, Value, check};
use xxhash_rust::xxh3::xxh3_64;

use crate::rig::{Collector, EVENT, Rig, SECOND, bindings, event, of, program};

fn rule(clause: &str) -> String {
    format!("{EVENT}{clause}")
}

fn noted(k: &str, time: i64, note: &str) -> Event {
    let values = vec![
        Value::Text(k.into()),
        Value::Int(1),
        Value::Text(note.into()),
    ];
    of(0, time, values)
}

#[test]
fn window_rows_keep_their_limit() {
    let config = Config {
        max_window_bytes: 16_384,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k over 1h each having sum(a.n) > 0 do log(\"x\") }");
    let mut rig = Rig::new(&text, config);
    // A row takes a time, a value and its presence: three words.
    for round in 0..50 {
        let events: Vec<Event> = (0..100)
            .map(|n| event(&format!("k{}", n % 10), round * 100 + n, 1))
            .collect();
        rig.take(&events);
        assert!(rig.shard.bytes().all(|bytes| bytes < 16_384 + 8_192));
    }
    assert!(rig.shard.counters().evicted > 5);
    // Every row was taken, and each window counts at least that row.
    assert_eq!(rig.found().len(), 5_000);
}

#[test]
fn a_window_that_outgrows_the_limit_alone_begins_anew() {
    let config = Config {
        max_window_bytes: 2_048,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k over 1h each having count() > 0 do log(\"x\") }");
    let events: Vec<Event> = (0..1_000).map(|time| event("a", time, 1)).collect();
    let run = |cut: usize| {
        let mut rig = Rig::new(&text, config);
        for part in events.chunks(cut) {
            rig.take(part);
        }
        assert!(rig.shard.counters().evicted > 3);
        assert_eq!(rig.keys(), 1);
        rig.found()
    };
    let found = run(1_000);
    assert_eq!(found, run(1));
    assert_eq!(found.len(), 1_000);
    // Each count is one more than the last, or one.
    let counts: Vec<i64> = found
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(counts.windows(2).all(|w| w[1] == w[0] + 1 || w[1] == 1));
    assert!(counts.iter().any(|&count| count > 50));
}

#[test]
fn without_room_for_one_row_none_is_taken() {
    let config = Config {
        max_window_bytes: 0,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k over 1h each having count() > 0 do log(\"x\") }");
    let mut rig = Rig::new(&text, config);
    rig.take(&[event("a", 0, 1), event("b", 0, 1), event("a", 1, 1)]);
    rig.tick(i64::MAX);
    assert!(rig.found().is_empty());
    assert_eq!(rig.keys(), 0);
    assert!(rig.shard.counters().evicted >= 3);
}

#[test]
fn kept_events_keep_the_limit() {
    let config = Config {
        max_state_bytes: 1 << 20,
        ..Config::default()
    };
    let note = "x".repeat(200_000);
    for clause in [
        "rule r { on a: e by a.k absent 1h do log(\"{a.note}\") }",
        "rule r { on a: e by a.k for 1h do log(\"{a.note}\") }",
        "rule r { on a: e by a.k over 1d tumbling having count() > 0 do log(\"{a.note}\") }",
        "rule r { on a: e by a.k over 1d having count() > 0 do log(\"x\") on clear do log(\"{a.note}\") }",
    ] {
        let mut rig = Rig::new(&rule(clause), config);
        for round in 0..4 {
            // One text for all rows of a batch: as a dictionary it is there once.
            let events: Vec<Event> = (0..100)
                .map(|n| noted(&format!("k{round}.{n}"), round, &note))
                .collect();
            rig.take(&events);
            assert!(rig.bytes() <= (1 << 20) + 8_192, "{clause}");
            assert!((1..=5).contains(&rig.keys()), "{clause}");
        }
        assert!(rig.shard.counters().evicted >= 395, "{clause}");
        rig.found();
        // Those that are left are whole.
        rig.tick(3 * 86_400 * SECOND);
        if !clause.contains(" for ") {
            assert!(!rig.out.matches.is_empty(), "{clause}");
        }
        for found in &rig.out.matches {
            let texts = found.events[0].fields.iter().map(|(_, value)| value);
            assert!(
                texts
                    .into_iter()
                    .any(|value| *value == Value::Text((&*note).into()))
            );
        }
        assert_eq!(rig.keys(), 0);
    }
}

#[test]
fn memory_of_kept_events_is_given_back() {
    let config = Config {
        max_state_bytes: 1 << 22,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k absent 1h do log(\"{a.note}\") }");
    let mut rig = Rig::new(&text, config);
    let note = "x".repeat(250_000);
    rig.take(&[noted("a", 0, &note), noted("b", 0, &note)]);
    let full = rig.bytes();
    assert!(full > 500_000);
    // A small event takes the place of a large one.
    rig.take(&[noted("a", 1, "y")]);
    assert!(rig.bytes() < full - 240_000);
    rig.tick(i64::MAX);
    assert_eq!((rig.keys(), rig.shard.counters().evicted), (0, 0));
    assert!(rig.bytes() < 2_000);
    // The copies that are made in place of others are right.
    for round in 0..100_i64 {
        rig.take(&[noted(
            "c",
            i64::MAX - 1,
            &"z".repeat((round * 37 % 900) as usize),
        )]);
    }
    assert!(rig.bytes() < 4_000);
}

#[test]
fn firings_that_a_limit_counts_keep_the_limit() {
    let config = Config {
        max_state_bytes: 1 << 16,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k limit 1_000_000 per 1d do log(\"x\") }");
    let mut rig = Rig::new(&text, config);
    for round in 0..200 {
        let events: Vec<Event> = (0..500)
            .map(|n| event(["a", "b", "c"][n % 3], round, 1))
            .collect();
        rig.take(&events);
        assert!(rig.bytes() <= (1 << 16) + 8_192);
    }
    assert!(rig.shard.counters().evicted > 3);
    assert_eq!(rig.found().len(), 100_000);
}

#[test]
fn long_keys_take_room_and_too_long_ones_are_skipped() {
    let config = Config {
        max_state_bytes: 1 << 16,
        ..Config::default()
    };
    for clause in [
        "rule r { on a: e by a.k absent 1h do log(\"x\") }",
        "rule r { on a: e by a.k do log(\"x\") }",
        "rule r { on a: e by a.n, a.k limit 1 per 1h do log(\"x\") }",
    ] {
        let mut rig = Rig::new(&rule(clause), config);
        let numbers = if clause.contains("a.n") { 8 } else { 0 };
        let longest = limits::MAX_KEY - numbers;
        rig.take(&[
            event(&"a".repeat(longest + 1), 0, 1),
            event(&"b".repeat(longest), 0, 1),
            event(&"c".repeat(200_000), 0, 1),
        ]);
        rig.tick(2 * 3_600 * SECOND);
        assert_eq!(rig.shard.counters().long_keys, 2, "{clause}");
        assert_eq!(rig.out.matches.len(), 1, "{clause}");
        let events: Vec<Event> = (0..100)
            .map(|n| event(&format!("{n:04000}"), 3 * 3_600 * SECOND, 1))
            .collect();
        rig.take(&events);
        assert!(rig.bytes() <= 1 << 16, "{clause}");
        assert!(rig.keys() <= 16, "{clause}");
    }
    // On another shard they would not be kept either: they are not sent there.
    let rules = program(&rule("rule r { on a: e by a.k absent 1h do log(\"x\") }"));
    let mut rig = Rig::of(Shard::new(rules, config, (0, 2)));
    rig.take(&[
        event(&"a".repeat(5_000), 0, 1),
        event(&"b".repeat(5_000), 0, 1),
    ]);
    assert!(rig.out.forwards.is_empty());
    assert_eq!(rig.shard.counters().long_keys, 2);
}

#[test]
fn tables_take_half_of_the_state_at_most() {
    let config = Config {
        max_state_bytes: 100_000,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.n over 1d tumbling having sum(a.n) > 0 do log(\"x\") }");
    let mut rig = Rig::new(&text, config);
    let events: Vec<Event> = (0..5_000).map(|n| event("a", 0, n)).collect();
    rig.take(&events);
    assert!((20..400).contains(&rig.keys()));
    assert!(rig.bytes() <= 100_000);
    assert!(rig.shard.counters().evicted > 4_000);
}

#[test]
fn a_long_window_with_few_keys_at_a_time_stays_small() {
    // A key that is given up and comes again, over and over, within one window.
    let config = Config {
        max_keys: 1,
        ..Config::default()
    };
    let text = rule("rule r { on a: e by a.k over 1d tumbling having count() > 0 do log(\"x\") }");
    let mut rig = Rig::new(&text, config);
    let pair: Vec<Event> = (0..2_000).map(|n| event(["a", "b"][n % 2], 1, 1)).collect();
    for _ in 0..20 {
        rig.take(&pair);
    }
    rig.tick(86_400 * SECOND);
    assert_eq!(rig.found(), ["r matched 86400000000000 b 1"]);
    assert_eq!(rig.shard.counters().evicted, 39_999);
}

#[test]
fn a_rule_may_have_as_many_aggregates_as_are_allowed() {
    let mut having = String::from("sum(a.n) > -1");
    for n in 1..64 {
        write!(having, " and sum(a.n + {n}) > -1").unwrap();
    }
    for over in ["over 1m each", "over all each", "over 1m tumbling"] {
        let text = rule(&format!(
            "rule r {{ on a: e by a.k {over} having {having} do log(\"x\") }}"
        ));
        let mut rig = Rig::new(&text, Config::default());
        rig.take(&[event("a", 0, 1), event("a", 1, 2)]);
        rig.tick(60 * SECOND);
        let last = rig.out.matches.last().expect("it matches");
        let expected: Vec<Value> = (0..64).map(|n| Value::Int(3 + 2 * n)).collect();
        assert_eq!(last.values, expected, "{over}");
    }
}

/// A type of so many optional fields, and events that fill a batch with texts alone.
fn wide(texts: usize) -> (String, Event) {
    let mut ty = String::from("event e { k: text, a: text, b: text, c: text, d: text");
    for n in 0..200 {
        write!(ty, ", f{n}: int?").unwrap();
    }
    ty.push_str(" }\nrule r { on x: e by x.k absent 1s do log(\"x\") }");
    let mut values = vec![Value::Text("k".into())];
    let lengths = [
        texts.min(262_144),
        texts.saturating_sub(262_144).min(262_144),
    ];
    let rest = texts.saturating_sub(2 * 262_144);
    let lengths = [
        lengths[0],
        lengths[1],
        rest.min(262_144),
        rest.saturating_sub(262_144),
    ];
    values.extend(lengths.map(|length| Value::Text("t".repeat(length).into())));
    values.extend(vec![Value::Null; 200]);
    (ty, of(0, 0, values))
}

#[test]
fn a_row_that_no_batch_holds_whole_is_counted() {
    // A peer that declares the first five fields alone fills a batch with them. With a column for each of the
    // others the same row is too large.
    let narrow = "event e { k: text, a: text, b: text, c: text, d: text }";
    let (text, large) = wide(1_046_700);
    let rules = program(&text);
    let narrow_rules = program(&format!("{narrow}\nrule r {{ on x: e do log(\"x\") }}"));
    let mut event = large.clone();
    event.values.truncate(5);
    let mut builder = BatchBuilder::new(Arc::clone(&narrow_rules.registry));
    builder.push(&event).expect("it fits a batch of its own");
    let bytes = builder.finish();
    assert!(
        BatchBuilder::new(Arc::clone(&rules.registry))
            .push(&large)
            .is_err(),
        "the row fits: the test has to make it larger"
    );
    let declared = DeclaredType::from(narrow_rules.registry.get(event.type_id));
    let binding = Binding::bind(&rules.registry, &declared).expect("it is declared well");
    let bindings = vec![Some(Arc::new(binding))];
    let batch = check(&bytes, &bindings).expect("it is sound");
    let origin = Origin {
        stream: 0,
        sequence: u64::MAX,
    };
    let owner = trapjaw_engine::owner(xxh3_64(b"k"), 2);
    let mut shard = Shard::new(Arc::clone(&rules), Config::default(), (1 - owner, 2));
    let mut out = Collector::default();
    let input = Input::Batch {
        batch,
        origin,
        ingest: 0,
        wall: None,
    };
    shard.step(input, &mut out);
    assert!(out.forwards.is_empty() && out.matches.is_empty());
    assert_eq!(shard.counters().unrouted, 1);
    // In lockstep, where each row travels by itself, likewise.
    let mut lockstep = Lockstep::new(&rules, Config::default(), 2);
    let mut matches: Vec<Match> = Vec::new();
    lockstep.batch(batch, origin, &mut |found| matches.push(found));
    assert!(matches.is_empty());
    assert_eq!(lockstep.counters().unrouted, 1);
}

#[test]
fn what_many_rules_find_in_a_batch_is_told_in_pieces_and_in_order() {
    let mut text = EVENT.to_owned();
    for n in 0..100 {
        let clause = match n % 5 {
            0 => "on a: e do log(\"x\")",
            1 => "on a: e where a.n > 1 by a.k do log(\"x\")",
            2 => "on a: e by a.k over 3s each having count() > 1 do log(\"x\")",
            3 => "on a: e where a.n > 0 by a.k for 1s gap 3s do log(\"x\")",
            _ => "on a: e by a.k absent 2s do log(\"x\")",
        };
        writeln!(text, "rule r{n} {{ {clause} }}").unwrap();
    }
    let events: Vec<Event> = (0..6_000)
        .map(|n| event(["a", "b", "c"][n % 3], n as i64 * SECOND / 4, n as i64 % 4))
        .collect();
    let rules = program(&text);
    let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
    let run = |cut: usize, builder: &mut BatchBuilder| {
        let mut rig = Rig::of(Shard::new(Arc::clone(&rules), Config::default(), (0, 1)));
        for part in events.chunks(cut) {
            for event in part {
                builder.push(event).expect("it fits");
            }
            let bytes = builder.finish();
            assert!(check(&bytes, &bindings(&rules.registry)).is_ok());
            rig.batch(&bytes, None);
        }
        rig.out.matches
    };
    // More than are taken at once, in one batch.
    assert!(events.len() * 100 > 2 * limits::TAKEN_AT_ONCE);
    let whole = run(events.len(), &mut builder);
    assert!(whole.len() > limits::TAKEN_AT_ONCE / 2);
    assert!(run(100, &mut builder) == whole);
}
