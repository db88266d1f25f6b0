//! The corpus: cases in `tests/corpus`, each a rule set, a history, and what is told of it. They know nothing of any
//! evaluator, and every evaluator is held against them. `tests/corpus/README.md` describes the format.
//!
//! - [`case`]: the files, and what stands in a case.
//! - `notation`: words, values and times, as events and matches write them.
//! - `history`: the events of a case.
//! - `told`: matches, as evaluators tell them and as cases expect them.
//! - [`conformance`]: what of other suites is here, what differs, and what is left out.
//! - [`verdict`]: a case before the evaluators.

pub mod case;
pub mod conformance;
mod history;
mod notation;
mod told;
pub mod verdict;

pub use case::{Case, cases};
pub use verdict::verdict;
