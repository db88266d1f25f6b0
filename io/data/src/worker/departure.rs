//! How matches leave a shard: while a step is still telling them, a few hundred at a time, into the outbox.

use std::collections::VecDeque;
use std::sync::Arc;

use hdrhistogram::Histogram;
use trapjaw_engine::MatchRef;
use trapjaw_event::{Both, Matches};
use trapjaw_wire::json::MatchWriter;

use super::shared::Loaded;
use crate::limits::{DISPATCHED_AT_ONCE, LONGEST_LATENCY_NANOS};
use crate::plane::{Found, OutboxSender};
use crate::queue::PushError;
use crate::time::monotonic;

/// See the module's description.
pub(super) struct Departure {
    shard: usize,
    outbox: OutboxSender,
    /// What found no room in the outbox. It is bounded because nothing is taken in while there is any.
    backlog: VecDeque<Found>,
    /// What is told next.
    matches: Matches,
    /// When what caused them was taken in, and how many of them: those that stand together are counted together.
    ingests: Vec<(u64, u64)>,
    latency: Histogram<u64>,
    /// Matches that nobody consumes.
    unheard: u64,
}

impl Departure {
    pub(super) fn new(shard: usize, outbox: OutboxSender) -> Self {
        Self {
            shard,
            outbox,
            backlog: VecDeque::new(),
            matches: Matches::default(),
            ingests: Vec::new(),
            latency: Histogram::new_with_bounds(1, LONGEST_LATENCY_NANOS, 2)
                .expect("the bounds of a histogram are constants"),
            unheard: 0,
        }
    }

    /// From taking in to the outbox, in nanoseconds.
    pub(super) fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    /// Matches that nobody consumes.
    pub(super) fn unheard(&self) -> u64 {
        self.unheard
    }

    /// Is there room for whatever the next step brings?
    pub(super) fn is_clear(&self) -> bool {
        self.is_settled() && self.outbox.has_room()
    }

    /// Has everything been handed on?
    pub(super) fn is_settled(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Could anything of what waits for room go now?
    pub(super) fn can_flush(&self) -> bool {
        !self.is_settled() && self.outbox.has_room()
    }

    /// Portions that wait in the outbox, and for it.
    pub(super) fn depth(&self) -> (usize, usize) {
        (self.outbox.depth(), self.backlog.len())
    }

    /// Takes a match of rules of this version, and tells `also` of it.
    pub(super) fn take(
        &mut self,
        found: &MatchRef<'_>,
        also: Option<&mut MatchWriter<'_>>,
        of: (&Arc<Loaded>, u64),
    ) {
        match self.ingests.last_mut() {
            Some((ingest, count)) if *ingest == found.ingest() => *count += 1,
            _ => self.ingests.push((found.ingest(), 1)),
        }
        match also {
            None => found.tell(&mut self.matches),
            Some(also) => found.tell(&mut Both(&mut self.matches, also)),
        }
        if self.matches.len() == DISPATCHED_AT_ONCE {
            self.dispatch(of);
        }
    }

    /// Sends on what was taken.
    pub(super) fn dispatch(&mut self, (loaded, version): (&Arc<Loaded>, u64)) {
        if self.matches.is_empty() {
            return;
        }
        // There may be as many again.
        let room = self.matches.sized_alike();
        let matches = core::mem::replace(&mut self.matches, room);
        let found_at = monotonic();
        for (ingest, count) in self.ingests.drain(..) {
            // There is none in a replay.
            if ingest > 0 {
                let taken = found_at.saturating_sub(ingest);
                self.latency.saturating_record_n(taken, count);
            }
        }
        let found = Found {
            shard: self.shard,
            rules: Arc::clone(&loaded.rules),
            version,
            matches,
            found_at,
        };
        if self.is_clear() {
            self.push(found);
        } else {
            self.backlog.push_back(found);
        }
    }

    /// Sends what waits for room. Returns whether anything went.
    pub(super) fn flush(&mut self) -> bool {
        let mut any = false;
        while self.can_flush()
            && let Some(found) = self.backlog.pop_front()
        {
            self.push(found);
            any = true;
        }
        any
    }

    fn push(&mut self, found: Found) {
        match self.outbox.push(found) {
            Ok(()) => {}
            Err(PushError::Full(found)) => self.backlog.push_front(found),
            Err(PushError::Closed(found)) => self.unheard += found.matches.len() as u64,
        }
    }
}
