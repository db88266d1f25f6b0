//! Compiled rules: what the language produces and the engine runs.
//!
//! A [`RuleSet`] is immutable data. Its expressions are [`Code`]: straight-line programs over columns,
//! in which each instruction makes one new register, so that a common subexpression is one register
//! and nothing is computed twice for a batch. One op table ([`op`]) says what there is.
//!
//! The engine runs only [`Verified`] rule sets, and only [`verify`] can make one. What verification
//! has proven (operands exist and precede their use, kinds agree, indexes are in range), evaluation
//! relies upon.
//!
//! Code has a text form for people and tests ([`assemble`], `Display`, [`listing`] for a whole set) and a byte form for
//! fuzzing ([`Code::encode`]); [`sample`] draws random sound code. [`Rule::meaning_bytes`] says what a rule does, free of
//! names and numbers that don't matter.
//!
//! This crate knows neither the language's text nor sockets nor time.
#![forbid(unsafe_code)]

mod build;
mod calendar;
pub mod case;
mod changes;
mod code;
mod counterpart;
mod decode;
mod encode;
pub mod function;
mod lateness;
mod literals;
mod matcher;
mod meaning;
pub mod op;
pub mod pattern;
mod pool;
mod rule;
pub mod sample;
mod slice;
mod table;
mod text;
mod verify;
mod zone;

pub use build::CodeBuilder;
pub use calendar::Calendar;
pub use changes::{Change, Changes, Fate, FieldChange, RuleChange, TypeChange, inherits};
pub use code::{Call, Code, Const, Envelope, Input, Inst, Kind, Operand, Output, Slot};
pub use decode::DecodeError;
pub use matcher::{Form, Pattern, PatternError};
pub use meaning::Aspect;
pub use op::Opcode;
pub use rule::{
    Action, Aggregate, AggregateFunction, Catchup, Clause, Emit, Kept, KeyPart, Limit, Metadata,
    Routing, Rule, RuleSet, Source, TypeProgram, When,
};
pub use table::{Cells, Table, TableError, TableField, TableId};
pub use text::{AssembleError, assemble, dot, listing};
pub use verify::{Scope, Verified, VerifyError, verify, verify_code, verify_code_with};
pub use zone::Zone;

/// Limits of a compiled rule set.
pub mod limits {
    /// Rules in one set.
    pub const MAX_RULES: usize = 100_000;
    /// Instructions in one code. A type's predicate program holds those of all rules on the type.
    pub const MAX_INSTRUCTIONS: usize = 1 << 20;
    /// Constants of one code.
    pub const MAX_CONSTANTS: usize = 1 << 20;
    /// Columns that one code reads.
    pub const MAX_INPUTS: usize = 4_096;
    /// Results of one code.
    pub const MAX_OUTPUTS: usize = 1 << 20;
    /// Values in one set.
    pub const MAX_SET: usize = 1 << 20;
    /// Digits after the point in a float's text with a fixed number of them.
    pub const MAX_DIGITS: i64 = 17;
    /// Parameters of a function.
    pub const MAX_PARAMETERS: usize = 4;
    /// Bytes of a pattern's text.
    pub const MAX_PATTERN: usize = 4_096;
    /// Bytes of a pattern once compiled.
    pub const MAX_PATTERN_SIZE: usize = 1 << 20;
    /// Bytes of all patterns of a rule set, compiled.
    pub const MAX_PATTERNS_SIZE: usize = 256 << 20;
    /// Literals of which a text must contain one to be worth trying a pattern on.
    pub const MAX_PATTERN_LITERALS: usize = 64;
    /// Bytes of each of them, at least: shorter ones are in too many texts.
    pub const MIN_PATTERN_LITERAL: usize = 3;
    /// How deep groups of a pattern nest.
    pub const MAX_PATTERN_NESTING: u32 = 64;
    /// Bytes of the states that a pattern's matching keeps at hand, a thread.
    pub const PATTERN_CACHE: usize = 256 << 10;
    /// Bytes of a format of times.
    pub const MAX_LAYOUT: usize = 256;
    /// Parts of a partition key.
    pub const MAX_KEY_PARTS: usize = 16;
    /// N of `limit N per D`: so many firings each key remembers, at most.
    pub const MAX_FIRINGS: u32 = 1 << 20;
    /// D of `every D` is at least so many nanoseconds.
    pub const MIN_PERIOD: i64 = 1_000_000;
    /// Instants of a schedule that one move of the clock makes up for.
    pub const MAX_CAUGHT_UP: i64 = 1_000;
    /// Aggregates of one rule.
    pub const MAX_AGGREGATES: usize = 64;
    /// Events of a window of so many events.
    pub const MAX_WINDOW_EVENTS: u32 = 1_000_000;
    /// Steps within the length of a hopping window.
    pub const MAX_STEPS: i64 = 1_000;
    /// Actions of one rule.
    pub const MAX_ACTIONS: usize = 64;
    /// Arguments of one action.
    pub const MAX_ARGUMENTS: usize = 256;
    /// Tables of one set.
    pub const MAX_TABLES: usize = 256;
    /// Rows of one table.
    pub const MAX_TABLE_ROWS: usize = 1 << 20;
    /// Bytes of one table's cells.
    pub const MAX_TABLE_BYTES: usize = 512 << 20;
    /// Elements of a pattern, and silences in it: sets of them are bits of a word.
    pub const MAX_ELEMENTS: usize = 64;
    /// Levels of parts in parts of a pattern.
    pub const MAX_PATTERN_DEPTH: usize = 64;
    /// The bound of a repetition.
    pub const MAX_ROUNDS: u32 = 10_000;
    /// Ways in which a pattern's run goes on from one moment: choices add up, and those of an `and`'s operands multiply.
    pub const MAX_WAYS: usize = 512;
    /// What a pattern's codes read of bound events.
    pub const MAX_READS: usize = 4_096;
    /// Derived events that follow from one another, counted from the first.
    pub const MAX_DERIVATION_DEPTH: usize = 32;

    // An operand spends its top bit on telling a constant from a register.
    const _: () = assert!(MAX_INSTRUCTIONS < 1 << 31 && MAX_CONSTANTS < 1 << 31);
    const _: () = assert!(MAX_RULES <= MAX_OUTPUTS && MAX_OUTPUTS <= u32::MAX as usize);
    // A table's number is a `u16`.
    const _: () = assert!(MAX_TABLES <= u16::MAX as usize);
    const _: () = assert!(MAX_TABLE_ROWS <= u32::MAX as usize);
    // Outputs of a source's code hold the key parts and two columns an aggregate.
    const _: () = assert!(MAX_KEY_PARTS + 2 * MAX_AGGREGATES <= u16::MAX as usize);
}
