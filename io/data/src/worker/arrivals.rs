//! Connections as they come, and those that come no further.

use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use trapjaw_wire::Code;
use trapjaw_wire::frame::Nack;

use super::connection::Refused;
use super::{Stage, Worker};
use crate::net::unpace_loopback;

impl Worker {
    /// A new connection: it goes to the shard that has the fewest.
    pub(super) fn accepted(&mut self, socket: OwnedFd) {
        unpace_loopback(&socket);
        let count = |place: usize| {
            self.shared.places[place]
                .connections
                .load(Ordering::Relaxed)
        };
        let fewest =
            (0..self.shared.places.len()).min_by_key(|&place| (count(place), place != self.place));
        let to = fewest.unwrap_or(self.place);
        self.shared.places[to]
            .connections
            .fetch_add(1, Ordering::AcqRel);
        if to == self.place {
            self.adopt(socket);
        } else if let Err(socket) = self.evaluator.exchange.hand_over(to, socket) {
            self.shared.places[to]
                .connections
                .fetch_sub(1, Ordering::AcqRel);
            self.shared.places[self.place]
                .connections
                .fetch_add(1, Ordering::AcqRel);
            self.adopt(socket);
        }
    }

    /// Takes over a connection that was counted for this shard.
    pub(super) fn adopt(&mut self, socket: OwnedFd) {
        let added = if matches!(self.stage, Stage::Leaving(_) | Stage::Over) {
            Err(socket)
        } else {
            self.driver.add(socket).map_err(|refused| refused.socket)
        };
        match added {
            Ok(id) => {
                self.tally.connected += 1;
                self.clients.insert(id, self.now);
            }
            Err(socket) => {
                self.tally.not_accepted += 1;
                self.shared.places[self.place]
                    .connections
                    .fetch_sub(1, Ordering::AcqRel);
                turn_away(socket, &mut self.out);
            }
        }
    }

    /// Ends connections that have been amid something for too long.
    pub(super) fn sweep(&mut self) {
        if !self.clients.some_have_deadlines || self.now < self.next_sweep {
            return;
        }
        let patience = &self.shared.settings.patience;
        self.next_sweep = self.now + nanos(patience.sweep());
        let (handshake, frame) = (nanos(patience.handshake), nanos(patience.frame));
        let now = self.now;
        let overdue = |since: u64, allowed: u64| now.saturating_sub(since) >= allowed;
        let mut late = Vec::new();
        let mut some = false;
        for connection in self.clients.iter() {
            if connection.waits.is_some() {
                // It waits for this side.
                some = true;
            } else if connection.stream.is_none() {
                some = true;
                if overdue(connection.since, handshake) {
                    late.push((connection.id, "no HELLO came in time"));
                }
            } else if let Some(since) = connection.partial_since {
                some = true;
                if overdue(since, frame) {
                    late.push((connection.id, "the rest of a frame did not come in time"));
                }
            }
        }
        self.clients.some_have_deadlines = some;
        for (id, reason) in late {
            self.refuse(id, &Refused::new(None, Code::Idle, reason));
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Says why to a connection for which there is no place, as far as that goes without waiting.
fn turn_away(socket: OwnedFd, out: &mut Vec<u8>) {
    out.clear();
    let code = Code::TooManyConnections;
    let nack = Nack::new(None, 0, code, code.about());
    let socket = TcpStream::from(socket);
    if nack.encode(out).is_ok() && socket.set_nonblocking(true).is_ok() {
        // Nothing depends on its arriving.
        let _ = io::Write::write(&mut &socket, out);
    }
}
