//! Many producers, one consumer: what the control plane says to a shard.
//!
//! The bounded queue of numbered cells (D. Vyukov's, reduced to one consumer): a cell's stamp says whose turn it is, so
//! producers meet only in claiming a position. A producer that claimed a position and was then suspended delays those
//! behind it, but never makes the shard wait: the shard sees an empty mailbox, and is woken when the cell is full.

use super::PushError;
use crate::wake::{Signal, Wake};
#[cfg(loom)]
use loom::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use std::fmt;
use std::sync::Arc;
#[cfg(not(loom))]
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// A mailbox for `capacity` values, a power of two and at least 2, whose consumer sleeps on `signal`.
pub fn mailbox<T, W: Wake>(
    capacity: usize,
    signal: Arc<Signal<W>>,
) -> (Sender<T, W>, Receiver<T, W>) {
    assert!(
        capacity >= 2 && capacity.is_power_of_two(),
        "positions are mapped to cells by a mask"
    );
    let cells = (0..capacity).map(|position| Cell {
        stamp: AtomicUsize::new(position),
        value: Mutex::new(None),
    });
    let cells = Arc::new(Cells {
        ring: cells.collect(),
        tail: AtomicUsize::new(0),
        closed: AtomicBool::new(false),
        signal,
    });
    (
        Sender {
            cells: Arc::clone(&cells),
        },
        Receiver { cells, head: 0 },
    )
}

struct Cell<T> {
    /// The position p that may be written here next; p + 1 when it has been written.
    stamp: AtomicUsize,
    /// The stamp lets one thread at a time in, so the lock is always free. It stands where `unsafe` would.
    value: Mutex<Option<T>>,
}

impl<T> Cell<T> {
    fn exchange(&self, value: Option<T>) -> Option<T> {
        let mut cell = self
            .value
            .try_lock()
            .expect("the stamp lets in one at a time, and none panics inside");
        std::mem::replace(&mut *cell, value)
    }
}

struct Cells<T, W> {
    ring: Box<[Cell<T>]>,
    tail: AtomicUsize,
    closed: AtomicBool,
    signal: Arc<Signal<W>>,
}

impl<T, W> Cells<T, W> {
    fn cell(&self, position: usize) -> &Cell<T> {
        &self.ring[position & (self.ring.len() - 1)]
    }
}

/// A writing end; clone it for each producer.
pub struct Sender<T, W> {
    cells: Arc<Cells<T, W>>,
}

impl<T, W> Clone for Sender<T, W> {
    fn clone(&self) -> Self {
        Sender {
            cells: Arc::clone(&self.cells),
        }
    }
}

impl<T, W: Wake> Sender<T, W> {
    /// Appends a value, and wakes the consumer if it sleeps. A value that is taken just when the consumer goes is
    /// dropped with the mailbox.
    pub fn send(&self, value: T) -> Result<(), PushError<T>> {
        let cells = &*self.cells;
        let mut position = cells.tail.load(Ordering::Relaxed);
        // Each round that doesn't return means that another producer got ahead.
        loop {
            if cells.closed.load(Ordering::Acquire) {
                return Err(PushError::Closed(value));
            }
            let cell = cells.cell(position);
            // Acquires what the consumer did when it emptied the cell.
            let stamp = cell.stamp.load(Ordering::Acquire);
            let ahead = stamp.wrapping_sub(position).cast_signed();
            if ahead < 0 {
                // Still full from one round before.
                return Err(PushError::Full(value));
            }
            if ahead > 0 {
                position = cells.tail.load(Ordering::Relaxed);
                continue;
            }
            let next = position.wrapping_add(1);
            match cells.tail.compare_exchange_weak(
                position,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    cell.exchange(Some(value));
                    cell.stamp.store(next, Ordering::Release);
                    cells.signal.notify();
                    return Ok(());
                }
                Err(tail) => position = tail,
            }
        }
    }
}

impl<T, W> fmt::Debug for Sender<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender(mailbox of {})", self.cells.ring.len())
    }
}

/// The reading end.
pub struct Receiver<T, W> {
    cells: Arc<Cells<T, W>>,
    head: usize,
}

impl<T, W> Receiver<T, W> {
    /// The oldest value, if it is there in full.
    pub fn receive(&mut self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let cell = self.cells.cell(self.head);
        let value = cell.exchange(None);
        // The same cell's turn one round later.
        cell.stamp.store(
            self.head.wrapping_add(self.cells.ring.len()),
            Ordering::Release,
        );
        self.head = self.head.wrapping_add(1);
        value
    }

    /// Whether nothing can be received now.
    pub fn is_empty(&self) -> bool {
        // Acquires what the producer wrote into the cell.
        self.cells.cell(self.head).stamp.load(Ordering::Acquire) != self.head.wrapping_add(1)
    }
}

impl<T, W> Drop for Receiver<T, W> {
    fn drop(&mut self) {
        self.cells.closed.store(true, Ordering::Release);
        while self.receive().is_some() {}
    }
}

impl<T, W> fmt::Debug for Receiver<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver(mailbox of {})", self.cells.ring.len())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn values_keep_their_order_over_many_rounds() {
        let (sender, mut receiver) = mailbox(4, Arc::new(Signal::new(|| {})));
        assert!(receiver.is_empty());
        for round in 0..100 {
            for value in 0..4 {
                assert_eq!(sender.send(round * 4 + value), Ok(()));
            }
            assert_eq!(sender.send(-1), Err(PushError::Full(-1)));
            for value in 0..4 {
                assert_eq!(receiver.receive(), Some(round * 4 + value));
            }
            assert_eq!(receiver.receive(), None);
        }
    }

    #[test]
    fn a_mailbox_whose_consumer_is_gone_gives_values_back_and_frees_what_waits() {
        let (sender, receiver) = mailbox(2, Arc::new(Signal::new(|| {})));
        let value = Arc::new(());
        sender.send(Arc::clone(&value)).expect("there is room");
        drop(receiver);
        assert_eq!(Arc::strong_count(&value), 1);
        assert_eq!(
            sender.send(value).map_err(PushError::into_inner),
            Err(Arc::new(()))
        );
    }

    #[test]
    fn producers_on_many_threads_lose_and_reorder_nothing() {
        const EACH: u32 = 20_000;
        let main = thread::current();
        let signal = Arc::new(Signal::new(move || main.unpark()));
        let (sender, mut receiver) = mailbox(8, Arc::clone(&signal));
        let producers: Vec<_> = (0..3_u32)
            .map(|producer| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for value in 0..EACH {
                        while sender.send((producer, value)).is_err() {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let mut next = [0_u32; 3];
        while next != [EACH; 3] {
            if let Some((producer, value)) = receiver.receive() {
                let next = &mut next[producer as usize];
                assert_eq!(value, *next);
                *next += 1;
            } else {
                signal.sleep(|| receiver.is_empty(), thread::park);
            }
        }
        for producer in producers {
            producer.join().expect("producers don't panic");
        }
    }
}
