//! How connections end, and what is left of them.

use super::{closes, pattern, read_all, rig};
use crate::driver::tests::rig::{
    BundleSockets, BundledPartSockets, EpollSockets, PartSockets, Peer, Read, Rig, Simulation,
    UringSockets,
};
use crate::driver::{CloseReason, Event, FrameBuffer, SendError};
use crate::limits::{FRAME_BUFFER, LINGER_BYTES};
use std::time::Duration;

fn half_closed_connections_still_send<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let bytes = pattern(10_000);
    assert_eq!(peer.write(&bytes), bytes.len());
    peer.finish();
    let mut got = Vec::new();
    rig.run("the end", |_, event| match event {
        Some(Event::Received { bytes, .. }) => {
            got.extend_from_slice(&bytes);
            false
        }
        Some(Event::Finished { conn: ended }) => {
            assert_eq!(ended, conn);
            true
        }
        Some(event) => panic!("unexpected: {event:?}"),
        None => false,
    });
    assert!(got == bytes);
    rig.driver()
        .send(conn, b"goodbye")
        .expect("the other direction is open");
    rig.driver().finish(conn);
    assert_eq!(rig.driver().send(conn, b"more"), Err(SendError::Closed));
    assert_eq!(closes(&mut rig, conn), CloseReason::Local);
    let (got, end) = read_all(&mut rig, &mut peer, usize::MAX);
    assert_eq!((got.as_slice(), end), (&b"goodbye"[..], Read::End));
}

fn a_reset_closes_that_connection_only<R: Rig>() {
    let mut rig: R = rig();
    let (peer, conn) = rig.pair();
    let (mut other, survivor) = rig.pair();
    peer.reset();
    assert_eq!(closes(&mut rig, conn), CloseReason::Reset);
    assert_eq!(rig.driver().send(conn, b"x"), Err(SendError::Closed));
    assert_eq!(rig.driver().connections(), 1);
    rig.driver()
        .send(survivor, b"still here")
        .expect("it is open");
    assert_eq!(read_all(&mut rig, &mut other, 10).0, b"still here");
}

fn a_reset_while_sending_closes<R: Rig>() {
    let mut rig: R = rig();
    let (peer, conn) = rig.pair();
    while rig.driver().send(conn, &[7; 4096]).is_ok() {}
    for _ in 0..10 {
        rig.driver().poll().expect("a turn works");
        while rig.driver().next_event().is_some() {}
    }
    peer.reset();
    let mut reason = None;
    rig.run("the connection to close", |_, event| {
        if let Some(Event::Closed { reason: why, .. }) = event {
            reason = Some(why);
        }
        reason.is_some()
    });
    assert_eq!(reason, Some(CloseReason::Reset));
    assert_eq!(rig.driver().connections(), 0);
}

fn closing_at_once_drops_what_waits<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    rig.driver()
        .receive_into(conn, FrameBuffer::new(FRAME_BUFFER), 0, FRAME_BUFFER);
    while rig.driver().send(conn, &[7; 4096]).is_ok() {}
    peer.write(&pattern(10_000));
    rig.driver().poll().expect("a turn works");
    rig.driver().close(conn);
    assert_eq!(rig.driver().send(conn, b"x"), Err(SendError::Closed));
    assert_eq!(closes(&mut rig, conn), CloseReason::Local);
    rig.driver().close(conn);
    assert_eq!(rig.driver().connections(), 0);
    // The place is used again; the old name stays dead.
    let (mut peer, next) = rig.pair();
    assert_eq!(next.index(), conn.index());
    assert_ne!(next, conn);
    assert_eq!(rig.driver().send(conn, b"x"), Err(SendError::Closed));
    rig.driver().send(next, b"new").expect("it is open");
    assert_eq!(read_all(&mut rig, &mut peer, 3).0, b"new");
}

fn a_driver_can_go_with_everything_in_flight<R: Rig>() {
    let mut rig: R = rig();
    let (mut first, conn) = rig.pair();
    let (_second, filling) = rig.pair();
    first.write(b"k");
    let mut lease = None;
    rig.run("bytes", |_, event| {
        if let Some(Event::Received { bytes, .. }) = event {
            lease = Some(bytes);
        }
        lease.is_some()
    });
    while rig.driver().send(conn, &[7; 4096]).is_ok() {}
    rig.driver()
        .receive_into(filling, FrameBuffer::new(FRAME_BUFFER), 0, FRAME_BUFFER);
    for _ in 0..5 {
        rig.driver().poll().expect("a turn works");
    }
    drop(rig);
    assert_eq!(lease.as_deref(), Some(&b"k"[..]));
    let mut end = Read::Nothing;
    for _ in 0..100_000 {
        end = first.read();
        if matches!(end, Read::End | Read::Reset) {
            break;
        }
    }
    assert!(
        matches!(end, Read::End | Read::Reset),
        "the peer finds {end:?}"
    );
}

on_every_ring! {
    half_closed_connections_still_send
    a_reset_closes_that_connection_only
    a_reset_while_sending_closes
    closing_at_once_drops_what_waits
    a_driver_can_go_with_everything_in_flight
}

// What needs a clock or a kernel in trouble: in simulation only.

#[test]
fn a_peer_that_never_closes_is_closed_after_a_while() {
    let mut rig = Simulation::new(3, 10, 4, 4, 1024);
    let (_peer, conn) = rig.pair();
    rig.driver.finish(conn);
    let start = rig.world.borrow().now;
    assert_eq!(closes(&mut rig, conn), CloseReason::Lingered);
    let waited = rig.world.borrow().now - start;
    assert!(
        waited >= Duration::from_millis(crate::limits::LINGER_MILLIS),
        "{waited:?}"
    );
}

#[test]
fn a_peer_that_never_stops_writing_is_closed() {
    let mut rig = Simulation::new(4, 10, 4, 4, 1024);
    let (mut peer, conn) = rig.pair();
    rig.driver.finish(conn);
    let (mut written, mut reason) = (0, None);
    while reason.is_none() {
        written += peer.write(&[1; 8192]);
        rig.driver.poll().expect("a turn works");
        if let Some(Event::Closed { reason: why, .. }) = rig.driver.next_event() {
            reason = Some(why);
        }
        assert!(written < 2 * LINGER_BYTES, "it reads on and on");
    }
    assert_eq!(reason, Some(CloseReason::Lingered));
}
