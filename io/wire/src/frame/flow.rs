//! ACK and NACK: what became of what was sent, and how much more may be.

use super::handshake::level;
use super::payload::{Reader, append_frame, cut};
use super::{FrameError, Header, Kind, Level, Malformed};
use crate::Code;
use crate::limits::{MAX_CODE_NAME, MAX_REASON};

/// Events have reached a level of safety, and more may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// All events of the stream up to this number have reached the level.
    pub sequence: u64,
    /// Rows that may be sent beyond what was granted before.
    pub credit: u32,
    /// The level that they have reached.
    pub level: Level,
}

impl Ack {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(out, Header::new(Kind::Ack, 0), |payload| {
            payload.u64(self.sequence);
            payload.u32(self.credit);
            payload.u8(self.level.number());
            payload.zeros(3);
            Ok(())
        })
    }

    pub(super) fn decode(payload: &mut Reader<'_>) -> Result<Self, FrameError> {
        let sequence = payload.u64("sequence")?;
        let credit = payload.u32("credit")?;
        let number = payload.u8("level")?;
        let level = level(number, payload)?;
        payload.zeros(3)?;
        payload.end("level")?;
        Ok(Self {
            sequence,
            credit,
            level,
        })
    }
}

/// Something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nack<'a> {
    /// What is refused: for EVENTS its first sequence number, for SCHEMA the declared number, for SUBSCRIBE the
    /// subscription's; else 0.
    pub sequence: u64,
    /// The kind of frame that is refused; `None` if no frame is.
    pub kind: Option<Kind>,
    /// Does the sender close the connection behind this frame?
    pub closing: bool,
    /// The number of the code. A newer peer may send one that [`Code`] does not know.
    pub code: u16,
    /// The name of the code.
    pub name: &'a str,
    /// The reason, for people.
    pub reason: &'a str,
}

impl<'a> Nack<'a> {
    /// The refusal of a frame of this kind with this code, which also says whether the connection closes.
    pub const fn new(kind: Option<Kind>, sequence: u64, code: Code, reason: &'a str) -> Self {
        Self {
            sequence,
            kind,
            closing: code.closes(),
            code: code.number(),
            name: code.name(),
            reason,
        }
    }

    /// The code, if this version knows it.
    pub const fn known_code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }

    /// Appends the frame to `out`. A reason longer than [`MAX_REASON`] is cut.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(out, Header::new(Kind::Nack, 0), |payload| {
            payload.u64(self.sequence);
            payload.u16(self.code);
            payload.u8(self.kind.map_or(0, Kind::number));
            payload.u8(u8::from(self.closing));
            payload.text("name", self.name, MAX_CODE_NAME)?;
            payload.text("reason", cut(self.reason, MAX_REASON), MAX_REASON)
        })
    }

    pub(super) fn decode(payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let sequence = payload.u64("sequence")?;
        let code = payload.u16("code")?;
        let kind = match payload.u8("kind")? {
            0 => None,
            number => {
                let kind = Kind::from_number(number);
                Some(kind.ok_or_else(|| payload.error("kind", Malformed::Unknown))?)
            }
        };
        let nack = Self {
            sequence,
            kind,
            closing: payload.flag("closing")?,
            code,
            name: payload.text("name", MAX_CODE_NAME)?,
            reason: payload.text("reason", MAX_REASON)?,
        };
        payload.end("reason")?;
        Ok(nack)
    }
}
