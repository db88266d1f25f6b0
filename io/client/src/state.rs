//! What a client knows of its connection: the answers to what it sent, and the matches that wait.

use std::collections::VecDeque;

use trapjaw_event::limits::MAX_TYPES;
use trapjaw_event::{EventType, RegistryError};
use trapjaw_wire::frame::{Level, Message, Schema};

use crate::limits::{REFUSALS, WAITING_MATCHES};
use crate::{Error, Refusal};

/// What the server said of itself and of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The level of acknowledgement that is given.
    pub level: Level,
    /// Rows that may be under way, unacknowledged.
    pub credit: u32,
    /// The largest frame that the server takes, in bytes.
    pub max_frame: u32,
    /// The most rows that it takes in one batch.
    pub max_rows: u32,
    /// The number of the stream's last event that it has taken; 0 for none.
    pub high_water: u64,
    /// Its name.
    pub server: Box<str>,
    /// Its version.
    pub server_version: Box<str>,
}

impl Welcome {
    /// Reads the answer to HELLO.
    pub(crate) fn read(message: Message<'_>) -> Result<Self, Error> {
        match message {
            Message::Welcome(welcome) => Ok(Self {
                level: welcome.level,
                credit: welcome.credit,
                max_frame: welcome.max_frame,
                max_rows: welcome.max_rows,
                high_water: welcome.high_water,
                server: welcome.server.into(),
                server_version: welcome.server_version.into(),
            }),
            Message::Nack(nack) => Err(Error::Refused(Refusal::from(&nack))),
            Message::Bye(bye) => Err(Error::Closed(bye.reason.into())),
            other => Err(Error::Unexpected(kind(&other))),
        }
    }
}

/// A match, as the server told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The subscription, as [`Client::subscribe`](crate::Client::subscribe) numbered it.
    pub subscription: u32,
    /// The number of the match in its subscription, from 1.
    pub number: u64,
    /// Nanoseconds from the server's intake of the batch that caused the match to its telling it; 0 where not known.
    pub age: u64,
    /// The match as one JSON object.
    pub json: Box<str>,
}

/// What has come in so far.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) acked: u64,
    pub(crate) level: Level,
    pub(crate) credit: u64,
    pub(crate) matches: VecDeque<Match>,
    waiting: usize,
    /// Refusals that leave the connection open, until a call tells them.
    pub(crate) refusals: VecDeque<Refusal>,
    pub(crate) types: Vec<EventType>,
    pub(crate) types_are_whole: bool,
    pub(crate) pong: Option<u64>,
}

impl State {
    pub(crate) fn new(welcome: &Welcome) -> Self {
        Self {
            acked: welcome.high_water,
            level: welcome.level,
            credit: u64::from(welcome.credit),
            matches: VecDeque::new(),
            waiting: 0,
            refusals: VecDeque::new(),
            types: Vec::new(),
            types_are_whole: false,
            pong: None,
        }
    }

    /// Takes a frame in. A PING's token is returned, to be answered.
    pub(crate) fn take(&mut self, message: Message<'_>) -> Result<Option<u64>, Error> {
        match message {
            Message::Ack(ack) => {
                self.acked = self.acked.max(ack.sequence);
                self.level = ack.level;
                self.credit += u64::from(ack.credit);
            }
            Message::Match(matched) => {
                self.waiting += matched.json.len();
                self.matches.push_back(Match {
                    subscription: matched.subscription,
                    number: matched.number,
                    age: matched.age,
                    json: matched.json.into(),
                });
            }
            Message::Nack(nack) if nack.closing => {
                return Err(Error::Refused(Refusal::from(&nack)));
            }
            // The first ones are told; a server that goes on and on is not remembered in full.
            Message::Nack(_) if self.refusals.len() == REFUSALS => {}
            Message::Nack(nack) => self.refusals.push_back(Refusal::from(&nack)),
            Message::Schema(Schema::Answer { last, types }) => {
                if self.types.len() + types.len() > MAX_TYPES {
                    return Err(Error::Registry(RegistryError::TooManyTypes));
                }
                self.types.extend(types);
                self.types_are_whole = last;
            }
            Message::Ping(ping) => return Ok(Some(ping.token)),
            Message::Pong(pong) => self.pong = Some(pong.token),
            Message::Bye(bye) => return Err(Error::Closed(bye.reason.into())),
            Message::Hello(_)
            | Message::Welcome(_)
            | Message::Events(_)
            | Message::Subscribe(_)
            | Message::Schema(Schema::Declare { .. } | Schema::Ask) => {
                return Err(Error::Unexpected(kind(&message)));
            }
        }
        Ok(None)
    }

    /// Is there room for another match?
    pub(crate) fn has_room(&self) -> bool {
        self.waiting < WAITING_MATCHES
    }

    pub(crate) fn next_match(&mut self) -> Option<Match> {
        let next = self.matches.pop_front()?;
        self.waiting -= next.json.len();
        Some(next)
    }
}

/// The kind of frame that a message came in.
fn kind(message: &Message<'_>) -> trapjaw_wire::frame::Kind {
    use trapjaw_wire::frame::Kind;
    match message {
        Message::Hello(_) => Kind::Hello,
        Message::Welcome(_) => Kind::Welcome,
        Message::Schema(_) => Kind::Schema,
        Message::Events(_) => Kind::Events,
        Message::Ack(_) => Kind::Ack,
        Message::Nack(_) => Kind::Nack,
        Message::Subscribe(_) => Kind::Subscribe,
        Message::Match(_) => Kind::Match,
        Message::Ping(_) => Kind::Ping,
        Message::Pong(_) => Kind::Pong,
        Message::Bye(_) => Kind::Bye,
    }
}
