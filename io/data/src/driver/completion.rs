//! What a driver makes of a ring's completions.
//!
//! Completions are looked at one by one, when the worker asks for the next event: a connection that it paused or
//! closed a moment ago has no more events, however many completions were already there.

use super::connection::{Connection, Inbound, Life, Receiving, reason};
use super::event::{CloseReason, ConnId, Event, ListenerId};
use super::ring::{Completion, Op, Outcome, Slot};
use super::{Driver, Listening, find};
use crate::limits::{ACCEPT_RETRY_MILLIS, LINGER_BYTES, LISTENERS};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Errors that say nothing about the socket: the operation is asked for again.
fn is_passing(errno: Errno) -> bool {
    matches!(errno, Errno::CANCELED | Errno::AGAIN | Errno::INTR)
}

impl Driver {
    /// The next event of the turns so far; none means that it is time for another turn.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let event = if let Some(conn) = self.runnable.pop_front() {
                if let Some(connection) = self.get(conn) {
                    connection.runnable = false;
                }
                self.hand_over(conn)
            } else {
                let completion = self.completions.pop_front()?;
                self.complete(completion)
            };
            if event.is_some() {
                return event;
            }
        }
    }

    fn complete(
        &mut self,
        Completion {
            slot,
            more,
            outcome,
        }: Completion,
    ) -> Option<Event> {
        match outcome {
            Outcome::Woken => {
                self.ring.push(Op::Wake);
                Some(Event::Woken)
            }
            Outcome::Accepted(socket) => self.accepted(slot, socket, more),
            Outcome::AcceptEnded(errno) => self.accept_ended(slot, errno),
            Outcome::Received { bytes, receives } => {
                self.stats.received += bytes.len() as u64;
                self.stats.receives += u64::from(receives);
                self.came_in(slot, more, Some(Inbound::Bytes(bytes)))
            }
            Outcome::ReceiveEnded(Ok(())) => self.came_in(slot, more, Some(Inbound::End(Ok(())))),
            Outcome::ReceiveEnded(Err(Errno::NOBUFS)) => {
                let conn = self.connection_in(slot);
                self.stats.starved += 1;
                if let Some(connection) = find(&mut self.connections, conn)
                    && !connection.starved
                {
                    connection.starved = true;
                    self.starved.push_back(conn);
                }
                self.came_in(slot, more, None)
            }
            Outcome::ReceiveEnded(Err(errno)) if is_passing(errno) => {
                self.came_in(slot, more, None)
            }
            Outcome::ReceiveEnded(Err(errno)) => {
                self.came_in(slot, more, Some(Inbound::End(Err(errno))))
            }
            Outcome::Filled(buffer, result) => {
                let conn = self.connection_in(slot);
                let connection = find(&mut self.connections, conn)
                    .expect("kept while an operation is in flight");
                let mut fill = connection
                    .fill
                    .take()
                    .expect("kept while its buffer is in flight");
                fill.buffer = Some(buffer);
                let inbound = match result {
                    Ok(0) => Some(Inbound::End(Ok(()))),
                    Ok(count) => {
                        self.stats.received += count as u64;
                        fill.at += count;
                        (fill.at == fill.end)
                            .then(|| Inbound::Filled(fill.buffer.take().expect("just put there")))
                    }
                    Err(errno) if is_passing(errno) => None,
                    Err(errno) => Some(Inbound::End(Err(errno))),
                };
                connection.fill = fill.buffer.is_some().then_some(fill);
                self.came_in(slot, more, inbound)
            }
            Outcome::Sent(bytes, result) => self.sent(slot, bytes, result),
        }
    }

    fn accepted(&mut self, slot: Slot, socket: OwnedFd, more: bool) -> Option<Event> {
        let open = self.listeners[slot as usize] == Listening::Open;
        if !more {
            self.listen_again(slot);
        }
        open.then_some(Event::Accepted {
            listener: ListenerId(slot),
            socket,
        })
    }

    fn accept_ended(&mut self, slot: Slot, errno: Errno) -> Option<Event> {
        if self.listeners[slot as usize] == Listening::Closing || is_passing(errno) {
            self.listen_again(slot);
            return None;
        }
        if errno == Errno::CONNABORTED {
            self.listen_again(slot);
        } else {
            let retry = self.ring.now() + Duration::from_millis(ACCEPT_RETRY_MILLIS);
            self.retries.push((retry, slot));
        }
        Some(Event::AcceptFailed {
            listener: ListenerId(slot),
            error: errno.into(),
        })
    }

    fn listen_again(&mut self, slot: Slot) {
        match self.listeners[slot as usize] {
            Listening::Open => self.ring.push(Op::Accept(slot)),
            Listening::Closing => {
                self.listeners[slot as usize] = Listening::Vacant;
                self.ring.detach(slot);
            }
            Listening::Vacant => unreachable!("nothing is in flight in a vacant place"),
        }
    }

    /// Takes note of a receiving completion and hands over what it brought.
    fn came_in(&mut self, slot: Slot, more: bool, inbound: Option<Inbound>) -> Option<Event> {
        let conn = self.connection_in(slot);
        let connection =
            find(&mut self.connections, conn).expect("kept while an operation is in flight");
        if !more {
            connection.receiving = Receiving::Nothing;
            connection.cancelling = false;
        }
        if let Some(mut inbound) = inbound {
            if matches!(inbound, Inbound::Bytes(_)) {
                connection.bulk = connection.bulk.saturating_sub(1);
            }
            if let Inbound::Bytes(lease) = &mut inbound
                && connection.paused
                && connection.is_open()
            {
                // A connection that stands still keeps no receive buffer from the others.

                self.stats.copied += lease.len() as u64;
                lease.detach();
            }
            connection.inbound.push_back(inbound);
        }
        let event = if connection.runnable {
            None
        } else {
            self.hand_over(conn)
        };
        self.steer(conn);
        self.release(conn);
        event
    }

    /// The connection's next event out of what came in, if it may have one now.
    fn hand_over(&mut self, conn: ConnId) -> Option<Event> {
        let event = loop {
            let connection = find(&mut self.connections, conn)?;
            if connection.paused && connection.is_open() {
                break None;
            }
            let Some(inbound) = connection.inbound.pop_front() else {
                break None;
            };
            match (connection.life, inbound) {
                (Life::Closing(_), _) => {}
                (Life::Finishing { .. }, inbound) => self.discard(conn, inbound),
                (Life::Open, Inbound::Filled(buffer)) => {
                    break Some(Event::Filled { conn, buffer });
                }
                (Life::Open, Inbound::Bytes(mut lease)) => {
                    let Some(fill) = &mut connection.fill else {
                        break Some(Event::Received { conn, bytes: lease });
                    };
                    self.stats.copied += Connection::copy_in(fill, &mut lease) as u64;
                    let full = fill.at == fill.end;
                    if !lease.is_empty() {
                        connection.inbound.push_front(Inbound::Bytes(lease));
                    }
                    if full {
                        let buffer = connection.fill.take().and_then(|fill| fill.buffer);
                        break buffer.map(|buffer| Event::Filled { conn, buffer });
                    }
                }
                (Life::Open, Inbound::End(Ok(()))) => {
                    connection.ended = true;
                    if connection.deaf {
                        self.begin_close(conn, CloseReason::Reset);
                        return None;
                    }
                    break Some(Event::Finished { conn });
                }
                (Life::Open, Inbound::End(Err(errno))) => {
                    connection.ended = true;
                    self.begin_close(conn, reason(errno));
                    return None;
                }
            }
        };
        self.enqueue_runnable_unless_paused(conn);
        self.steer(conn);
        event
    }

    /// What a finishing connection does with what still comes in.
    fn discard(&mut self, conn: ConnId, inbound: Inbound) {
        let connection = find(&mut self.connections, conn).expect("looked up by the caller");
        let Life::Finishing { discarded, .. } = &mut connection.life else {
            unreachable!("only finishing connections discard");
        };
        match inbound {
            Inbound::Bytes(lease) => *discarded += lease.len(),
            Inbound::Filled(buffer) => *discarded += buffer.len(),
            Inbound::End(result) => {
                connection.ended = true;
                if let Err(errno) = result {
                    self.begin_close(conn, reason(errno));
                } else {
                    // Closes if everything has been sent.
                    self.enqueue_dirty(conn);
                }
                return;
            }
        }
        if *discarded > LINGER_BYTES {
            self.begin_close(conn, CloseReason::Lingered);
        }
    }

    fn sent(&mut self, slot: Slot, bytes: Vec<u8>, result: Result<usize, Errno>) -> Option<Event> {
        let conn = self.connection_in(slot);
        let connection =
            find(&mut self.connections, conn).expect("kept while an operation is in flight");
        let left = connection.sending.take().expect("was in flight");
        let count = match result {
            Ok(count) => count,
            Err(errno) if is_passing(errno) => 0,
            Err(errno) => {
                // The receiving side still has what came before, and ends by itself.
                connection.deaf = true;
                connection.outgoing.clear();
                let over = connection.ended || !connection.is_open();
                self.recycle(bytes);
                if over {
                    self.begin_close(conn, reason(errno));
                }
                self.release(conn);
                return None;
            }
        };
        self.stats.sent += count as u64;
        if matches!(connection.life, Life::Closing(_)) {
            self.recycle(bytes);
            self.release(conn);
            return None;
        }
        if count < left {
            let from = bytes.len() - (left - count);
            connection.sending = Some(left - count);
            self.ring.push(Op::Send { slot, bytes, from });
        } else {
            self.recycle(bytes);
            // More may wait, or a finishing connection has flushed.
            self.enqueue_dirty(conn);
        }
        (count > 0).then_some(Event::Sent { conn, bytes: count })
    }

    fn enqueue_runnable_unless_paused(&mut self, conn: ConnId) {
        if self.get(conn).is_some_and(|connection| !connection.paused) {
            self.enqueue_runnable(conn);
        }
    }

    /// The id of the connection in a slot that has an operation in flight.
    fn connection_in(&self, slot: Slot) -> ConnId {
        ConnId {
            slot,
            generation: self.generations[slot as usize - LISTENERS],
        }
    }
}
