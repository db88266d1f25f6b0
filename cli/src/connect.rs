//! How clients reach a server.

use core::fmt;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use trapjaw_client::{Client, Error, Options};
use trapjaw_control::Secret;
use trapjaw_control::remote::Remote;
use trapjaw_wire::Code;

use crate::args::{HttpServer, Server};
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
    if let Some(token) = token(server.token_file.as_deref())? {
        options.token = token;
    }
    Ok(options)
}

/// The server's HTTP API.
pub(crate) fn remote(server: &HttpServer) -> Result<Remote> {
    let token = token(server.token_file.as_deref())?;
    let token = token.filter(|token| !token.is_empty()).map(Secret::new);
    Remote::new(&server.http, token).context("the server's HTTP port")
}

/// The token, if one is given.
fn token(file: Option<&Path>) -> Result<Option<String>> {
    let token = match (file, std::env::var(TOKEN)) {
        (Some(path), _) => Some(
            std::fs::read_to_string(path)
                .map_err(|error| Unreadable::new(path, &error))
                .context("the token")?,
        ),
        (None, Ok(token)) => Some(token),
        (None, Err(std::env::VarError::NotPresent)) => None,
        (None, Err(error)) => bail!("{TOKEN}: {error}"),
    };
    Ok(token.map(|token| token.trim().to_owned()))
}
