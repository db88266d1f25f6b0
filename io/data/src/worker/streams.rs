//! Streams: how far each was taken, whatever connections brought it.
//!
//! A stream's high water is the number of its last event that was taken. A batch is claimed by moving the high water
//! over it before it is evaluated: of two connections of one stream that send the same events, on whatever shards, one
//! wins, and the other's are acknowledged and dropped.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// One stream of events.
#[derive(Debug)]
pub(crate) struct Stream {
    id: u128,
    high: AtomicU64,
}

/// What became of a batch that was to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is the caller's from this row on; the rows before were taken earlier.
    From(u32),
    /// All of it was taken earlier.
    Taken,
    /// Events between the high water, which is told, and the batch are missing.
    Gap(u64),
}

impl Stream {
    fn new(id: u128) -> Arc<Self> {
        Arc::new(Self {
            id,
            high: AtomicU64::new(0),
        })
    }

    /// Its name, or for a stream without one a number that no other has.
    pub(crate) fn id(&self) -> u128 {
        self.id
    }

    /// The number of the last event that was taken.
    pub(crate) fn high(&self) -> u64 {
        self.high.load(Ordering::Acquire)
    }

    /// Claims the `rows` events from number `first` on. The header's check has seen to it that the numbers don't
    /// overflow.
    pub(crate) fn claim(&self, first: u64, rows: u32) -> Claim {
        let last = first + u64::from(rows) - 1;
        let mut high = self.high();
        loop {
            if last <= high {
                return Claim::Taken;
            }
            if first > high + 1 {
                return Claim::Gap(high);
            }
            match self
                .high
                .compare_exchange_weak(high, last, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Claim::From((high + 1 - first) as u32),
                Err(other) => high = other,
            }
        }
    }
}

/// The streams that are remembered, shared by all shards. Only the beginning and the end of a connection come here.
#[derive(Debug)]
pub(crate) struct Streams {
    table: Mutex<Table>,
    most: usize,
    /// The first part of the numbers of streams without a name.
    nameless: u64,
}

#[derive(Debug, Default)]
struct Table {
    streams: HashMap<u128, Entry>,
    /// Streams without a connection, by when they lost their last.
    idle: BTreeMap<u64, u128>,
    /// Counts what was put into `idle`, and the nameless.
    ticket: u64,
}

#[derive(Debug)]
struct Entry {
    stream: Arc<Stream>,
    connections: u32,
    /// Its place in `idle`.
    idle: Option<u64>,
}

impl Streams {
    /// Room for `most` streams.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            table: Mutex::default(),
            most,
            nameless: RandomState::new().hash_one("streams without a name"),
        }
    }

    /// The stream of this name, for one more connection; 0 stands for a new one without a name. `None`: no room, all
    /// streams that are remembered have connections.
    pub(crate) fn open(&self, name: u128) -> Option<Arc<Stream>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Table {
            streams,
            idle,
            ticket,
        } = &mut *table;
        if name == 0 {
            *ticket += 1;
            return Some(Stream::new(
                u128::from(self.nameless) << 64 | u128::from(*ticket),
            ));
        }
        if let Some(entry) = streams.get_mut(&name) {
            if let Some(place) = entry.idle.take() {
                idle.remove(&place);
            }
            entry.connections += 1;
            return Some(Arc::clone(&entry.stream));
        }
        if streams.len() >= self.most {
            let (_, oldest) = idle.pop_first()?;
            streams.remove(&oldest);
        }
        let stream = Stream::new(name);
        let entry = Entry {
            stream: Arc::clone(&stream),
            connections: 1,
            idle: None,
        };
        streams.insert(name, entry);
        Some(stream)
    }

    /// A connection of the stream has ended.
    pub(crate) fn close(&self, stream: &Arc<Stream>) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Table {
            streams,
            idle,
            ticket,
        } = &mut *table;
        let Some(entry) = streams
            .get_mut(&stream.id)
            .filter(|e| Arc::ptr_eq(&e.stream, stream))
        else {
            return;
        };
        entry.connections -= 1;
        if entry.connections == 0 {
            *ticket += 1;
            entry.idle = Some(*ticket);
            idle.insert(*ticket, stream.id);
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .streams
            .len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let stream = Stream::new(1);
        assert_eq!(stream.claim(2, 1), Claim::Gap(0));
        assert_eq!(stream.claim(1, 10), Claim::From(0));
        assert_eq!(
            (stream.claim(1, 10), stream.claim(3, 8)),
            (Claim::Taken, Claim::Taken)
        );
        assert_eq!(stream.claim(8, 5), Claim::From(3));
        assert_eq!((stream.high(), stream.claim(14, 1)), (12, Claim::Gap(12)));
    }

    #[test]
    fn of_two_that_send_the_same_each_event_is_taken_once() {
        let stream = Stream::new(1);
        let taken = |step: u32| {
            let mut rows = 0;
            let mut first = 1;
            while first < 10_000 {
                if let Claim::From(skip) = stream.claim(first, step) {
                    rows += u64::from(step - skip);
                }
                first += u64::from(step);
            }
            rows
        };
        let sum = thread::scope(|scope| {
            let other = scope.spawn(|| taken(7));
            taken(13) + other.join().expect("it counts")
        });
        assert_eq!(sum, stream.high());
    }

    #[test]
    fn the_stream_longest_without_a_connection_is_forgotten() {
        let streams = Streams::new(2);
        let (one, two) = (
            streams.open(1).expect("room"),
            streams.open(2).expect("room"),
        );
        assert_eq!(one.claim(1, 5), Claim::From(0));
        assert!(streams.open(3).is_none(), "both are connected");
        streams.close(&one);
        assert_eq!(streams.open(1).expect("known").high(), 5);
        streams.close(&two);
        streams.close(&one);
        assert!(streams.open(3).is_some(), "in the place of 2");
        assert_eq!(streams.len(), 2);
        assert_eq!(streams.open(1).expect("still known").high(), 5);
    }

    #[test]
    fn streams_without_a_name_are_never_the_same() {
        let streams = Streams::new(1);
        let (one, two) = (
            streams.open(0).expect("no room needed"),
            streams.open(0).expect("none"),
        );
        assert_ne!(one.id(), two.id());
        streams.close(&one);
        assert_eq!(streams.len(), 0);
    }
}
