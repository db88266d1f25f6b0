//! What the driver tells its worker.

use super::buffers::{FrameBuffer, Lease};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

/// Identifies a connection of one driver. Never used again for another one while 2^32 connections pass in its slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl ConnId {
    /// Place of the connection in tables of the worker: below [`Driver::capacity`](super::Driver::capacity), and
    /// used again after the connection's [`Event::Closed`].
    pub fn index(self) -> usize {
        self.slot as usize - crate::limits::LISTENERS
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index(), self.generation)
    }
}

/// Identifies a listener of one driver.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ListenerId(pub(super) u32);

/// An event of the driver.
///
/// Of one connection come any number of `Received`, `Filled` and `Sent`, at most one `Finished`, and at last exactly
/// one `Closed`. The receiving events keep the order of the bytes.
#[derive(Debug)]
pub enum Event {
    /// A listener accepted a connection. It is nobody's yet: give it to [`Driver::add`](super::Driver::add), here or
    /// on another shard, or drop it.
    Accepted {
        /// The listener.
        listener: ListenerId,
        /// The new socket; `TCP_NODELAY` is set.
        socket: OwnedFd,
    },
    /// Accepting failed; the driver tries again by itself, after a pause where the system is short of something.
    AcceptFailed {
        /// The listener.
        listener: ListenerId,
        /// Why.
        error: io::Error,
    },
    /// Bytes arrived.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes, at least one.
        bytes: Lease,
    },
    /// The buffer given to [`Driver::receive_into`](super::Driver::receive_into) is full.
    Filled {
        /// The connection.
        conn: ConnId,
        /// The buffer.
        buffer: FrameBuffer,
    },
    /// Bytes left for the peer.
    Sent {
        /// The connection.
        conn: ConnId,
        /// How many.
        bytes: usize,
    },
    /// The peer will send nothing more. Sending to it still works; [`Driver::finish`](super::Driver::finish) or
    /// [`Driver::close`](super::Driver::close) ends the connection.
    Finished {
        /// The connection.
        conn: ConnId,
    },
    /// The connection is gone, with everything that was in flight on it.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Why.
        reason: CloseReason,
    },
    /// Another thread used the [`Waker`](super::Waker).
    Woken,
}

/// Why a connection was closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The worker closed it, or finished it and the peer closed in time.
    Local,
    /// The worker finished it, but the peer neither took all bytes nor closed in time.
    Lingered,
    /// The peer reset it or went away while bytes were being sent to it.
    Reset,
    /// Another error of the socket, by its number in `errno`.
    Failed(i32),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::Local => f.write_str("closed by this side"),
            CloseReason::Lingered => {
                f.write_str("closed by this side; the peer did not close in time")
            }
            CloseReason::Reset => f.write_str("reset by the peer"),
            CloseReason::Failed(errno) => write!(f, "{}", io::Error::from_raw_os_error(*errno)),
        }
    }
}

/// Why bytes were not taken for sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The connection has [`OUTGOING`](crate::limits::OUTGOING) bytes waiting: its peer is slow. Nothing was taken.
    Full,
    /// The connection is closed, finishing, or its peer is gone.
    Closed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Full => "too many bytes wait to be sent to a slow peer",
            SendError::Closed => "the connection takes no more bytes",
        })
    }
}

impl std::error::Error for SendError {}

/// A descriptor that the driver did not take, given back with the reason.
#[derive(Debug)]
pub struct Refused {
    /// The descriptor.
    pub socket: OwnedFd,
    /// Why: every slot is taken ([`io::ErrorKind::QuotaExceeded`]), or the kernel's error.
    pub error: io::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection refused by the driver: {}", self.error)
    }
}

impl std::error::Error for Refused {}

/// Counters of a driver since its start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Received bytes that the driver copied: into a frame buffer, or because its connection was
    /// paused.
    pub copied: u64,
    /// Receives into receive buffers: completions of `io_uring`, calls with epoll.
    pub receives: u64,
    /// Times that a connection had to wait for a receive buffer.
    pub starved: u64,
    /// Turns of the ring: an upper bound of the system calls made for it.
    pub turns: u64,
}
