//! Every shard to every other: the exchange.

use super::{Consumer, Producer, PushError, ring};
use crate::limits::SHARDS;
use crate::wake::{Signal, Wake};
use std::fmt;
use std::sync::Arc;

/// Rings of `capacity` values between all shards, whose signals are given in their order: one port for each.
pub fn mesh<T, W: Wake>(capacity: usize, signals: &[Arc<Signal<W>>]) -> Vec<Port<T, W>> {
    assert!(
        (1..=SHARDS).contains(&signals.len()),
        "between one and {SHARDS} shards"
    );
    let mut ports: Vec<Port<T, W>> = (0..signals.len())
        .map(|shard| Port {
            shard,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            next: 0,
        })
        .collect();
    for from in 0..signals.len() {
        for (to, signal) in signals.iter().enumerate() {
            let (producer, consumer) = (from != to)
                .then(|| ring(capacity, Arc::clone(signal)))
                .unzip();
            ports[from].outgoing.push(producer);
            ports[to].incoming.push(consumer);
        }
    }
    ports
}

/// One shard's ends of the exchange.
pub struct Port<T, W: Wake> {
    shard: usize,
    /// By shard; none to itself.
    outgoing: Vec<Option<Producer<T, W>>>,
    /// By shard; none from itself.
    incoming: Vec<Option<Consumer<T>>>,
    /// Whose turn it is.
    next: usize,
}

impl<T, W: Wake> Port<T, W> {
    /// The shard whose port this is.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// Number of shards, this one included.
    pub fn shards(&self) -> usize {
        self.outgoing.len()
    }

    /// Sends to another shard, and wakes it if it sleeps. Panics for the shard itself.
    pub fn send(&mut self, to: usize, value: T) -> Result<(), PushError<T>> {
        self.outgoing[to]
            .as_mut()
            .expect("a shard doesn't send to itself")
            .push(value)
    }

    /// Values that can be sent to a shard now: before a step that may send that many, a shard asks.
    pub fn room(&self, to: usize) -> usize {
        self.outgoing[to]
            .as_ref()
            .map_or(usize::MAX, Producer::room)
    }

    /// The next value with the shard it comes from: the oldest of each shard, shards in turn.
    pub fn receive(&mut self) -> Option<(usize, T)> {
        for _ in 0..self.incoming.len() {
            let from = self.next;
            self.next = (from + 1) % self.incoming.len();
            if let Some(value) = self.incoming[from].as_mut().and_then(Consumer::pop) {
                return Some((from, value));
            }
        }
        None
    }

    /// Whether nothing waits to be received.
    pub fn is_empty(&self) -> bool {
        self.incoming.iter().flatten().all(Consumer::is_empty)
    }

    /// Whether nothing will ever be received: all other shards are gone, and nothing waits.
    pub fn is_finished(&self) -> bool {
        self.incoming.iter().flatten().all(Consumer::is_finished)
    }
}

impl<T, W: Wake> fmt::Debug for Port<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({} of {})", self.shard, self.shards())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn ports(shards: usize, capacity: usize) -> Vec<Port<u32, fn()>> {
        let signals: Vec<_> = (0..shards)
            .map(|_| Arc::new(Signal::new((|| {}) as fn())))
            .collect();
        mesh(capacity, &signals)
    }

    #[test]
    fn every_shard_reaches_every_other() {
        let mut ports = ports(3, 4);
        for (from, port) in ports.iter_mut().enumerate() {
            for to in (0..3).filter(|&to| to != from) {
                assert_eq!(port.send(to, (from * 10 + to) as u32), Ok(()));
            }
        }
        for (to, port) in ports.iter_mut().enumerate() {
            let mut received: Vec<_> = std::iter::from_fn(|| port.receive()).collect();
            received.sort_unstable();
            let expected: Vec<_> = (0..3)
                .filter(|&from| from != to)
                .map(|from| (from, (from * 10 + to) as u32))
                .collect();
            assert_eq!(received, expected);
            assert!(port.is_empty());
        }
    }

    #[test]
    fn a_busy_shard_does_not_keep_the_others_waiting() {
        let mut ports = ports(3, 8);
        for value in 0..8 {
            ports[0].send(2, value).expect("there is room");
        }
        ports[1].send(2, 100).expect("there is room");
        let received: Vec<_> = std::iter::from_fn(|| ports[2].receive())
            .map(|(from, _)| from)
            .collect();
        assert!(received[..2].contains(&1), "{received:?}");
        assert_eq!(received.len(), 9);
    }

    #[test]
    fn room_and_end_are_known() {
        let mut ports = ports(2, 2);
        assert_eq!((ports[0].room(1), ports[0].room(0)), (2, usize::MAX));
        ports[0].send(1, 1).expect("there is room");
        ports[0].send(1, 2).expect("there is room");
        assert_eq!(ports[0].send(1, 3), Err(PushError::Full(3)));
        drop(ports.remove(0));
        assert!(!ports[0].is_finished());
        while ports[0].receive().is_some() {}
        assert!(ports[0].is_finished());
    }

    #[test]
    fn one_shard_has_nobody_to_speak_to() {
        let mut ports = ports(1, 2);
        assert!(ports[0].is_empty() && ports[0].is_finished());
        assert_eq!(ports[0].receive(), None);
    }
}
