//! The rule language: text to tree to checked rules to program.
//!
//! A rule file is read in stages, and each stage goes as far as it can:
//!
//! 1. Any text becomes a lossless tree, with every syntax error in it. That never fails.
//! 2. The typed views of [`syntax::ast`] read that tree.
//! 3. Every finding is a [`diagnostic::Diagnostic`] with a stable code, shown for people by
//!    `annotate-snippets` or for machines as JSON.
//!
//! What this crate doesn't know: how a rule is evaluated, and where events come from.
#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod source;
pub mod syntax;
