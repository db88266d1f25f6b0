//! The engine by its public face: limits, extremes, reloads, and shards that run live.

mod batches;
mod eviction;
mod extremes;
mod flood;
mod live;
mod order;
mod reload;
mod rig;
mod size;
mod strict;
mod together;
mod trace;
