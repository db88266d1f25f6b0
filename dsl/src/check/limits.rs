//! The named limits of checking. Those of what is checked are the registry's and the program's.

/// How many findings are told of a rule set; the rest is told by a last one.
pub(super) const MAX_FINDINGS: usize = 1_000;

/// Bytes of constant texts in a rule set, each counted where it is used: a short file can name a long constant often.
pub(super) const MAX_CONSTANT_TEXT: usize = 64 << 20;

/// Bytes of a table's file.
pub(super) const MAX_TABLE_FILE: usize = 64 << 20;

/// How many errors of one table are told.
pub(super) const MAX_TABLE_FINDINGS: usize = 20;

/// Bytes of an element of a constant list, as they count where the list is named.
pub(super) const MEMBER: usize = 32;

/// Events of a rule test, repeated ones counted each.
pub(super) const MAX_TEST_EVENTS: i64 = 1_000_000;

const _: () = assert!(MAX_FINDINGS >= crate::syntax::limits::MAX_SYNTAX_ERRORS);
const _: () = assert!(MAX_CONSTANT_TEXT >= trapjaw_event::limits::MAX_TEXT);
