//! How a client connects.

use core::fmt;
use std::time::Duration;

use trapjaw_wire::frame::{Level, StreamId};

/// How a client introduces itself, and how long it waits.
#[derive(Clone)]
pub struct Options {
    /// What proves that it may connect; empty for none. Not shown by `Debug`.
    pub token: String,
    /// The stream that its events belong to; 0 for a stream of this connection alone.
    pub stream: StreamId,
    /// The level of acknowledgement that it wishes; the server says in [`Welcome`](crate::Welcome) which it gives.
    pub level: Option<Level>,
    /// Its name and version, for the server's logs.
    pub name: String,
    /// How long it waits to be connected, for an answer, for credit and for acknowledgements; `None`: for ever.
    pub timeout: Option<Duration>,
    /// Whether batches carry a checksum. On one machine the pass over the bytes can be spared.
    pub checksum: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: String::new(),
            stream: StreamId::default(),
            level: None,
            name: concat!("trapjaw-client ", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Some(Duration::from_secs(30)),
            checksum: true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("stream", &self.stream)
            .field("level", &self.level)
            .field("name", &self.name)
            .field("timeout", &self.timeout)
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let options = Options {
            token: "correct horse".to_owned(),
            ..Options::default()
        };
        assert!(!format!("{options:?}").contains("horse"));
    }
}
