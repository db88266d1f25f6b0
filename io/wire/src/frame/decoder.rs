//! Putting frames together from pieces.

use super::{Frame, FrameError, Header, Peek, peek};
use crate::limits::HEADER;

/// Takes bytes as they come and gives whole frames.
///
/// A frame that lies whole in the caller's bytes is given from there, without a copy. Only a frame that is cut is
/// copied into the decoder's own buffer, which so never holds more than one frame.
///
/// ```
/// # use trapjaw_wire::frame::{Decoder, Message, Ping, FrameError};
/// # fn receive() -> Vec<u8> { let mut b = Vec::new(); Ping { token: 1 }.encode(&mut b).unwrap(); b }
/// let mut decoder = Decoder::new();
/// let received = receive();
/// let mut input = &received[..];
/// while let Some(frame) = decoder.next(&mut input)? {
///     assert_eq!(frame.message()?, Message::Ping(Ping { token: 1 }));
/// }
/// assert!(input.is_empty());
/// # Ok::<(), FrameError>(())
/// ```
///
/// After an error the decoder gives that error for ever: there is no telling where the next frame would begin.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The front of a frame that is not whole yet, or the frame that was given last.
    partial: Vec<u8>,
    /// Was the frame in `partial` given?
    given: bool,
    failed: Option<FrameError>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next frame. Takes bytes from the front of `input`, all of them if they are less than a frame; then the result
    /// is `None`.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes; fatal to the connection.
    pub fn next<'d, 'i: 'd>(
        &'d mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Frame<'d>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.advance(input)
            .inspect_err(|&error| self.failed = Some(error))
            .map(|found| match found {
                Found::Nothing => None,
                Found::InInput(frame) => Some(frame),
                Found::InPartial(header) => Some(Frame {
                    header,
                    payload: &self.partial[HEADER..HEADER + header.payload_len as usize],
                }),
            })
    }

    /// Bytes of a frame that has begun and is not whole: 0 between frames. A stream that ends elsewhere was cut.
    pub fn pending(&self) -> usize {
        if self.given { 0 } else { self.partial.len() }
    }

    fn advance<'a>(&mut self, input: &mut &'a [u8]) -> Result<Found<'a>, FrameError> {
        if self.given {
            self.partial.clear();
            self.given = false;
        }
        if self.partial.is_empty()
            && let Peek::Frame {
                header,
                payload,
                total,
            } = peek(input)?
        {
            let (frame, rest) = input.split_at(total);
            *input = rest;
            return Ok(Found::InInput(Frame {
                header,
                payload: &frame[payload],
            }));
        }
        loop {
            let missing = match peek(&self.partial)? {
                Peek::NeedHeader => HEADER - self.partial.len(),
                Peek::Need { total, .. } => total - self.partial.len(),
                Peek::Frame { header, .. } => {
                    self.given = true;
                    return Ok(Found::InPartial(header));
                }
            };
            if input.is_empty() {
                return Ok(Found::Nothing);
            }
            let (taken, rest) = input.split_at(missing.min(input.len()));
            self.partial.extend_from_slice(taken);
            *input = rest;
        }
    }
}

/// Where the next frame lies.
enum Found<'a> {
    Nothing,
    InInput(Frame<'a>),
    InPartial(Header),
}
