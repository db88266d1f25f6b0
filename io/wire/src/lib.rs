//! What crosses the wire, without I/O: binary frames and JSON.
//!
//! - [`frame`]: the binary protocol. Frames with a 64-byte header carry batches of events one way, and
//!   acknowledgements and matches the other. [`frame::peek`] looks at bytes where they lie; [`frame::Decoder`] puts
//!   frames together from pieces; [`frame::Message`] is what a frame says.
//! - [`json`]: events from JSON ([`json::EventReader`], [`json::NdjsonReader`]) and matches to JSON
//!   ([`json::write_match`]).
//! - [`Code`]: every error that a peer can be told of, with the number and the name that it keeps for ever.
//! - [`limits`]: the bounds of all of it.
//!
//! Nothing here opens a socket, reads a clock or keeps a thread: bytes come in, values go out, and the other way
//! round. What a batch holds inside its bytes is for `trapjaw-event` to say.
//!
//! # Example
//!
//! A client's first bytes, and the server's view of them:
//!
//! ```
//! use trapjaw_wire::frame::{Decoder, Hello, Message, StreamId};
//!
//! let mut bytes = Vec::new();
//! let hello = Hello { stream: StreamId(7), client: "example 1.0", ..Hello::default() };
//! hello.encode(&mut bytes)?;
//!
//! let mut decoder = Decoder::new();
//! let mut input = &bytes[..];
//! let frame = decoder.next(&mut input)?.expect("the whole frame is there");
//! assert_eq!(frame.message()?, Message::Hello(hello));
//! # Ok::<(), trapjaw_wire::frame::FrameError>(())
//! ```

#![forbid(unsafe_code)]

pub mod frame;
pub mod json;
pub mod limits;

mod code;

pub use code::Code;
