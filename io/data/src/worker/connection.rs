//! One connection as its shard sees it: how far its handshake, its frames and its credit are. Plain data and pure
//! decisions; the worker carries them out.

use std::collections::VecDeque;
use std::sync::Arc;

use trapjaw_event::{Binding, DeclaredType};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{FrameError, Header, Kind};

use super::frames::{Head, Received};
use super::streams::Stream;
use super::subscribers::Subscription;
use crate::driver::ConnId;
use crate::limits::{CREDIT, FIRST_FRAME};

/// A frame, or something in it, that is refused: what the NACK says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) kind: Option<Kind>,
    pub(super) sequence: u64,
    pub(super) code: Code,
    pub(super) reason: String,
}

impl Refused {
    pub(super) fn new(
        kind: impl Into<Option<Kind>>,
        code: Code,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.into(),
            sequence: 0,
            code,
            reason: reason.into(),
        }
    }

    /// Names what was refused.
    pub(super) fn of(self, sequence: u64) -> Self {
        Self { sequence, ..self }
    }
}

impl From<FrameError> for Refused {
    fn from(error: FrameError) -> Self {
        let kind = match error {
            FrameError::Payload { kind, .. } | FrameError::Codec { kind, .. } => Some(kind),
            FrameError::Rows(_) | FrameError::Sequence(_) => Some(Kind::Events),
            _ => None,
        };
        Self::new(kind, error.code(), error.to_string())
    }
}

/// An event type that a connection has declared.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) ty: DeclaredType,
    /// Why it is not bound to the registry of the rules that hold now.
    pub(super) unbound: Option<String>,
}

/// What a connection waits for before its next frame is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Until events are taken in again.
    ForIntake,
    /// Until a frame buffer can be lent.
    ForBuffer,
}

/// A frame that the driver is filling a buffer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filling {
    /// Length of the frame.
    pub(super) frame: usize,
    /// Length of the buffer.
    pub(super) buffer: usize,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnId,
    /// When it came.
    pub(super) since: u64,
    /// Its stream, from HELLO on.
    pub(super) stream: Option<Arc<Stream>>,
    /// It was told to go: nothing it sends counts any more.
    pub(super) is_over: bool,

    /// What came in and waits, in order.
    pub(super) inbox: VecDeque<Received>,
    pub(super) head: Head,
    pub(super) filling: Option<Filling>,
    /// When the frame began that is not whole yet.
    pub(super) partial_since: Option<u64>,
    pub(super) waits: Option<Waits>,

    /// Rows that it may still send.
    pub(super) credit: u32,
    /// Rows that were taken since, and are granted again with the next ACK.
    pub(super) due: u32,
    /// All its events up to this number were taken.
    pub(super) taken: u64,
    /// The newest number that it was told of.
    pub(super) acked: u64,
    /// It stands in the list of those that an ACK is due to.
    pub(super) owes_ack: bool,

    /// By number.
    pub(super) declared: Vec<Option<Declared>>,
    /// By number: what is declared and bound.
    pub(super) bindings: Vec<Option<Arc<Binding>>>,
    pub(super) declared_bytes: usize,
    pub(super) subscriptions: Vec<Subscription>,
}

impl Connection {
    pub(super) fn new(id: ConnId, since: u64) -> Self {
        Self {
            id,
            since,
            stream: None,
            is_over: false,
            inbox: VecDeque::new(),
            head: Head::default(),
            filling: None,
            partial_since: None,
            waits: None,
            credit: CREDIT,
            due: 0,
            taken: 0,
            acked: 0,
            owes_ack: false,
            declared: Vec::new(),
            bindings: Vec::new(),
            declared_bytes: 0,
            subscriptions: Vec::new(),
        }
    }

