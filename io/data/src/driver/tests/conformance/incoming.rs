//! What a worker may rely on of the bytes that come in.

use super::{pattern, rig, run_writing};
use crate::driver::tests::rig::{
    BundleSockets, BundledPartSockets, EpollSockets, PartSockets, Peer, Read, Rig, Simulation,
    UringSockets,
};
use crate::driver::tests::simulated::MOMENT;
use crate::driver::{Event, FrameBuffer};
use crate::limits::{ALIGNMENT, FRAME_BUFFER, LINGER_BYTES, RECEIVE_BUFFER};

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
    let mut ended = 0;
    for size in sizes {
        let bytes = pattern(size);
        let (mut written, mut got, mut came) = (0, Vec::new(), 0);
        rig.run("the echo", |driver, event| {
            match event {
                Some(Event::Received { conn: from, bytes }) => {
                    // In a buffer that is filled in parts the bytes go on where those before them ended.
                    let start = bytes.as_ptr() as usize;
                    assert!(start.is_multiple_of(ALIGNMENT) || start == ended);
                    ended = start + bytes.len();
                    assert_eq!(from, conn);
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
    assert!(rig.driver().stats().starved > 0);
    assert_eq!(rig.driver().ring.pool().available(), 0);
    let mut got = kept.iter().map(|lease| lease.len()).sum::<usize>();
    assert!((4..=4 * 1024).contains(&got), "{got} bytes in 4 buffers");
    kept.clear();
    rig.run("the rest", |_, event| {
        if let Some(Event::Received { bytes, .. }) = event {
            got += bytes.len();
        }
        got == 8 * 3000
    });
}

on_every_ring! {
    echoes_bytes_of_every_size
    a_paused_connection_is_silent_and_loses_nothing
    the_end_waits_while_paused
    large_bodies_arrive_in_their_own_buffer
    a_fill_can_be_paused
    connections_without_buffers_wait_for_them
}
