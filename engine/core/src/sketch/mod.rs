//! Summaries of many values in little room, of known accuracy: quantiles, and numbers of different values.
//!
//! Both are functions of the values alone: neither their order nor how they were spread over panes shows.

mod hyperloglog;
mod quantiles;

pub use hyperloglog::HyperLogLog;
pub use quantiles::Quantiles;
