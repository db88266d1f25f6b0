//! What comes in on a connection, frame by frame.

use trapjaw_wire::frame::{Header, Kind, Peek, peek};
use trapjaw_wire::limits::HEADER;

use super::Worker;
use super::connection::{Filling, Refused, Waits};
use super::frames::Received;
use crate::driver::{ConnId, FrameBuffer};

/// Bytes to which a batch's memory has to be aligned.
const BATCH_ALIGNMENT: usize = 16;

/// How it went with the front of what was received.
enum Went {
    /// There is more to look at.
    On,
    /// A frame goes on with what comes next.
    Cut,
    /// What is given back waits.
    Held(Received, Waits),
}

impl Worker {
    /// Bytes, or a whole frame, came in.
    pub(super) fn received(&mut self, id: ConnId, received: Received) {
        match self.clients.get(id) {
            Some(connection) => {
                connection.inbox.push_back(received);
                if connection.waits.is_none() {
                    self.advance(id);
                }
            }
            None => self.give_back(received),
        }
    }

    /// The driver has filled a connection's frame buffer.
    pub(super) fn filled(&mut self, id: ConnId, buffer: FrameBuffer) {
        match self.clients.filled(id) {
            Some(frame) => self.received(id, Received::Frame(buffer, frame)),
            None => self.clients.buffers.give_back(buffer),
        }
    }

    /// Works off what a connection has sent, as far as that can be.
    pub(super) fn advance(&mut self, id: ConnId) {
        loop {
            let Some(connection) = self.clients.get(id) else {
                return;
            };
            let Some(received) = connection.inbox.pop_front() else {
                break;
            };
            match self.front(id, received) {
                Ok(Went::On) => {}
                Ok(Went::Cut) => break,
                Ok(Went::Held(received, waits)) => {
                    self.hold(id, received, waits);
                    return;
                }
                // A refusal that leaves the connection open concerns one frame; the next one is looked at.
                Err(refused) => self.refuse(id, &refused),
            }
        }
        let now = self.now;
        let Some(connection) = self.clients.get(id) else {
            return;
        };
        if connection.is_amid_frame() {
            // Time in which the connection waited for this side does not count.
            if connection.waits.is_some() || connection.partial_since.is_none() {
                connection.partial_since = Some(now);
            }
        } else {
            connection.partial_since = None;
        }
        let is_partial = connection.partial_since.is_some();
        let waited = connection.waits.take().is_some();
        self.clients.some_have_deadlines |= is_partial;
        if waited {
            self.driver.resume(id);
        }
    }

    /// Puts back what can't be looked at now, and stops the connection.
    fn hold(&mut self, id: ConnId, mut received: Received, waits: Waits) {
        if let Received::Bytes(lease) = &mut received
            && lease.is_pooled()
        {
            // The receive buffers are for all connections.
            self.tally.copied += lease.len() as u64;
            lease.detach();
        }
        if let Some(connection) = self.clients.get(id) {
            connection.inbox.push_front(received);
        }
        if self.clients.hold(id, waits) {
            self.driver.pause(id);
        }
    }

    /// Looks at the front of what was received, and deals with a frame that is whole.
    fn front(&mut self, id: ConnId, mut received: Received) -> Result<Went, Refused> {
        let Some(connection) = self.clients.get(id) else {
            return Ok(Went::On);
        };
        // Behind a whole header there is something to do even without bytes: its frame has no buffer yet.
        if received.is_empty() && connection.head.len() < HEADER {
            return Ok(Went::On);
        }
        if let Received::Bytes(lease) = &mut received
            && !connection.head.is_empty()
        {
            let count = connection.head.extend(lease);
            self.tally.copied += count as u64;
            lease.advance(count);
            return match peek(&connection.head)? {
                Peek::NeedHeader => Ok(Went::Cut),
                Peek::Need { header, total } | Peek::Frame { header, total, .. } => {
                    self.begin(id, &header, total, received)
                }
            };
        }
        let found = match peek(&received) {
            Ok(found) => found,
            Err(error) => {
                self.give_back(received);
                return Err(error.into());
            }
        };
        match found {
            Peek::NeedHeader => {
                connection.head.extend(&received);
                self.tally.copied += received.len() as u64;
                Ok(Went::Cut)
            }
            Peek::Need { header, total } => self.begin(id, &header, total, received),
            Peek::Frame {
                header,
                payload,
                total,
            } => {
                let admitted = connection.admit(&header);
                if admitted.is_ok() && header.kind == Kind::Events && !self.takes_in() {
                    return Ok(Went::Held(received, Waits::ForIntake));
                }
                let went = admitted.and_then(|()| self.whole(id, &header, &received[payload]));
                match received {
                    Received::Bytes(mut lease) => {
                        lease.advance(total);
                        if let Some(connection) = self.clients.get(id).filter(|_| !lease.is_empty())
                        {
                            connection.inbox.push_front(Received::Bytes(lease));
                        }
                    }
                    frame @ Received::Frame(..) => self.give_back(frame),
                }
                went.map(|()| Went::On)
            }
        }
    }

    /// Gives a frame that is cut a buffer of its own, with what is there of it.
    fn begin(
        &mut self,
        id: ConnId,
        header: &Header,
        total: usize,
        received: Received,
    ) -> Result<Went, Refused> {
        let Some(connection) = self.clients.get(id) else {
            return Ok(Went::On);
        };
        connection.admit(header)?;
        let Some(mut buffer) = self.clients.buffers.take(total) else {
            return Ok(Went::Held(received, Waits::ForBuffer));
        };
        let Some(connection) = self.clients.get(id) else {
            return Ok(Went::On);
        };
        let Received::Bytes(mut lease) = received else {
            unreachable!("a frame in a buffer of its own is whole")
        };
        let at = connection.head.len();
        buffer[..at].copy_from_slice(&connection.head);
        connection.head.clear();
        let count = lease.len().min(total - at);
        buffer[at..at + count].copy_from_slice(&lease[..count]);
        self.tally.copied += count as u64;
        lease.advance(count);
        if at + count == total {
            if !lease.is_empty() {
                connection.inbox.push_front(Received::Bytes(lease));
            }
            connection.inbox.push_front(Received::Frame(buffer, total));
            return Ok(Went::On);
        }
        connection.filling = Some(Filling {
            frame: total,
            buffer: buffer.len(),
        });
        self.driver.receive_into(id, buffer, at + count, total);
        Ok(Went::Cut)
    }

    /// Deals with a whole frame, whose batch is copied if it is not aligned where it lies.
    fn whole(&mut self, id: ConnId, header: &Header, payload: &[u8]) -> Result<(), Refused> {
        if header.kind != Kind::Events || payload.as_ptr().addr().is_multiple_of(BATCH_ALIGNMENT) {
            return self.frame(id, header, payload);
        }
        let Some(mut copy) = self.clients.buffers.take(payload.len()) else {
            // Rare enough that its own memory costs nothing: all buffers are lent to cut frames.
            let copy = trapjaw_event::BatchBytes::copy_of(payload);
            return self.frame(id, header, &copy);
        };
        copy[..payload.len()].copy_from_slice(payload);
        self.tally.copied += payload.len() as u64;
        let went = self.frame(id, header, &copy[..payload.len()]);
        self.clients.buffers.give_back(copy);
        went
    }

    fn give_back(&mut self, received: Received) {
        if let Received::Frame(buffer, _) = received {
            self.clients.buffers.give_back(buffer);
        }
    }
}
