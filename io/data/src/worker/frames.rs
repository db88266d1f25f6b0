//! From received bytes to whole frames.
//!
//! A frame that lies whole in a receive buffer is read there. One that is cut gets a frame buffer as soon as its
//! header tells its length: what is there is copied, and the driver fills in the rest. A header that is itself cut is
//! put together beforehand. So a connection holds, beside its receive buffer, at most a header and one frame.

use core::ops::Deref;

use crate::driver::{FrameBuffer, Lease};
use crate::limits::{FRAME_BUFFER, LENT_FRAMES, SPARE_FRAMES};
use trapjaw_wire::limits::HEADER;

/// Bytes that came in and are not used yet.
#[derive(Debug)]
pub(super) enum Received {
    /// As they came.
    Bytes(Lease),
    /// One whole frame, of this length.
    Frame(FrameBuffer, usize),
}

impl Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Bytes(lease) => lease,
            Self::Frame(buffer, len) => &buffer[..*len],
        }
    }
}

/// The front of a header that is cut.
#[derive(Debug)]
pub(super) struct Head {
    bytes: [u8; HEADER],
    len: usize,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            bytes: [0; HEADER],
            len: 0,
        }
    }
}

impl Head {
    /// Takes what it lacks, and says how much that was.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(HEADER - self.len);
        self.bytes[self.len..self.len + count].copy_from_slice(&bytes[..count]);
        self.len += count;
        count
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }
}

impl Deref for Head {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Shortest frame buffer.
const SHORTEST: usize = 4 * 1024;
/// Lengths of frame buffers: powers of two from the shortest on, and at last that of the largest frame.
const CLASSES: usize = 9;

const _: () =
    assert!(SHORTEST << (CLASSES - 1) <= FRAME_BUFFER && SHORTEST << CLASSES > FRAME_BUFFER);

/// The frame buffers of one shard: how many bytes of them connections hold, and those kept for the next frame.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    lent: usize,
    spares: [Vec<FrameBuffer>; CLASSES],
    spare: usize,
}

impl Buffers {
    /// A buffer of at least `len` bytes; `None`: as many bytes as may be are lent.
    pub(super) fn take(&mut self, len: usize) -> Option<FrameBuffer> {
        let class = class(len);
        let length = length(class);
        if self.lent + length > LENT_FRAMES {
            return None;
        }
        self.lent += length;
        match self.spares[class].pop() {
            Some(buffer) => {
                self.spare -= length;
                Some(buffer)
            }
            None => Some(FrameBuffer::new(length)),
        }
    }

    /// A buffer comes back.
    pub(super) fn give_back(&mut self, buffer: FrameBuffer) {
        let length = buffer.len();
        self.lost(length);
        if self.spare + length <= SPARE_FRAMES {
            self.spare += length;
            self.spares[class(length)].push(buffer);
        }
    }

    /// A buffer of this length was freed with its connection.
    pub(super) fn lost(&mut self, length: usize) {
        self.lent -= length;
    }

    /// Is the largest buffer to be had?
    pub(super) fn can_lend(&self) -> bool {
        self.lent + FRAME_BUFFER <= LENT_FRAMES
    }

    /// Bytes that connections hold.
    pub(super) fn lent(&self) -> usize {
        self.lent
    }
}

fn class(len: usize) -> usize {
    let doublings = len.div_ceil(SHORTEST).next_power_of_two().trailing_zeros();
    (doublings as usize).min(CLASSES - 1)
}

fn length(class: usize) -> usize {
    if class == CLASSES - 1 {
        FRAME_BUFFER
    } else {
        SHORTEST << class
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_long_enough_and_comes_back() {
        let mut buffers = Buffers::default();
        for len in [
            1,
            SHORTEST,
            SHORTEST + 1,
            100_000,
            512 * 1024,
            512 * 1024 + 1,
            FRAME_BUFFER,
        ] {
            let buffer = buffers.take(len).expect("little is lent");
            assert!(
                (len..=(2 * len).max(SHORTEST) + HEADER).contains(&buffer.len()),
                "{len}"
            );
            let (length, start) = (buffer.len(), buffer.as_ptr());
            assert_eq!(buffers.lent(), length);
            buffers.give_back(buffer);
            let again = buffers.take(len).expect("it came back");
            assert_eq!((again.as_ptr(), buffers.lent()), (start, length));
            buffers.lost(length);
        }
    }

    #[test]
    fn no_more_is_lent_than_the_limit() {
        let mut buffers = Buffers::default();
        let mut lent = Vec::new();
        while let Some(buffer) = buffers.take(FRAME_BUFFER) {
            lent.push(buffer);
        }
        assert_eq!(lent.len(), LENT_FRAMES / FRAME_BUFFER);
        buffers.give_back(lent.pop().expect("some were lent"));
        assert!(buffers.take(FRAME_BUFFER).is_some());
        drop(lent);
    }

    #[test]
    fn a_header_is_put_together_from_pieces() {
        let mut head = Head::default();
        assert_eq!(
            (
                head.extend(&[1; 60]),
                head.extend(&[2; 60]),
                head.extend(&[3])
            ),
            (60, 4, 0)
        );
        assert_eq!((head.len(), head[59], head[60]), (HEADER, 1, 2));
        head.clear();
        assert!(head.is_empty());
    }
}
