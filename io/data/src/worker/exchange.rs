//! What shards send one another, and what waits because a ring is full.
//!
//! A message that finds its ring full waits here, behind those to the same shard. That is bounded by construction:
//! while anything waits, no shard takes events in (see [`Shared::congested`](super::shared::Shared)), so that only what
//! was already on its way can add to it: at most what the rings hold, and what those rows derive, whose depth the
//! verifier bounds. The rings themselves are always drained, so that no two shards wait for each other.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use trapjaw_engine::Forward;

use super::shared::Shared;
use super::subscribers::Told;
use crate::driver::Waker;
use crate::queue::{Port, PushError};

/// From one shard to another.
pub(crate) enum Message {
    /// Rows of one step that the other owns.
    Rows(Vec<Forward>),
    /// Matches that the other's subscribers want to hear of.
    Told(Arc<Told>),
    /// A connection for the other, which has fewer.
    Adopt(OwnedFd),
}

impl Message {
    /// Does it count as being on its way? A barrier waits for all that do. A connection that changes hands brings
    /// nothing that rules have to do with.
    fn is_counted(&self) -> bool {
        !matches!(self, Self::Adopt(_))
    }
}

/// One shard's part in the exchange.
pub(super) struct Exchange {
    port: Port<Message, Waker>,
    shared: Arc<Shared>,
    /// By destination.
    waiting: Vec<VecDeque<Message>>,
    /// How many wait, over all.
    waits: usize,
    /// By sender: whether messages were taken from it since the last [`Exchange::tell_room`].
    taken: Vec<bool>,
}

impl Exchange {
    pub(super) fn new(port: Port<Message, Waker>, shared: Arc<Shared>) -> Self {
        let shards = port.shards();
        Self {
            port,
            shared,
            waiting: (0..shards).map(|_| VecDeque::new()).collect(),
            waits: 0,
            taken: vec![false; shards],
        }
    }

    /// Sends a message, or keeps it until there is room.
    pub(super) fn send(&mut self, to: usize, message: Message) {
        if message.is_counted() {
            self.shared.sent();
        }
        if self.waiting[to].is_empty() {
            match self.port.send(to, message) {
                Ok(()) => {}
                Err(PushError::Full(message)) => {
                    self.waiting[to].push_back(message);
                    self.waits += 1;
                }
                // Only a plane that falls apart has a shard that is gone.
                Err(PushError::Closed(_)) => self.shared.fail(),
            }
        } else {
            self.waiting[to].push_back(message);
            self.waits += 1;
        }
    }

    /// Hands a connection over, or gives it back.
    pub(super) fn hand_over(&mut self, to: usize, socket: OwnedFd) -> Result<(), OwnedFd> {
        if !self.waiting[to].is_empty() {
            return Err(socket);
        }
        self.port
            .send(to, Message::Adopt(socket))
            .map_err(|refused| match refused.into_inner() {
                Message::Adopt(socket) => socket,
                _ => unreachable!("it is what was sent"),
            })
    }

    /// Sends what waits, as far as there is room. Returns whether anything went.
    pub(super) fn flush(&mut self) -> bool {
        let before = self.waits;
        if before == 0 {
            return false;
        }
        for (to, waiting) in self.waiting.iter_mut().enumerate() {
            while let Some(message) = waiting.pop_front() {
                self.waits -= 1;
                match self.port.send(to, message) {
                    Ok(()) => {}
                    Err(PushError::Full(message)) => {
                        waiting.push_front(message);
                        self.waits += 1;
                        break;
                    }
                    Err(PushError::Closed(_)) => self.shared.fail(),
                }
            }
        }
        self.waits < before
    }

    /// The next message. What counts is on its way until [`Exchange::done`].
    pub(super) fn receive(&mut self) -> Option<Message> {
        let (from, message) = self.port.receive()?;
        self.taken[from] = true;
        Some(message)
    }

    /// A message was dealt with, and what followed from it has been sent.
    pub(super) fn done(&self) {
        self.shared.arrived();
    }

    /// Wakes those who wait for the room that was made.
    pub(super) fn tell_room(&mut self) {
        for (from, taken) in self.taken.iter_mut().enumerate() {
            if core::mem::take(taken) {
                self.shared.places[from].room_was_made();
            }
        }
    }

    /// Messages that wait because a ring is full.
    pub(super) fn waits(&self) -> usize {
        self.waits
    }

    /// Is there a message to receive?
    pub(super) fn is_empty(&self) -> bool {
        self.port.is_empty()
    }

    /// Could any of what waits go now?
    pub(super) fn can_flush(&self) -> bool {
        self.waits > 0
            && self
                .waiting
                .iter()
                .enumerate()
                .any(|(to, waiting)| !waiting.is_empty() && self.port.room(to) > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::mesh;
    use std::fs::File;

    /// Two shards with rings of one message.
    fn pair(shared: &Arc<Shared>) -> [Exchange; 2] {
        let signals: Vec<_> = shared
            .places
            .iter()
            .map(|place| Arc::clone(&place.signal))
            .collect();
        let mut ports = mesh(1, &signals).into_iter();
        [(); 2].map(|()| Exchange::new(ports.next().expect("two"), Arc::clone(shared)))
    }

    fn next(exchange: &mut Exchange) -> Option<Arc<Told>> {
        exchange.receive().map(|message| match message {
            Message::Told(told) => told,
            _ => panic!("nothing else was sent"),
        })
    }

    #[test]
    fn what_finds_no_room_waits_and_keeps_its_order() {
        let shared = Shared::without_threads(2);
        let [mut one, mut two] = pair(&shared);
        let messages: Vec<Arc<Told>> = (0..3).map(|_| Arc::default()).collect();
        for told in &messages {
            one.send(1, Message::Told(Arc::clone(told)));
        }
        assert_eq!(
            (one.waits(), one.can_flush(), one.flush()),
            (2, false, false)
        );
        for (told, left) in messages.iter().zip([1, 0, 0]) {
            assert!(shared.any_on_their_way());
            assert!(Arc::ptr_eq(&next(&mut two).expect("it is there"), told));
            two.done();
            assert_eq!(one.can_flush(), one.waits() > 0);
            one.flush();
            assert_eq!(one.waits(), left);
        }
        assert!(next(&mut two).is_none() && !shared.any_on_their_way());
    }

    #[test]
    fn a_connection_does_not_wait_and_is_not_counted() {
        let shared = Shared::without_threads(2);
        let [mut one, mut two] = pair(&shared);
        let socket = || OwnedFd::from(File::open("/dev/null").expect("it is everywhere"));
        assert!(one.hand_over(1, socket()).is_ok());
        assert!(one.hand_over(1, socket()).is_err(), "the ring is full");
        assert!(!shared.any_on_their_way());
        one.send(1, Message::Told(Arc::default()));
        assert!(matches!(two.receive(), Some(Message::Adopt(_))));
        assert!(one.hand_over(1, socket()).is_err(), "others wait before it");
    }

    #[test]
    fn a_plane_with_a_shard_that_is_gone_has_failed() {
        let shared = Shared::without_threads(2);
        let [mut one, two] = pair(&shared);
        drop(two);
        one.send(1, Message::Told(Arc::default()));
        assert!(shared.has_failed());
    }
}
