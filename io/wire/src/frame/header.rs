//! The 64 bytes in front of every payload.

use core::mem::{offset_of, size_of};

use crc32c::crc32c;
use trapjaw_event::limits::MAX_ROWS;

use super::FrameError;
use crate::limits::{HEADER, MAX_PAYLOAD};

/// The first four bytes of a frame, read as a number: `TRPJ`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"TRPJ");

/// The version of the protocol that this crate speaks.
pub const VERSION: u8 = 1;

/// The codec of payloads that are fields one after another.
pub const CODEC_CONTROL: u8 = 0;

/// The codec of payloads that are an rkyv archive of `trapjaw_event::batch::Batch`.
pub const CODEC_RKYV: u8 = 1;

/// The flag that says that `payload_crc` is there.
pub const FLAG_PAYLOAD_CRC: u8 = 1;

/// What a frame is for. The number is what stands in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A client introduces itself.
    Hello = 1,
    /// A server takes a client in.
    Welcome = 2,
    /// Event types are declared, asked for, or told.
    Schema = 3,
    /// A batch of events.
    Events = 4,
    /// Events have reached a level of safety, and more may be sent.
    Ack = 5,
    /// Something is refused.
    Nack = 6,
    /// A client wants to hear of matches.
    Subscribe = 7,
    /// A match.
    Match = 8,
    /// Are you there?
    Ping = 9,
    /// I am.
    Pong = 10,
    /// The sender closes in good order.
    Bye = 11,
}

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Self; 11] = [
        Self::Hello,
        Self::Welcome,
        Self::Schema,
        Self::Events,
        Self::Ack,
        Self::Nack,
        Self::Subscribe,
        Self::Match,
        Self::Ping,
        Self::Pong,
        Self::Bye,
    ];

    /// The number in the header.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        if number >= 1 && number as usize <= Self::ALL.len() {
            Some(Self::ALL[number as usize - 1])
        } else {
            None
        }
    }

    /// The name, in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Welcome => "WELCOME",
            Self::Schema => "SCHEMA",
            Self::Events => "EVENTS",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Subscribe => "SUBSCRIBE",
            Self::Match => "MATCH",
            Self::Ping => "PING",
            Self::Pong => "PONG",
            Self::Bye => "BYE",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The header as it lies in memory. Only its offsets are used: reading and writing go through byte arrays, which need
/// neither alignment nor `unsafe`.
#[repr(C)]
struct Fields {
    magic: [u8; 4],
    version: u8,
    kind: u8,
    codec: u8,
    flags: u8,
    channel: [u8; 4],
    payload_len: [u8; 4],
    first_seq: [u8; 8],
    layout: [u8; 8],
    rows: [u8; 4],
    zeros: [u8; 20],
    payload_crc: [u8; 4],
    header_crc: [u8; 4],
}

const _: () = {
    assert!(size_of::<Fields>() == HEADER);
    assert!(offset_of!(Fields, magic) == 0);
    assert!(offset_of!(Fields, version) == 4);
    assert!(offset_of!(Fields, kind) == 5);
    assert!(offset_of!(Fields, codec) == 6);
    assert!(offset_of!(Fields, flags) == 7);
    assert!(offset_of!(Fields, channel) == 8);
    assert!(offset_of!(Fields, payload_len) == 12);
    assert!(offset_of!(Fields, first_seq) == 16);
    assert!(offset_of!(Fields, layout) == 24);
    assert!(offset_of!(Fields, rows) == 32);
    assert!(offset_of!(Fields, zeros) == 36);
    assert!(offset_of!(Fields, payload_crc) == 56);
    assert!(offset_of!(Fields, header_crc) == 60);
};

/// A frame's header, without what is the same in all frames (magic, version) or follows from the rest (its checksum).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Kind,
    /// SUBSCRIBE and MATCH: the subscription's number.
    pub channel: u32,
    /// Bytes of payload, padding left out.
    pub payload_len: u32,
    /// EVENTS: number of the first row in its stream. MATCH: number of the match in its subscription.
    pub first_seq: u64,
    /// EVENTS: fingerprint of the codec's types.
    pub layout: u64,
    /// EVENTS: rows in the batch.
    pub rows: u32,
    /// CRC32C of the payload, where the sender gives it.
    pub payload_crc: Option<u32>,
}

impl Header {
    /// A header for a payload of this kind and length; the rest is 0.
    pub const fn new(kind: Kind, payload_len: u32) -> Self {
        Self {
            kind,
            channel: 0,
            payload_len,
            first_seq: 0,
            layout: 0,
            rows: 0,
            payload_crc: None,
        }
    }

    /// The codec of the payload.
    pub const fn codec(&self) -> u8 {
        codec_of(self.kind)
    }

    /// Bytes of the whole frame: header, payload, padding.
    pub const fn total(&self) -> usize {
        HEADER + (self.payload_len as usize).next_multiple_of(HEADER)
    }

