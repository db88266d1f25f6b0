//! What a worker may rely on, on every ring.

use super::rig::{EpollSockets, Peer, Read, Rig, Simulation, UringSockets};
use super::simulated::MOMENT;
use crate::driver::{CloseReason, ConnId, Driver, Event, FrameBuffer, SendError};
use crate::limits::{
    ALIGNMENT, FRAME_BUFFER, LINGER_BYTES, OUTGOING, RECEIVE_BUFFER, RECEIVE_BUFFERS,
};
use crate::wake::{Signal, Wake};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Bytes whose place can be told from their value.
fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(31) ^ (at >> 8)) as u8)
        .collect()
}

/// A rig with the standard buffers.
fn rig<R: Rig>() -> R {
    R::with_buffers(RECEIVE_BUFFERS, RECEIVE_BUFFER)
}

/// Runs until the peer has written `bytes`, and `done` says so; gives events to `on`.
fn run_writing<R: Rig>(
    rig: &mut R,
    peer: &mut R::Peer,
    bytes: &[u8],
    mut on: impl FnMut(&mut Driver, Event),
    mut done: impl FnMut() -> bool,
) {
    let mut written = peer.write(bytes);
    rig.run("the bytes to go through", |driver, event| {
        if let Some(event) = event {
            on(driver, event);
            return false;
        }
        written += peer.write(&bytes[written..]);
        written == bytes.len() && done()
    });
}

/// Reads what the peer gets until `len` bytes or an end.
fn read_all<R: Rig>(rig: &mut R, peer: &mut R::Peer, len: usize) -> (Vec<u8>, Read) {
    let mut got = Vec::new();
    let mut end = Read::Nothing;
    rig.run("the peer to get its bytes", |_, event| {
        if event.is_none() {
            match peer.read() {
                Read::Bytes(bytes) => got.extend(bytes),
                read => end = read,
            }
        }
        got.len() >= len || matches!(end, Read::End | Read::Reset)
    });
    (got, end)
}

fn closes<R: Rig>(rig: &mut R, conn: ConnId) -> CloseReason {
    let mut closed = None;
    rig.run("the connection to close", |_, event| {
        if let Some(Event::Closed { conn: gone, reason }) = event {
            assert_eq!((gone, closed), (conn, None));
            closed = Some(reason);
        }
        closed.is_some()
    });
    closed.expect("it closed")
}

fn echoes_bytes_of_every_size<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let sizes = [
        1,
        2,
        63,
        64,
        65,
        4095,
        RECEIVE_BUFFER - 1,
        RECEIVE_BUFFER,
        RECEIVE_BUFFER + 1,
        3 * RECEIVE_BUFFER + 17,
    ];
    for size in sizes {
        let bytes = pattern(size);
        let (mut written, mut got, mut came) = (0, Vec::new(), 0);
        rig.run("the echo", |driver, event| {
            match event {
                Some(Event::Received { conn: from, bytes }) => {
                    assert_eq!((from, bytes.as_ptr() as usize % ALIGNMENT), (conn, 0));
                    came += bytes.len();
                    driver
                        .send(conn, &bytes)
                        .expect("less than the limit waits");
                }
                Some(Event::Sent { .. }) => {}
                Some(event) => panic!("unexpected: {event:?}"),
                None => {
                    written += peer.write(&bytes[written..]);
                    if let Read::Bytes(bytes) = peer.read() {
                        got.extend(bytes);
                    }
                }
            }
            got.len() >= size
        });
        assert!(
            got == bytes && came == size,
            "the echo of {size} bytes is another"
        );
    }
    let stats = rig.driver().stats();
    let total = sizes.iter().sum::<usize>() as u64;
    assert_eq!(
        (stats.received, stats.sent, stats.copied),
        (total, total, 0)
    );
}

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

