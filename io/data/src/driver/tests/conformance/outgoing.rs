//! What a worker may rely on of the bytes that it sends.

use super::{closes, pattern, read_all, rig, run_writing};
use crate::driver::tests::rig::{
    BundleSockets, BundledPartSockets, EpollSockets, PartSockets, Peer, Read, Rig, Simulation,
    UringSockets,
};
use crate::driver::tests::simulated::MOMENT;
use crate::driver::{CloseReason, Driver, Event, SendError};
use crate::limits::OUTGOING;

fn sends_are_ordered_and_counted<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let bytes = pattern(100_000);
    for part in bytes.chunks(777) {
        rig.driver()
            .send(conn, part)
            .expect("less than the limit waits");
    }
    assert_eq!(rig.driver().outgoing(conn), bytes.len());
    let (mut sent, mut got) = (0, Vec::new());
    rig.run("all to be sent", |driver, event| {
        match event {
            Some(Event::Sent { conn: to, bytes }) => {
                assert_eq!(to, conn);
                sent += bytes;
            }
            Some(event) => panic!("unexpected: {event:?}"),
            None => {
                if let Read::Bytes(bytes) = peer.read() {
                    got.extend(bytes);
                }
            }
        }
        assert!(sent + driver.outgoing(conn) <= bytes.len());
        got.len() == bytes.len() && sent == bytes.len()
    });
    assert!(got == bytes);
    assert_eq!(rig.driver().outgoing(conn), 0);
}

fn a_stalled_peer_disturbs_nobody<R: Rig>() {
    let mut rig: R = rig();
    let (mut stalled, first) = rig.pair();
    let (mut other, second) = rig.pair();
    assert_eq!(stalled.write(&[1; 40]), 40);
    let bytes = pattern(200_000);
    let (mut half, mut got) = (0, 0);
    let mut on = |_: &mut Driver, event| match event {
        Event::Received { conn, bytes } if conn == first => half += bytes.len(),
        Event::Received { conn, bytes } if conn == second => got += bytes.len(),
        event => panic!("unexpected: {event:?}"),
    };
    let mut turns = 0;
    run_writing(&mut rig, &mut other, &bytes, &mut on, || {
        turns += 1;
        turns > 100
    });
    assert_eq!((half, got), (40, bytes.len()));
}

fn a_slow_peer_is_bounded<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let bytes = pattern(8 * OUTGOING);
    let (mut queued, mut full) = (0, 0);
    // The kernel takes some; then nothing moves any more.
    while full < 20 {
        match rig.driver().send(conn, &bytes[queued..queued + 10_000]) {
            Ok(()) => (queued, full) = (queued + 10_000, 0),
            Err(error) => {
                assert_eq!(error, SendError::Full);
                full += 1;
            }
        }
        assert!(rig.driver().outgoing(conn) <= OUTGOING);
        rig.driver().wait(Some(MOMENT)).expect("a turn works");
        while rig.driver().next_event().is_some() {}
    }
    let (got, _) = read_all(&mut rig, &mut peer, queued);
    assert!(got == bytes[..queued]);
}

fn last_words_reach_a_peer_that_is_still_writing<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let garbage = pattern(300_000);
    let mut written = peer.write(&garbage);
    rig.run("first bytes", |driver, event| {
        if let Some(Event::Received { .. }) = event {
            driver
                .send(conn, b"refused: not a frame")
                .expect("it is open");
            driver.finish(conn);
            return true;
        }
        false
    });
    let mut got = Vec::new();
    rig.run("the peer to be told", |_, event| {
        match event {
            Some(Event::Sent { .. }) => {}
            Some(event) => panic!("unexpected: {event:?}"),
            None => {
                written += peer.write(&garbage[written..]);
                match peer.read() {
                    Read::Bytes(bytes) => got.extend(bytes),
                    Read::Nothing => {}
                    Read::Reset => panic!("the refusal was overtaken by a reset"),
                    Read::End => return written == garbage.len(),
                }
            }
        }
        false
    });
    assert_eq!(got, b"refused: not a frame");
    peer.finish();
    assert_eq!(closes(&mut rig, conn), CloseReason::Local);
}

on_every_ring! {
    sends_are_ordered_and_counted
    a_stalled_peer_disturbs_nobody
    a_slow_peer_is_bounded
    last_words_reach_a_peer_that_is_still_writing
}
