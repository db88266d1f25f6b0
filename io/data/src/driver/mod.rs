//! Sockets of one shard, driven by completions: `io_uring`, or epoll where that is refused.
//!
//! A [`Driver`] belongs to one thread. Its worker asks for operations (`add`, `send`, `pause`, ...), lets it take a
//! turn ([`Driver::poll`] or [`Driver::wait`]), and takes the events that came of it ([`Driver::next_event`]).
//! Operations asked for between two turns are submitted together, in one system call.
//!
//! ```no_run
//! use trapjaw_data::driver::{Choice, Driver, Event, select};
//! use trapjaw_data::net;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let selection = select(Choice::Auto)?;
//! println!("{selection}");
//! let mut driver = Driver::new(selection.backend())?;
//! for listener in net::listen("127.0.0.1:7070".parse()?, 1)? {
//!     driver.listen(listener)?;
//! }
//! loop {
//!     driver.wait(None)?;
//!     while let Some(event) = driver.next_event() {
//!         match event {
//!             Event::Accepted { socket, .. } => drop(driver.add(socket)?),
//!             Event::Received { conn, bytes } => drop(driver.send(conn, &bytes)),
//!             Event::Finished { conn } => driver.finish(conn),
//!             _ => {}
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! # Bytes in
//!
//! A connection receives by default into a pool of aligned buffers that all connections of the shard share; the
//! worker reads them in place through a [`Lease`] and gives them back by dropping it. What came into several buffers that
//! are neighbours in memory is one lease, so that a frame that is cut between two of them is read in place as well.
//! `io_uring` tells of several buffers in one completion where the kernel can ([`Delivery`]). A large frame's rest goes
//! straight into a buffer of its own, see [`Driver::receive_into`]. A worker that can't take more pauses the
//! connection: no receiving event comes until it resumes it, and the kernel's window then slows the peer.
//!
//! # Bytes out
//!
//! [`Driver::send`] copies into the connection's bounded queue; one operation is in flight at a time, so the order
//! is kept, and what is queued meanwhile goes out together.
//!
//! # Memory and the kernel
//!
//! A buffer that the kernel may touch is owned by the ring until its completion. When a driver is dropped, everything
//! is cancelled and awaited; what the kernel would not give back in time is leaked rather than freed.
//!
//! # Layers
//!
//! The logic above stands once, against the trait `Ring` (operations, completions); the modules `uring` and `epoll`
//! implement it, and so does the tests' simulated ring.

#[allow(unsafe_code, reason = "buffers that the kernel writes into")]
mod buffers;
mod choice;
mod completion;
mod connection;
mod delivery;
mod epoll;
mod event;
mod order;
mod ring;
#[cfg(test)]
mod tests;
mod trial;
mod turn;
#[allow(unsafe_code, reason = "operations on memory that the kernel shares")]
mod uring;
#[allow(
    unsafe_code,
    reason = "the ring's memory, and what the kernel is told of it"
)]
mod uring_setup;
mod vacant;
mod wait;
mod watched;

pub use buffers::{FrameBuffer, Lease};
pub use choice::{Backend, Choice, Selection, Unavailable, UnknownChoice, select};
pub use delivery::Delivery;
pub use event::{CloseReason, ConnId, Event, ListenerId, Refused, SendError, Stats};
pub use wait::{Idle, Spin, Waker};

use crate::limits::{
    BULK_MEMORY, CONNECTIONS, DIRECT_RECEIVE, FRAME_BUFFER, LINGER_MILLIS, LISTENERS, OUTGOING,
    RECEIVE_BUFFER, RECEIVE_BUFFERS,
};
use connection::{Connection, Fill, Life};
use ring::{Completion, Direction, Op, Ring, Slot, Wait};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// A listener's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Listening {
    Vacant,
    Open,
    /// Cancelled; the accept in flight has not yet ended.
    Closing,
}

/// The sockets of one shard. Bound to the thread that made it.
pub struct Driver {
    ring: Box<dyn Ring>,
    listeners: [Listening; LISTENERS],
    /// Listeners to try again at a time, after the system was short of something.
    retries: Vec<(Instant, Slot)>,
    connections: Vec<Option<Connection>>,
    generations: Vec<u32>,
    free: Vec<Slot>,
    spares: Vec<Vec<u8>>,

    completions: VecDeque<Completion>,
    events: VecDeque<Event>,
    runnable: VecDeque<ConnId>,
    starved: VecDeque<ConnId>,
    dirty: Vec<ConnId>,
    /// Finishing connections by deadline; the time allowed is the same for all, so that the queue is in order.
    lingering: VecDeque<(Instant, ConnId)>,
    stats: Stats,
}

