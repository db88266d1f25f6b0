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
//! use trapjaw_dsl::{compile, diagnostic, source::SourceMap};
//!
//! let mut sources = SourceMap::new();
//! sources.add("types.trap", "event cpu_usage { host: text, load: float }");
//! sources.add("rules.trap", "rule hot { on c: cpu_usage where c.load > 90% do log(\"{c.host} is hot\") }");
//! let compiled = compile(&sources).expect("the rules are right");
//! assert_eq!(compiled.program.rules.len(), 1);
//!
//! sources.add("more.trap", "rule cold { on c: cpu_usage where c.laod < 1% do log(\"idle\") }");
//! let findings = compile(&sources).expect_err("there is no field `laod`");
//! assert_eq!(findings[0].code.to_string(), "TJ0105");
//! println!("{}", diagnostic::render(&findings, &sources, diagnostic::Style::Plain));
//! ```
//!
//! What this crate doesn't know: how a rule is evaluated, and where events come from.
#![forbid(unsafe_code)]

mod check;
mod compile;
pub mod diagnostic;
pub mod format;
pub mod hir;
pub mod ide;
mod lower;
pub mod resolve;
pub mod source;
pub mod syntax;

pub use check::{Checked, table_files};
pub use compile::{Compiled, check, check_with_warnings, compile, compile_checked};
