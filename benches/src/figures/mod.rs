//! The figures of the speed page, by what they measure.
//!
//! Each counts what its rules have to find by itself, and fails where the engine finds another number.

pub mod distinct;
pub mod growth;
pub mod latency;
pub mod many;
pub mod network;
pub mod patterns;
pub mod sharing;
pub mod stateless;
pub mod steady;
pub mod windows;

use crate::figure::Figure;

/// Rows of a prepared batch.
pub const ROWS: usize = 4_096;
/// Hosts of a load.
pub const HOSTS: u32 = 1_000;
/// Rounds of a figure; the median counts.
pub const ROUNDS: usize = 9;

/// Measures something and tells each figure as soon as it is known.
pub type Measure = fn(&mut dyn FnMut(Figure));

/// What can be measured by itself, by name.
pub const GROUPS: [(&str, Measure); 10] = [
    ("stateless", stateless::measure),
    ("many", many::measure),
    ("windows", windows::measure),
    ("sharing", sharing::measure),
    ("steady", steady::measure),
    ("distinct", distinct::measure),
    ("patterns", patterns::measure),
    ("growth", growth::measure),
    ("network", network::measure),
    ("latency", latency::measure),
];
