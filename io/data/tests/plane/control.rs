//! What the control plane asks for.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};

use trapjaw_data::limits::{DISPATCHED_AT_ONCE, OUTBOX};
use trapjaw_data::plane::{
    Declined, Depths, Handle, Plane, PlaneConfig, Refusal, StartError, Submission, Taken, Token,
};
use trapjaw_data::time::monotonic;
use trapjaw_event::BatchBytes;
use trapjaw_wire::Code;

use crate::rig::{PATIENCE, RULES, Rig, loads, rules, with_each_driver};

fn submit(handle: &Handle, batch: BatchBytes, rows: u32, version: u64) -> Result<Taken, Refusal> {
    let (sender, receiver) = mpsc::channel();
    let submission = Submission {
        batch,
        rows,
        version,
        ingest: monotonic(),
    };
    let done = move |taken| sender.send(taken).expect("someone waits");
    handle
        .submit(submission, Box::new(done))
        .expect("nobody else submits");
    receiver.recv_timeout(PATIENCE).expect("it is answered")
}

#[test]
fn batches_of_the_control_plane_are_taken_in_turn() {
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                driver,
                shards: 2,
                ..PlaneConfig::default()
            },
        );
        let (rules, version) = rig.handle.rules();
        let batch = loads(&rules.registry, &[0.99, 0.1]).finish();
        let taken: Vec<_> = (0..2)
            .map(|_| submit(&rig.handle, batch.clone(), 2, version))
            .collect();
        assert_eq!(taken, [0, 1].map(|shard| Ok(Taken { shard, rows: 2 })));
        assert_ne!(
            rig.next_match().id,
            rig.next_match().id,
            "two events, whatever they say"
        );

        let refused = submit(&rig.handle, BatchBytes::copy_of(&[0; 64]), 1, version);
        assert!(matches!(refused, Err(Refusal::Batch(_))), "{refused:?}");
        assert_eq!(rig.reload(RULES), 1);
        let refused = submit(&rig.handle, batch.clone(), 2, version);
        assert_eq!(refused, Err(Refusal::Version { current: 1 }));
        assert_eq!(rig.handle.rules().1, 1);

        let handle = rig.handle.clone();
        let (report, matches) = rig.drain();
        assert!(report.is_complete && matches.is_empty(), "{report:?}");
        let submission = Submission {
            batch,
            rows: 2,
            version: 1,
            ingest: 0,
        };
        let busy = handle
            .submit(submission, Box::new(|_| {}))
            .expect_err("nobody is there");
        assert!(busy.has_stopped);
        assert_eq!(
            handle.reload(handle.rules().0, |_| {}),
            Err(Declined::Stopping)
        );
        assert_eq!(handle.report(|_| {}), Err(Declined::Stopping));
    });
}

#[test]
fn a_type_that_is_gone_after_a_reload_is_refused_where_it_is_used() {
    const OTHER: &str = r#"
        event disk { path: text }
        rule full { on d: disk do log("x") }
    "#;
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        rig.reload(OTHER);
        client.ping().expect("the connection goes on");
        client
            .send_rows(&mut loads(&registry, &[0.5]))
            .expect("there is credit");
        let error = client.flush().expect_err("the type is gone");
        let refusal = error.refusal().expect("the server says why");
        assert_eq!(refusal.known_code(), Some(Code::BatchSchema));
        assert!(refusal.reason.contains("cpu"), "{refusal}");

        // Who comes later, or declares no more than the new registry needs, is served.
        let (client, registry) = rig.client();
        assert_eq!(
            registry.iter().map(|(_, ty)| &*ty.name).collect::<Vec<_>>(),
            ["disk"]
        );
        drop(client);
    });
}

#[test]
fn a_declaration_outlives_a_reload_that_adds_an_optional_field() {
    let wider = RULES.replace("core: int?", "core: int?, note: text?");
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        let (mut tail, _) = rig.client();
        tail.subscribe(&["hot"]).expect("the rule exists");
        rig.reload(&wider);
        client
            .send_rows(&mut loads(&registry, &[0.99]))
            .expect("there is credit");
        client.flush().expect("the type is still bound");
        rig.next_match();
        let told = tail
            .next_match(Some(PATIENCE))
            .expect("the subscription goes on");
        assert!(told.is_some());
    });
}

#[test]
fn a_plane_starts_only_where_it_may() {
    let start = |config| Plane::start(config, rules(RULES), |_| {}).map(|(plane, ..)| plane);
    let open = PlaneConfig {
        listen: Some(SocketAddr::from(([0, 0, 0, 0], 0))),
        shards: 1,
        pin: false,
        ..PlaneConfig::default()
    };
    assert!(matches!(start(open.clone()), Err(StartError::OpenToAll(_))));
    assert!(
        start(PlaneConfig {
            allow_remote_without_token: true,
            ..open.clone()
        })
        .is_ok()
    );
    let plane = start(PlaneConfig {
        token: Some(Token::new("x")),
        ..open.clone()
    })
    .expect("there is a token");
    let taken = PlaneConfig {
        listen: plane.address(),
        token: Some(Token::new("x")),
        ..open.clone()
    };
    assert!(matches!(start(taken), Err(StartError::Listen(..))));
    assert!(matches!(
        start(PlaneConfig {
            listen: None,
            shards: 1_000,
            ..open
        }),
        Err(StartError::Shards(1_000))
    ));
}

