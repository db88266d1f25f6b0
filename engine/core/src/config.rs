//! Limits of a shard's state that an operator may set.

/// How much a shard keeps, and for how long. Durations are nanoseconds of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Live keys of one rule on one shard. A key beyond them takes the place of one that was not seen
    /// lately, and the eviction is counted.
    pub max_keys: usize,
    /// Bytes of window rows of one rule on one shard. When they are used up, the keys that were not seen
    /// lately are given up, and counted, until there is room.
    pub max_window_bytes: usize,
    /// State of a key without events for this long is freed.
    pub idle_ttl: i64,
    /// An event that claims to be further ahead of the wall clock than this takes effect at the wall's time.
    pub max_ahead: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_keys: 1 << 20,
            max_window_bytes: 1 << 30,
            idle_ttl: 24 * 3_600 * SECOND,
            max_ahead: 60 * SECOND,
        }
    }
}

const SECOND: i64 = 1_000_000_000;
