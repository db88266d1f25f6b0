//! Why a row is refused.

use core::fmt;

use crate::limits::{MAX_BATCH, MAX_TEXT};
use crate::{FieldType, TypeId};

/// Why a row was not added to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The registry has no such type.
    UnknownType(TypeId),
    /// There is not a value for each field.
    FieldCount {
        /// How many fields the type has.
        expected: usize,
        /// How many values there are.
        given: usize,
    },
    /// This field is required, and its value is null.
    MissingRequired(Box<str>),
    /// A value is not of its field's type, or names no variant of its enum.
    OtherType {
        /// The field's name.
        field: Box<str>,
        /// The field's type.
        ty: FieldType,
    },
    /// A text is longer than [`MAX_TEXT`]: this many bytes.
    TextLength(usize),
    /// The row does not fit into any batch.
    TooLarge,
    /// The row does not fit into this batch: finish it, and push again.
    Full,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(id) => write!(f, "no event type has the number {id}"),
            Self::FieldCount { expected, given } => {
                write!(f, "{given} values for {expected} fields")
            }
            Self::MissingRequired(field) => write!(f, "field `{field}` is required"),
            Self::OtherType { field, ty } => write!(f, "field `{field}` is {ty}"),
            Self::TextLength(bytes) => write!(
                f,
                "a text has {bytes} bytes, at most {MAX_TEXT} are allowed"
            ),
            Self::TooLarge => write!(
                f,
                "the event does not fit into a batch of {MAX_BATCH} bytes"
            ),
            Self::Full => f.write_str("the batch is full"),
        }
    }
}

impl core::error::Error for BuildError {}
