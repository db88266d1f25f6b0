//! Patterns whose key has a bit for each place and a ring of its newest events, against the same run by run.

use trapjaw_engine::Config;
use trapjaw_event::{Event, Value};
use xxhash_rust::xxh3::xxh3_64;

use crate::rig::{EVENT, Rig, SECOND, of};

const PATTERNS: [&str; 5] = [
    "a: e[n == 0] => b: e[n < 2]",
    "a: e[n == 0] => b: e[n == 0] => c: e[n == 1]",
    "a: e[n < 2]{4} strict",
    "a: e[n < 2]{2} strict => b: e[n > 0] => c: e",
    "a: e{17} strict",
];

const SKIPS: [&str; 5] = [
    "",
    "skip none",
    "skip to next",
    "skip to last a",
    "skip to first a",
];

/// Some events of a few keys, the first of which has most of them.
fn events(seed: usize, is_bare: bool) -> Vec<Event> {
    let draw = |number: usize| {
        let bits = xxh3_64(&[seed, number].map(|n| n as u8)) as usize;
        let key = (bits % 12).saturating_sub(7);
        let time = number as i64 * SECOND + (bits / 16 % 7) as i64 * SECOND;
        let values = vec![
            Value::Text(format!("k{key}").into()),
            Value::Int((bits / 256 % 4).saturating_sub(1) as i64),
            Value::Null,
        ];
        let mut event = of(0, time, values);
        if is_bare {
            event.source = "".into();
        }
        event
    };
    (0..200).map(draw).collect()
}

#[test]
fn bits_say_what_runs_do() {
    let mut matches = 0;
    for (number, pattern) in PATTERNS.iter().enumerate() {
        for (place, skip) in SKIPS.iter().enumerate() {
            for (within, cut, is_bare) in [(5, 1, true), (60, 7, false), (60, 200, true)] {
                let text = format!(
                    "{EVENT}rule r {{ match {pattern} by k within {within}s {skip} limit 3 per 20s do log(\"{{a.first.n}}\") }}"
                );
                let text = match number {
                    0 | 1 => text.replace("a.first.n", "a.n"),
                    _ => text,
                };
                let events = events(7 * number + place, is_bare);
                let found = [false, true].map(|run_by_run| {
                    let config = Config {
                        run_by_run,
                        ..Config::default()
                    };
                    let mut rig = Rig::new(&text, config);
                    for part in events.chunks(cut) {
                        rig.take(part);
                    }
                    rig.tick(3_600 * SECOND);
                    assert_eq!(rig.keys(), 0, "{text}");
                    rig.out.matches
                });
                let [bits, runs] = found;
                assert_eq!(bits, runs, "{text}");
                matches += bits.len();
            }
        }
    }
    assert!(matches > 1_500, "{matches}");
}

#[test]
fn copies_go_with_the_starts_that_have_bound_them() {
    let text = format!(
        "{EVENT}rule r {{ match a: e[n == 0] => b: e[n == 0] => c: e[n == 1] by k within 1m do log(\"{{a.note}}\") }}"
    );
    let mut rig = Rig::new(&text, Config::default());
    let noted = |time: i64, n: i64| {
        let note = Value::Text("x".repeat(1_000).into());
        of(
            0,
            time * SECOND,
            vec![Value::Text("k".into()), Value::Int(n), note],
        )
    };
    let mut bytes = |events: &[Event]| {
        rig.take(events);
        rig.bytes()
    };
    // What each kind of event does is remembered, too.
    let none = bytes(&[noted(-4, 0), noted(-3, 1), noted(-2, 0), noted(-1, 2)]);
    let one = bytes(&[noted(0, 0)]);
    let two = bytes(&[noted(1, 0)]);
    let copy = 1_000..1_300;
    assert!(copy.contains(&(one - none)), "{none} {one}");
    assert!(copy.contains(&(two - one)), "{one} {two}");
    // There are two at most, however many there were.
    assert_eq!(bytes(&[noted(2, 0)]), two);
    let more: Vec<Event> = (3..40).map(|time| noted(time, 0)).collect();
    assert_eq!(bytes(&more), two);
    // A match ends them, and so does an event that nobody waits for.
    assert_eq!(bytes(&[noted(40, 1)]), none);
    bytes(&[noted(41, 0), noted(42, 0)]);
    assert_eq!(bytes(&[noted(43, 2)]), none);
    // And time.
    bytes(&[noted(44, 0), noted(50, 0)]);
    rig.tick(105 * SECOND);
    assert!((one..one + 100).contains(&rig.bytes()), "{one}");
    rig.tick(111 * SECOND);
    assert_eq!((rig.bytes(), rig.keys()), (none, 0));
    assert_eq!(rig.out.matches.len(), 1);
}
