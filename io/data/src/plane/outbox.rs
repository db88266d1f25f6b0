//! A shard's outbox: the matches that it has found, for the control plane.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use trapjaw_event::Matches;
use trapjaw_program::{RuleSet, Verified};

use crate::limits::{OUTBOX, OUTBOX_MATCHES};
use crate::queue::{Consumer, Producer, PushError, ring};
use crate::wake::{Signal, Wake};
use crate::worker::Shared;

/// Matches of one step of a shard, in order. Of a step with many the first may leave before the last are told.
#[derive(Debug)]
pub struct Found {
    /// The shard's number.
    pub shard: usize,
    /// The rules that found them: ids in the matches are theirs.
    pub rules: Arc<Verified<RuleSet>>,
    /// How often the rules had been replaced.
    pub version: u64,
    /// The matches; at least one.
    pub matches: Matches,
    /// When they were told, on the clock of [`monotonic`](crate::time::monotonic).
    pub found_at: u64,
}

/// Wakes the consumer of one shard's outbox.
struct OutboxWake {
    shard: usize,
    wake: Arc<dyn Fn(usize) + Send + Sync>,
}

impl Wake for OutboxWake {
    fn wake(&self) {
        (self.wake)(self.shard);
    }
}

/// The control plane's end of one shard's outbox.
///
/// Its consumer takes all that is there with [`Outbox::pop`], then calls [`Outbox::announce`], looks once more, and
/// only then waits for the callback that was given to [`Plane::start`](super::Plane::start); when it is awake it calls
/// [`Outbox::retract`]. While the outbox is full no shard takes events in. When an outbox is dropped its shard goes on
/// and counts the matches that nobody gets.
pub struct Outbox {
    shard: usize,
    found: Consumer<Found>,
    signal: Arc<Signal<OutboxWake>>,
    matches: Arc<AtomicUsize>,
    shared: Arc<Shared>,
}

impl Outbox {
    /// The shard whose it is.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// The oldest matches.
    pub fn pop(&mut self) -> Option<Found> {
        let found = self.found.pop()?;
        self.matches
            .fetch_sub(found.matches.len(), Ordering::Release);
        self.shared.places[self.shard].room_was_made();
        Some(found)
    }

    /// Is nothing there now?
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Will nothing ever come again? The shard has ended, and all was taken.
    pub fn is_finished(&self) -> bool {
        self.found.is_finished()
    }

    /// From here on the callback is called when something comes. Look once more before waiting.
    pub fn announce(&self) {
        self.signal.announce();
    }

    /// The consumer is awake.
    pub fn retract(&self) {
        self.signal.retract();
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Outbox({} waiting of shard {})",
            self.found.len(),
            self.shard
        )
    }
}

/// The shard's end.
pub(crate) struct OutboxSender {
    ring: Producer<Found, OutboxWake>,
    matches: Arc<AtomicUsize>,
}

/// The two ends of a shard's outbox.
pub(crate) fn outbox(
    shard: usize,
    wake: Arc<dyn Fn(usize) + Send + Sync>,
    shared: Arc<Shared>,
) -> (OutboxSender, Outbox) {
    let signal = Arc::new(Signal::new(OutboxWake { shard, wake }));
    let (ring, found) = ring(OUTBOX, Arc::clone(&signal));
    let matches = Arc::new(AtomicUsize::new(0));
    let sender = OutboxSender {
        ring,
        matches: Arc::clone(&matches),
    };
    (
        sender,
        Outbox {
            shard,
            found,
            signal,
            matches,
            shared,
        },
    )
}

impl OutboxSender {
    /// Is there room for more? Where nobody consumes them there always is.
    pub(crate) fn has_room(&self) -> bool {
        self.is_closed()
            || (self.ring.room() > 0 && self.matches.load(Ordering::Acquire) < OUTBOX_MATCHES)
    }

    /// Is the consumer gone?
    pub(crate) fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// Portions that wait.
    pub(crate) fn depth(&self) -> usize {
        OUTBOX - self.ring.room()
    }

    /// Appends matches.
    pub(crate) fn push(&mut self, found: Found) -> Result<(), PushError<Found>> {
        let count = found.matches.len();
        self.matches.fetch_add(count, Ordering::Relaxed);
        self.ring.push(found).inspect_err(|_| {
            self.matches.fetch_sub(count, Ordering::Relaxed);
        })
    }
}
