//! The named limits of the client.

/// Bytes of the buffer that the client reads into.
pub const READ_BUFFER: usize = 64 * 1024;

/// Most bytes of matches that wait to be taken. Beyond them the client reads nothing more and says so with
/// [`Error::MatchesWait`](crate::Error::MatchesWait).
pub const WAITING_MATCHES: usize = 64 << 20;

/// Bytes of frames from which on a corked client writes.
pub const CORKED: usize = 256 * 1024;

/// Of things that are due, how many are sent before it is looked again what has come back.
pub const TOGETHER: u32 = 64;

/// Refusals that leave the connection open and are kept until a call tells them.
pub const REFUSALS: usize = 64;

// A single match always fits.
const _: () = assert!(WAITING_MATCHES > trapjaw_wire::limits::MAX_MATCH_TEXT);
