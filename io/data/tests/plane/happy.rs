//! What works when everybody behaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use trapjaw_event::{BatchBuilder, Event, MatchKind, Value};

use crate::rig::{PATIENCE, RULES, Rig, loads, with_each_driver};
use trapjaw_data::plane::{Clock, PlaneConfig};

#[test]
fn events_become_matches_in_the_outbox_and_at_subscribers() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        let (mut tail, _) = rig.client();
        let subscription = tail.subscribe(&["hot"]).expect("the rule exists");
        assert_eq!(client.welcome().high_water, 0);

        client
            .send_rows(&mut loads(&registry, &[0.95, 0.5, 0.99]))
            .expect("there is credit");
        assert_eq!(client.flush().expect("they are acknowledged"), 3);
        for host in ["h0", "h2"] {
            let matched = rig.next_match();
            assert_eq!(matched.kind, MatchKind::Matched);
            assert_eq!(matched.events[0].fields[0].1, Value::Text(host.into()));
            assert!(matched.ingest > 0);
        }
        for (number, host) in [(1, "h0"), (2, "h2")] {
            let told = tail
                .next_match(Some(PATIENCE))
                .expect("it is told")
                .expect("in time");
            assert_eq!((told.subscription, told.number), (subscription, number));
            assert!(
                told.json.contains(&format!("\"host\":\"{host}\"")),
                "{}",
                told.json
            );
            assert!(told.age > 0);
        }
        drop(tail);
        assert_eq!(client.close().expect("in good order"), 3);
        let (report, rest) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        assert_eq!(rest, []);
        assert_eq!(report.shards[0].counters.events, 3);
        assert_eq!(report.shards[0].latency.len(), 2);
    });
}

#[test]
fn more_is_sent_than_there_is_credit_for_at_a_time() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        let rows: Vec<f64> = (0..10_000).map(|_| 0.1).collect();
        let batch = loads(&registry, &rows).finish();
        for _ in 0..30 {
            client.send(&batch, 10_000).expect("credit comes back");
        }
        assert_eq!(client.flush().expect("they are acknowledged"), 300_000);
        assert_eq!(client.credit(), u64::from(client.welcome().credit));
        drop(client);
        let (report, _) = rig.drain();
        let shard = &report.shards[0];
        assert_eq!(shard.counters.events, 300_000);
        // Of a frame of this size the greater part is received where it is read.
        assert!(shard.tally.copied < shard.driver.received / 2, "{shard:?}");
    });
}

#[test]
fn who_reads_is_not_cut_for_a_burst_however_fast_it_comes() {
    const FRAMES: u64 = 40_000;
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        client.subscribe(&["hot"]).expect("the rule exists");
        let batch = loads(&registry, &[0.95]).finish();
        // One match a frame, in all more than may wait on a connection, and one frame read for each that is sent.
        let mut heard = 0;
        for _ in 0..FRAMES {
            client.send(&batch, 1).expect("it is not cut");
            heard += u64::from(client.poll_match().expect("it is not cut").is_some());
        }
        while heard < FRAMES {
            client
                .next_match(Some(PATIENCE))
                .expect("it is told")
                .expect("in time");
            heard += 1;
        }
        assert_eq!(rig.report()[0].tally.slow_readers, 0);
    });
}

#[test]
fn time_passes_without_events() {
    const ABSENT: &str = r#"
        event cpu { host: text, load: float, core: int? }
        rule silent { on c: cpu by c.host absent 50ms do log("{c.host}") }
    "#;
    with_each_driver(|driver| {
        let rig = Rig::with(
            ABSENT,
            PlaneConfig {
                driver,
                shards: 1,
                ..PlaneConfig::default()
            },
        );
        let (mut client, registry) = rig.client();
        client
            .send_rows(&mut loads(&registry, &[0.5]))
            .expect("there is credit");
        let matched = rig.next_match();
        assert_eq!(
            (matched.kind, matched.time),
            (MatchKind::Raised, 1_050_000_000)
        );
    });
}

#[test]
fn pings_are_answered() {
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                driver,
                shards: 2,
                ..PlaneConfig::default()
            },
        );
        let (mut client, _) = rig.client();
        assert!(client.ping().expect("it is answered") < Duration::from_secs(1));
        // Several are under way at a time, and each is answered once.
        let asked = [(); 3].map(|()| client.send_ping().expect("it is sent"));
        let end = Instant::now() + Duration::from_secs(10);
        let mut answered = Vec::new();
        while answered.len() < 3 && Instant::now() < end {
            answered.extend(client.poll_pong().expect("it is there"));
        }
        assert_eq!(answered, asked);
        assert_eq!(client.poll_pong().expect("it is there"), None);
    });
}

/// As in a replay: an absence waits for an event, and not for the wall's time.
#[test]
fn where_the_clock_is_that_of_events_time_stands_still_between_them() {
    with_each_driver(|driver| {
        let rig = Rig::with(
            "event beat { host: text }\nrule dead { on b: beat by b.host absent 10ms do log(\"x\") }",
            PlaneConfig {
                driver,
                shards: 1,
                clock: Clock::Events,
                ..PlaneConfig::default()
            },
        );
        let (mut client, registry) = rig.client();
        let mut beat = |host: &str, time| {
            let mut builder = BatchBuilder::new(Arc::clone(&registry));
            let event = Event {
                type_id: registry.by_name("beat").expect("declared"),
                time,
                source: "".into(),
                id: None,
                subject: None,
                severity: None,
                values: vec![Value::Text(host.into())],
            };
            builder.push(&event).expect("there is room");
            client.send_rows(&mut builder).expect("there is credit");
            client.flush().expect("it is taken in");
        };
        beat("a", 1_000_000_000);
        let early = rig.matches.recv_timeout(Duration::from_millis(100));
        assert!(early.is_err(), "{early:?}");
        beat("b", 1_010_000_000);
        let found = rig.next_match();
        assert_eq!((found.kind, found.time), (MatchKind::Raised, 1_010_000_000));
    });
}