fn a_paused_connection_is_silent_and_loses_nothing<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let bytes = pattern(8 * LINGER_BYTES);
    let (mut written, mut got) = (peer.write(&bytes), Vec::new());
    // Paused in the midst of what came in.
    rig.run("first bytes", |driver, event| {
        let Some(Event::Received { bytes, .. }) = event else {
            return false;
        };
        got.extend_from_slice(&bytes);
        driver.pause(conn);
        true
    });
    let mut still = 0;
    rig.run("the peer to be slowed", |_, event| {
        assert!(event.is_none(), "a paused connection says {event:?}");
        let now = peer.write(&bytes[written..]);
        written += now;
        still = if now == 0 { still + 1 } else { 0 };
        still > 50
    });
    assert!(written < bytes.len(), "the peer was never slowed");
    rig.driver().resume(conn);
    run_writing(
        &mut rig,
        &mut peer,
        &bytes[written..],
        |driver, event| {
            let Event::Received { bytes, .. } = event else {
                panic!("unexpected: {event:?}")
            };
            got.extend_from_slice(&bytes);
            // Now and then it can't take more for a moment.
            driver.pause(conn);
            driver.resume(conn);
        },
        || true,
    );
    while got.len() < bytes.len() {
        rig.run("the rest", |_, event| match event {
            Some(Event::Received { bytes, .. }) => {
                got.extend_from_slice(&bytes);
                true
            }
            _ => false,
        });
    }
    assert!(got == bytes);
}

fn the_end_waits_while_paused<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    rig.driver().pause(conn);
    peer.write(b"last words");
    peer.finish();
    for _ in 0..50 {
        rig.driver().wait(Some(MOMENT)).expect("a turn works");
        assert!(rig.driver().next_event().is_none());
    }
    rig.driver().resume(conn);
    let mut got = Vec::new();
    rig.run("the end", |_, event| match event {
        Some(Event::Received { bytes, .. }) => {
            got.extend_from_slice(&bytes);
            false
        }
        Some(Event::Finished { .. }) => true,
        Some(event) => panic!("unexpected: {event:?}"),
        None => false,
    });
    assert_eq!(got, b"last words");
}

fn large_bodies_arrive_in_their_own_buffer<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    // Frames of a 4-byte length and that many bytes; small ones are read in place, the rest of large ones is
    // received into a buffer of its own: copied or straight, by what is missing.
    let mut sizes = vec![
        10,
        FRAME_BUFFER,
        100,
        RECEIVE_BUFFER + 1,
        2 * RECEIVE_BUFFER,
        5 * RECEIVE_BUFFER,
        1,
    ];
    sizes.extend([FRAME_BUFFER; 12]);
    let mut stream = Vec::new();
    for (number, &size) in sizes.iter().enumerate() {
        stream.extend((size as u32).to_le_bytes());
        stream.extend(pattern(size).into_iter().map(|byte| byte ^ number as u8));
    }
    let expected = |number: usize| -> Vec<u8> {
        pattern(sizes[number])
            .into_iter()
            .map(|byte| byte ^ number as u8)
            .collect()
    };
    let mut waiting = Vec::new();
    let (mut written, mut number) = (0, 0);
    rig.run("all frames", |driver, event| {
        match event {
            Some(Event::Received { bytes, .. }) => {
                waiting.extend_from_slice(&bytes);
                while waiting.len() >= 4 {
                    let size =
                        u32::from_le_bytes(waiting[..4].try_into().expect("four bytes")) as usize;
                    assert_eq!(size, sizes[number]);
                    let body = &waiting[4..];
                    if body.len() >= size {
                        assert!(body[..size] == expected(number), "frame {number} in place");
                        waiting.drain(..4 + size);
                        number += 1;
                    } else if size > RECEIVE_BUFFER {
                        let mut buffer = FrameBuffer::new(size);
                        buffer[..body.len()].copy_from_slice(body);
                        driver.receive_into(conn, buffer, body.len(), size);
                        waiting.clear();
                    } else {
                        break;
                    }
                }
            }
            Some(Event::Filled {
                conn: filled,
                buffer,
            }) => {
                assert_eq!(filled, conn);
                assert!(
                    buffer[..] == expected(number),
                    "frame {number} in its own buffer"
                );
                number += 1;
            }
            Some(event) => panic!("unexpected: {event:?}"),
            None => written += peer.write(&stream[written..]),
        }
        number == sizes.len()
    });
    let stats = rig.driver().stats();
    assert_eq!(stats.received, stream.len() as u64);
    // Until the first large frame is known for what it is, the kernel may have filled every receive buffer.
    assert!(
        stats.copied < stats.received / 2,
        "{stats:?}: large bodies are not to be copied"
    );
}