    /// The header's bytes.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        put(&mut bytes, offset_of!(Fields, magic), MAGIC.to_le_bytes());
        put(&mut bytes, offset_of!(Fields, version), [VERSION]);
        put(&mut bytes, offset_of!(Fields, kind), [self.kind.number()]);
        put(&mut bytes, offset_of!(Fields, codec), [self.codec()]);
        let flags = if self.payload_crc.is_some() {
            FLAG_PAYLOAD_CRC
        } else {
            0
        };
        put(&mut bytes, offset_of!(Fields, flags), [flags]);
        put(
            &mut bytes,
            offset_of!(Fields, channel),
            self.channel.to_le_bytes(),
        );
        put(
            &mut bytes,
            offset_of!(Fields, payload_len),
            self.payload_len.to_le_bytes(),
        );
        put(
            &mut bytes,
            offset_of!(Fields, first_seq),
            self.first_seq.to_le_bytes(),
        );
        put(
            &mut bytes,
            offset_of!(Fields, layout),
            self.layout.to_le_bytes(),
        );
        put(
            &mut bytes,
            offset_of!(Fields, rows),
            self.rows.to_le_bytes(),
        );
        let payload_crc = self.payload_crc.unwrap_or(0);
        put(
            &mut bytes,
            offset_of!(Fields, payload_crc),
            payload_crc.to_le_bytes(),
        );
        let header_crc = crc32c(&bytes[..offset_of!(Fields, header_crc)]);
        put(
            &mut bytes,
            offset_of!(Fields, header_crc),
            header_crc.to_le_bytes(),
        );
        bytes
    }

    /// Reads a header, and checks all of it that can be checked without the payload.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in the order: magic, checksum, version, kind, flags, codec, reserved bytes,
    /// length, and for EVENTS rows and sequence.
    pub fn decode(bytes: &[u8; HEADER]) -> Result<Self, FrameError> {
        let magic = u32_at(bytes, offset_of!(Fields, magic));
        if magic != MAGIC {
            return Err(FrameError::Magic);
        }
        let header_crc = u32_at(bytes, offset_of!(Fields, header_crc));
        if header_crc != crc32c(&bytes[..offset_of!(Fields, header_crc)]) {
            return Err(FrameError::HeaderCrc);
        }
        let version = bytes[offset_of!(Fields, version)];
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let kind = bytes[offset_of!(Fields, kind)];
        let kind = Kind::from_number(kind).ok_or(FrameError::Kind(kind))?;
        let flags = bytes[offset_of!(Fields, flags)];
        if flags & !FLAG_PAYLOAD_CRC != 0 {
            return Err(FrameError::Flags(flags));
        }
        let codec = bytes[offset_of!(Fields, codec)];
        if codec != codec_of(kind) {
            return Err(FrameError::Codec { kind, codec });
        }
        let zeros = offset_of!(Fields, zeros)..offset_of!(Fields, payload_crc);
        let payload_crc = u32_at(bytes, offset_of!(Fields, payload_crc));
        let has_crc = flags & FLAG_PAYLOAD_CRC != 0;
        if bytes[zeros].iter().any(|&byte| byte != 0) || (!has_crc && payload_crc != 0) {
            return Err(FrameError::Reserved);
        }
        let header = Self {
            kind,
            channel: u32_at(bytes, offset_of!(Fields, channel)),
            payload_len: u32_at(bytes, offset_of!(Fields, payload_len)),
            first_seq: u64_at(bytes, offset_of!(Fields, first_seq)),
            layout: u64_at(bytes, offset_of!(Fields, layout)),
            rows: u32_at(bytes, offset_of!(Fields, rows)),
            payload_crc: has_crc.then_some(payload_crc),
        };
        header.checked()?;
        Ok(header)
    }

    pub(super) fn checked(&self) -> Result<(), FrameError> {
        if self.payload_len as usize > MAX_PAYLOAD {
            return Err(FrameError::Length(u64::from(self.payload_len)));
        }
        if self.kind == Kind::Events {
            if self.rows == 0 || self.rows as usize > MAX_ROWS {
                return Err(FrameError::Rows(self.rows));
            }
            if self.first_seq == 0 || self.first_seq.checked_add(u64::from(self.rows)).is_none() {
                return Err(FrameError::Sequence(self.first_seq));
            }
        }
        Ok(())
    }

    /// Checks the bytes behind the header: the payload's checksum, where it is given, and that the padding is zeros.
    ///
    /// # Panics
    ///
    /// If `rest` is not the [`total`](Self::total) bytes of the frame without its header.
    pub fn check_rest(&self, rest: &[u8]) -> Result<(), FrameError> {
        assert_eq!(
            HEADER + rest.len(),
            self.total(),
            "not the rest of this frame"
        );
        let (payload, padding) = rest.split_at(self.payload_len as usize);
        if self.payload_crc.is_some_and(|crc| crc != crc32c(payload)) {
            return Err(FrameError::PayloadCrc);
        }
        if padding.iter().any(|&byte| byte != 0) {
            return Err(FrameError::Padding);
        }
        Ok(())
    }
}

