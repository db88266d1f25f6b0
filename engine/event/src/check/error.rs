//! Why bytes are not a batch.

use core::fmt;

use crate::limits::{MAX_BATCH, MAX_DICT, MAX_ROWS, MAX_SECTIONS, MAX_TEXT};

/// Why [`check`](crate::check()) refused bytes, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchError {
    kind: BatchErrorKind,
    section: Option<usize>,
    column: Option<Place>,
}

/// The column of a section in which an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Envelope(&'static str),
    Declared(usize),
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $code:literal),* $(,)?) => {
        /// What is wrong with a batch. Each kind has a code that stays its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum BatchErrorKind {
            $($(#[$doc])* $kind),*
        }

        impl BatchErrorKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code),*
                }
            }
        }
    };
}

kinds! {
    /// The bytes are not aligned to 16.
    Align "E_BATCH_ALIGN",
    /// There are more than [`MAX_BATCH`] bytes.
    Size "E_BATCH_SIZE",
    /// The bytes are not an archive of a batch; or they hold a text that is not UTF-8.
    Archive "E_BATCH_ARCHIVE",
    /// The archive's parts do not follow one another from the first byte to the last.
    Extent "E_BATCH_EXTENT",
    /// There are more than [`MAX_SECTIONS`] sections.
    Sections "E_BATCH_SECTIONS",
    /// A section has no rows, or all have more than [`MAX_ROWS`].
    Rows "E_BATCH_ROWS",
    /// The order column does not count as many rows for each section as the section has.
    Order "E_BATCH_ORDER",
    /// The section's schema number was not declared.
    Schema "E_BATCH_SCHEMA",
    /// There are not as many columns as were declared.
    Columns "E_BATCH_COLUMNS",
    /// A column is not of the declared type.
    Kind "E_BATCH_KIND",
    /// A column does not have a value for each row.
    Length "E_BATCH_LENGTH",
    /// A bitmap does not have a bit for each row, or has bits set behind the last.
    Bitmap "E_BATCH_BITMAP",
    /// A column that was declared without nulls has one.
    Null "E_BATCH_NULL",
    /// A float is NaN or -0.0.
    Float "E_BATCH_FLOAT",
    /// A code names no variant of the declared enum.
    Enum "E_BATCH_ENUM",
    /// A code names no severity.
    Severity "E_BATCH_SEVERITY",
    /// Text offsets do not begin with 0, decrease, or do not end at the last byte.
    Offsets "E_BATCH_OFFSETS",
    /// A text offset is inside a character.
    Boundary "E_BATCH_BOUNDARY",
    /// A text has more than [`MAX_TEXT`] bytes.
    Text "E_BATCH_TEXT",
    /// A code names no text of the dictionary, or the dictionary has more than [`MAX_DICT`].
    Dictionary "E_BATCH_DICTIONARY",
}

impl BatchError {
    pub(super) const fn new(kind: BatchErrorKind) -> Self {
        Self {
            kind,
            section: None,
            column: None,
        }
    }

    pub(super) const fn in_section(self, section: usize) -> Self {
        Self {
            section: Some(section),
            ..self
        }
    }

    pub(super) const fn in_column(self, column: Place) -> Self {
        Self {
            column: Some(column),
            ..self
        }
    }

    /// What is wrong.
    pub const fn kind(self) -> BatchErrorKind {
        self.kind
    }

    /// The stable code of what is wrong, for answers to peers.
    pub const fn code(self) -> &'static str {
        self.kind.code()
    }
}

impl From<BatchErrorKind> for BatchError {
    fn from(kind: BatchErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for BatchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Align => f.write_str("bytes are not aligned to 16"),
            Self::Size => write!(f, "more than {MAX_BATCH} bytes"),
            Self::Archive => f.write_str("not an archive of a batch"),
            Self::Extent => f.write_str("the archive's parts do not fill its length in order"),
            Self::Sections => write!(f, "more than {MAX_SECTIONS} sections"),
            Self::Rows => write!(f, "a section without rows, or more than {MAX_ROWS} rows"),
            Self::Order => f.write_str("the order column does not agree with the sections' rows"),
            Self::Schema => f.write_str("the schema number was not declared"),
            Self::Columns => f.write_str("not as many columns as declared"),
            Self::Kind => f.write_str("not of the declared type"),
            Self::Length => f.write_str("not a value for each row"),
            Self::Bitmap => f.write_str("not a bit for each row and zeros behind"),
            Self::Null => f.write_str("a null where none was declared"),
            Self::Float => f.write_str("a float is NaN or -0.0"),
            Self::Enum => f.write_str("a code names no variant"),
            Self::Severity => f.write_str("a code names no severity"),
            Self::Offsets => f.write_str("text offsets do not rise from 0 to the last byte"),
            Self::Boundary => f.write_str("a text offset is inside a character"),
            Self::Text => write!(f, "a text of more than {MAX_TEXT} bytes"),
            Self::Dictionary => write!(
                f,
                "a code names no text, or more than {MAX_DICT} texts in a dictionary"
            ),
        }
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(section) = self.section {
            write!(f, "section {section}")?;
            match self.column {
                Some(Place::Envelope(name)) => write!(f, ", `{name}`")?,
                Some(Place::Declared(column)) => write!(f, ", column {column}")?,
                None => {}
            }
            f.write_str(": ")?;
        }
        self.kind.fmt(f)
    }
}

impl core::error::Error for BatchError {}
