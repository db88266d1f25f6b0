//! Evaluation as a pure state machine: VM, windows, timers, keyed state, `Shard::step`.

pub mod sum;
pub mod window;
