//! What the documentation says is so: its rules compile, its examples give what stands beside them, its tables are
//! those of the sources, its links lead somewhere.
#![forbid(unsafe_code)]

mod bytes;
mod cases;
mod configuration;
mod conformance;
mod functions;
mod links;
mod page;
mod rules;
mod tables;
