//! What the driver asks of a kernel, and what a kernel answers: operations and completions.
//!
//! The driver's logic is written once, against [`Ring`]. Three rings implement it: `io_uring`, epoll (which performs an
//! operation when its descriptor is ready), and in tests a simulated one that misbehaves by a seed.
//!
//! Operations own their memory: a buffer goes to the ring with its operation and comes back with the completion,
//! so the driver can't touch or free what a kernel is using.

use super::buffers::{FrameBuffer, Lease, Pool};
use super::wait::Waker;
use crate::limits::RECEIVE_PIECE;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Number of a descriptor in the ring, chosen by the driver.
pub(super) type Slot = u32;

/// The directions of a descriptor. At most one operation a direction is in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    /// Accepting or receiving.
    In,
    /// Sending.
    Out,
}

/// An operation.
#[derive(Debug)]
pub(super) enum Op {
    /// Accept connections until it is cancelled or fails.
    Accept(Slot),
    /// Receive into a buffer of the pool, once, or into one after the other until it is cancelled, ends or fails.
    Receive { slot: Slot, once: bool },
    /// Receive once into `buffer[from..to]`, waiting for all of it if the ring can.
    ReceiveInto {
        slot: Slot,
        buffer: FrameBuffer,
        from: usize,
        to: usize,
    },
    /// Send `bytes[from..]`.
    Send {
        slot: Slot,
        bytes: Vec<u8>,
        from: usize,
    },
    /// End the operation in flight in that direction. It completes in any case; the cancellation itself
    /// completes silently, and one that finds nothing does nothing.
    Cancel(Slot, Direction),
    /// Complete once when the ring's waker is used, or has been since the last time.
    Wake,
}

/// An operation's result.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A connection was accepted.
    Accepted(OwnedFd),
    /// Accepting has ended.
    AcceptEnded(Errno),
    /// At least one byte was received into the pool.
    Received {
        /// The bytes, which may have come by several receives.
        bytes: Lease,
        /// How many receives are counted with them: 0 for the later pieces of one that lies in several.
        receives: u32,
    },
    /// Receiving has ended: by the peer (`Ok`) or by an error (`ECANCELED`, and `ENOBUFS` when the pool was empty).
    ReceiveEnded(Result<(), Errno>),
    /// `ReceiveInto` is done with that many bytes; 0 is the end of the stream.
    Filled(FrameBuffer, Result<usize, Errno>),
    /// `Send` is done with that many bytes, perhaps fewer than asked for.
    Sent(Vec<u8>, Result<usize, Errno>),
    /// The waker was used.
    Woken,
}

/// An answer of the ring.
#[derive(Debug)]
pub(super) struct Completion {
    /// The descriptor; 0 for a wake-up.
    pub(super) slot: Slot,
    /// Whether the operation goes on and more completions follow.
    pub(super) more: bool,
    /// What happened.
    pub(super) outcome: Outcome,
}

impl Completion {
    /// Appends received bytes: to those that the same operation received last, where both lie in one piece, so that what
    /// is cut between two buffers is read in place.
    pub(super) fn received(
        completions: &mut VecDeque<Completion>,
        (slot, more): (Slot, bool),
        bytes: Lease,
        receives: u32,
    ) {
        let mut bytes = bytes;
        if let Some(Completion {
            slot: before,
            more: goes_on @ true,
            outcome:
                Outcome::Received {
                    bytes: piece,
                    receives: counted,
                },
        }) = completions.back_mut()
            && *before == slot
        {
            match piece.join(bytes, RECEIVE_PIECE) {
                Ok(()) => {
                    *goes_on = more;
                    *counted += receives;
                    return;
                }
                Err(apart) => bytes = apart,
            }
        }
        completions.push_back(Completion {
            slot,
            more,
            outcome: Outcome::Received { bytes, receives },
        });
    }
}

/// How long to wait for a completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    /// Not at all.
    Poll,
    /// At most this long.
    For(Duration),
    /// Until there is one.
    Forever,
}

/// A kernel's interface for asynchronous operations on sockets.
pub(super) trait Ring {
    /// Puts a descriptor into a free slot; gives it back if the kernel refuses.
    fn attach(
        &mut self,
        slot: Slot,
        fd: OwnedFd,
        listener: bool,
    ) -> Result<(), (OwnedFd, io::Error)>;

    /// Empties a slot and closes its descriptor. No operation is in flight on it.
    fn detach(&mut self, slot: Slot);

    /// Says to the peer that nothing more will be sent.
    fn shutdown(&mut self, slot: Slot);

    /// Queues an operation. Panics if one is in flight in the same direction of the same slot.
    fn push(&mut self, op: Op);

    /// Submits what is queued, waits, and appends completions until there are
    /// [`COMPLETIONS`](crate::limits::COMPLETIONS) of them. An interrupted or timed-out wait is no error.
    fn enter(&mut self, wait: Wait, completions: &mut VecDeque<Completion>) -> io::Result<()>;

    /// The receive buffers.
    fn pool(&self) -> &Rc<Pool>;

    /// The handle with which other threads end a wait.
    fn waker(&self) -> Waker;

    /// The ring's clock.
    fn now(&self) -> Instant;
}
