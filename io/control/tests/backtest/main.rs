//! Backtests over files of every kind that is read.
#![forbid(unsafe_code)]

mod columns;
mod compare;
mod damage;
mod lines;
mod rig;