    /// May a frame with this header come now? Asked before memory is given to it.
    pub(super) fn admit(&self, header: &Header) -> Result<(), Refused> {
        let kind = header.kind;
        if self.stream.is_none() {
            if kind != Kind::Hello {
                let reason = format!("the first frame is {kind}, not HELLO");
                return Err(Refused::new(kind, Code::HelloExpected, reason));
            }
            if header.total() > FIRST_FRAME {
                let reason = format!("a HELLO of {} bytes", header.total());
                return Err(Refused::new(kind, Code::FrameLength, reason));
            }
            return Ok(());
        }
        match kind {
            Kind::Hello => Err(Refused::new(kind, Code::HelloExpected, "a second HELLO")),
            Kind::Events if header.rows > self.credit => {
                let reason = format!("{} rows on a credit of {}", header.rows, self.credit);
                Err(Refused::new(kind, Code::Credit, reason).of(header.first_seq))
            }
            Kind::Schema
            | Kind::Events
            | Kind::Subscribe
            | Kind::Ping
            | Kind::Pong
            | Kind::Nack
            | Kind::Bye => Ok(()),
            Kind::Welcome | Kind::Ack | Kind::Match => {
                let reason = format!("{kind} is not for clients to send");
                Err(Refused::new(kind, Code::UnexpectedKind, reason))
            }
        }
    }

    /// Events up to this number were taken, `rows` of them in the frame that is done with.
    pub(super) fn took(&mut self, up_to: u64, rows: u32) {
        self.taken = self.taken.max(up_to);
        self.credit -= rows;
        self.due += rows;
    }

    /// What an ACK says now: the number, and the credit where some may be granted; `None`: nothing new.
    pub(super) fn ack(&mut self, may_grant: bool) -> Option<(u64, u32)> {
        let credit = if may_grant {
            core::mem::take(&mut self.due)
        } else {
            0
        };
        if credit == 0 && self.taken == self.acked {
            return None;
        }
        self.credit += credit;
        self.acked = self.taken;
        Some((self.taken, credit))
    }

    /// Is a frame under way that is not whole?
    pub(super) fn is_amid_frame(&self) -> bool {
        self.filling.is_some() || !self.head.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Backend, Driver};
    use crate::worker::streams::Streams;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    /// A connection whose HELLO was accepted.
    fn greeted() -> Connection {
        let mut driver = Driver::with_buffers(Backend::Epoll, 2, 64).expect("epoll is there");
        let (socket, _) = UnixStream::pair().expect("sockets are there");
        let id = driver.add(OwnedFd::from(socket)).expect("there is room");
        let mut connection = Connection::new(id, 1);
        connection.stream = Streams::new(1).open(0);
        connection
    }

    fn events(rows: u32) -> Header {
        Header {
            rows,
            first_seq: 9,
            ..Header::new(Kind::Events, 64)
        }
    }

    #[test]
    fn rows_beyond_the_credit_are_refused_until_more_is_granted() {
        let mut connection = greeted();
        assert_eq!(connection.admit(&events(CREDIT)), Ok(()));
        connection.took(CREDIT.into(), CREDIT);
        let refused = connection.admit(&events(1)).expect_err("nothing is left");
        assert_eq!((refused.code, refused.sequence), (Code::Credit, 9));
        // Acknowledged while no events are taken in: told, without credit.
        assert_eq!(connection.ack(false), Some((CREDIT.into(), 0)));
        assert_eq!(connection.ack(false), None);
        assert!(connection.admit(&events(1)).is_err());
        assert_eq!(connection.ack(true), Some((CREDIT.into(), CREDIT)));
        assert_eq!(connection.admit(&events(CREDIT)), Ok(()));
        assert_eq!(connection.ack(true), None);
    }

    #[test]
    fn a_hello_comes_first_and_once() {
        let mut connection = greeted();
        let stream = connection.stream.take();
        let code = |connection: &Connection, kind| {
            connection
                .admit(&Header::new(kind, 64))
                .map_err(|refused| refused.code)
        };
        assert_eq!(code(&connection, Kind::Hello), Ok(()));
        assert_eq!(code(&connection, Kind::Ping), Err(Code::HelloExpected));
        connection.stream = stream;
        assert_eq!(code(&connection, Kind::Hello), Err(Code::HelloExpected));
        for kind in [Kind::Welcome, Kind::Ack, Kind::Match] {
            assert_eq!(code(&connection, kind), Err(Code::UnexpectedKind));
        }
        for kind in [
            Kind::Schema,
            Kind::Subscribe,
            Kind::Ping,
            Kind::Pong,
            Kind::Nack,
            Kind::Bye,
        ] {
            assert_eq!(code(&connection, kind), Ok(()));
        }
    }
}
