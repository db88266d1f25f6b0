//! Connections that come, listeners, and being woken.

use super::{closes, read_all, rig};
use crate::driver::tests::rig::{
    BundleSockets, BundledPartSockets, EpollSockets, PartSockets, Peer, Rig, Simulation,
    UringSockets,
};
use crate::driver::tests::simulated::MOMENT;
use crate::driver::{CloseReason, ConnId, Event};
use crate::wake::{Signal, Wake};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn many_connections<R: Rig>() {
    let mut rig: R = rig();
    let many = rig.many();
    let mut peers: Vec<R::Peer> = Vec::new();
    let mut conns: BTreeMap<ConnId, usize> = BTreeMap::new();
    // Connected in batches that the listener's queue holds.
    while peers.len() < many {
        for _ in 0..100.min(many - peers.len()) {
            let mut peer = rig.connect();
            peer.write(&(peers.len() as u32).to_le_bytes());
            peers.push(peer);
        }
        rig.run("a batch of connections", |driver, event| {
            match event {
                Some(Event::Accepted { socket, .. }) => {
                    conns.insert(driver.add(socket).expect("there is room"), 0);
                }
                Some(Event::Received { conn, bytes }) => {
                    *conns.get_mut(&conn).expect("one of ours") += bytes.len();
                    driver.send(conn, &bytes).expect("it is open");
                }
                _ => {}
            }
            conns.len() == peers.len() && conns.values().all(|&bytes| bytes == 4)
        });
    }
    assert_eq!(rig.driver().connections(), many);
    for (number, peer) in peers.iter_mut().enumerate() {
        assert_eq!(read_all(&mut rig, peer, 4).0, (number as u32).to_le_bytes());
    }
    for peer in &mut peers {
        peer.finish();
    }
    let mut closed = 0;
    rig.run("all to close", |driver, event| {
        match event {
            Some(Event::Finished { conn }) => driver.finish(conn),
            Some(Event::Closed { conn, reason }) => {
                assert_eq!((conns.remove(&conn), reason), (Some(4), CloseReason::Local));
                closed += 1;
            }
            _ => {}
        }
        closed == many
    });
    assert_eq!(rig.driver().connections(), 0);
}

fn another_thread_ends_a_wait<R: Rig>() {
    let mut rig: R = rig();
    for round in 0..3 {
        let waker = rig.driver().waker();
        let waking = std::thread::spawn(move || waker.wake());
        if round > 0 {
            // Also when it came before the wait.
            waking.join().expect("waking doesn't panic");
            rig.run("the wake-up", |_, event| {
                matches!(event, Some(Event::Woken))
            });
        } else {
            rig.run("the wake-up", |_, event| {
                matches!(event, Some(Event::Woken))
            });
            waking.join().expect("waking doesn't panic");
        }
    }
    // A sleeping consumer is woken through its signal; one that is awake isn't.
    let signal = Arc::new(Signal::new(rig.driver().waker()));
    signal.notify();
    for _ in 0..10 {
        rig.driver().poll().expect("a turn works");
        assert!(rig.driver().next_event().is_none());
    }
    signal.announce();
    let notifying = Arc::clone(&signal);
    let notifying = std::thread::spawn(move || notifying.notify());
    rig.run("the wake-up", |_, event| {
        matches!(event, Some(Event::Woken))
    });
    notifying.join().expect("notifying doesn't panic");
}

fn a_closed_listener_accepts_no_more<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let listener = rig.listener();
    rig.driver().unlisten(listener);
    rig.driver().unlisten(listener);
    for _ in 0..20 {
        rig.driver().wait(Some(MOMENT)).expect("a turn works");
        assert!(rig.driver().next_event().is_none());
    }
    assert!(rig.is_refused());
    rig.driver()
        .send(conn, b"still here")
        .expect("connections stay");
    assert_eq!(read_all(&mut rig, &mut peer, 10).0, b"still here");
}

on_every_ring! {
    many_connections
    another_thread_ends_a_wait
    a_closed_listener_accepts_no_more
}

// What needs a clock or a kernel in trouble: in simulation only.

#[test]
fn accepting_goes_on_after_the_system_was_short_of_descriptors() {
    let mut rig = Simulation::new(5, 0, 4, 4, 1024);
    rig.fail_accept(Errno::MFILE);
    let start = rig.world.borrow().now;
    rig.run("the failure", |_, event| match event {
        Some(Event::AcceptFailed { error, .. }) => {
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            true
        }
        _ => false,
    });
    let (mut peer, conn) = rig.pair();
    assert!(
        rig.world.borrow().now - start >= Duration::from_millis(crate::limits::ACCEPT_RETRY_MILLIS)
    );
    rig.driver.send(conn, b"hello").expect("it is open");
    assert_eq!(read_all(&mut rig, &mut peer, 5).0, b"hello");

    // A listener that waits to be tried again can be closed.
    rig.fail_accept(Errno::MFILE);
    rig.run("the failure", |_, event| {
        matches!(event, Some(Event::AcceptFailed { .. }))
    });
    let listener = rig.listener();
    rig.driver.unlisten(listener);
    assert!(rig.is_refused());
}

#[test]
fn a_full_driver_gives_the_socket_back() {
    let mut rig = Simulation::new(6, 0, 2, 4, 1024);
    let (_first, conn) = rig.pair();
    let _second = rig.pair();
    let _third = rig.connect();
    let mut refused = None;
    rig.run("the third connection", |driver, event| {
        if let Some(Event::Accepted { socket, .. }) = event {
            refused = driver.add(socket).err();
        }
        refused.is_some()
    });
    let refused = refused.expect("there is no room");
    assert_eq!(refused.error.kind(), std::io::ErrorKind::QuotaExceeded);
    rig.driver.close(conn);
    closes(&mut rig, conn);
    assert!(rig.driver.add(refused.socket).is_ok());
}

#[test]
fn listeners_are_bounded() {
    let mut rig = Simulation::new(7, 0, 2, 4, 1024);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let mut listeners = 1;
    let refused = loop {
        let listener = crate::net::listen(address, 1)
            .expect("loopback is there")
            .remove(0);
        match rig.driver.listen(listener) {
            Ok(_) => listeners += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(
        (listeners, refused.error.kind()),
        (crate::limits::LISTENERS, std::io::ErrorKind::QuotaExceeded)
    );
}
