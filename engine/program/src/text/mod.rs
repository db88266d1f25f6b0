//! Code and rule sets as text.
//!
//! One line an instruction, one a result:
//!
//! ```text
//! r0 = load field 3 : float        ; load
//! r1 = gt.float r0, 0.9
//! r2 = load envelope source : text
//! r3 = in.text r2, {"a", "b"}
//! r4 = and r1, r3
//! r5 = matches r2, pattern "^a.*z$"
//! r6 = call round(float, int) r0, 2
//! -> r4 : bool
//! ```
//!
//! Registers are numbered from 0, without gaps. Constants stand where they are used: floats have a point or an exponent
//! (or are `inf`), texts are quoted, sets are in braces, an enum's names in brackets; `pattern`, `pattern-i`, `glob`,
//! `glob-i` (the `i` ignores case) and `zone` stand before a quoted text, `networks` before pairs of addresses in braces. From `;` on a line is a comment.

mod assemble;
mod disassemble;
mod dot;
mod listing;
mod pattern;
mod token;

pub use assemble::{AssembleError, assemble};
pub use dot::dot;
pub use listing::listing;
