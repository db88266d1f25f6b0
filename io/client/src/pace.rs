//! Sending by a clock: an open loop.

use core::ops::Range;
use std::time::{Duration, Instant};

use crate::limits::TOGETHER;

/// When each of many things is to be sent, whatever has come back of those before.
///
/// What is measured is to be counted from [`Pace::due`], and not from when it was sent: then a server that stands still for a while
/// is charged for all that was to be sent in that while, and not only for the one that waited (no coordinated omission).
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    start: Instant,
    per_second: u32,
}

impl Pace {
    /// From a moment on, so many a second; at least one.
    pub fn new(start: Instant, per_second: u32) -> Self {
        Self {
            start,
            per_second: per_second.max(1),
        }
    }

    /// When the `number`-th is to be sent, counted from 0.
    pub fn due(&self, number: u32) -> Instant {
        self.start + Duration::from_secs(1) * number / self.per_second
    }

    /// Calls `send` for the numbers below `count` that are due, and `take` in between, which tells whether there was anything to take. All
    /// that there is is taken before more is sent, so that a client that is late is no slow reader too; and what is due at the same time
    /// is sent at once, at most [`TOGETHER`](crate::limits::TOGETHER). It does not sleep. Returns how much later than due the latest was sent: the sender's own
    /// delay, or that of a server which gave no credit.
    ///
    /// # Errors
    ///
    /// Those of `send` and `take`, which end it.
    pub fn run<C, E>(
        &self,
        client: &mut C,
        count: u32,
        mut send: impl FnMut(&mut C, Range<u32>) -> Result<(), E>,
        mut take: impl FnMut(&mut C) -> Result<bool, E>,
    ) -> Result<Duration, E> {
        let mut latest = Duration::ZERO;
        let mut next = 0;
        while next < count {
            if take(client)? {
                continue;
            }
            let now = Instant::now();
            let Some(late) = now.checked_duration_since(self.due(next)) else {
                continue;
            };
            latest = latest.max(late);
            let most = count.min(next + TOGETHER);
            let end = (next + 1..most).find(|&number| self.due(number) > now);
            let due = next..end.unwrap_or(most);
            next = due.end;
            send(client, due)?;
        }
        Ok(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_before_it_is_due_and_all_is_sent() {
        let pace = Pace::new(Instant::now(), 2_000);
        assert_eq!(pace.due(2_000), pace.due(0) + Duration::from_secs(1));
        let (mut sent, mut taken) = (Vec::new(), 0);
        let late = pace.run(
            &mut sent,
            20,
            |sent, due| {
                assert!(Instant::now() >= pace.due(due.end - 1));
                sent.extend(due);
                Ok::<_, ()>(())
            },
            |_| {
                taken += 1;
                Ok(taken % 3 != 0)
            },
        );
        assert_eq!(sent, (0..20).collect::<Vec<_>>());
        assert!(taken >= 20);
        assert!(late.is_ok());
    }

    #[test]
    fn a_failure_ends_it() {
        let pace = Pace::new(Instant::now(), 1_000_000);
        let mut sent = 0;
        let ended = pace.run(
            &mut sent,
            10,
            |sent, due| {
                *sent = due.end;
                if due.end > 3 { Err("full") } else { Ok(()) }
            },
            |_| Ok(false),
        );
        assert_eq!(ended, Err("full"));
        assert!((4..=10).contains(&sent));
    }
}
