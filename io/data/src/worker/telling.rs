//! What clients are told: matches, acknowledgements, refusals, goodbyes.

use trapjaw_wire::Code;
use trapjaw_wire::frame::{Ack, Bye, FrameError, Level, Matched, Nack};

use super::Worker;
use super::connection::Refused;
use super::subscribers::Told;
use crate::driver::{ConnId, SendError};
use crate::limits::SLOW_SUBSCRIBER;
use crate::time::monotonic;

impl Worker {
    /// Tells this shard's subscribers of matches.
    pub(super) fn tell(&mut self, told: &Told) {
        let now = monotonic();
        let mut place = 0;
        while let Some(&id) = self.clients.subscribers.get(place) {
            self.tell_one(id, told, now);
            // Who reads too slowly is no subscriber any more, and another has the place.
            if self.clients.subscribers.get(place) == Some(&id) {
                place += 1;
            }
        }
    }

    fn tell_one(&mut self, id: ConnId, told: &Told, now: u64) {
        let Some(connection) = self.clients.get(id) else {
            return;
        };
        self.out.clear();
        let mut count = 0;
        for (rule, ingest, json) in told.iter() {
            for subscription in &mut connection.subscriptions {
                if !subscription.wants(rule) {
                    continue;
                }
                let matched = Matched {
                    subscription: subscription.number,
                    number: subscription.next,
                    age: if ingest > 0 {
                        now.saturating_sub(ingest)
                    } else {
                        0
                    },
                    json,
                };
                // What is too long for a frame leaves a gap in the numbers.
                subscription.next += 1;
                count += u64::from(matched.encode(&mut self.out).is_ok());
            }
        }
        if self.driver.outgoing(id) + self.out.len() > SLOW_SUBSCRIBER {
            self.cut_slow(id);
        } else if !self.out.is_empty() && self.driver.send(id, &self.out).is_ok() {
            self.tally.told += count;
            self.told_bytes += self.out.len();
        }
    }

    /// Sends the ACKs that are due, one a connection.
    pub(super) fn acknowledge(&mut self) {
        let may_grant = self.is_open();
        let mut acks = core::mem::take(&mut self.clients.acks);
        acks.retain(|&id| {
            if self.acknowledge_one(id, may_grant) == Err(SendError::Full) {
                self.cut_slow(id);
            }
            self.clients.get(id).is_some_and(|connection| {
                connection.owes_ack = connection.due > 0;
                connection.owes_ack
            })
        });
        acks.append(&mut self.clients.acks);
        self.clients.acks = acks;
    }

    fn acknowledge_one(&mut self, id: ConnId, may_grant: bool) -> Result<(), SendError> {
        let Some((sequence, credit)) = self.clients.get(id).and_then(|c| c.ack(may_grant)) else {
            return Ok(());
        };
        self.out.clear();
        let ack = Ack {
            sequence,
            credit,
            level: Level::Received,
        };
        ack.encode(&mut self.out)
            .expect("an ACK has no part that could be too long");
        self.driver.send(id, &self.out)
    }

    /// Sends the last that a connection is owed, and `last`, and ends it.
    fn part(&mut self, id: ConnId, last: impl FnOnce(&mut Vec<u8>) -> Result<(), FrameError>) {
        // Where there is no room even for that, the client finds out from the end of the connection.
        let _ = self.acknowledge_one(id, false);
        self.out.clear();
        if last(&mut self.out).is_ok() {
            let _ = self.driver.send(id, &self.out);
        }
        self.retire(id);
        self.driver.finish(id);
    }

    /// A client says goodbye, or has said its last.
    pub(super) fn take_leave(&mut self, id: ConnId) {
        self.part(id, |_| Ok(()));
    }

    /// Says goodbye to a client.
    pub(super) fn dismiss(&mut self, id: ConnId, reason: &str) {
        self.part(id, |out| Bye { reason }.encode(out));
    }

    /// Refuses something, and ends the connection if the code says so.
    pub(super) fn refuse(&mut self, id: ConnId, refused: &Refused) {
        *self.tally.refused.entry(refused.code).or_default() += 1;
        let nack = Nack::new(
            refused.kind,
            refused.sequence,
            refused.code,
            &refused.reason,
        );
        if nack.closing {
            self.part(id, |out| nack.encode(out));
            return;
        }
        self.out.clear();
        if nack.encode(&mut self.out).is_ok()
            && self.driver.send(id, &self.out) == Err(SendError::Full)
        {
            self.cut_slow(id);
        }
    }

    /// Sends what was written for a connection.
    pub(super) fn reply(&mut self, id: ConnId) {
        // What is closed is told by its own event.
        if self.driver.send(id, &self.out) == Err(SendError::Full) {
            self.cut_slow(id);
        }
    }

    fn cut_slow(&mut self, id: ConnId) {
        self.tally.slow_readers += 1;
        let reason = "more waits to be read than is kept for a connection";
        self.refuse(id, &Refused::new(None, Code::SlowReader, reason));
    }

    /// Takes what a connection holds from it: nothing it sends counts any more.
    pub(super) fn retire(&mut self, id: ConnId) {
        let Some(connection) = self.clients.retire(id) else {
            return;
        };
        let stream = connection.stream.take();
        let had_subscriptions = !core::mem::take(&mut connection.subscriptions).is_empty();
        if let Some(stream) = stream {
            self.shared.streams.close(&stream);
        }
        if had_subscriptions {
            self.publish_interest();
        }
    }

    pub(super) fn publish_interest(&mut self) {
        let wanted = self.clients.wanted();
        self.shared.interest.publish(self.place, wanted);
    }
}