fn a_fill_can_be_paused<R: Rig>() {
    let mut rig: R = rig();
    let (mut peer, conn) = rig.pair();
    let bytes = pattern(FRAME_BUFFER);
    rig.driver()
        .receive_into(conn, FrameBuffer::new(FRAME_BUFFER), 0, FRAME_BUFFER);
    let mut written = peer.write(&bytes[..20_000]);
    for round in 0..40 {
        if round % 2 == 0 {
            rig.driver().pause(conn);
        } else {
            rig.driver().resume(conn);
        }
        rig.driver().wait(Some(MOMENT)).expect("a turn works");
        assert!(rig.driver().next_event().is_none());
        written += peer.write(&bytes[written..bytes.len().min(written + 5_000)]);
    }
    assert!(written < bytes.len());
    let mut filled = None;
    rig.run("the buffer to be full", |_, event| {
        match event {
            Some(Event::Filled { buffer, .. }) => filled = Some(buffer),
            Some(event) => panic!("unexpected: {event:?}"),
            None => written += peer.write(&bytes[written..]),
        }
        filled.is_some()
    });
    assert!(filled.is_some_and(|buffer| buffer[..] == bytes));
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

fn connections_without_buffers_wait_for_them<R: Rig>() {
    let mut rig = R::with_buffers(4, 1024);
    let mut pairs: Vec<_> = (0..8).map(|_| rig.pair()).collect();
    for (peer, _) in &mut pairs {
        assert_eq!(peer.write(&[9; 3000]), 3000);
    }
    // A worker that keeps what it gets.
    let mut kept = Vec::new();
    let mut quiet = 0;
    rig.run("buffers to run out", |_, event| {
        match event {
            Some(Event::Received { bytes, .. }) => kept.push(bytes),
            Some(event) => panic!("unexpected: {event:?}"),
            None => quiet += 1,
        }
        quiet > 50
    });
    assert_eq!(kept.len(), 4);
    assert!(rig.driver().stats().starved > 0);
    let mut got = kept.iter().map(|lease| lease.len()).sum::<usize>();
    kept.clear();
    rig.run("the rest", |_, event| {
        if let Some(Event::Received { bytes, .. }) = event {
            got += bytes.len();
        }
        got == 8 * 3000
    });
}

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

/// Each test on each ring.
macro_rules! on_every_ring {
    ($($test:ident)*) => {
        mod io_uring {
            $(#[test] fn $test() { super::$test::<super::UringSockets>(); })*
        }
        mod epoll {
            $(#[test] fn $test() { super::$test::<super::EpollSockets>(); })*
        }
        mod simulation {
            $(#[test] fn $test() { super::$test::<super::Simulation>(); })*
        }
    };
}

on_every_ring! {
    echoes_bytes_of_every_size
    sends_are_ordered_and_counted
    a_stalled_peer_disturbs_nobody
    half_closed_connections_still_send
    a_reset_closes_that_connection_only
    a_reset_while_sending_closes
    a_paused_connection_is_silent_and_loses_nothing
    the_end_waits_while_paused
    large_bodies_arrive_in_their_own_buffer
    a_fill_can_be_paused
    a_slow_peer_is_bounded
    closing_at_once_drops_what_waits
    last_words_reach_a_peer_that_is_still_writing
    connections_without_buffers_wait_for_them
    many_connections
    another_thread_ends_a_wait
    a_closed_listener_accepts_no_more
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
