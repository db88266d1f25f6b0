//! What a driver does in a turn, and how it carries out what its connections want.

use super::connection::{Life, Receiving};
use super::event::{CloseReason, ConnId, Event};
use super::ring::{Direction, Op, Slot, Wait};
use super::{Driver, find};
use crate::limits::{SPARE_BUFFER, SPARE_BUFFERS};
use std::io;
use std::time::Duration;

impl Driver {
    pub(super) fn turn(&mut self, wait: Wait) -> io::Result<()> {
        let deadline = self.prepare();
        let busy =
            !(self.events.is_empty() && self.runnable.is_empty() && self.completions.is_empty());
        let wait = match (wait, deadline) {
            _ if busy => Wait::Poll,
            (Wait::For(timeout), Some(deadline)) => Wait::For(timeout.min(deadline)),
            (Wait::Forever, Some(deadline)) => Wait::For(deadline),
            (wait, _) => wait,
        };
        self.stats.turns += 1;
        self.ring.enter(wait, &mut self.completions)
    }

    /// Queues what became due since the last turn; returns the time until the next deadline.
    fn prepare(&mut self) -> Option<Duration> {
        let mut dirty = std::mem::take(&mut self.dirty);
        for conn in dirty.drain(..) {
            self.flush(conn);
        }
        self.dirty = dirty;
        for _ in 0..self.ring.pool().available().min(self.starved.len()) {
            let conn = self.starved.pop_front().expect("counted");
            if let Some(connection) = self.get(conn) {
                connection.starved = false;
                self.steer(conn);
            }
        }
        if self.lingering.is_empty() && self.retries.is_empty() {
            return None;
        }
        let now = self.ring.now();
        while let Some(&(deadline, conn)) = self.lingering.front() {
            if self.get(conn).is_none() {
                self.lingering.pop_front();
            } else if deadline <= now {
                self.lingering.pop_front();
                self.begin_close(conn, CloseReason::Lingered);
            } else {
                break;
            }
        }
        let due: Vec<Slot> = self
            .retries
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, slot)| slot)
            .collect();
        for slot in due {
            self.ring.push(Op::Accept(slot));
        }
        let lingering = self.lingering.front().map(|&(deadline, _)| deadline);
        let retry = self.retries.iter().map(|&(at, _)| at).min();
        lingering
            .into_iter()
            .chain(retry)
            .min()
            .map(|at| at.saturating_duration_since(now))
    }

    /// Puts queued bytes in flight, or ends what has nothing more to send.
    pub(super) fn flush(&mut self, conn: ConnId) {
        let Some(connection) = find(&mut self.connections, conn) else {
            return;
        };
        connection.dirty = false;
        if connection.sending.is_some() {
            return;
        }
        if !connection.outgoing.is_empty() {
            let bytes = std::mem::take(&mut connection.outgoing);
            connection.sending = Some(bytes.len());
            self.ring.push(Op::Send {
                slot: conn.slot,
                bytes,
                from: 0,
            });
        } else if let Life::Finishing { shut, .. } = &mut connection.life {
            if !*shut {
                *shut = true;
                self.ring.shutdown(conn.slot);
            }
            if connection.ended {
                self.begin_close(conn, CloseReason::Local);
            }
        }
    }

    /// Brings the receiving operation in flight in line with what the connection wants.
    pub(super) fn steer(&mut self, conn: ConnId) {
        let Some(connection) = find(&mut self.connections, conn) else {
            return;
        };
        let wanted = connection.wanted();
        let same = connection.receiving == wanted
            // It ends by itself soon enough.
            || (connection.receiving == Receiving::Once && wanted == Receiving::Pooled);
        if same || connection.cancelling {
            return;
        }
        if connection.receiving != Receiving::Nothing {
            connection.cancelling = true;
            self.ring.push(Op::Cancel(conn.slot, Direction::In));
            return;
        }
        let op = match wanted {
            Receiving::Nothing => return,
            // It waits its turn for a buffer.
            Receiving::Pooled | Receiving::Once if connection.starved => return,
            Receiving::Pooled => Op::Receive {
                slot: conn.slot,
                once: false,
            },
            Receiving::Once => Op::Receive {
                slot: conn.slot,
                once: true,
            },
            Receiving::Direct => {
                let fill = connection
                    .fill
                    .as_mut()
                    .expect("wanted because there is one");
                let buffer = fill.buffer.take().expect("not in flight");
                Op::ReceiveInto {
                    slot: conn.slot,
                    buffer,
                    from: fill.at,
                    to: fill.end,
                }
            }
        };
        connection.receiving = wanted;
        self.ring.push(op);
    }

    /// Starts to close; the connection goes when nothing is in flight any more.
    pub(super) fn begin_close(&mut self, conn: ConnId, reason: CloseReason) {
        let Some(connection) = find(&mut self.connections, conn) else {
            return;
        };
        if matches!(connection.life, Life::Closing(_)) {
            return;
        }
        connection.life = Life::Closing(reason);
        connection.inbound.clear();
        let outgoing = std::mem::take(&mut connection.outgoing);
        if connection.sending.is_some() {
            self.ring.push(Op::Cancel(conn.slot, Direction::Out));
        }
        self.recycle(outgoing);
        self.steer(conn);
        self.release(conn);
    }

    /// Frees a closing connection with nothing in flight.
    pub(super) fn release(&mut self, conn: ConnId) {
        let Some(connection) = find(&mut self.connections, conn) else {
            return;
        };
        let Life::Closing(reason) = connection.life else {
            return;
        };
        if connection.receiving == Receiving::Nothing && connection.sending.is_none() {
            if connection.starved {
                self.starved.retain(|&other| other != conn);
            }
            self.connections[conn.index()] = None;
            self.ring.detach(conn.slot);
            self.free.push(conn.slot);
            self.events.push_back(Event::Closed { conn, reason });
        }
    }

    /// Keeps a send buffer for reuse, if it is small and there are few.
    pub(super) fn recycle(&mut self, mut bytes: Vec<u8>) {
        if (1..=SPARE_BUFFER).contains(&bytes.capacity()) && self.spares.len() < SPARE_BUFFERS {
            bytes.clear();
            self.spares.push(bytes);
        }
    }

    pub(super) fn enqueue_runnable(&mut self, conn: ConnId) {
        if let Some(connection) = find(&mut self.connections, conn)
            && !connection.runnable
            && !connection.inbound.is_empty()
        {
            connection.runnable = true;
            self.runnable.push_back(conn);
        }
    }

    pub(super) fn enqueue_dirty(&mut self, conn: ConnId) {
        if let Some(connection) = find(&mut self.connections, conn)
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push(conn);
        }
    }
}
