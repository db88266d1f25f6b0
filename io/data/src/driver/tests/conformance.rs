//! What a worker may rely on, on every ring.

use super::rig::{Peer, Read, Rig};
use crate::driver::{CloseReason, ConnId, Driver, Event};
use crate::limits::{RECEIVE_BUFFER, RECEIVE_BUFFERS};

/// Each test on each ring.
macro_rules! on_every_ring {
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
        mod simulation {
            $(#[test] fn $test() { super::$test::<super::Simulation>(); })*
        }
    };
}

mod connecting;
mod endings;
mod incoming;
mod outgoing;

/// Bytes whose place can be told from their value.
pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(31) ^ (at >> 8)) as u8)
        .collect()
}

/// A rig with the standard buffers.
pub(super) fn rig<R: Rig>() -> R {
    R::with_buffers(RECEIVE_BUFFERS, RECEIVE_BUFFER)
}

/// Runs until the peer has written `bytes`, and `done` says so; gives events to `on`.
pub(super) fn run_writing<R: Rig>(
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
pub(super) fn read_all<R: Rig>(rig: &mut R, peer: &mut R::Peer, len: usize) -> (Vec<u8>, Read) {
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

pub(super) fn closes<R: Rig>(rig: &mut R, conn: ConnId) -> CloseReason {
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
