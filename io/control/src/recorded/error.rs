//! What is wrong with a file of events.

use core::fmt;
use std::io;

/// What is wrong with a file of events, as a code that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputCode {
    /// It can't be read at all.
    Unreadable,
    /// It ends where more has to come.
    Truncated,
    /// It is damaged.
    Corrupt,
    /// It is of a kind that is not read.
    Format,
    /// A column can't be read as the field that it is for, or is missing.
    Column,
    /// It would take more memory at one time than a file may.
    Size,
}

impl InputCode {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Unreadable,
        Self::Truncated,
        Self::Corrupt,
        Self::Format,
        Self::Column,
        Self::Size,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "E_INPUT_UNREADABLE",
            Self::Truncated => "E_INPUT_TRUNCATED",
            Self::Corrupt => "E_INPUT_CORRUPT",
            Self::Format => "E_INPUT_FORMAT",
            Self::Column => "E_INPUT_COLUMN",
            Self::Size => "E_INPUT_SIZE",
        }
    }
}

/// A file of events that can't be read, or not to its end.
#[derive(Debug)]
pub struct InputError {
    code: InputCode,
    reason: Box<str>,
    file: Box<str>,
    /// Bytes of the file that were taken before.
    byte: u64,
    /// What was whole before it: lines or rows.
    behind: Option<(&'static str, u64)>,
}

impl InputError {
    pub(super) fn new(code: InputCode, reason: impl Into<Box<str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
            file: "".into(),
            byte: 0,
            behind: None,
        }
    }

    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self::new(InputCode::Unreadable, error.to_string())
    }

    /// Of reading or expanding.
    pub(super) fn reading(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::new(
                InputCode::Truncated,
                "is cut off: what is compressed goes on",
            ),
            // The system has given a number; the expanders have none to give.
            _ if error.raw_os_error().is_some() => Self::unreadable(error),
            _ => Self::new(InputCode::Corrupt, format!("is damaged: {error}")),
        }
    }

    /// Behind so many lines or rows.
    pub(super) fn behind(self, what: &'static str, count: u64) -> Self {
        Self {
            behind: Some((what, count)),
            ..self
        }
    }

    pub(super) fn in_file(self, file: &str, byte: u64) -> Self {
        Self {
            file: file.into(),
            byte,
            ..self
        }
    }

    /// What is wrong, for machines.
    pub fn code(&self) -> InputCode {
        self.code
    }

    /// What is wrong, for people, without the place.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Bytes of the file that were taken before.
    pub fn byte(&self) -> u64 {
        self.byte
    }

    /// Lines or rows that were read whole before.
    pub fn whole(&self) -> u64 {
        self.behind.map_or(0, |(_, count)| count)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.reason)?;
        if let Some((what, count)) = self.behind {
            write!(f, ", behind {what} {count} at byte {}", self.byte)?;
        }
        write!(f, " [{}]", self.code.name())
    }
}

impl std::error::Error for InputError {}
