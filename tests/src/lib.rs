//! The oracle and the tests across crates.
//!
//! - [`oracle`] says what rules mean.
//! - [`generate`] makes rules and histories.
#![forbid(unsafe_code)]

pub mod generate;
pub mod oracle;
