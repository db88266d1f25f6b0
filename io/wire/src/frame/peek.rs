//! Looking at received bytes where they lie.

use core::ops::Range;

use super::{FrameError, Header, MAGIC, Message};
use crate::limits::HEADER;

/// A whole frame whose header, checksum and padding were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    /// Its payload, without padding.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// What the frame says.
    pub fn message(&self) -> Result<Message<'a>, FrameError> {
        Message::decode(&self.header, self.payload)
    }
}

/// What stands at the front of received bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peek {
    /// Less than a header, and so far nothing is wrong with it.
    NeedHeader,
    /// A good header, and less than its frame.
    Need {
        /// The header.
        header: Header,
        /// Bytes of the whole frame, with the header's.
        total: usize,
    },
    /// A whole frame.
    Frame {
        /// The header.
        header: Header,
        /// Where the payload lies in the bytes.
        payload: Range<usize>,
        /// Bytes of the whole frame: where the next one begins.
        total: usize,
    },
}

/// Looks at the front of received bytes, without a copy and without any state.
///
/// While a frame is incomplete this costs one look at its header, so that it may be called again whenever bytes have
/// come. The payload begins 64 bytes behind the front: it is as aligned as the bytes are.
///
/// # Errors
///
/// What is wrong with the frame, as soon as it can be told: bytes that can't become a frame are refused at the first
/// that is wrong, not only when there are enough for a header.
pub fn peek(bytes: &[u8]) -> Result<Peek, FrameError> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        let magic = MAGIC.to_le_bytes();
        let known = bytes.len().min(magic.len());
        return if bytes[..known] == magic[..known] {
            Ok(Peek::NeedHeader)
        } else {
            Err(FrameError::Magic)
        };
    };
    let header = Header::decode(header)?;
    let total = header.total();
    let Some(rest) = bytes.get(HEADER..total) else {
        return Ok(Peek::Need { header, total });
    };
    header.check_rest(rest)?;
    Ok(Peek::Frame {
        header,
        payload: HEADER..HEADER + header.payload_len as usize,
        total,
    })
}
