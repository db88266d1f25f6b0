//! What the project's figures are measured with: generated events, rule texts, and timed rounds.
//!
//! Every figure counts only with its result checked: each measurement returns the number of matches, which
//! its caller compares with a count made without the engine.
#![forbid(unsafe_code)]

pub mod chart;
pub mod curves;
pub mod figure;
pub mod figures;
pub mod floods;
pub mod hour;
pub mod latency;
pub mod layers;
pub mod load;
pub mod machine;
pub mod measure;
pub mod network;
pub mod page;
pub mod receives;
pub mod reload;
pub mod workload;
