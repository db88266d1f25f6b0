//! What can go wrong with a connection.

use core::fmt;
use std::io;

use trapjaw_event::RegistryError;
use trapjaw_wire::Code;
use trapjaw_wire::frame::{FrameError, Kind, Nack};

/// Why a call failed. After all but [`Error::Timeout`], [`Error::MatchesWait`] and a refusal that does not close, the
/// connection is of no more use.
#[derive(Debug)]
pub enum Error {
    /// The socket failed.
    Io(io::Error),
    /// What the server sent is no frame, or what was to be sent fits none.
    Frame(FrameError),
    /// The server refused something.
    Refused(Refusal),
    /// The server ended the connection in good order, for this reason.
    Closed(Box<str>),
    /// The server's bytes end, without a goodbye.
    Ended,
    /// What was waited for did not come in time.
    Timeout,
    /// The server sent a frame that no server sends at this point.
    Unexpected(Kind),
    /// The server's event types are not a registry.
    Registry(RegistryError),
    /// The batch has more rows than the server ever takes at once: this many are allowed.
    Rows(u32),
    /// Matches of [`WAITING_MATCHES`](crate::limits::WAITING_MATCHES) bytes wait to be taken.
    MatchesWait,
}

/// What the server refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable number of the reason; see [`Code`].
    pub code: u16,
    /// The stable name of the reason, like `E_HELLO_TOKEN`.
    pub name: Box<str>,
    /// The reason, for people.
    pub reason: Box<str>,
    /// The kind of frame that was refused.
    pub kind: Option<Kind>,
    /// For EVENTS the first sequence number, for SCHEMA the declared number, for SUBSCRIBE the subscription's; else 0.
    pub sequence: u64,
    /// Did the server close the connection?
    pub closing: bool,
}

impl Refusal {
    /// The code, if this version knows it.
    pub fn known_code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }
}

impl From<&Nack<'_>> for Refusal {
    fn from(nack: &Nack<'_>) -> Self {
        Self {
            code: nack.code,
            name: nack.name.into(),
            reason: nack.reason.into(),
            kind: nack.kind,
            sequence: nack.sequence,
            closing: nack.closing,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind} refused: {} [{}]", self.reason, self.name),
            None => write!(f, "refused: {} [{}]", self.reason, self.name),
        }
    }
}

impl Error {
    /// What the server refused, if that is the error.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Frame(error) => write!(f, "bad frame: {error}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Closed(reason) => write!(f, "the server closed the connection: {reason}"),
            Self::Ended => f.write_str("the connection ended"),
            Self::Timeout => f.write_str("the server did not answer in time"),
            Self::Unexpected(kind) => write!(f, "the server sent an unexpected {kind}"),
            Self::Registry(error) => write!(f, "the server's event types: {error}"),
            Self::Rows(most) => write!(f, "the server takes at most {most} rows in a batch"),
            Self::MatchesWait => f.write_str("too many matches wait to be taken"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Frame(error) => Some(error),
            Self::Registry(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Io(error),
        }
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}
