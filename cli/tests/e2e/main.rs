//! The real binary, from outside: what it prints, what it answers, what it sets off, how it ends.
//!
//! Nothing sleeps to let something happen: tests wait for what can be observed (a line of the log, an answer, the end of
//! a process), for [`rig::PATIENCE`] at most. Ports are the system's choice, read from the log.
#![forbid(unsafe_code)]
#![allow(
    clippy::needless_raw_string_hashes,
    reason = "the form in which snapbox writes what it saw"
)]

mod bench;
mod check;
mod demo;
mod eval;
mod explain;
mod fmt;
mod harm;
mod hook;
mod http;
mod life;
mod lsp;
mod new;
mod plan;
mod repl;
mod replay;
mod rig;
mod run;
mod stream;
mod tap;
mod terminal;
mod test;
mod top;
mod usage;
