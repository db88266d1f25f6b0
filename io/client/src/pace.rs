//! Sending by a clock: an open loop.

use std::time::{Duration, Instant};

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

    /// Calls `send` for each number below `count` once it is due, and `take` in between, which tells whether there was anything to
    /// take. All that there is is taken before the next is sent, so that a client that is late is no slow reader too. It does not
    /// sleep. Returns how much later than due the latest was sent: the sender's own delay, or that of a server which gave no credit.
    ///
    /// # Errors
    ///
    /// Those of `send` and `take`, which end it.
    pub fn run<C, E>(
        &self,
        client: &mut C,
        count: u32,
        mut send: impl FnMut(&mut C, u32) -> Result<(), E>,
        mut take: impl FnMut(&mut C) -> Result<bool, E>,
    ) -> Result<Duration, E> {
        let mut latest = Duration::ZERO;
        for number in 0..count {
            let due = self.due(number);
            let late = loop {
                if take(client)? {
                    continue;
                }
                if let Some(late) = Instant::now().checked_duration_since(due) {
                    break late;
                }
            };
            latest = latest.max(late);
            send(client, number)?;
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
            |sent, number| {
                assert!(Instant::now() >= pace.due(number));
                sent.push(number);
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
            |sent, number| {
                *sent += 1;
                if number == 3 { Err("full") } else { Ok(()) }
            },
            |_| Ok(false),
        );
        assert_eq!((ended, sent), (Err("full"), 4));
    }
}
