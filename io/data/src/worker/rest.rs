//! Sleep: when there is nothing to do, and what ends it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Purpose, Stage, Worker};
use crate::limits::WATERMARK_MILLIS;
use crate::time::monotonic;

impl Worker {
    /// Sleeps until there is something to do.
    pub(super) fn sleep(&mut self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let place = &shared.places[self.place];
        let deadline = self.evaluator.shard().next_deadline().unwrap_or(i64::MAX);
        // A watermark is never ahead of the clock. Where the clock has come to it, there is polling.
        let watermark = self.evaluator.shard().next_watermark();
        let clock = self.shared.clock.at(self.now).unwrap_or(i64::MIN);
        let watermark = watermark.filter(|&next| next > clock).unwrap_or(i64::MAX);
        place
            .deadline
            .store(deadline.min(watermark), Ordering::Relaxed);
        place
            .wants_room
            .store(!self.evaluator.is_clear(), Ordering::Relaxed);
        place.signal.announce();
        let now = monotonic();
        let waited = if self.has_work(now) {
            self.driver.poll()
        } else {
            let timeout = self.timeout(now, deadline);
            let waited = self.driver.wait(timeout);
            self.tally.asleep_nanos += monotonic().saturating_sub(now);
            waited
        };
        place.signal.retract();
        place.deadline.store(i64::MAX, Ordering::Relaxed);
        place.wants_room.store(false, Ordering::Relaxed);
        waited
    }

    /// Is there anything that another thread has brought about, or that has become due?
    pub(super) fn has_work(&mut self, now: u64) -> bool {
        let is_open = self.is_open();
        let is_due = |deadline: i64| self.shared.clock.at(now).is_some_and(|now| deadline <= now);
        !self.evaluator.exchange.is_empty()
            || !self.mailbox.is_empty()
            || self.evaluator.can_flush()
            || self.shared.has_failed()
            || (is_open && (!self.deferred.is_empty() || !self.clients.acks.is_empty()))
            || (is_open && self.evaluator.shard().next_deadline().is_some_and(is_due))
            || (is_open && self.watermark_is_due(now))
            || self.evaluator.is_clear() == self.congested_since.is_some()
            || matches!(&self.stage, Stage::Stopped(barrier) if barrier.is_open(&self.shared))
            || self.clients.any_released(is_open)
    }

    /// Has the watermark passed anything that waits?
    fn watermark_is_due(&self, now: u64) -> bool {
        let next = self.evaluator.shard().next_watermark();
        let due = next.zip(self.evaluator.base(now));
        due.is_some_and(|(next, base)| next <= base)
    }

    /// How long there is nothing to do for the watermark's sake. While streams are live it is looked at now and then:
    /// each event may move it, and so may the silence of a stream. Else it goes with the clock.
    fn watermark_timeout(&self, now: u64) -> Option<Duration> {
        if self.evaluator.has_live_streams(now) {
            return Some(Duration::from_millis(WATERMARK_MILLIS));
        }
        let next = self.evaluator.shard().next_watermark()?;
        self.shared.clock.until(next, now)
    }

    /// How long there is nothing to do if nothing happens.
    pub(super) fn timeout(&self, now: u64, deadline: i64) -> Option<Duration> {
        let due = if self.is_open() && deadline < i64::MAX {
            self.shared.clock.until(deadline, now)
        } else {
            None
        };
        let watermark = if self.is_open() {
            self.watermark_timeout(now)
        } else {
            None
        };
        let sweep = self.clients.some_have_deadlines;
        let sweep = sweep.then(|| Duration::from_nanos(self.next_sweep.saturating_sub(now)));
        let until = match &self.stage {
            Stage::Leaving(until) => Some(*until),
            Stage::Stopped(barrier) => match barrier.purpose {
                Purpose::Stop(until) => Some(until),
                Purpose::Reload(_) => None,
            },
            Stage::Running | Stage::Over => None,
        };
        let until = until.map(|until| until.saturating_duration_since(Instant::now()));
        [due, watermark, sweep, until].into_iter().flatten().min()
    }
}
