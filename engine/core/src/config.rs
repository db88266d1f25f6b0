//! Limits of a shard's state that an operator may set.

/// How much a shard keeps, and for how long. Durations are nanoseconds of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Live keys of one rule on one shard. A key beyond them takes the place of one that was not seen
    /// lately, and the eviction is counted.
    pub max_keys: usize,
    /// Bytes of window rows of one rule on one shard. When they are used up, the keys that were not seen
    /// lately are given up, and counted, until there is room; the key at hand comes last, and begins anew.
    pub max_window_bytes: usize,
    /// Bytes of all else that one rule on one shard remembers of its keys: the tables by key, long keys, the
    /// newest events, the firings that a limit counts. Keys are given up as for window rows. The tables take
    /// at most half of it, so that there may be room for fewer keys than `max_keys`.
    ///
    /// What is in use is counted; while a table grows, the allocator may hold up to three times that table.
    pub max_state_bytes: usize,
    /// State of a key without events for this long is freed.
    pub idle_ttl: i64,
    /// Bytes of events that wait on one shard for the watermark of one lateness. Beyond it the oldest go on early, and are
    /// counted: none is lost, but what comes later may be older.
    pub max_held_bytes: usize,
    /// A stream without events for this long does not hold the watermark back.
    pub idle: i64,
    /// An event that claims to be further ahead of the wall clock than this takes effect at the wall's time.
    pub max_ahead: i64,
    /// Conditions on one type, from which on those that have a witness in the same column are found by looking its values
    /// up, instead of being computed for all rows. It changes no result: it is where the one costs as much as the
    /// other.
    pub index_from: usize,
    /// Whether rules that have the same windows, and begin together, have them once. What is found is the same, as long
    /// as no key has to be given up for want of room; this is for comparing the two.
    pub share_windows: bool,
    /// Patterns are evaluated run by run, even those of which starts that stand alike can be moved together. What is found
    /// is the same; this is for comparing the two.
    pub run_by_run: bool,
    /// Whether what runs of patterns do is recorded: see [`trace`](crate::trace). It costs time and memory, so it is for
    /// explaining and not for production. What is found is the same.
    pub trace_patterns: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_keys: 1 << 20,
            max_window_bytes: 1 << 30,
            max_state_bytes: 2 << 30,
            max_held_bytes: 256 << 20,
            idle: 10 * SECOND,
            idle_ttl: 24 * 3_600 * SECOND,
            max_ahead: 60 * SECOND,
            index_from: 24,
            share_windows: true,
            run_by_run: false,
            trace_patterns: false,
        }
    }
}

const SECOND: i64 = 1_000_000_000;
