//! Writing and reading the fields of a payload.

use crc32c::crc32c;

use super::{FrameError, Header, Kind, Malformed};
use crate::limits::{HEADER, MAX_PAYLOAD};

/// Appends a frame to `out`: a place for the header, what `write` gives, the padding, and then the header in its place.
/// The payload gets its checksum. After an error `out` is as it was.
pub(super) fn append_frame(
    out: &mut Vec<u8>,
    header: Header,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), FrameError>,
) -> Result<(), FrameError> {
    let start = out.len();
    out.resize(start + HEADER, 0);
    let payload_at = out.len();
    let mut writer = Writer {
        out,
        payload_at,
        kind: header.kind,
    };
    let written = write(&mut writer).and_then(|()| writer.checked());
    if let Err(error) = written {
        out.truncate(start);
        return Err(error);
    }
    let payload = &out[payload_at..];
    let header = Header {
        payload_len: payload.len() as u32,
        payload_crc: Some(crc32c(payload)),
        ..header
    };
    out[start..payload_at].copy_from_slice(&header.encode());
    out.resize(start + header.total(), 0);
    Ok(())
}

/// Writes a payload's fields to the end of a frame.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    payload_at: usize,
    kind: Kind,
}

impl Writer<'_> {
    pub(super) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u128(&mut self, value: u128) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn zeros(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, 0);
    }

    pub(super) fn text(
        &mut self,
        field: &'static str,
        text: &str,
        most: usize,
    ) -> Result<(), FrameError> {
        self.count(field, text.len(), most)?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// A text that may not be empty.
    pub(super) fn name(
        &mut self,
        field: &'static str,
        name: &str,
        most: usize,
    ) -> Result<(), FrameError> {
        if name.is_empty() {
            return Err(self.error(field, Malformed::Empty));
        }
        self.text(field, name, most)
    }

    /// The count in front of a list or text.
    pub(super) fn count(
        &mut self,
        field: &'static str,
        count: usize,
        most: usize,
    ) -> Result<(), FrameError> {
        if count > most {
            return Err(self.error(field, Malformed::TooLong));
        }
        self.u32(count as u32);
        self.checked()
    }

    pub(super) fn error(&self, field: &'static str, what: Malformed) -> FrameError {
        FrameError::Payload {
            kind: self.kind,
            field,
            what,
        }
    }

    /// Bytes of payload so far.
    pub(super) fn written(&self) -> usize {
        self.out.len() - self.payload_at
    }

    /// Takes back what was written after there were `written` bytes.
    pub(super) fn rewind(&mut self, written: usize) {
        self.out.truncate(self.payload_at + written);
    }

    /// Overwrites the `u32` at this place of the payload.
    pub(super) fn patch_u32(&mut self, at: usize, value: u32) {
        let at = self.payload_at + at;
        self.out[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Overwrites the byte at this place of the payload.
    pub(super) fn patch_u8(&mut self, at: usize, value: u8) {
        self.out[self.payload_at + at] = value;
    }

    /// An error as soon as the payload is too long, so that no message writes much beyond the limit.
    pub(super) fn checked(&self) -> Result<(), FrameError> {
        let written = self.written();
        if written > MAX_PAYLOAD {
            return Err(FrameError::Length(written as u64));
        }
        Ok(())
    }
}

/// Reads a payload's fields from its front.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    kind: Kind,
}

impl<'a> Reader<'a> {
    pub(super) fn new(kind: Kind, payload: &'a [u8]) -> Self {
        Self {
            rest: payload,
            kind,
        }
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, FrameError> {
        self.array(field).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, FrameError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, FrameError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, FrameError> {
        self.array(field).map(u64::from_le_bytes)
    }

    pub(super) fn u128(&mut self, field: &'static str) -> Result<u128, FrameError> {
        self.array(field).map(u128::from_le_bytes)
    }

    pub(super) fn flag(&mut self, field: &'static str) -> Result<bool, FrameError> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.error(field, Malformed::Unknown)),
        }
    }

    pub(super) fn zeros(&mut self, count: usize) -> Result<(), FrameError> {
        let bytes = self.bytes("reserved", count)?;
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(self.error("reserved", Malformed::NotZero));
        }
        Ok(())
    }

    pub(super) fn text(&mut self, field: &'static str, most: usize) -> Result<&'a str, FrameError> {
        let len = self.count(field, most)?;
        let bytes = self.bytes(field, len)?;
        str::from_utf8(bytes).map_err(|_| self.error(field, Malformed::Utf8))
    }

    /// A text that may not be empty.
    pub(super) fn name(&mut self, field: &'static str, most: usize) -> Result<&'a str, FrameError> {
        let name = self.text(field, most)?;
        if name.is_empty() {
            return Err(self.error(field, Malformed::Empty));
        }
        Ok(name)
    }

    /// The count in front of a list or text. Each item has at least one byte, so that a count is refused that the rest
    /// of the payload can't bear out; memory can be set aside for it.
    pub(super) fn count(&mut self, field: &'static str, most: usize) -> Result<usize, FrameError> {
        let count = self.u32(field)? as usize;
        if count > most {
            return Err(self.error(field, Malformed::TooLong));
        }
        if count > self.rest.len() {
            return Err(self.error(field, Malformed::Short));
        }
        Ok(count)
    }

    /// Nothing may be left.
    pub(super) fn end(&self, last: &'static str) -> Result<(), FrameError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(last, Malformed::Trailing))
        }
    }

    pub(super) fn error(&self, field: &'static str, what: Malformed) -> FrameError {
        FrameError::Payload {
            kind: self.kind,
            field,
            what,
        }
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], FrameError> {
        let (array, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.error(field, Malformed::Short))?;
        self.rest = rest;
        Ok(*array)
    }

    fn bytes(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], FrameError> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.error(field, Malformed::Short))?;
        self.rest = rest;
        Ok(bytes)
    }
}

/// The longest first part of a text that has at most `most` bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
