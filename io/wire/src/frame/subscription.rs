//! SUBSCRIBE and MATCH: matches on their way back to clients.

use trapjaw_event::limits::MAX_NAME;

use super::payload::{Reader, append_frame};
use super::{FrameError, Header, Kind};
use crate::limits::{MAX_MATCH_TEXT, MAX_SUBSCRIBED};

/// A client wants to hear of the matches of some rules, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// The subscription's number, of the client's choice; its matches carry it.
    pub subscription: u32,
    /// The names of the rules; empty for all.
    pub rules: Vec<&'a str>,
}

impl<'a> Subscribe<'a> {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let header = Header {
            channel: self.subscription,
            ..Header::new(Kind::Subscribe, 0)
        };
        append_frame(out, header, |payload| {
            payload.count("rules", self.rules.len(), MAX_SUBSCRIBED)?;
            self.rules
                .iter()
                .try_for_each(|rule| payload.name("rules", rule, MAX_NAME))
        })
    }

    pub(super) fn decode(header: &Header, payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let count = payload.count("rules", MAX_SUBSCRIBED)?;
        let rules = (0..count)
            .map(|_| payload.name("rules", MAX_NAME))
            .collect::<Result<_, _>>()?;
        payload.end("rules")?;
        Ok(Self {
            subscription: header.channel,
            rules,
        })
    }
}

/// A match, on its way to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched<'a> {
    /// The number that SUBSCRIBE gave.
    pub subscription: u32,
    /// The number of the match in its subscription, from 1. The subscriber sees from a gap that it was too slow.
    pub number: u64,
    /// Nanoseconds from the intake of the batch that caused the match to the making of this frame; 0 where not known.
    pub age: u64,
    /// The match as JSON; see [`write_match`](crate::json::write_match).
    pub json: &'a str,
}

impl<'a> Matched<'a> {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let header = Header {
            channel: self.subscription,
            first_seq: self.number,
            ..Header::new(Kind::Match, 0)
        };
        append_frame(out, header, |payload| {
            payload.u64(self.age);
            payload.text("match", self.json, MAX_MATCH_TEXT)
        })
    }

    pub(super) fn decode(header: &Header, payload: &mut Reader<'a>) -> Result<Self, FrameError> {
        let age = payload.u64("age")?;
        let json = payload.text("match", MAX_MATCH_TEXT)?;
        payload.end("match")?;
        Ok(Self {
            subscription: header.channel,
            number: header.first_seq,
            age,
            json,
        })
    }
}
