//! What comes in over real sockets, in every way in which the kernel hands it over: with few and short buffers, so that
//! bundles, parts, pieces, cut frames and empty pools are the rule.

use super::conformance::{closes, pattern};
use super::rig::{
    BundleSockets, BundledPartSockets, EpollSockets, PartSockets, Peer, Rig, UringSockets,
};
use super::simulated::{MOMENT, Random};
use crate::driver::{CloseReason, ConnId, Event, FrameBuffer, Lease};
use std::collections::BTreeMap;

/// Each test on real sockets.
macro_rules! on_sockets {
    ($($test:ident)*) => {
        mod io_uring {
            $(#[test] fn $test() { super::$test::<super::UringSockets>(); })*
        }
        mod io_uring_bundles {
            $(#[test] fn $test() { super::$test::<super::BundleSockets>(); })*
        }
        mod io_uring_parts {
            $(#[test] fn $test() { super::$test::<super::PartSockets>(); })*
        }
        mod io_uring_bundled_parts {
            $(#[test] fn $test() { super::$test::<super::BundledPartSockets>(); })*
        }
        mod epoll {
            $(#[test] fn $test() { super::$test::<super::EpollSockets>(); })*
        }
    };
}

on_sockets! {
    streams_arrive_once_and_in_order
    what_came_before_an_end_amid_a_bundle_arrives
    a_reset_amid_a_bundle_gives_all_buffers_back
    a_slow_worker_keeps_no_more_than_the_buffers_hold
    many_tiny_frames_arrive
}

/// One connection of `streams_arrive_once_and_in_order`.
struct Stream<P> {
    peer: P,
    bytes: Vec<u8>,
    written: usize,
    got: usize,
    paused: bool,
    filling: usize,
}

impl<P> Stream<P> {
    fn came(&mut self, bytes: &[u8]) {
        assert!(!self.paused, "bytes came on a connection that is paused");
        let expected = &self.bytes[self.got..self.got + bytes.len()];
        assert!(bytes == expected, "other bytes from {} on", self.got);
        self.got += bytes.len();
    }
}

fn streams_arrive_once_and_in_order<R: Rig>() {
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let buffers = [2_u16, 4, 8, 16][random.below(4)];
        let mut rig = R::with_buffers(buffers, [64, 256, 1024][random.below(3)]);
        let mut streams = BTreeMap::new();
        for number in 0..4 {
            let (peer, conn) = rig.pair();
            let len = 20_000 + random.below(60_000);
            let mut bytes = pattern(len);
            for byte in &mut bytes {
                *byte ^= number;
            }
            streams.insert(
                conn,
                Stream {
                    peer,
                    bytes,
                    written: 0,
                    got: 0,
                    paused: false,
                    filling: 0,
                },
            );
        }
        let mut kept: Vec<Lease> = Vec::new();
        rig.run("all streams", |driver, event| {
            let conn = match event {
                Some(Event::Received { conn, bytes }) => {
                    let stream = streams.get_mut(&conn).expect("one of ours");
                    assert!(stream.filling == 0, "bytes are missing in the frame buffer");
                    stream.came(&bytes);
                    if random.chance(10) {
                        kept.push(bytes);
                    }
                    conn
                }
                Some(Event::Filled { conn, buffer }) => {
                    let stream = streams.get_mut(&conn).expect("one of ours");
                    assert_eq!(std::mem::take(&mut stream.filling), buffer.len());
                    stream.came(&buffer);
                    conn
                }
                Some(event) => panic!("unexpected: {event:?}"),
                None => {
                    kept.clear();
                    for (&conn, stream) in &mut streams {
                        let end = stream.bytes.len();
                        let until = end.min(stream.written + 1 + random.below(9000));
                        stream.written += stream.peer.write(&stream.bytes[stream.written..until]);
                        if stream.paused && random.chance(50) {
                            stream.paused = false;
                            driver.resume(conn);
                        }
                    }
                    return streams
                        .values()
                        .all(|stream| stream.got == stream.bytes.len());
                }
            };
            let stream = streams.get_mut(&conn).expect("one of ours");
            let left = stream.bytes.len() - stream.got;
            match random.below(8) {
                0 => {
                    stream.paused = true;
                    driver.pause(conn);
                }
                1 | 2 if left > 0 => {
                    stream.filling = left.min(1 + random.below(6000));
                    let buffer = FrameBuffer::new(stream.filling);
                    driver.receive_into(conn, buffer, 0, stream.filling);
                }
                _ => {}
            }
            false
        });
        kept.clear();
        assert_eq!(rig.driver().ring.pool().available(), usize::from(buffers));
        let total: usize = streams.values().map(|stream| stream.bytes.len()).sum();
        assert_eq!(rig.driver().stats().received, total as u64);
    }
}

fn what_came_before_an_end_amid_a_bundle_arrives<R: Rig>() {
    for len in [1, 255, 256, 257, 1024, 1500, 2048, 2049, 9000] {
        let mut rig = R::with_buffers(8, 256);
        let (mut peer, conn) = rig.pair();
        let bytes = pattern(len);
        assert_eq!(peer.write(&bytes), len);
        peer.finish();
        let mut got = Vec::new();
        rig.run("the end", |_, event| match event {
            Some(Event::Received { bytes, .. }) => {
                got.extend_from_slice(&bytes);
                false
            }
            Some(Event::Finished { conn: ended }) => ended == conn,
            Some(event) => panic!("unexpected: {event:?}"),
            None => false,
        });
        assert!(got == bytes, "{} of {len} bytes before the end", got.len());
        assert_eq!(rig.driver().ring.pool().available(), 8);
    }
}

fn a_reset_amid_a_bundle_gives_all_buffers_back<R: Rig>() {
    for turns in 0..4 {
        let mut rig = R::with_buffers(8, 256);
        let (mut peer, conn) = rig.pair();
        let (mut other, _) = rig.pair();
        let bytes = pattern(5000);
        assert_eq!(peer.write(&bytes), bytes.len());
        let mut got = 0;
        for _ in 0..turns {
            rig.driver().wait(Some(MOMENT)).expect("a turn works");
            if let Some(Event::Received { bytes: came, .. }) = rig.driver().next_event() {
                assert!(*came == bytes[got..got + came.len()]);
                got += came.len();
            }
        }
        peer.reset();
        assert_eq!(closes(&mut rig, conn), CloseReason::Reset);
        assert_eq!(rig.driver().ring.pool().available(), 8);
        // The buffers are as good as before.
        assert_eq!(other.write(&bytes), bytes.len());
        let mut got = Vec::new();
        rig.run("another connection's bytes", |_, event| {
            if let Some(Event::Received { bytes, .. }) = event {
                got.extend_from_slice(&bytes);
            }
            got.len() == bytes.len()
        });
        assert!(got == bytes);
    }
}

fn a_slow_worker_keeps_no_more_than_the_buffers_hold<R: Rig>() {
    let mut rig = R::with_buffers(4, 1024);
    let (mut peer, _) = rig.pair();
    let bytes = pattern(40_000);
    let mut written = peer.write(&bytes);
    let mut kept: Vec<Lease> = Vec::new();
    let mut quiet = 0;
    rig.run("buffers to run out", |_, event| {
        match event {
            Some(Event::Received { bytes, .. }) => kept.push(bytes),
            Some(event) => panic!("unexpected: {event:?}"),
            None => quiet += 1,
        }
        quiet > 30
    });
    let held: usize = kept.iter().map(|lease| lease.len()).sum();
    assert_eq!((held, rig.driver().ring.pool().available()), (4096, 0));
    let mut got: Vec<u8> = kept.iter().flat_map(|lease| lease.to_vec()).collect();
    kept.clear();
    rig.run("the rest", |_, event| {
        match event {
            Some(Event::Received { bytes, .. }) => got.extend_from_slice(&bytes),
            Some(event) => panic!("unexpected: {event:?}"),
            None => written += peer.write(&bytes[written..]),
        }
        got.len() == bytes.len()
    });
    assert!(got == bytes);
}

fn many_tiny_frames_arrive<R: Rig>() {
    const FRAME: usize = 64;
    let mut rig = R::with_buffers(8, 4096);
    let mut peers = Vec::new();
    let mut conns: BTreeMap<ConnId, (u8, usize)> = BTreeMap::new();
    for number in 0..100 {
        let (peer, conn) = rig.pair();
        peers.push(peer);
        conns.insert(conn, (number, 0));
    }
    for round in 1..=20 {
        for (number, peer) in peers.iter_mut().enumerate() {
            assert_eq!(peer.write(&[number as u8; FRAME]), FRAME);
        }
        rig.run("a frame of each", |_, event| {
            match event {
                Some(Event::Received { conn, bytes }) => {
                    let (number, got) = conns.get_mut(&conn).expect("one of ours");
                    assert!(bytes.iter().all(|byte| byte == number), "another's bytes");
                    assert!(
                        (bytes.as_ptr() as usize).is_multiple_of(FRAME),
                        "whole frames are aligned in parts of buffers as well"
                    );
                    *got += bytes.len();
                }
                Some(event) => panic!("unexpected: {event:?}"),
                None => {}
            }
            conns.values().all(|&(_, got)| got == round * FRAME)
        });
    }
    let stats = rig.driver().stats();
    assert_eq!((stats.received, stats.copied), (100 * 20 * FRAME as u64, 0));
    if rig.delivery().is_some_and(|delivery| delivery.parts) {
        // A hundred frames fit two buffers.
        assert_eq!(stats.starved, 0, "{stats:?}");
    } else {
        assert!(
            stats.starved > 0,
            "{stats:?}: a buffer for each of a hundred frames"
        );
    }
}

/// Receives, and pieces, in which so many bytes come that are all there before the driver looks.
fn receives<R: Rig>(len: usize) -> (u64, usize) {
    let mut rig = R::with_buffers(64, 4096);
    let (mut peer, _) = rig.pair();
    let bytes = pattern(len);
    assert_eq!(peer.write(&bytes), len, "the socket takes that many");
    let (mut got, mut pieces) = (Vec::new(), 0);
    rig.run("all bytes", |_, event| {
        if let Some(Event::Received { bytes, .. }) = event {
            got.extend_from_slice(&bytes);
            pieces += 1;
        }
        got.len() == len
    });
    assert!(got == bytes);
    let delivery = rig.delivery();
    let stats = rig.driver().stats();
    println!("{delivery:?}: {len} bytes in {pieces} pieces, {stats:?}");
    (stats.receives, pieces)
}

#[test]
fn bundles_take_fewer_completions() {
    const LEN: usize = 160 * 1024;
    let (one_by_one, _) = receives::<UringSockets>(LEN);
    let delivery = BundleSockets::with_buffers(1, 64).delivery();
    if delivery.is_some() {
        assert_eq!(one_by_one, LEN as u64 / 4096);
    }
    let (bundled, pieces) = receives::<BundleSockets>(LEN);
    let (bundled_parts, _) = receives::<BundledPartSockets>(LEN);
    if delivery.is_some_and(|delivery| delivery.bundles) {
        assert!(10 * bundled <= one_by_one, "{bundled} for {one_by_one}");
        assert!(pieces <= 4, "neighbours are one piece: {pieces}");
    }
    assert!(bundled_parts <= one_by_one);
}

#[test]
fn neighbouring_buffers_are_one_piece_on_every_ring() {
    for (receives, pieces) in [
        receives::<UringSockets>(80_000),
        receives::<BundleSockets>(80_000),
        receives::<PartSockets>(80_000),
        receives::<BundledPartSockets>(80_000),
        receives::<EpollSockets>(80_000),
    ] {
        assert!(receives >= 1);
        assert!(pieces <= 5, "20 buffers in {pieces} pieces");
    }
}
