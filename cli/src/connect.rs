//! How clients reach a server.

use core::fmt;
use std::io;

use anyhow::{Context, Result, bail};
use trapjaw_client::{Client, Error, Options};
use trapjaw_wire::Code;

use crate::args::Server;
use crate::failure::Unreadable;

/// The variable with the token that servers want and clients present.
pub(crate) const TOKEN: &str = "TRAPJAW_TOKEN";

/// A server that did not take this client in.
#[derive(Debug)]
pub(crate) struct Unreachable {
    server: String,
    error: Error,
}

impl Unreachable {
    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match &self.error {
            Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => Some(
                "nothing listens there: start `trapjaw run`, or name its binary port with --addr",
            ),
            Error::Frame(_) | Error::Timeout | Error::Ended => {
                Some("is it the binary port? HTTP has another one")
            }
            Error::Refused(refusal) if refusal.known_code() == Some(Code::HelloToken) => {
                Some("name the token's file with --token-file, or put the token into TRAPJAW_TOKEN")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connecting to {}", self.server)
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A connection to the server, which has welcomed this client.
pub(crate) fn connect(server: &Server) -> Result<Client> {
    let options = options(server)?;
    Ok(
        Client::connect(&*server.addr, &options).map_err(|error| Unreachable {
            server: server.addr.clone(),
            error,
        })?,
    )
}

/// The client's options, with the token if one is given.
fn options(server: &Server) -> Result<Options> {
    let mut options = Options::default();
    let token = match (&server.token_file, std::env::var(TOKEN)) {
        (Some(path), _) => Some(
            std::fs::read_to_string(path)
                .map_err(|error| Unreadable::new(path, &error))
                .context("the token")?,
        ),
        (None, Ok(token)) => Some(token),
        (None, Err(std::env::VarError::NotPresent)) => None,
        (None, Err(error)) => bail!("{TOKEN}: {error}"),
    };
    if let Some(token) = token {
        options.token = token.trim().into();
    }
    Ok(options)
}
