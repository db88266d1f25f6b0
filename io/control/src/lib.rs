//! The control plane: HTTP API, rule loading, actions, metrics.
//!
//! Everything here is tokio, and nothing of it runs on a shard's thread:
//!
//! - [`config`] reads `trapjaw.toml`, with the place of everything that is wrong in it;
//! - [`rules`] reads rule files, compiles them and looks for the actions that they name;
//! - [`plan`] says how rules will be run, and what a reload will change;
//! - [`replay`], [`backtest`] and [`rule_test`] run rules in virtual time, without any of the rest, over events that are
//!   [`recorded`] or made up, and [`explain`] says why they fired or not;
//! - [`bench`] measures what a machine does with rules;
//! - [`plane`] is the boundary to the data plane: batches go in, matches come out, both bounded;
//! - [`Control`] puts it together: the HTTP API, the dispatcher of matches to actions, metrics, reload, and the end in
//!   steps.
//!
//! The path of an event by HTTP: bytes, JSON, batch ([`plane::Submission`]), the plane's mailbox. The path of a match:
//! [`plane::MatchBatch`] out of the outbox, into the queue of each action that it sets off. Where a queue is full and its
//! action blocks, the outbox fills, the shards stop taking in, and clients are told to wait: nothing grows.
//!
//! What is not here: sockets of the binary protocol, evaluation, signals of the process.

#![forbid(unsafe_code)]

mod action;
pub mod backtest;
pub mod bench;
pub mod bridge;
pub mod config;
mod control;
pub mod coverage;
mod duration;
pub mod eval;
pub mod explain;
mod http;
mod intake;
pub mod limits;
mod metrics;
pub mod plan;
pub mod plane;
mod recent;
pub mod recorded;
pub mod remote;
pub mod replay;
pub mod report;
pub mod rule_test;
pub mod rules;
mod secret;
mod service;
mod status;
pub mod table;
mod tap;
pub mod top;

pub use action::ActionError;
pub use config::Config;
pub use control::{Control, Left, Parts, StartError};
pub use metrics::Latencies;
pub use rules::{LoadError, Loaded};
pub use secret::Secret;
pub use service::{Planned, ReloadFailure, Reloaded};
