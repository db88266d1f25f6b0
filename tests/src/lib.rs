//! The oracle and the tests across crates.
