//! What windows are made of: the rows that they hold, and aggregates that cannot be subtracted.
//!
//! A window keeps, for each partition key, the rows that are still inside, oldest first. [`chunks`] stores
//! them for all keys of a rule in one bounded pool; [`minmax`] aggregates over them in constant time an
//! event. Aggregates that can be subtracted are in [`sum`](crate::sum); where all of a rule's can, and windows are equally long, the
//! rows of all keys are one [`log`].
//!
//! Everything here takes constant time an event in the worst case, not only on average: with a million rows
//! in a window, an occasional step over all of them would break the promise of a reaction within a
//! millisecond.

pub mod chunks;
pub(crate) mod grid;
pub mod log;
pub mod minmax;
