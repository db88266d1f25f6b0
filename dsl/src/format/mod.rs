//! The formatter: one layout for every rule file.
//!
//! It moves blanks and line ends, and sets or drops the commas that the grammar leaves open; every other token and every
//! comment stays as it stands, in its order. So a rule means the same before and after, and what was formatted once
//! stays as it is.
//!
//! What it decides:
//!
//! - Braces whose first line is left empty stay open, one part a line: `rule x {` and its clauses. Everything else goes
//!   on one line where it fits into [`WIDTH`] columns, and is broken at its outermost place where it doesn't.
//! - A long condition breaks before `and` and `or`, a long pattern before its arrows.
//! - One empty line at most, and always one around an item that takes several lines.
//!
//! The layout follows P. Wadler, *A prettier printer* (2003): a tree of what may be broken ([`doc`]), laid out greedily.

mod comment;
mod doc;
mod layout;
#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::source::SourceId;
use crate::syntax::{SyntaxNode, parse};

/// Columns that a line has, at most, where it can be broken.
pub const WIDTH: usize = 100;

/// Formats the text of a file. A text with syntax errors is left alone, and the errors are given.
///
/// ```
/// use trapjaw_dsl::{format::format, source::SourceMap};
///
/// let mut sources = SourceMap::new();
/// let id = sources.add("a.trap", "event  a{x:int}\nrule r{on a:a where a.x>1 do log(\"x\")}");
/// let text = format(id, sources.get(id).text()).expect("the text is right");
/// assert_eq!(text, "event a { x: int }\nrule r { on a: a where a.x > 1 do log(\"x\") }\n");
/// ```
pub fn format(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(source, text);
    if !parsed.errors().is_empty() {
        return Err(parsed.errors().to_vec());
    }
    Ok(layout::file(&parsed.syntax()))
}

/// An expression on one line and without comments, as a reader would write it: how keys and aggregates are called in a
/// match. `count( where r.status>=500 )` is `count(where r.status >= 500)`.
pub(crate) fn one_line(expr: &SyntaxNode) -> String {
    layout::one_line(expr)
}
