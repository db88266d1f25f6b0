//! The oracle and the tests across crates.
//!
//! - [`oracle`] says what rules mean.
//! - [`engine`] is the engine over a whole history.
//! - [`generate`] makes rules and histories.
#![forbid(unsafe_code)]

pub mod engine;
pub mod generate;
pub mod oracle;
