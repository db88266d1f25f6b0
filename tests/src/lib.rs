//! The oracle and the tests across crates.
//!
//! - [`mutations`] are faults that the tests have to find.
//! - [`oracle`] says what rules mean.
//! - [`comparison`] is that for patterns, at scale.
//! - [`corpus`] are the cases of `tests/corpus`.
//! - [`differential`] holds the engine against the oracle.
//! - [`engine`] is the engine over a whole history.
//! - [`generate`] makes rules and histories.
#![forbid(unsafe_code)]

pub mod comparison;
pub mod corpus;
pub mod differential;
pub mod engine;
pub mod generate;
pub mod mutations;
pub mod oracle;
