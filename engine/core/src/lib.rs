//! Evaluation as a pure state machine.
//!
//! A [`Shard`] owns rules and their state and is moved by [`Input`]s: batches of events, rows from other
//! shards, the passing of time, new rules. What follows goes to a [`Sink`]. There is no I/O here, no wall
//! clock, no thread: time enters as data, and the same inputs give the same outputs, byte for byte.
//!
//! A step goes column by column as far as it can: the conditions of a type are computed once over all
//! rows, whatever the number of rules; each rule then takes in its rows, key by key, in order.
//!
//! [`Lockstep`] drives any number of shards on one clock; replay and rule tests are built on it.
#![forbid(unsafe_code)]

mod agenda;
mod aggregate;
mod bound;
mod brief;
mod columns;
mod config;
mod counters;
mod derived;
mod direct;
mod evaluate;
mod evaluation;
mod exact;
mod forward;
mod hash;
mod index;
mod kept;
mod key;
pub mod limits;
mod lines;
mod lockstep;
mod matched;
mod output;
mod packed;
mod piece;
mod place;
mod record;
mod rule;
mod segment;
mod shard;
pub mod sketch;
mod stage;
mod staging;
pub mod sum;
pub mod timer;
pub mod trace;
mod vm;
mod watermark;
pub mod window;

pub use bound::{Bound, Growth, Most, Pool};
pub use config::Config;
pub use counters::{Counters, Faults};
pub use evaluate::evaluate;
pub use forward::Forward;
pub use index::{How, Witness, Witnesses};
pub use key::owner;
pub use lockstep::{LateEvent, Lockstep};
pub use matched::MatchRef;
pub use output::{LateRef, Sink};
pub use place::Place;
pub use record::{Record, repeat};
pub use rule::shared_windows;
pub use segment::Origin;
pub use shard::{Input, Shard};
pub use watermark::Watermark;
