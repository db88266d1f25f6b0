//! When to try again: exponential backoff with full jitter.

use core::hash::{BuildHasher, Hasher};
use core::sync::atomic::{AtomicU64, Ordering};
use std::hash::RandomState;
use std::time::Duration;

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It will fail the same way.
    Never,
    /// It may pass.
    Later,
    /// It may pass, but not before this.
    After(Duration),
}

/// How long to wait between attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    /// State of the generator that waits are drawn from. Chance is wanted here, not secrecy.
    state: AtomicU64,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        // Two servers that start together must not draw the same.
        Self::seeded(first, most, RandomState::new().build_hasher().finish())
    }

    fn seeded(first: Duration, most: Duration, seed: u64) -> Self {
        Self {
            first,
            most,
            state: AtomicU64::new(seed),
        }
    }

    /// How long to wait before the retry of that number, from 0; `None` for no retry.
    pub(super) fn wait(&self, retry: u32, again: Again) -> Option<Duration> {
        let least = match again {
            Again::Never => return None,
            Again::Later => Duration::ZERO,
            Again::After(least) => least.min(self.most),
        };
        let most = 2_u32
            .checked_pow(retry)
            .map_or(self.most, |factor| self.first.saturating_mul(factor))
            .min(self.most);
        Some(most.mul_f64(self.fraction()).max(least))
    }

    /// Evenly from 0 to 1: `SplitMix64` (Steele, Lea, Flood 2014).
    fn fraction(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.state.fetch_add(STEP, Ordering::Relaxed);
        let mut z = state.wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(1);

    #[test]
    fn waits_spread_evenly_below_a_bound_that_doubles() {
        let backoff = Backoff::seeded(FIRST, MOST, 7);
        for (retry, bound) in [
            (0, 100),
            (1, 200),
            (2, 400),
            (3, 800),
            (4, 1_000),
            (40, 1_000),
        ] {
            let bound = Duration::from_millis(bound);
            let waits: Vec<Duration> = (0..1_000)
                .filter_map(|_| backoff.wait(retry, Again::Later))
                .collect();
            assert_eq!(waits.len(), 1_000);
            assert!(waits.iter().all(|wait| *wait <= bound));
            let below = waits.iter().filter(|wait| **wait < bound / 2).count();
            assert!(
                (400..600).contains(&below),
                "{below} of 1000 in the lower half"
            );
        }
    }

    #[test]
    fn a_receiver_may_ask_for_time_but_not_for_ever() {
        let backoff = Backoff::seeded(FIRST, MOST, 7);
        let asked = Again::After(Duration::from_millis(500));
        assert_eq!(backoff.wait(0, asked), Some(Duration::from_millis(500)));
        let long = Again::After(Duration::from_hours(1));
        assert_eq!(backoff.wait(0, long), Some(MOST));
        assert_eq!(backoff.wait(0, Again::Never), None);
    }
}