#[test]
fn a_step_with_many_matches_sends_them_on_in_portions() {
    const PORTIONS: usize = 7;
    const ROWS: usize = PORTIONS * DISPATCHED_AT_ONCE - 1;
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                driver,
                ..PlaneConfig::default()
            },
        );
        let (mut client, registry) = rig.client();
        let tap = Arc::clone(&rig.tap);
        let closed = tap.lock().expect("nobody panics with it");
        // One host each, so that only the rule of each load says something.
        let batch = loads(&registry, &[0.99; ROWS]).finish();
        client
            .send(&batch, ROWS as u32)
            .expect("the credit is larger");
        client.ping().expect("it is answered");
        rig.wait_for("the matches in the outbox", |reports| {
            reports.iter().any(|shard| shard.depths.outbox == PORTIONS)
        });
        drop(closed);
        client.flush().expect("it was taken");
        drop(client);
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        assert_eq!(matches.len(), ROWS);
        assert!(matches.is_sorted_by_key(|found| found.time));
    });
}

#[test]
fn a_full_outbox_stops_the_intake_and_nothing_is_lost() {
    const STEPS: u64 = 3 * OUTBOX as u64;
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                driver,
                shards: 2,
                ..PlaneConfig::default()
            },
        );
        let (mut client, registry) = rig.client();
        let tap = Arc::clone(&rig.tap);
        let closed = tap.lock().expect("nobody panics with it");
        let batch = loads(&registry, &[0.99]).finish();
        for _ in 0..STEPS {
            client.send(&batch, 1).expect("the credit is larger");
        }
        rig.wait_for("the outbox to be full", |reports| {
            let full = reports
                .iter()
                .any(|shard| shard.depths.outbox >= OUTBOX - 1);
            full && reports.iter().any(|shard| shard.depths.held == 1)
        });
        // Whoever else sends waits too, on whatever shard; what needs no room is answered.
        let (mut other, _) = rig.client();
        other.ping().expect("it is answered");
        let (rules, version) = rig.handle.rules();
        let (sender, receiver) = mpsc::channel();
        let batch = loads(&rules.registry, &[0.1]).finish();
        let submission = Submission {
            batch,
            rows: 1,
            version,
            ingest: monotonic(),
        };
        let done = move |taken| sender.send(taken).expect("someone waits");
        rig.handle
            .submit(submission, Box::new(done))
            .expect("the mailbox has room");
        other.ping().expect("it is answered");
        assert!(receiver.try_recv().is_err());

        drop(closed);
        assert_eq!(client.flush().expect("it goes on"), STEPS);
        assert!(
            receiver
                .recv_timeout(PATIENCE)
                .expect("it is answered")
                .is_ok()
        );
        drop((client, other));
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        // All of them, and the key's tenth.
        assert_eq!(matches.len() as u64, STEPS + 1);
        assert!(
            report
                .shards
                .iter()
                .any(|shard| shard.tally.congested_nanos > 0)
        );
        for shard in &report.shards {
            // The consumer may still be at the outbox when the shard has ended.
            let depths = Depths {
                outbox: 0,
                ..shard.depths
            };
            assert_eq!(depths, Depths::default());
        }
    });
}

#[test]
fn a_reload_meets_a_full_outbox_amid_turns_that_tell_all_they_may() {
    const STEPS: u64 = 2 * OUTBOX as u64;
    let more = format!("{RULES}rule warm {{ on c: cpu where c.load > 0.5 do log(\"x\") }}");
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut client, registry) = rig.client();
        client.subscribe(&["hot"]).expect("the rule exists");
        let tap = Arc::clone(&rig.tap);
        let closed = tap.lock().expect("nobody panics with it");
        let batch = loads(&registry, &[0.99]).finish();
        for _ in 0..STEPS {
            client.send(&batch, 1).expect("the credit is larger");
        }
        rig.wait_for("the outbox to be full", |reports| {
            reports[0].depths.outbox >= OUTBOX - 1 && reports[0].depths.held == 1
        });
        let (sender, receiver) = mpsc::channel();
        let told = move |version| sender.send(version).expect("someone waits");
        let reloaded = rig.handle.reload(rules(&more), told);
        reloaded.expect("no other reload is under way");

        drop(closed);
        let version = receiver.recv_timeout(PATIENCE);
        assert_eq!(version.expect("the shard takes it"), 1);
        for number in 1..=STEPS {
            let told = client.next_match(Some(PATIENCE)).expect("it is not cut");
            assert_eq!(told.expect("in time").number, number);
        }
        assert_eq!(client.flush().expect("all was taken"), STEPS);
        client.send(&batch, 1).expect("there is credit");
        client.flush().expect("it was taken");
        drop(client);
        let (report, matches) = rig.drain();
        assert!(report.is_complete, "{report:?}");
        let of = |rule: u32| {
            let of = matches.iter().filter(|found| found.rule.get() == rule);
            of.count() as u64
        };
        // The third rule has judged what was taken in behind the reload, the last event at least.
        assert_eq!((of(0), of(1)), (STEPS + 1, 1));
        assert!((1..STEPS).contains(&of(2)), "{} of the third rule", of(2));
        assert!(report.shards[0].tally.congested_nanos > 0);
    });
}