impl Driver {
    /// A driver on the backend that [`select`] chose, for the calling thread. It fails with the kernel's error when
    /// a resource is short (memory, descriptors).
    pub fn new(backend: Backend) -> io::Result<Driver> {
        Driver::with_buffers(backend, RECEIVE_BUFFERS, RECEIVE_BUFFER)
    }

    /// As [`Driver::new`], with another number (a power of two) and length (a multiple of 64 bytes) of receive
    /// buffers.
    pub fn with_buffers(backend: Backend, buffers: u16, buffer_len: usize) -> io::Result<Driver> {
        let slots = (LISTENERS + CONNECTIONS).min(choice::descriptors());
        let ring: Box<dyn Ring> = match backend {
            Backend::Uring(delivery) => {
                Box::new(uring::Uring::new(slots, buffers, buffer_len, delivery)?)
            }
            Backend::Epoll => Box::new(epoll::Epoll::new(slots, buffers, buffer_len)?),
        };
        Ok(Driver::on(ring, slots))
    }

    fn on(mut ring: Box<dyn Ring>, slots: usize) -> Driver {
        assert!(
            slots > LISTENERS,
            "a driver has room for at least one connection"
        );
        ring.push(Op::Wake);
        Driver {
            ring,
            listeners: [Listening::Vacant; LISTENERS],
            retries: Vec::new(),
            connections: (LISTENERS..slots).map(|_| None).collect(),
            generations: vec![0; slots - LISTENERS],
            free: (LISTENERS as Slot..slots as Slot).rev().collect(),
            spares: Vec::new(),
            completions: VecDeque::new(),
            events: VecDeque::new(),
            runnable: VecDeque::new(),
            starved: VecDeque::new(),
            dirty: Vec::new(),
            lingering: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// The handle with which other threads end a wait.
    pub fn waker(&self) -> Waker {
        self.ring.waker()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Connections that fit.
    pub fn capacity(&self) -> usize {
        self.connections.len()
    }

    /// Connections that are there, closing ones included.
    pub fn connections(&self) -> usize {
        self.capacity() - self.free.len()
    }

    /// Starts to accept connections: they come as [`Event::Accepted`].
    pub fn listen(&mut self, listener: crate::net::Listener) -> Result<ListenerId, Refused> {
        let socket = listener.into();
        let Some(slot) = self
            .listeners
            .iter()
            .position(|&place| place == Listening::Vacant)
        else {
            return Err(Refused {
                socket,
                error: io::ErrorKind::QuotaExceeded.into(),
            });
        };
        if let Err((socket, error)) = self.ring.attach(slot as Slot, socket, true) {
            return Err(Refused { socket, error });
        }
        self.listeners[slot] = Listening::Open;
        self.ring.push(Op::Accept(slot as Slot));
        Ok(ListenerId(slot as u32))
    }

    /// Stops accepting and closes the listener. What it accepted on the way is dropped.
    pub fn unlisten(&mut self, listener: ListenerId) {
        let slot = listener.0;
        if self.listeners[slot as usize] != Listening::Open {
            return;
        }
        let retries = self.retries.len();
        self.retries.retain(|&(_, retry)| retry != slot);
        if self.retries.len() < retries {
            // Nothing is in flight on a listener that waits to be tried again.
            self.listeners[slot as usize] = Listening::Vacant;
            self.ring.detach(slot);
        } else {
            self.listeners[slot as usize] = Listening::Closing;
            self.ring.push(Op::Cancel(slot, Direction::In));
        }
    }

    /// Takes over a connected stream socket and starts to receive from it.
    pub fn add(&mut self, socket: OwnedFd) -> Result<ConnId, Refused> {
        let Some(slot) = self.free.pop() else {
            return Err(Refused {
                socket,
                error: io::ErrorKind::QuotaExceeded.into(),
            });
        };
        if let Err((socket, error)) = self.ring.attach(slot, socket, false) {
            self.free.push(slot);
            return Err(Refused { socket, error });
        }
        let place = slot as usize - LISTENERS;
        self.generations[place] = self.generations[place].wrapping_add(1);
        let conn = ConnId {
            slot,
            generation: self.generations[place],
        };
        self.connections[place] = Some(Connection::new(conn.generation));
        self.steer(conn);
        Ok(conn)
    }

    /// Stops reading from a connection: until [`Driver::resume`] no receiving event (`Received`, `Filled`,
    /// `Finished`) comes, and no close that the peer caused. What was already on its way is kept, in memory of its own,
    /// at most as much as the receive buffers hold.
    pub fn pause(&mut self, conn: ConnId) {
        if let Some(connection) = find(&mut self.connections, conn) {
            connection.paused = true;
            self.stats.copied += connection.detach_inbound();
            self.steer(conn);
        }
    }

    /// Reads from a connection again, first what was already there.
    pub fn resume(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn) {
            connection.paused = false;
            self.enqueue_runnable(conn);
            self.steer(conn);
        }
    }

    /// Receives the connection's next `end - start` bytes into `buffer[start..end]`. [`Event::Filled`] gives the
    /// buffer back when all are there; no `Received` comes before it. What is missing from
    /// [`DIRECT_RECEIVE`] receive buffers' worth on is written there by the kernel, less
    /// is copied there.
    ///
    /// Panics unless `start < end <= buffer.len()`, and when a buffer is already being filled. The buffer is freed
    /// if the connection ends before.
    pub fn receive_into(&mut self, conn: ConnId, buffer: FrameBuffer, start: usize, end: usize) {
        assert!(
            start < end && end <= buffer.len() && end <= FRAME_BUFFER,
            "the bytes to fill lie in the buffer"
        );
        let direct = end - start >= DIRECT_RECEIVE * self.ring.pool().buffer_len();
        if let Some(connection) = self.get(conn).filter(|connection| connection.is_open()) {
            assert!(connection.fill.is_none(), "one frame buffer at a time");
            connection.fill = Some(Fill::new(buffer, start, end, direct));
            if direct {
                connection.bulk = BULK_MEMORY;
            }
            self.enqueue_runnable(conn);
            self.steer(conn);
        }
    }

    /// Queues bytes to be sent after those before them, in the next turn: all or nothing.
    pub fn send(&mut self, conn: ConnId, bytes: &[u8]) -> Result<(), SendError> {
        let spares = &mut self.spares;
        let Some(connection) = find(&mut self.connections, conn)
            .filter(|connection| connection.is_open() && !connection.deaf)
        else {
            return Err(SendError::Closed);
        };
        if bytes.len() > OUTGOING - connection.queued() {
            return Err(SendError::Full);
        }
        if connection.outgoing.capacity() == 0 {
            connection.outgoing = spares.pop().unwrap_or_default();
        }
        connection.outgoing.extend_from_slice(bytes);
        self.enqueue_dirty(conn);
        Ok(())
    }

    /// Bytes that wait to be sent, those in flight included; 0 for a connection that is gone.
    pub fn outgoing(&self, conn: ConnId) -> usize {
        let connection = self.connections[conn.index()].as_ref();
        connection
            .filter(|connection| connection.generation == conn.generation)
            .map_or(0, Connection::queued)
    }

    /// Ends a connection in order: sends what is queued, tells the peer, and closes when the peer has closed, so that
    /// the last bytes sent (a refusal, a goodbye) reach it. Only [`Event::Sent`] and [`Event::Closed`] still come. The
    /// peer has [`LINGER_MILLIS`] for it.
    pub fn finish(&mut self, conn: ConnId) {
        let deadline = self.ring.now() + Duration::from_millis(LINGER_MILLIS);
        let Some(connection) = self.get(conn).filter(|connection| connection.is_open()) else {
            return;
        };
        connection.life = Life::Finishing {
            shut: false,
            discarded: 0,
        };
        connection.fill = connection.fill.take().filter(|fill| fill.buffer.is_none());
        if self.lingering.len() >= 2 * self.connections.len() {
            // Connections that closed long before their deadline still stand here.
            self.lingering
                .retain(|&(_, conn)| find(&mut self.connections, conn).is_some());
        }
        self.lingering.push_back((deadline, conn));
        self.enqueue_runnable(conn);
        self.enqueue_dirty(conn);
        self.steer(conn);
    }

    /// Ends a connection at once: what is queued is dropped. Only [`Event::Closed`] still comes.
    pub fn close(&mut self, conn: ConnId) {
        if self.get(conn).is_some() {
            self.begin_close(conn, CloseReason::Local);
        }
    }

    /// Takes a turn without waiting.
    pub fn poll(&mut self) -> io::Result<()> {
        self.turn(Wait::Poll)
    }

    /// Takes a turn that waits for an event, at most `timeout`. It doesn't wait if an event is already there.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.turn(timeout.map_or(Wait::Forever, Wait::For))
    }

    fn get(&mut self, conn: ConnId) -> Option<&mut Connection> {
        find(&mut self.connections, conn)
    }
}

/// The connection of that id, if it is still there.
fn find(connections: &mut [Option<Connection>], conn: ConnId) -> Option<&mut Connection> {
    connections[conn.index()]
        .as_mut()
        .filter(|connection| connection.generation == conn.generation)
}
