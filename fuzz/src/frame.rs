//! A stream of frames.

use trapjaw_wire::frame::{Decoder, FLAG_PAYLOAD_CRC, FrameError, Header, Message, Peek, peek};
use trapjaw_wire::limits::HEADER;

use crate::Outcome;

/// A frame as it was read, and the error that ended the stream, if one did.
type Read = (Vec<(Header, Vec<u8>)>, Option<FrameError>);

/// Reads the bytes as a stream of frames, whole and cut, and reads what was read again from its own encoding.
///
/// The first byte says how: its lowest bit, whether checksums are put right (else hardly anything would get past them);
/// the others, how long the pieces are.
pub fn frame(data: &[u8]) -> Outcome {
    let Some((how, stream)) = data.split_first() else {
        return Outcome::Refused;
    };
    let mut stream = stream.to_vec();
    if how & 1 == 1 {
        mend(&mut stream);
    }
    let (frames, error) = decoded(&stream, stream.len().max(1));
    assert_eq!(
        decoded(&stream, 1 + usize::from(how >> 1)),
        (frames.clone(), error)
    );
    assert_eq!(peeked(&stream), (frames.clone(), error));
    for (header, payload) in &frames {
        if let Ok(message) = Message::decode(header, payload) {
            reads_back(&message);
        }
    }
    if frames.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Accepted
    }
}

/// Puts the checksums of each frame right.
fn mend(stream: &mut [u8]) {
    let mut at = 0;
    while let Some(frame) = stream.get_mut(at..).filter(|rest| rest.len() >= HEADER) {
        let number = |at: usize| {
            u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]])
        };
        let length = number(12) as usize;
        let payload = frame.get(HEADER..HEADER.saturating_add(length));
        if let Some(payload) = payload
            && frame[7] & FLAG_PAYLOAD_CRC != 0
        {
            let checksum = crc32c::crc32c(payload);
            frame[56..60].copy_from_slice(&checksum.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&frame[..60]);
        frame[60..64].copy_from_slice(&checksum.to_le_bytes());
        at = at.saturating_add(HEADER + length.next_multiple_of(HEADER));
    }
}

/// What a decoder makes of the stream in pieces of this length.
fn decoded(stream: &[u8], piece: usize) -> Read {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for mut input in stream.chunks(piece) {
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => frames.push((frame.header, frame.payload.to_vec())),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.is_empty(), "bytes that make no frame are kept");
    }
    (frames, None)
}

/// What looking at the stream in place makes of it.
fn peeked(stream: &[u8]) -> Read {
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        match peek(rest) {
            Ok(Peek::Frame {
                header,
                payload,
                total,
            }) => {
                frames.push((header, rest[payload].to_vec()));
                rest = &rest[total..];
            }
            Ok(Peek::NeedHeader) => break,
            Ok(Peek::Need { total, .. }) => {
                assert!(total > rest.len());
                break;
            }
            Err(error) => return (frames, Some(error)),
        }
    }
    (frames, None)
}

/// What a message says survives its encoding.
fn reads_back(message: &Message<'_>) {
    let mut bytes = Vec::new();
    message
        .encode(&mut bytes)
        .expect("what was read can be written");
    let mut decoder = Decoder::new();
    let mut input = &bytes[..];
    let frame = decoder.next(&mut input).expect("what was written is sound");
    let frame = frame.expect("what was written is whole");
    assert_eq!(frame.message().as_ref(), Ok(message));
    assert!(input.is_empty());
}
