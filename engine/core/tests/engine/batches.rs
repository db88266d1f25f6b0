//! What is done for a batch at once: rows are numbered by their keys, and newest events put into words. Neither is ever seen.

use trapjaw_engine::Config;
use trapjaw_event::{Event, Match, Value};

use super::rig::{Draws, Rig, SECOND, of};

const TYPE: &str = "event e { k: text, n: int, x: float?, b: bool, ip: ip, d: duration? }\n";

/// Rules with windows, and with keys of all kinds, that read of their newest events what goes into words.
const RULES: [&str; 12] = [
    "on a: e by a.k over 2s tumbling do log(\"{count()} {a.n} {a.x} {a.b} {a.d} {a.k}\")",
    "on a: e by a.k over 2s tumbling having a.n > 3 and a.k != \"k1\" and a.b do log(\"{sum(a.x)}\")",
    "on a: e by a.n over 3s tumbling having a.n > 0 do log(\"{a.time} {a.n} {a.type}\")",
    "on a: e by a.k over 4s every 1s do log(\"{avg(a.x)} {a.n} {a.d}\")",
    "on a: e by a.k over session 1s do log(\"{max(a.n)} {a.x} {a.b}\")",
    "on a: e where a.b by a.k absent 1s do log(\"{a.n} {a.k}\")",
    "on a: e where a.n > 2 by a.n for 1s gap 3s do log(\"{a.x}\")",
    "on a: e by a.k over 2s having count() > 2 do log(\"{a.n}\") on clear do log(\"{a.n} {a.x}\")",
    "on a: e by a.n, a.b over 2s having count() > 1 do log(\"{count()}\")",
    "on a: e by a.k, a.n over all having count() > 2 do log(\"{sum(a.n)}\")",
    "on a: e by a.ip over 1s tumbling do log(\"{count()}\")",
    "on a: e over all each having count() > 90 do log(\"{count()}\")",
];

/// Events of few keys and many values, some of them unknown, with pauses.
fn events(source: &str) -> Vec<Event> {
    let mut draws = Draws(7);
    let mut time = 0;
    let event = |_| {
        let most = if draws.below(50) == 0 { 4_000 } else { 90 };
        time += draws.below(most) as i64 * (SECOND / 1_000);
        let known = draws.below(4) > 0;
        let values = vec![
            Value::Text(format!("k{}", draws.below(7)).into()),
            Value::Int(draws.below(6) as i64 - 1),
            if known {
                Value::Float(draws.below(9) as f64 / 4.0)
            } else {
                Value::Null
            },
            Value::Bool(draws.below(2) == 0),
            Value::Ip(
                format!("10.0.0.{}", draws.below(5))
                    .parse()
                    .expect("an address"),
            ),
            if known {
                Value::Null
            } else {
                Value::Duration(draws.below(9) as i64)
            },
        ];
        Event {
            source: source.into(),
            ..of(0, time, values)
        }
    };
    (0..400).map(event).collect()
}

/// What a rule finds of events in batches of so many.
fn found(rule: &str, events: &[Event], rows: usize) -> Vec<Match> {
    let mut rig = Rig::new(&format!("{TYPE}rule r {{ {rule} }}"), Config::default());
    for events in events.chunks(rows) {
        rig.take(events);
    }
    rig.tick(1_000_000 * SECOND);
    rig.out.matches
}

#[test]
fn batches_tell_what_rows_by_themselves_tell() {
    for source in ["", "test"] {
        let events = events(source);
        for rule in RULES {
            let singly = found(rule, &events, 1);
            assert!(singly.len() > 4, "{rule}: {}", singly.len());
            for rows in [7, 40, 400] {
                assert_eq!(found(rule, &events, rows), singly, "{rule} by {rows}");
            }
        }
    }
}

#[test]
fn events_in_words_tell_what_copies_tell() {
    for rule in RULES {
        let [words, copies] = ["", "test"].map(|source| {
            let mut matches = found(rule, &events(source), 40);
            for found in &mut matches {
                for event in &mut found.events {
                    event.source = Some("test".into());
                }
            }
            matches
        });
        let said = |found: &Match| {
            (
                found.time,
                found.kind,
                found.key.clone(),
                found.values.clone(),
                found.events.clone(),
            )
        };
        assert!(words.iter().map(said).eq(copies.iter().map(said)), "{rule}");
    }
}
