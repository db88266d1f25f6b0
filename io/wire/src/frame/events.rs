//! EVENTS: a batch in its frame.

use crc32c::crc32c;

use super::{FrameError, Header, Kind};
use crate::limits::{HEADER, MAX_PAYLOAD};

/// A batch of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events<'a> {
    /// The number of the first row in its stream, from 1; the others follow.
    pub first_seq: u64,
    /// The fingerprint of the codec's types, as `trapjaw_event` gives it.
    pub layout: u64,
    /// How many rows the batch holds, over all its sections.
    pub rows: u32,
    /// The batch's bytes. What they hold is not looked at here.
    pub batch: &'a [u8],
}

impl Events<'_> {
    /// Appends the frame to `out`, with a checksum of the batch if asked for. Where nothing but the kernel's loopback
    /// lies between the peers, the pass over the bytes can be spared.
    pub fn encode(&self, out: &mut Vec<u8>, checksum: bool) -> Result<(), FrameError> {
        let header = self.header(checksum)?;
        out.reserve(header.total());
        let start = out.len();
        out.extend_from_slice(&header.encode());
        out.extend_from_slice(self.batch);
        out.resize(start + header.total(), 0);
        Ok(())
    }

    /// The frame's header, for a sender that hands header, batch and padding to the kernel where they lie. The padding is
    /// `header.total() - 64 - batch.len()` zeros, less than 64.
    pub fn header(&self, checksum: bool) -> Result<Header, FrameError> {
        if self.batch.len() > MAX_PAYLOAD {
            return Err(FrameError::Length(self.batch.len() as u64));
        }
        let header = Header {
            first_seq: self.first_seq,
            layout: self.layout,
            rows: self.rows,
            payload_crc: checksum.then(|| crc32c(self.batch)),
            ..Header::new(Kind::Events, self.batch.len() as u32)
        };
        header.checked()?;
        debug_assert!(header.total() - HEADER - self.batch.len() < HEADER);
        Ok(header)
    }
}
