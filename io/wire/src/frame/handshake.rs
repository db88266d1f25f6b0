//! HELLO and WELCOME: how a connection begins.

use core::fmt;

use super::payload::{Reader, Writer, append_frame};
use super::{CODEC_RKYV, FrameError, Header, Kind, Malformed, VERSION};
use crate::limits::{MAX_PEER_NAME, MAX_TOKEN};

/// The name of a stream of events, of the client's choice. Sequence numbers count within a stream, over all the
/// connections that name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u128);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// How safe an acknowledged event is, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// In the server's memory.
    Received = 1,
    /// With the server's operating system: it survives the end of the server's process.
    Written = 2,
    /// On disk: it survives the end of the machine's power.
    Durable = 3,
}

impl Level {
    /// All levels, by number.
    pub const ALL: [Self; 3] = [Self::Received, Self::Written, Self::Durable];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Received),
            2 => Some(Self::Written),
            3 => Some(Self::Durable),
            _ => None,
        }
    }

    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Written => "written",
            Self::Durable => "durable",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of codecs, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Codecs(pub u32);

impl Codecs {
    /// Codec 1 alone.
    pub const RKYV: Self = Self(1 << CODEC_RKYV);

    /// Is this codec in the set?
    pub const fn has(self, codec: u8) -> bool {
        codec < 32 && self.0 & (1 << codec) != 0
    }
}

/// A client introduces itself. The first frame of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The lowest version of the protocol that the client speaks.
    pub lowest_version: u8,
    /// The highest version of the protocol that the client speaks; not below the lowest.
    pub highest_version: u8,
    /// The level of acknowledgement that it wishes; `None`: what the server gives by itself.
    pub level: Option<Level>,
    /// The codecs in which it can send events.
    pub codecs: Codecs,
    /// The stream that its events belong to.
    pub stream: StreamId,
    /// What proves that it may connect; empty for none.
    pub token: &'a str,
    /// Its name and version, for logs.
    pub client: &'a str,
}

impl Default for Hello<'_> {
    /// What this crate speaks, and nothing asked for.
    fn default() -> Self {
        Self {
            lowest_version: VERSION,
            highest_version: VERSION,
            level: None,
            codecs: Codecs::RKYV,
            stream: StreamId::default(),
            token: "",
            client: "",
        }
    }
}

impl fmt::Debug for Hello<'_> {
    /// Without the token: it is a secret, and this is for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello")
            .field("lowest_version", &self.lowest_version)
            .field("highest_version", &self.highest_version)
            .field("level", &self.level)
            .field("codecs", &self.codecs)
            .field("stream", &self.stream)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl<'a> Hello<'a> {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(out, Header::new(Kind::Hello, 0), |payload| {
            payload.u8(self.lowest_version);
            payload.u8(self.highest_version);
            payload.u8(self.level.map_or(0, Level::number));
            payload.zeros(1);
            payload.u32(self.codecs.0);
            payload.u128(self.stream.0);
            payload.text("token", self.token, MAX_TOKEN)?;
            payload.text("client", self.client, MAX_PEER_NAME)
        })
    }

    pub(super) fn decode(payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let hello = Self {
            lowest_version: payload.u8("lowest version")?,
            highest_version: payload.u8("highest version")?,
            level: match payload.u8("level")? {
                0 => None,
                number => Some(level(number, payload)?),
            },
            codecs: {
                payload.zeros(1)?;
                Codecs(payload.u32("codecs")?)
            },
            stream: StreamId(payload.u128("stream")?),
            token: payload.text("token", MAX_TOKEN)?,
            client: payload.text("client", MAX_PEER_NAME)?,
        };
        payload.end("client")?;
        Ok(hello)
    }
}

/// A server takes a client in: the answer to HELLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome<'a> {
    /// The version that is spoken from here on.
    pub version: u8,
    /// The level of acknowledgement that is given.
    pub level: Level,
    /// The codec in which events are to be sent.
    pub codec: u8,
    /// How many rows may be sent at once.
    pub credit: u32,
    /// The largest frame that the server takes: bytes with header and padding.
    pub max_frame: u32,
    /// The most rows that it takes in one batch.
    pub max_rows: u32,
    /// The number of the stream's last event that was taken; 0 for none.
    pub high_water: u64,
    /// The fingerprint of the codec's types.
    pub layout: u64,
    /// The server's name.
    pub server: &'a str,
    /// The server's version.
    pub server_version: &'a str,
}

impl<'a> Welcome<'a> {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(
            out,
            Header::new(Kind::Welcome, 0),
            |payload: &mut Writer<'_>| {
                payload.u8(self.version);
                payload.u8(self.level.number());
                payload.u8(self.codec);
                payload.zeros(1);
                payload.u32(self.credit);
                payload.u32(self.max_frame);
                payload.u32(self.max_rows);
                payload.u64(self.high_water);
                payload.u64(self.layout);
                payload.text("server", self.server, MAX_PEER_NAME)?;
                payload.text("server version", self.server_version, MAX_PEER_NAME)
            },
        )
    }

    pub(super) fn decode(payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let version = payload.u8("version")?;
        let number = payload.u8("level")?;
        let level = level(number, payload)?;
        let codec = payload.u8("codec")?;
        payload.zeros(1)?;
        let welcome = Self {
            version,
            level,
            codec,
            credit: payload.u32("credit")?,
            max_frame: payload.u32("largest frame")?,
            max_rows: payload.u32("most rows")?,
            high_water: payload.u64("high water")?,
            layout: payload.u64("layout")?,
            server: payload.text("server", MAX_PEER_NAME)?,
            server_version: payload.text("server version", MAX_PEER_NAME)?,
        };
        payload.end("server version")?;
        Ok(welcome)
    }
}

/// The level with this number, which a field named `level` held.
pub(super) fn level(number: u8, payload: &Reader<'_>) -> Result<Level, FrameError> {
    Level::from_number(number).ok_or_else(|| payload.error("level", Malformed::Unknown))
}
