//! What can be wrong with a frame.

use core::fmt;

use trapjaw_event::limits::MAX_ROWS;

use super::{Kind, VERSION};
use crate::Code;
use crate::limits::MAX_PAYLOAD;

/// Why bytes are not a frame, or why values can't be put into one. Fatal to the connection that the bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The first bytes are not the magic number.
    Magic,
    /// The header's checksum does not agree.
    HeaderCrc,
    /// The frame is of this version.
    Version(u8),
    /// No kind has this number.
    Kind(u8),
    /// These flags hold one that does not exist.
    Flags(u8),
    /// This kind of frame does not come in this codec.
    Codec {
        /// The frame's kind.
        kind: Kind,
        /// The codec that its header names.
        codec: u8,
    },
    /// A reserved byte of the header is not zero.
    Reserved,
    /// The payload has this many bytes, which are too many.
    Length(u64),
    /// The payload's checksum does not agree.
    PayloadCrc,
    /// The padding is not zeros.
    Padding,
    /// EVENTS announces this many rows.
    Rows(u32),
    /// EVENTS is numbered from this one.
    Sequence(u64),
    /// The payload of this kind of frame is malformed.
    Payload {
        /// The frame's kind.
        kind: Kind,
        /// The field of the payload, as the protocol names it.
        field: &'static str,
        /// What is wrong with it.
        what: Malformed,
    },
}

/// What is wrong with a field of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The payload ends within it.
    Short,
    /// It is longer, or has more items, than it may.
    TooLong,
    /// It is empty or 0 and may not be.
    Empty,
    /// It is not UTF-8.
    Utf8,
    /// It is none of its known values.
    Unknown,
    /// It has to be zero and is not.
    NotZero,
    /// There are bytes behind it, and it is the last.
    Trailing,
}

impl FrameError {
    /// The stable code of this kind of error.
    pub const fn code(&self) -> Code {
        match self {
            Self::Magic => Code::FrameMagic,
            Self::HeaderCrc => Code::FrameHeaderCrc,
            Self::Version(_) => Code::FrameVersion,
            Self::Kind(_) => Code::FrameKind,
            Self::Flags(_) => Code::FrameFlags,
            Self::Codec { .. } => Code::FrameCodec,
            Self::Reserved => Code::FrameReserved,
            Self::Length(_) => Code::FrameLength,
            Self::PayloadCrc => Code::FramePayloadCrc,
            Self::Padding => Code::FramePadding,
            Self::Rows(_) => Code::FrameRows,
            Self::Sequence(_) => Code::FrameSequence,
            Self::Payload { .. } => Code::FramePayload,
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("no frame begins here"),
            Self::HeaderCrc => f.write_str("the header's checksum does not agree"),
            Self::Version(version) => write!(f, "version {version}, but {VERSION} is spoken here"),
            Self::Kind(kind) => write!(f, "no kind of frame has the number {kind}"),
            Self::Flags(flags) => write!(f, "flags {flags:#04x} hold an unknown one"),
            Self::Codec { kind, codec } => write!(f, "{kind} does not come in codec {codec}"),
            Self::Reserved => f.write_str("a reserved byte of the header is not zero"),
            Self::Length(bytes) => write!(
                f,
                "a payload of {bytes} bytes, at most {MAX_PAYLOAD} are allowed"
            ),
            Self::PayloadCrc => f.write_str("the payload's checksum does not agree"),
            Self::Padding => f.write_str("the padding is not zeros"),
            Self::Rows(rows) => write!(f, "a batch of {rows} rows, 1 to {MAX_ROWS} are allowed"),
            Self::Sequence(first) => write!(f, "events can't be numbered from {first}"),
            Self::Payload { kind, field, what } => write!(f, "{kind}: {field} {what}"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "is cut off",
            Self::TooLong => "is longer than allowed",
            Self::Empty => "is empty or zero",
            Self::Utf8 => "is not UTF-8",
            Self::Unknown => "has an unknown value",
            Self::NotZero => "is not zero",
            Self::Trailing => "is followed by bytes that mean nothing",
        })
    }
}

impl core::error::Error for FrameError {}
