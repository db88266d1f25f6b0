//! Several shards: keyed rules, reloads, the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use trapjaw_data::driver::Choice;
use trapjaw_data::plane::{PlaneConfig, ShardReport};
use trapjaw_event::{BatchBuilder, Event, MatchKind, Registry, Value};

use crate::rig::{PATIENCE, RULES, Rig, SECOND, cpu, with_each_driver};

const ROWS: u32 = 1_000;
const KEYS: u32 = 100;

/// A batch in which each of the keys comes equally often.
fn keyed(registry: &Arc<Registry>) -> BatchBuilder {
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    for row in 0..ROWS {
        let host = format!("h{}", row % KEYS);
        builder
            .push(&cpu(registry, &host, 0.5, SECOND))
            .expect("a small batch");
    }
    builder
}

fn two(driver: Choice) -> PlaneConfig {
    PlaneConfig {
        driver,
        shards: 2,
        ..PlaneConfig::default()
    }
}

#[test]
fn keyed_rules_see_every_event_of_a_key_on_whatever_shard_it_arrived() {
    with_each_driver(|driver| {
        let rig = Rig::with(RULES, two(driver));
        // Each key's tenth event, wherever it comes from, is a match; then none any more.
        let clients: Vec<_> = (0..2).map(|_| rig.client()).collect();
        let sent: u64 = thread::scope(|scope| {
            let senders: Vec<_> = clients
                .into_iter()
                .map(|(mut client, registry)| {
                    scope.spawn(move || {
                        let batch = keyed(&registry).finish();
                        for _ in 0..50 {
                            client.send(&batch, ROWS).expect("there is credit");
                        }
                        client.close().expect("in good order")
                    })
                })
                .collect();
            senders
                .into_iter()
                .map(|sender| sender.join().expect("it sends"))
                .sum()
        });
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        let events: u64 = report
            .shards
            .iter()
            .map(|shard| shard.counters.events)
            .sum();
        assert_eq!((sent, events), (100_000, 100_000));
        assert!(
            report
                .shards
                .iter()
                .all(|shard| shard.counters.events == 50_000),
            "{report:?}"
        );
        assert!(
            report
                .shards
                .iter()
                .all(|shard| shard.counters.forwarded > 0)
        );
        let mut keys: Vec<Value> = matches
            .into_iter()
            .map(|mut found| found.key.remove(0))
            .collect();
        keys.sort_by_key(|key| format!("{key:?}"));
        keys.dedup();
        assert_eq!(keys.len(), KEYS as usize);
    });
}

#[test]
fn a_subscriber_hears_of_matches_of_all_shards() {
    with_each_driver(|driver| {
        let rig = Rig::with(RULES, two(driver));
        let (mut tail, _) = rig.client();
        tail.subscribe(&["busy"]).expect("the rule exists");
        let (mut client, registry) = rig.client();
        client
            .send_rows(&mut keyed(&registry))
            .expect("there is credit");
        let mut hosts: Vec<Box<str>> = (0..KEYS)
            .map(|_| {
                tail.next_match(Some(PATIENCE))
                    .expect("it is told")
                    .expect("in time")
                    .json
            })
            .map(|json| {
                json.split("\"host\":\"")
                    .nth(1)
                    .expect("a key")
                    .split('"')
                    .next()
                    .into_iter()
                    .collect()
            })
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!(hosts.len(), KEYS as usize);
    });
}

