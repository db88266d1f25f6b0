//! What a frame says.

use super::payload::Reader;
use super::{
    Ack, Bye, Events, FrameError, Header, Hello, Kind, Matched, Nack, Ping, Pong, Schema,
    Subscribe, Welcome,
};

/// A frame's contents, borrowed from its payload where they can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<'a> {
    /// A client introduces itself.
    Hello(Hello<'a>),
    /// A server takes a client in.
    Welcome(Welcome<'a>),
    /// Event types are declared, asked for, or told.
    Schema(Schema),
    /// A batch of events.
    Events(Events<'a>),
    /// Events have reached a level of safety, and more may be sent.
    Ack(Ack),
    /// Something is refused.
    Nack(Nack<'a>),
    /// A client wants to hear of matches.
    Subscribe(Subscribe<'a>),
    /// A match.
    Match(Matched<'a>),
    /// Are you there?
    Ping(Ping),
    /// I am.
    Pong(Pong),
    /// The sender closes in good order.
    Bye(Bye<'a>),
}

impl<'a> Message<'a> {
    /// Reads the payload that stands behind this header.
    ///
    /// # Errors
    ///
    /// [`FrameError::Payload`] if it is not what this kind of frame holds. The batch of EVENTS is not looked into.
    pub fn decode(header: &Header, payload: &'a [u8]) -> Result<Self, FrameError> {
        let reader = &mut Reader::new(header.kind, payload);
        Ok(match header.kind {
            Kind::Hello => Self::Hello(Hello::decode(reader)?),
            Kind::Welcome => Self::Welcome(Welcome::decode(reader)?),
            Kind::Schema => Self::Schema(Schema::decode(reader)?),
            Kind::Events => Self::Events(Events {
                first_seq: header.first_seq,
                layout: header.layout,
                rows: header.rows,
                batch: payload,
            }),
            Kind::Ack => Self::Ack(Ack::decode(reader)?),
            Kind::Nack => Self::Nack(Nack::decode(reader)?),
            Kind::Subscribe => Self::Subscribe(Subscribe::decode(header, reader)?),
            Kind::Match => Self::Match(Matched::decode(header, reader)?),
            Kind::Ping => Self::Ping(Ping::decode(reader)?),
            Kind::Pong => Self::Pong(Pong::decode(reader)?),
            Kind::Bye => Self::Bye(Bye::decode(reader)?),
        })
    }

    /// Appends the frame to `out`. EVENTS get a checksum here; see [`Events::encode`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        match self {
            Self::Hello(hello) => hello.encode(out),
            Self::Welcome(welcome) => welcome.encode(out),
            Self::Schema(schema) => schema.encode(out),
            Self::Events(events) => events.encode(out, true),
            Self::Ack(ack) => ack.encode(out),
            Self::Nack(nack) => nack.encode(out),
            Self::Subscribe(subscribe) => subscribe.encode(out),
            Self::Match(matched) => matched.encode(out),
            Self::Ping(ping) => ping.encode(out),
            Self::Pong(pong) => pong.encode(out),
            Self::Bye(bye) => bye.encode(out),
        }
    }
}