const fn codec_of(kind: Kind) -> u8 {
    match kind {
        Kind::Events => CODEC_RKYV,
        _ => CODEC_CONTROL,
    }
}

fn put<const N: usize>(bytes: &mut [u8; HEADER], offset: usize, field: [u8; N]) {
    bytes[offset..offset + N].copy_from_slice(&field);
}

fn u32_at(bytes: &[u8; HEADER], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

fn u64_at(bytes: &[u8; HEADER], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}

fn array_at<const N: usize>(bytes: &[u8; HEADER], offset: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[offset..offset + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Header {
        Header {
            channel: 2,
            first_seq: 9,
            layout: 0x1122_3344_5566_7788,
            rows: 3,
            payload_crc: Some(0xdead_beef),
            ..Header::new(Kind::Events, 65)
        }
    }

    /// Changes bytes and makes the checksum agree again, as one who means harm would.
    fn altered(at: usize, field: &[u8]) -> Result<Header, FrameError> {
        let mut bytes = events().encode();
        bytes[at..at + field.len()].copy_from_slice(field);
        let crc = crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        Header::decode(&bytes)
    }

    #[test]
    fn a_header_comes_back() {
        for kind in Kind::ALL {
            let header = Header { kind, ..events() };
            assert_eq!(Header::decode(&header.encode()), Ok(header));
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
        }
        let header = Header {
            payload_crc: None,
            ..events()
        };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn frames_fill_whole_lines() {
        for (payload, total) in [(0, 64), (1, 128), (64, 128), (65, 192)] {
            assert_eq!(Header::new(Kind::Ping, payload).total(), total);
        }
        assert!(
            Header::new(Kind::Events, MAX_PAYLOAD as u32).total()
                <= trapjaw_event::limits::MAX_FRAME
        );
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let good = events().encode();
        for bit in 0..HEADER * 8 {
            let mut bytes = good;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 32 {
                FrameError::Magic
            } else {
                FrameError::HeaderCrc
            };
            assert_eq!(Header::decode(&bytes), Err(expected), "bit {bit}");
        }
    }

    #[test]
    fn what_is_wrong_behind_a_good_checksum_is_named() {
        assert_eq!(altered(4, &[2]), Err(FrameError::Version(2)));
        assert_eq!(altered(5, &[0]), Err(FrameError::Kind(0)));
        assert_eq!(altered(5, &[12]), Err(FrameError::Kind(12)));
        assert_eq!(
            altered(6, &[0]),
            Err(FrameError::Codec {
                kind: Kind::Events,
                codec: 0
            })
        );
        assert_eq!(
            altered(5, &[9]),
            Err(FrameError::Codec {
                kind: Kind::Ping,
                codec: 1
            })
        );
        assert_eq!(altered(7, &[3]), Err(FrameError::Flags(3)));
        assert_eq!(
            altered(7, &[0]),
            Err(FrameError::Reserved),
            "a checksum without its flag"
        );
        for at in 36..56 {
            assert_eq!(altered(at, &[1]), Err(FrameError::Reserved));
        }
        let long = MAX_PAYLOAD as u32 + 1;
        assert_eq!(
            altered(12, &long.to_le_bytes()),
            Err(FrameError::Length(u64::from(long)))
        );
        assert_eq!(
            altered(12, &u32::MAX.to_le_bytes()),
            Err(FrameError::Length(u64::from(u32::MAX)))
        );
        assert_eq!(altered(32, &[0; 4]), Err(FrameError::Rows(0)));
        assert_eq!(
            altered(32, &16_385u32.to_le_bytes()),
            Err(FrameError::Rows(16_385))
        );
        assert_eq!(altered(16, &[0; 8]), Err(FrameError::Sequence(0)));
        assert_eq!(altered(16, &[0xff; 8]), Err(FrameError::Sequence(u64::MAX)));
        assert!(altered(12, &(MAX_PAYLOAD as u32).to_le_bytes()).is_ok());
    }

    #[test]
    fn payload_and_padding_are_checked() {
        let payload = [7u8; 65];
        let mut rest = payload.to_vec();
        rest.resize(128, 0);
        let header = Header {
            payload_crc: Some(crc32c(&payload)),
            ..events()
        };
        assert_eq!(header.check_rest(&rest), Ok(()));
        rest[127] = 1;
        assert_eq!(header.check_rest(&rest), Err(FrameError::Padding));
        rest[0] = 8;
        assert_eq!(header.check_rest(&rest), Err(FrameError::PayloadCrc));
        rest[127] = 0;
        assert_eq!(
            Header {
                payload_crc: None,
                ..header
            }
            .check_rest(&rest),
            Ok(())
        );
    }
}