#[test]
fn rules_are_replaced_under_load_and_each_event_is_judged_once() {
    // The rule's name tells the version; its count goes on over reloads of the same meaning.
    let version = |number: u32| {
        format!(
            "event cpu {{ host: text, load: float, core: int? }}
             rule v{number} {{ on c: cpu where c.load > 0.1 by c.host over 1ms each having count() > 0 do log(\"x\") }}"
        )
    };
    with_each_driver(|driver| {
        let rig = Rig::with(&version(0), two(driver));
        let stop = AtomicBool::new(false);
        let sent: u64 = thread::scope(|scope| {
            let stop = &stop;
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (mut client, registry) = rig.client();
                    scope.spawn(move || {
                        let batch = keyed(&registry).finish();
                        while !stop.load(Ordering::Relaxed) {
                            client.send(&batch, ROWS).expect("there is credit");
                            client.flush().expect("it is acknowledged");
                        }
                        client.close().expect("in good order")
                    })
                })
                .collect();
            for number in 1..=20 {
                assert_eq!(rig.reload(&version(number)), u64::from(number));
            }
            stop.store(true, Ordering::Relaxed);
            senders
                .into_iter()
                .map(|sender| sender.join().expect("it sends"))
                .sum()
        });
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        // Each event is one match, of the version that was there: none is lost, none is judged twice.
        assert_eq!(matches.len() as u64, sent);
        assert!(report.shards.iter().all(|shard| shard.version == 20));
    });
}

#[test]
fn every_acknowledged_event_is_evaluated_when_the_plane_is_drained_under_load() {
    with_each_driver(|driver| {
        let rules = "event cpu { host: text, load: float, core: int? }
            rule all { on c: cpu by c.host over 1ms each having count() > 0 do log(\"x\") }";
        let rig = Rig::with(rules, two(driver));
        let clients: Vec<_> = (0..2).map(|_| rig.client()).collect();
        let (acked, (report, matches)) = thread::scope(|scope| {
            let senders: Vec<_> = clients
                .into_iter()
                .map(|(mut client, registry)| {
                    scope.spawn(move || {
                        let batch = keyed(&registry).finish();
                        while client.send(&batch, ROWS).is_ok() {}
                        // The goodbye comes behind the last acknowledgement.
                        while client.ping().is_ok() {}
                        client.acked()
                    })
                })
                .collect();
            let early = 5_000;
            for _ in 0..early {
                rig.next_match();
            }
            let (report, matches) = rig.drain();
            let acked: u64 = senders
                .into_iter()
                .map(|sender| sender.join().expect("it ends"))
                .sum();
            (acked, (report, early + matches.len() as u64))
        });
        assert!(report.is_complete, "{report:?}");
        let taken: u64 = report
            .shards
            .iter()
            .map(|shard| shard.counters.events)
            .sum();
        assert_eq!((acked, matches), (taken, taken));
    });
}

#[test]
fn derived_events_find_their_keys_while_rules_are_replaced() {
    // Each event derives one of another key, mostly on another shard, and that a match.
    let version = |number: u32| {
        format!(
            "event cpu {{ host: text, load: float, core: int? }}
             event echo {{ host: text }}
             rule first {{ on c: cpu by c.host over 1ms each having count() > 0 emit echo {{ host: \"x{{c.host}}\" }} }}
             rule v{number} {{ on e: echo by e.host over 1ms each having count() > 0 do log(\"x\") }}"
        )
    };
    with_each_driver(|driver| {
        let rig = Rig::with(&version(0), two(driver));
        let stop = AtomicBool::new(false);
        let sent: u64 = thread::scope(|scope| {
            let stop = &stop;
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (mut client, registry) = rig.client();
                    scope.spawn(move || {
                        let batch = keyed(&registry).finish();
                        while !stop.load(Ordering::Relaxed) {
                            client.send(&batch, ROWS).expect("there is credit");
                            client.flush().expect("it is acknowledged");
                        }
                        client.close().expect("in good order")
                    })
                })
                .collect();
            for number in 1..=20 {
                assert_eq!(rig.reload(&version(number)), u64::from(number));
            }
            stop.store(true, Ordering::Relaxed);
            senders
                .into_iter()
                .map(|sender| sender.join().expect("it sends"))
                .sum()
        });
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        // One of the event itself, and one of what it derives.
        assert_eq!(matches.len() as u64, 2 * sent);
    });
}

#[test]
fn time_passes_on_shards_that_get_no_events() {
    // Much longer than the test: only event time gets there.
    const ABSENT: &str = r#"
        event cpu { host: text, load: float, core: int? }
        event nudge { size: int }
        rule silent { on c: cpu by c.host absent 1h do log("x") }
    "#;
    with_each_driver(|driver| {
        let rig = Rig::with(ABSENT, two(driver));
        let (mut client, registry) = rig.client();
        client
            .send_rows(&mut keyed(&registry))
            .expect("there is credit");
        client.flush().expect("it is taken");
        rig.wait_for("every key to be kept", |reports| {
            let keys = |shard: &ShardReport| shard.keys.iter().sum::<usize>();
            reports.iter().all(|shard| keys(shard) > 0)
                && reports.iter().map(keys).sum::<usize>() == KEYS as usize
        });
        // Meanwhile the shard without a client falls asleep.
        for _ in 0..100 {
            client.ping().expect("it is answered");
        }
        // One event, two hours later, that no rule reads: nothing but the clock tells the other shard of it.
        let mut builder = BatchBuilder::new(Arc::clone(&registry));
        let later = Event {
            type_id: registry.by_name("nudge").expect("a type of the rules"),
            values: vec![Value::Int(1)],
            ..cpu(&registry, "", 0.5, 7_201 * SECOND)
        };
        builder.push(&later).expect("a small batch");
        client.send_rows(&mut builder).expect("there is credit");
        for _ in 0..KEYS {
            let matched = rig.next_match();
            assert_eq!(
                (matched.kind, matched.time),
                (MatchKind::Raised, 3_601 * SECOND)
            );
        }
    });
}
