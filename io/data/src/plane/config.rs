//! How a plane is set up.

use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;
use trapjaw_engine::{Config, Record};

use crate::driver::Choice;
use crate::limits::{FRAME_MILLIS, HANDSHAKE_MILLIS};

/// How event time goes on while no event comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// At the wall's pace.
    #[default]
    Wall,
    /// Not at all, as in a replay. What is found then does not depend on when events arrive.
    Events,
}

/// How a plane is set up.
#[derive(Clone)]
pub struct PlaneConfig {
    /// Where it listens for the binary protocol; `None`: it does not. Port 0 lets the system choose.
    pub listen: Option<SocketAddr>,
    /// Number of shards, each a thread; 0: one a core.
    pub shards: usize,
    /// What drives the sockets.
    pub driver: Choice,
    /// Whether shards are pinned to cores, where the system allows it and there is a core for each.
    pub pin: bool,
    /// What clients have to know; `None`: nothing.
    pub token: Option<Token>,
    /// Whether it may listen beyond this machine without a token.
    pub allow_remote_without_token: bool,
    /// How long slow clients are waited for.
    pub patience: Patience,
    /// Limits of the engine's state.
    pub engine: Config,
    /// How event time goes on while no event comes.
    pub clock: Clock,
    /// Is told of all that is taken in.
    pub recorder: Option<Arc<dyn Recorder>>,
}

impl Default for PlaneConfig {
    /// No listener, a shard a core.
    fn default() -> Self {
        Self {
            listen: None,
            shards: 0,
            driver: Choice::Auto,
            pin: true,
            token: None,
            allow_remote_without_token: false,
            patience: Patience::default(),
            engine: Config::default(),
            clock: Clock::default(),
            recorder: None,
        }
    }
}

impl fmt::Debug for PlaneConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaneConfig")
            .field("listen", &self.listen)
            .field("shards", &self.shards)
            .field("driver", &self.driver)
            .field("pin", &self.pin)
            .field("token", &self.token)
            .field(
                "allow_remote_without_token",
                &self.allow_remote_without_token,
            )
            .field("patience", &self.patience)
            .field("engine", &self.engine)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// A secret that clients have to know. It is compared in a time that tells nothing but whether the lengths differ,
/// and never shown.
#[derive(Clone)]
pub struct Token(Box<str>);

impl Token {
    /// Keeps the secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Is this the secret?
    pub(crate) fn is(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How long slow clients are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From a connection's beginning to its HELLO.
    pub handshake: Duration,
    /// From a frame's first byte to its last.
    pub frame: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_millis(HANDSHAKE_MILLIS),
            frame: Duration::from_millis(FRAME_MILLIS),
        }
    }
}

impl Patience {
    /// How often it is looked whether someone is late: so much later than allowed they may be cut.
    pub(crate) fn sweep(&self) -> Duration {
        (self.handshake.min(self.frame) / 8).max(Duration::from_millis(1))
    }
}

/// Is told of all that the shards of a plane take in, on the thread of the shard that does. It must neither block nor
/// take long.
///
/// What one shard tells is in the order in which it took it in. Between shards there is no order but that of time;
/// [`repeat`](trapjaw_engine::repeat) runs it all again on one shard.
pub trait Recorder: Send + Sync {
    /// A shard has evaluated these.
    fn taken(&self, shard: usize, records: Vec<Record>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_but_not_shown() {
        let token = Token::new("correct horse");
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert!(token.is("correct horse"));
        for other in ["correct horsf", "correct", "", "correct horse "] {
            assert!(!token.is(other), "{other:?}");
        }
        let config = PlaneConfig {
            token: Some(token),
            ..PlaneConfig::default()
        };
        assert!(!format!("{config:?}").contains("horse"));
    }
}
