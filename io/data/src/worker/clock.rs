//! The clock of event time, which all shards share.
//!
//! It stands at the newest event time seen, and runs on at the wall's pace between arrivals: an event of time T that
//! arrived at the instant A makes it T + (N - A) at the instant N. So its state is one number, the largest T - A so
//! far. Instants are monotonic nanoseconds, so that a change of the wall's clock moves nothing.

use core::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::plane::Clock;

/// See the module's description.
#[derive(Debug)]
pub(crate) struct EventClock {
    /// How far event time is ahead of monotonic time; `NONE` before the first event.
    offset: AtomicI64,
    kind: Clock,
}

const NONE: i64 = i64::MIN;

impl EventClock {
    pub(crate) fn new(kind: Clock) -> Self {
        Self {
            offset: AtomicI64::new(NONE),
            kind,
        }
    }

    /// An event of this time arrived at this instant. Returns whether the clock was moved ahead.
    pub(crate) fn arrived(&self, event: i64, instant: u64) -> bool {
        let offset = event.saturating_sub_unsigned(instant).max(NONE + 1);
        // Most arrivals move nothing: spare the others' cache line then.
        offset > self.offset.load(Ordering::Relaxed)
            && offset > self.offset.fetch_max(offset, Ordering::SeqCst)
    }

    /// What it shows at this instant; `None` before the first event, and where it does not go on by itself.
    pub(crate) fn at(&self, instant: u64) -> Option<i64> {
        let offset = self.offset.load(Ordering::SeqCst);
        (offset != NONE && self.kind == Clock::Wall)
            .then(|| offset.saturating_add_unsigned(instant))
    }

    /// How long from this instant until it shows `deadline`; `None`: that can't be told.
    pub(crate) fn until(&self, deadline: i64, instant: u64) -> Option<Duration> {
        let now = self.at(instant)?;
        Some(Duration::from_nanos(
            u64::try_from(deadline.saturating_sub(now)).unwrap_or(0),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_from_the_newest_event() {
        let clock = EventClock::new(Clock::Wall);
        assert_eq!((clock.at(5), clock.until(100, 5)), (None, None));
        assert!(clock.arrived(1_000, 10));
        assert_eq!(clock.at(10), Some(1_000));
        assert_eq!(clock.at(60), Some(1_050));
        assert_eq!(clock.until(1_100, 60), Some(Duration::from_nanos(50)));
        assert_eq!(clock.until(1_000, 60), Some(Duration::ZERO));
        // An event of the past, and one that only keeps pace, move nothing; one ahead does.
        assert!(!clock.arrived(1_020, 50));
        assert!(!clock.arrived(1_040, 50));
        assert!(clock.arrived(1_041, 50));
        assert_eq!(clock.at(50), Some(1_041));
    }

    #[test]
    fn one_of_events_alone_shows_nothing_between_them() {
        let clock = EventClock::new(Clock::Events);
        assert!(clock.arrived(1_000, 10));
        assert_eq!((clock.at(60), clock.until(100, 60)), (None, None));
    }

    #[test]
    fn times_at_the_ends_of_the_range_do_not_overflow() {
        let clock = EventClock::new(Clock::Wall);
        assert!(clock.arrived(i64::MIN, u64::MAX));
        assert!(clock.at(0).is_some());
        assert!(clock.arrived(i64::MAX, 0));
        assert_eq!(clock.at(u64::MAX), Some(i64::MAX));
        assert_eq!(clock.until(i64::MIN, u64::MAX), Some(Duration::ZERO));
    }
}
