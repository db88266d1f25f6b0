//! Why JSON is not an event.

use core::fmt;

use crate::Code;
use crate::limits::MAX_LINE;

/// Why a JSON text was refused: a stable code, and a reason for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    code: Code,
    reason: Box<str>,
}

impl JsonError {
    /// Of a line of so many bytes, which was not kept.
    pub fn line_too_long(length: u64) -> Self {
        let reason = format!("a line of {length} bytes, at most {MAX_LINE} are allowed");
        Self::new(Code::JsonLength, reason)
    }

    pub(super) fn new(code: Code, reason: impl Into<Box<str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// The stable code, one of the 600s.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The reason, for people. It names members and fields, and quotes no more than a few characters of the input.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl core::error::Error for JsonError {}

/// A text from the input as a reason quotes it: cut, so that no reason grows with its input.
pub(super) fn quoted(text: &str) -> impl fmt::Display {
    const MOST: usize = 64;
    let cut = &text[..text.floor_char_boundary(MOST)];
    let dots = if cut.len() < text.len() { "..." } else { "" };
    fmt::from_fn(move |f| write!(f, "`{}{dots}`", cut.escape_debug()))
}
