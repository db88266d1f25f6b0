//! The rule language: text to tree to checked rules to program.
//!
//! A rule file is read in stages, and each stage goes as far as it can:
//!
//! 1. [`syntax::parse`] makes a lossless tree of any text, with every syntax error it found. It never fails.
//! 2. The typed views of [`syntax::ast`] read that tree.
//! 3. [`check()`] resolves names and types, and makes checked rules ([`hir`]) of it.
//! 4. [`compile()`] makes a verified program of those.
//!
//! Every finding is a [`diagnostic::Diagnostic`] with a stable code, shown for people by [`diagnostic::render`] or for
//! machines by [`diagnostic::to_json`].
//!
//! ```
//! use trapjaw_dsl::{source::SourceMap, syntax};
//!
//! let mut sources = SourceMap::new();
//! let id = sources.add("load.trap", "rule hot { on c: cpu_usage where c.load > 90% do log(\"hot\") }");
//! let parse = syntax::parse(id, sources.get(id).text());
//! assert!(parse.errors().is_empty());
//! assert_eq!(parse.tree().items().count(), 1);
//! ```
//!
//! What this crate doesn't know: how a rule is evaluated, and where events come from.
#![forbid(unsafe_code)]

mod check;
mod compile;
pub mod diagnostic;
pub mod hir;
mod lower;
pub mod source;
pub mod syntax;

pub use check::Checked;
pub use compile::{Compiled, check, check_with_warnings, compile};
