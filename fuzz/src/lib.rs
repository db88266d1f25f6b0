//! Fuzz targets: plain functions over bytes, each of which asserts what has to hold whatever the bytes are.
//!
//! | target | the bytes are | what has to hold |
//! |---|---|---|
//! | [`batch`] | a batch from a peer | it is refused, or read whole; what was read makes the same batch again |
//! | [`frame`] | a stream of frames | however it is cut, the same frames and the same error come of it |
//! | [`parse`] | a rule file | its tree has all of its text; findings point into it; what checks compiles |
//! | [`verify_then_run`] | choices of code and rows | code that verifies runs, and means what a naive evaluation says |
//! | [`decode`] | encoded code, or its text | what decodes reads back the same in both forms, and runs if it verifies |
//! | [`json_event`] | JSON | what is read fits its type, and goes through a batch unchanged |
//! | [`engine`] | choices of rules and events | one shard and several, and any cut into batches, find the same matches |
//! | [`patterns`] | choices of a pattern and events | the engine finds what the oracle says, with each `skip` |
//!
//! `cargo test -p trapjaw-fuzz` runs each over its corpus with a bounded number of mutations ([`Drive`]), the same
//! ones each time. `.ci/run fuzz` runs the same functions under libFuzzer and `AddressSanitizer`, where there is a nightly
//! toolchain.
//!
//! A finding is committed to `regressions/<target>/` with a name that says what it was, and runs with every test.
#![forbid(unsafe_code)]

mod batch;
mod decode;
mod drive;
mod engine;
mod frame;
mod json_event;
mod mutate;
mod naive;
mod parse;
mod patterns;
mod rules;
mod seeds;
mod verify_then_run;
mod world;

pub use batch::batch;
pub use decode::decode;
pub use drive::{Drive, Failure, Report};
pub use engine::engine;
pub use frame::frame;
pub use json_event::json_event;
pub use mutate::XorShift;
pub use parse::parse;
pub use patterns::patterns;
pub use verify_then_run::verify_then_run;

/// What a target made of its bytes. Neither is a failure; a target fails by a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They were what they claim to be.
    Accepted,
    /// They were refused.
    Refused,
}

/// A target with what it is run with.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folders below `corpus` and `regressions`.
    pub name: &'static str,
    /// The target itself.
    pub run: fn(&[u8]) -> Outcome,
    /// Its seeds with their names: what the files of its corpus are made from.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
    /// How many mutations a test tries; about a second's worth.
    pub runs: u32,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "batch",
        run: batch,
        seeds: seeds::batch,
        runs: 100_000,
    },
    Target {
        name: "frame",
        run: frame,
        seeds: seeds::frame,
        runs: 200_000,
    },
    Target {
        name: "parse",
        run: parse,
        seeds: seeds::parse,
        runs: 1_500,
    },
    Target {
        name: "verify_then_run",
        run: verify_then_run,
        seeds: seeds::choices,
        runs: 3_000,
    },
    Target {
        name: "decode",
        run: decode,
        seeds: seeds::decode,
        runs: 80_000,
    },
    Target {
        name: "json_event",
        run: json_event,
        seeds: seeds::json_event,
        runs: 80_000,
    },
    Target {
        name: "engine",
        run: engine,
        seeds: seeds::choices,
        runs: 600,
    },
    Target {
        name: "patterns",
        run: patterns,
        seeds: seeds::patterns,
        runs: 600,
    },
];
