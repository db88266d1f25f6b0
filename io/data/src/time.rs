//! The two clocks of a process: one that only runs on, and the wall's.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since this function's first call in the process, and at least 1: no clock change moves it. Ages and
/// latencies count on it ([`Match::ingest`](trapjaw_event::Match::ingest), [`Found::found_at`](crate::plane::Found)).
pub fn monotonic() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}

/// The wall's time: nanoseconds since 1970-01-01T00:00:00Z.
pub fn wall() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
        })
}
