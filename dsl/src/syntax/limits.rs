//! The named limits of reading text.

/// Bytes of one file. Offsets in trees are 32 bits wide, and a rule file that is longer is no rule file.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;

/// How deep expressions and patterns may nest, chains of operators counted by their length. Whoever walks the tree
/// recurses no deeper than a small multiple of it.
pub const MAX_NESTING: u32 = 128;

/// How deep strings may stand in interpolations of strings.
pub const MAX_STRING_NESTING: usize = 4;

/// How many errors are kept for one file; the rest is told by a last one.
pub const MAX_SYNTAX_ERRORS: usize = 100;

const _: () = assert!(MAX_SOURCE_BYTES <= u32::MAX as usize);
const _: () = assert!(MAX_STRING_NESTING < MAX_NESTING as usize);
