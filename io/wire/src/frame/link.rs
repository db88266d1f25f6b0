//! PING, PONG and BYE: whether the other side is there.

use super::payload::{Reader, append_frame, cut};
use super::{FrameError, Header, Kind};
use crate::limits::MAX_REASON;

/// Asks for a PONG with the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Of the sender's choice.
    pub token: u64,
}

/// The answer to a PING.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// The PING's.
    pub token: u64,
}

/// The sender closes in good order: nothing comes behind this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye<'a> {
    /// Why, for people.
    pub reason: &'a str,
}

impl Ping {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        encode_token(out, Kind::Ping, self.token)
    }

    pub(super) fn decode(payload: &mut Reader<'_>) -> Result<Self, FrameError> {
        decode_token(payload).map(|token| Self { token })
    }
}

impl Pong {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        encode_token(out, Kind::Pong, self.token)
    }

    pub(super) fn decode(payload: &mut Reader<'_>) -> Result<Self, FrameError> {
        decode_token(payload).map(|token| Self { token })
    }
}

impl<'a> Bye<'a> {
    /// Appends the frame to `out`. A reason longer than [`MAX_REASON`] is cut.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(out, Header::new(Kind::Bye, 0), |payload| {
            payload.text("reason", cut(self.reason, MAX_REASON), MAX_REASON)
        })
    }

    pub(super) fn decode(payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let reason = payload.text("reason", MAX_REASON)?;
        payload.end("reason")?;
        Ok(Self { reason })
    }
}

fn encode_token(out: &mut Vec<u8>, kind: Kind, token: u64) -> Result<(), FrameError> {
    append_frame(out, Header::new(kind, 0), |payload| {
        payload.u64(token);
        Ok(())
    })
}

fn decode_token(payload: &mut Reader<'_>) -> Result<u64, FrameError> {
    let token = payload.u64("token")?;
    payload.end("token")?;
    Ok(token)
}
