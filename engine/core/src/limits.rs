//! The named limits of evaluation. What an operator may set is in [`Config`](crate::Config).

use trapjaw_event::limits::{MAX_ROWS, MAX_TEXT};
use trapjaw_program::limits::MAX_WAYS;

/// Most bytes of a key, encoded: a part takes the bytes of its value, and a text before the last part two more
/// and one for each zero byte in it. A row with a longer key is skipped for its rule, and counted.
pub const MAX_KEY: usize = 4_096;

/// Most keys that an eviction passes over because they were seen lately. Then the next one is given up.
pub const SECOND_CHANCES: usize = 256;

/// Runs of a pattern's partial matches that one key may have; then those with the oldest starts are given up, and
/// counted.
pub const MAX_RUNS: usize = 1 << 16;

/// Runs that one start of a pattern may have; then the least preferred ones are given up, and counted. With `skip none`,
/// where each run may become a match, a start may have all of [`MAX_RUNS`].
pub const MAX_START_RUNS: usize = 512;

// No start gives up what its first event opens.
const _: () = assert!(MAX_START_RUNS >= MAX_WAYS);

/// Steps of a pattern's runs that are remembered, those of events and those of silences, each counted with the ways in
/// which it goes on and the choices on them; when there are more, all are forgotten, and derived anew as they are needed.
pub const MAX_MOVES: usize = 1 << 18;

/// Places in a pattern that are remembered although no run stands there: when there are more, and as many as where
/// runs stand, they are forgotten, and derived anew as they are needed. So there are never more places than this and twice
/// the runs, which [`Config::max_state_bytes`](crate::Config::max_state_bytes) and [`MAX_RUNS`] bound.
pub const MAX_PLACES: usize = 1 << 12;

/// Stands of a pattern's starts, each with at most so many runs, and steps between them: a pattern that has more is
/// evaluated run by run.
pub const MAX_STANDS: usize = 1 << 10;
/// See [`MAX_STANDS`].
pub const MAX_STAND_RUNS: usize = 32;
/// Runs of a start while one of its steps is derived: see [`MAX_STANDS`].
pub const MAX_STAND_OPENED: usize = 4 * MAX_STAND_RUNS;
/// See [`MAX_STANDS`].
pub const MAX_STAND_STEPS: usize = 1 << 13;

/// Keys of a rule that have nothing to remember and keep their places for their next event; then the one that rests
/// longest loses it.
pub const MAX_RESTING: usize = 1 << 12;

/// Rows that rules take in before what they found is told, each counted once for each rule that takes it.
/// Where a batch brings more, its rows are taken in pieces. One row is never parted.
pub const TAKEN_AT_ONCE: usize = 1 << 18;

/// Different values of a window that `distinct` tells apart one by one where rows are not kept; beyond them it is a
/// sketch.
pub const EXACT_DISTINCT: usize = 1_000;

/// Keys whose windows are evaluated together at their end. What their aggregates show of texts is numbered by `u32`.
pub const ENDED_AT_ONCE: usize = 1 << 12;

const _: () = assert!(ENDED_AT_ONCE * MAX_TEXT <= u32::MAX as usize);

/// Bytes of texts that windows' values may have before they are evaluated: they are numbered by `u32`, and the last
/// evaluation adds a text of each aggregate.
pub const EVALUATED_TEXT: usize = 1 << 20;

// A batch that no more than some rules take whole is taken at once.
const _: () = assert!(TAKEN_AT_ONCE >= 16 * MAX_ROWS);

/// Most streams that a watermark waits for. Beyond it, the one that was silent longest counts as idle.
pub const MAX_STREAMS: usize = 4_096;
