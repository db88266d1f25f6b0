//! One connection as the driver sees it: what is in flight, what waits, and what it wants next.
//!
//! Plain data and pure decisions; the driver carries them out.

use super::buffers::{FrameBuffer, Lease};
use super::event::CloseReason;
use rustix::io::Errno;
use std::collections::VecDeque;

/// The receiving operation in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Receiving {
    Nothing,
    /// Into buffers of the pool, again and again.
    Pooled,
    /// Into one buffer of the pool.
    Once,
    /// Into the connection's own frame buffer.
    Direct,
}

/// What came in and was not yet handed to the worker, in order.
#[derive(Debug)]
pub(super) enum Inbound {
    Bytes(Lease),
    /// The frame buffer is full.
    Filled(FrameBuffer),
    /// Nothing more comes.
    End(Result<(), Errno>),
}

/// A frame buffer being filled up to `end`.
#[derive(Debug)]
pub(super) struct Fill {
    /// With the kernel if there is none.
    pub(super) buffer: Option<FrameBuffer>,
    pub(super) at: usize,
    pub(super) end: usize,
    /// Enough was missing to receive straight into the buffer.
    pub(super) direct: bool,
}

impl Fill {
    pub(super) fn new(buffer: FrameBuffer, at: usize, end: usize, direct: bool) -> Fill {
        Fill {
            buffer: Some(buffer),
            at,
            end,
            direct,
        }
    }
}

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Open,
    /// The worker has no more to say: flush, say so to the peer, discard what it still sends.
    Finishing {
        shut: bool,
        discarded: usize,
    },
    /// Only operations in flight keep it.
    Closing(CloseReason),
}

/// A connection.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold or not, each by itself"
)]
pub(super) struct Connection {
    pub(super) generation: u32,
    pub(super) life: Life,

    pub(super) receiving: Receiving,
    /// The receiving operation has been cancelled and has not yet ended.
    pub(super) cancelling: bool,
    pub(super) paused: bool,
    /// Waits in the driver's queue for a receive buffer.
    pub(super) starved: bool,
    /// Stands in the driver's queue of connections that have something to hand over.
    pub(super) runnable: bool,
    pub(super) inbound: VecDeque<Inbound>,
    pub(super) fill: Option<Fill>,
    /// So many receives ago (counted down) a large frame came. A kernel that is let loose on such a connection would
    /// empty the socket into the pool before the next frame's length is known, and all of it would have to be copied.
    pub(super) bulk: u32,
    /// No more comes in.
    pub(super) ended: bool,

    /// Bytes that wait while others are in flight.
    pub(super) outgoing: Vec<u8>,
    /// Bytes in flight, if any are.
    pub(super) sending: Option<usize>,
    /// Stands in the driver's queue of connections that have something to send.
    pub(super) dirty: bool,
    /// The peer takes no more bytes.
    pub(super) deaf: bool,
}

impl Connection {
    pub(super) fn new(generation: u32) -> Connection {
        Connection {
            generation,
            life: Life::Open,
            receiving: Receiving::Nothing,
            cancelling: false,
            paused: false,
            starved: false,
            runnable: false,
            inbound: VecDeque::new(),
            fill: None,
            bulk: 0,
            ended: false,
            outgoing: Vec::new(),
            sending: None,
            dirty: false,
            deaf: false,
        }
    }

    /// The receiving operation that should be in flight.
    pub(super) fn wanted(&self) -> Receiving {
        let end_waits = matches!(self.inbound.back(), Some(Inbound::End(_)));
        match self.life {
            _ if self.ended || end_waits => Receiving::Nothing,
            Life::Closing(_) => Receiving::Nothing,
            Life::Finishing { .. } => Receiving::Pooled,
            Life::Open if self.paused => Receiving::Nothing,
            Life::Open => match &self.fill {
                // What came in before must first be copied to its place.
                Some(fill) if fill.direct && !self.inbound.is_empty() => Receiving::Nothing,
                Some(fill) if fill.direct => Receiving::Direct,
                _ if self.bulk > 0 => Receiving::Once,
                _ => Receiving::Pooled,
            },
        }
    }

    /// Gives the receive buffers of what waits back, and returns how many bytes were copied for it.
    pub(super) fn detach_inbound(&mut self) -> u64 {
        let mut copied = 0;
        for inbound in &mut self.inbound {
            if let Inbound::Bytes(lease) = inbound
                && lease.is_pooled()
            {
                copied += lease.len() as u64;
                lease.detach();
            }
        }
        copied
    }

    /// Bytes that wait to be sent, those in flight included.
    pub(super) fn queued(&self) -> usize {
        self.outgoing.len() + self.sending.unwrap_or(0)
    }

    /// Whether the worker still speaks with this connection.
    pub(super) fn is_open(&self) -> bool {
        self.life == Life::Open
    }

    /// Copies the front of `lease` to where it belongs in the frame buffer and returns how many bytes that were.
    pub(super) fn copy_in(fill: &mut Fill, lease: &mut Lease) -> usize {
        let buffer = fill
            .buffer
            .as_mut()
            .expect("nothing else comes in while the kernel has the frame buffer");
        let count = lease.len().min(fill.end - fill.at);
        buffer[fill.at..fill.at + count].copy_from_slice(&lease[..count]);
        fill.at += count;
        lease.advance(count);
        count
    }
}

/// Why a connection ends after this error.
pub(super) fn reason(errno: Errno) -> CloseReason {
    match errno {
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => CloseReason::Reset,
        other => CloseReason::Failed(other.raw_os_error()),
    }
}
