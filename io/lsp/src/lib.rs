//! The language server: what editors ask of rules, over the Language Server Protocol (version 3.17).
//!
//! [`serve`] speaks with one editor over two streams, usually standard input and output. What is said about rules is
//! not found out here: `trapjaw-dsl` finds it, in pure functions over texts. Here are
//!
//! - frames of bytes and the messages in them (`frame`, `message`), of bounded size, and with an answer to whatever is
//!   malformed;
//! - the texts that are open (`document`), and which files make a rule set with them (`workspace`);
//! - the loop that takes messages, and two threads beside it: one answers requests, one looks files over once typing
//!   pauses (`server`, `job`). So completion does not wait for a large set to be checked.
//!
//! What is not here: names, types, layout, and the like; and what can't be had without running rules.
#![forbid(unsafe_code)]

mod answer;
mod convert;
mod document;
mod frame;
mod greeting;
mod job;
mod limits;
mod message;
mod open;
mod refused;
mod server;
mod snapshot;
mod workspace;

use std::io::{BufRead, Write};

pub use limits::{DEBOUNCE, MAX_MESSAGE};

/// What an editor's session is told by the command line.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the book is served, without `errors.html` and the like: codes then lead to it.
    pub docs: Option<String>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The editor said so, after `shutdown`.
    Orderly,
    /// The editor went away, or said `exit` without `shutdown`.
    Abruptly,
}

/// Speaks with an editor until it ends the session.
///
/// # Errors
///
/// A failed write: nobody reads the answers.
pub fn serve(
    input: impl BufRead + Send + 'static,
    output: &mut dyn Write,
    options: Options,
) -> std::io::Result<Ended> {
    server::run(input, output, options)
}
