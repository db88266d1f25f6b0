//! Ending a driver's wait from another thread, and how long to spin before waiting.

use crate::limits::{SPIN_LONGEST_NANOS, SPIN_SHORTEST_NANOS};
use crate::wake::Wake;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ends a driver's wait from any thread: an `eventfd`. A wake-up while the driver is awake isn't lost, it ends the
/// next wait.
#[derive(Clone, Debug)]
pub struct Waker {
    fd: Arc<OwnedFd>,
}

impl Waker {
    pub(super) fn new() -> io::Result<Waker> {
        // Blocking on purpose: io_uring answers a read of a non-blocking descriptor at once instead of waiting.
        Ok(Waker {
            fd: Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?),
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Wake for Waker {
    fn wake(&self) {
        // Blocks only at 2^64 - 2 unread wake-ups, and fails only if it is interrupted.
        while let Err(rustix::io::Errno::INTR) = rustix::io::write(&self.fd, &1_u64.to_ne_bytes()) {
        }
    }
}

/// What to do in a turn without work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Idle {
    /// Look again.
    Poll,
    /// Sleep in [`Driver::wait`](super::Driver::wait).
    Sleep,
}

/// How long a shard looks for work before it sleeps.
///
/// Sleeping and being woken costs some ten microseconds of latency; spinning costs the core. The budget adapts: when
/// work comes soon after the shard fell asleep, spinning longer would have caught it and the budget doubles; when a
/// sleep lasts, it halves. With more shards than cores a spinning shard takes the core from one that has work, so
/// the policy is off and every idle turn sleeps.
#[derive(Clone, Debug)]
pub struct Spin {
    budget: Option<Duration>,
    idle_since: Option<Instant>,
    asleep_since: Option<Instant>,
}

impl Spin {
    /// Shortest budget.
    pub const SHORTEST: Duration = Duration::from_nanos(SPIN_SHORTEST_NANOS);
    /// Longest budget.
    pub const LONGEST: Duration = Duration::from_nanos(SPIN_LONGEST_NANOS);

    /// The policy for one of `shards` threads on `cores` cores.
    pub fn new(shards: usize, cores: usize) -> Spin {
        Spin {
            budget: (shards <= cores).then_some(Spin::LONGEST),
            idle_since: None,
            asleep_since: None,
        }
    }

    /// The policy that never spins.
    pub fn off() -> Spin {
        Spin {
            budget: None,
            idle_since: None,
            asleep_since: None,
        }
    }

    /// How long it spins now; none if it is off.
    pub fn budget(&self) -> Option<Duration> {
        self.budget
    }

    /// A turn found work at `now`. The clock is only read by this call's caller if [`Spin::is_idle`].
    pub fn busy(&mut self, now: Instant) {
        if let (Some(budget), Some(asleep)) = (&mut self.budget, self.asleep_since.take()) {
            let slept = now.saturating_duration_since(asleep);
            *budget = if slept <= Spin::LONGEST {
                (*budget * 2).min(Spin::LONGEST)
            } else {
                (*budget / 2).max(Spin::SHORTEST)
            };
        }
        self.idle_since = None;
    }

    /// Whether the last turn found no work: [`Spin::busy`] has something to learn only then.
    pub fn is_idle(&self) -> bool {
        self.idle_since.is_some() || self.asleep_since.is_some()
    }

    /// A turn found no work at `now`.
    pub fn idle(&mut self, now: Instant) -> Idle {
        let Some(budget) = self.budget else {
            return Idle::Sleep;
        };
        let since = *self.idle_since.get_or_insert(now);
        if now.saturating_duration_since(since) < budget {
            return Idle::Poll;
        }
        self.asleep_since.get_or_insert(now);
        Idle::Sleep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: Duration = Duration::from_micros(1);

    #[test]
    fn more_shards_than_cores_never_spin() {
        let start = Instant::now();
        let mut spin = Spin::new(3, 2);
        assert_eq!(spin.budget(), None);
        assert_eq!(spin.idle(start), Idle::Sleep);
        spin.busy(start + MICRO);
        assert_eq!(spin.idle(start + MICRO), Idle::Sleep);
        assert_eq!(Spin::off().idle(start), Idle::Sleep);
    }

    #[test]
    fn it_spins_for_its_budget_and_work_starts_it_anew() {
        let start = Instant::now();
        let mut spin = Spin::new(2, 2);
        assert_eq!(spin.idle(start), Idle::Poll);
        assert_eq!(spin.idle(start + Spin::LONGEST / 2), Idle::Poll);
        spin.busy(start + Spin::LONGEST / 2);
        assert!(!spin.is_idle());
        assert_eq!(spin.idle(start + Spin::LONGEST), Idle::Poll);
        assert_eq!(spin.idle(start + Spin::LONGEST * 2), Idle::Sleep);
    }

    #[test]
    fn long_sleeps_shorten_the_budget_and_short_ones_lengthen_it() {
        let mut now = Instant::now();
        let mut spin = Spin::new(1, 1);
        let mut sleep = |spin: &mut Spin, lasting: Duration| {
            while spin.idle(now) == Idle::Poll {
                now += MICRO;
            }
            now += lasting;
            spin.busy(now);
        };
        for _ in 0..20 {
            sleep(&mut spin, Duration::from_millis(5));
        }
        assert_eq!(spin.budget(), Some(Spin::SHORTEST));
        sleep(&mut spin, MICRO * 10);
        assert_eq!(spin.budget(), Some(Spin::SHORTEST * 2));
        for _ in 0..20 {
            sleep(&mut spin, MICRO * 10);
        }
        assert_eq!(spin.budget(), Some(Spin::LONGEST));
    }
}
