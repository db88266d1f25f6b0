//! The Rust client: connect, batch, send, subscribe.
//!
//! A [`Client`] is one connection that speaks the binary protocol of `trapjaw_wire` over a blocking socket. It has no
//! thread and no runtime: it reads while it waits for something, and before its credit gets low. Sending is
//! pipelined: [`Client::send`] returns when the batch is with the kernel, [`Client::flush`] when all is acknowledged.
//!
//! # Numbers
//!
//! Events are numbered in their stream, which [`Options::stream`] names. The server's WELCOME tells the number of the
//! stream's last event that it has taken; the client goes on behind it. So a program that reconnects asks
//! [`Client::sent`] what the server has, and sends what is behind that once more. The default stream (0) has no name:
//! its numbers count in one connection. The client does not reconnect by itself.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//! use trapjaw_client::{Client, Options};
//! use trapjaw_event::{BatchBuilder, Event, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::connect("127.0.0.1:7171", &Options::default())?;
//! let registry = Arc::new(client.types()?);
//! client.declare_all(&registry)?;
//! let mut builder = BatchBuilder::new(Arc::clone(&registry));
//! builder.push(&Event {
//!     type_id: registry.by_name("cpu_usage").ok_or("the server has no such type")?,
//!     time: 1_767_225_600_000_000_000,
//!     source: "/rack/7".into(),
//!     id: None,
//!     subject: None,
//!     severity: None,
//!     values: vec![Value::Text("a".into()), Value::Float(0.97)],
//! })?;
//! client.send_rows(&mut builder)?;
//! client.flush()?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod client;
mod error;
pub mod limits;
mod link;
mod options;
mod pace;
mod state;

pub use client::{Client, Matches};
pub use error::{Error, Refusal};
pub use options::Options;
pub use pace::Pace;
pub use state::{Match, Welcome};
pub use trapjaw_wire::frame::{Level, StreamId};
