//! One producer, one consumer: the exchange between two shards, and a shard's outbox.

use super::PushError;
use crate::wake::{Signal, Wake};
use std::fmt;
use std::sync::Arc;

/// A ring for `capacity` values (at least 1), whose consumer sleeps on `signal`.
pub fn ring<T, W: Wake>(capacity: usize, signal: Arc<Signal<W>>) -> (Producer<T, W>, Consumer<T>) {
    assert!(capacity > 0, "a ring holds at least one value");
    let (producer, consumer) = rtrb::RingBuffer::new(capacity);
    (
        Producer {
            ring: Some(producer),
            signal,
        },
        Consumer { ring: consumer },
    )
}

/// The writing end. Dropping it wakes the consumer.
pub struct Producer<T, W: Wake> {
    /// Gone only while it is being dropped.
    ring: Option<rtrb::Producer<T>>,
    signal: Arc<Signal<W>>,
}

impl<T, W: Wake> Producer<T, W> {
    /// Appends a value, and wakes the consumer if it sleeps.
    pub fn push(&mut self, value: T) -> Result<(), PushError<T>> {
        let ring = self.ring.as_mut().expect("taken only by drop");
        if ring.is_abandoned() {
            return Err(PushError::Closed(value));
        }
        ring.push(value)
            .map_err(|rtrb::PushError::Full(value)| PushError::Full(value))?;
        self.signal.notify();
        Ok(())
    }

    /// Values that fit now; more may fit soon.
    pub fn room(&self) -> usize {
        self.ring.as_ref().map_or(0, rtrb::Producer::slots)
    }

    /// Whether the consumer is gone.
    pub fn is_closed(&self) -> bool {
        self.ring.as_ref().is_none_or(rtrb::Producer::is_abandoned)
    }
}

impl<T, W: Wake> Drop for Producer<T, W> {
    fn drop(&mut self) {
        // The end first, then the news of it.
        self.ring = None;
        self.signal.notify();
    }
}

impl<T, W: Wake> fmt::Debug for Producer<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Producer(room for {})", self.room())
    }
}

/// The reading end.
pub struct Consumer<T> {
    ring: rtrb::Consumer<T>,
}

impl<T> Consumer<T> {
    /// The oldest value.
    pub fn pop(&mut self) -> Option<T> {
        self.ring.pop().ok()
    }

    /// Values that wait; more may come.
    pub fn len(&self) -> usize {
        self.ring.slots()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether the producer is gone and nothing waits: nothing will ever come.
    pub fn is_finished(&self) -> bool {
        // In this order: what was pushed before the end is seen after it.
        self.ring.is_abandoned() && self.ring.is_empty()
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumer({} waiting)", self.len())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn values_keep_their_order_and_a_full_ring_gives_them_back() {
        let (mut producer, mut consumer) = ring(2, Arc::new(Signal::new(|| {})));
        assert_eq!((producer.push(1), producer.push(2)), (Ok(()), Ok(())));
        assert_eq!(producer.push(3), Err(PushError::Full(3)));
        assert_eq!((consumer.pop(), producer.room()), (Some(1), 1));
        assert_eq!(producer.push(3), Ok(()));
        assert_eq!(
            (consumer.pop(), consumer.pop(), consumer.pop()),
            (Some(2), Some(3), None)
        );
    }

    #[test]
    fn each_end_learns_of_the_others_end() {
        let wakes = AtomicUsize::new(0);
        let signal = Arc::new(Signal::new(|| {
            wakes.fetch_add(1, Ordering::Relaxed);
        }));
        let (mut producer, mut consumer) = ring(2, Arc::clone(&signal));
        producer.push(7).expect("there is room");
        signal.announce();
        drop(producer);
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        assert!(!consumer.is_finished());
        assert_eq!(consumer.pop(), Some(7));
        assert!(consumer.is_finished());

        let (mut producer, consumer) = ring(2, signal);
        drop(consumer);
        assert!(producer.is_closed());
        assert_eq!(producer.push(8), Err(PushError::Closed(8)));
    }
}
