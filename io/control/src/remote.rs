//! A running server, asked over its HTTP API.

use core::fmt;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::Value;

use crate::limits::{MAX_ANSWER_LINE, MAX_STATUS, REMOTE_TIMEOUT};
use crate::secret::Secret;
pub use crate::status::{Action, Count, Latencies, Shard, Status};

/// A server's HTTP API.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    address: String,
    token: Option<Secret>,
}

/// Why a server gave no answer, or not the one that was asked for.
#[derive(Debug)]
pub enum RemoteError {
    /// It can't be reached, or went away.
    Unreachable(String),
    /// It refused: its code, its reason, and what it shows of what is wrong.
    Refused {
        /// The stable code.
        code: String,
        /// The reason, for people.
        message: String,
        /// What is wrong with its place, if it is in a text.
        rendered: Option<String>,
    },
    /// It answered what no server of this kind does.
    Strange(String),
}

impl RemoteError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => f.write_str(reason),
            Self::Refused { code, message, .. } => write!(f, "{message} [{code}]"),
            Self::Strange(what) => write!(f, "{what}; is it the HTTP port of a server?"),
        }
    }
}

impl std::error::Error for RemoteError {}

/// What a tap tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TapLine {
    /// An event, in the short form of JSON.
    Event(String),
    /// Events that were not told: beyond the rate, and not looked at.
    LeftOut {
        /// They passed the filter, but so many a second were enough.
        rate: u64,
        /// They were not looked at, so as not to hold the server up.
        unseen: u64,
    },
    /// The server ended it, for this reason.
    End(String),
}

/// Events as they come in.
#[derive(Debug)]
pub struct Tapping {
    response: Response,
    waiting: Vec<u8>,
    /// Bytes of `waiting` that were taken.
    taken: usize,
}

impl Remote {
    /// The server whose HTTP port is at this host and port, with the token that it may want.
    ///
    /// # Errors
    ///
    /// The address makes no URL, or there is no client to be had.
    pub fn new(address: &str, token: Option<Secret>) -> Result<Self, RemoteError> {
        let strange =
            |error: &dyn fmt::Display| RemoteError::Strange(format!("{address}: {error}"));
        Url::parse(&format!("http://{address}/")).map_err(|error| strange(&error))?;
        let client = Client::builder()
            .user_agent(concat!("trapjaw/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(REMOTE_TIMEOUT)
            .tls_backend_preconfigured(crate::action::no_tls().map_err(|error| strange(&error))?)
            .build()
            .map_err(|error| strange(&error))?;
        Ok(Self {
            client,
            address: address.to_owned(),
            token,
        })
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it tells of itself now.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub async fn status(&self) -> Result<Status, RemoteError> {
        let mut response = self.get("status", &[], Some(REMOTE_TIMEOUT)).await?;
        let body = whole(&mut response).await?;
        serde_json::from_slice(&body).map_err(|error| RemoteError::Strange(error.to_string()))
    }

    /// Looks on at its events: `on` and `condition` are what stands behind `on e:` and `where` in a rule, `rate` is how
    /// many it tells a second at most.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub async fn tap(
        &self,
        on: &str,
        condition: Option<&str>,
        rate: u32,
    ) -> Result<Tapping, RemoteError> {
        let rate = rate.to_string();
        let mut query = vec![("on", on), ("rate", &rate)];
        query.extend(condition.map(|condition| ("where", condition)));
        let response = self.get("tap", &query, None).await?;
        Ok(Tapping {
            response,
            waiting: Vec::new(),
            taken: 0,
        })
    }

    async fn get(
        &self,
        what: &str,
        query: &[(&str, &str)],
        timeout: Option<Duration>,
    ) -> Result<Response, RemoteError> {
        let url = format!("http://{}/api/v1/{what}", self.address);
        let mut url = Url::parse(&url).map_err(|error| RemoteError::Strange(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.reveal());
        }
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = whole(&mut response).await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let error = &body["error"];
        Err(match (text(&error["code"]), text(&error["message"])) {
            (Some(code), Some(message)) => RemoteError::Refused {
                code,
                message,
                rendered: text(&body["rendered"]),
            },
            _ => RemoteError::Strange(format!("{} answered {status}", self.address)),
        })
    }
}

impl Tapping {
    /// What comes next; `None` when the server has ended it.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub async fn next(&mut self) -> Result<Option<TapLine>, RemoteError> {
        loop {
            let rest = &self.waiting[self.taken..];
            if let Some(end) = memchr::memchr(b'\n', rest) {
                let line = line(&rest[..end]);
                self.taken += end + 1;
                return line.map(Some);
            }
            self.waiting.drain(..self.taken);
            self.taken = 0;
            if self.waiting.len() > MAX_ANSWER_LINE {
                return Err(RemoteError::Strange("a line without an end".to_owned()));
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| unreachable(&error))? {
                Some(bytes) => self.waiting.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }
}

fn line(line: &[u8]) -> Result<TapLine, RemoteError> {
    let strange = || RemoteError::Strange(String::from_utf8_lossy(line).into_owned());
    let text = str::from_utf8(line).map_err(|_| strange())?;
    // The event's own bytes are handed on, with its members in their order.
    if let Some(event) = text
        .strip_prefix("{\"event\":")
        .and_then(|t| t.strip_suffix('}'))
    {
        return Ok(TapLine::Event(event.to_owned()));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| strange())?;
    let left_out = &value["left_out"];
    if let (Some(rate), Some(unseen)) = (left_out["rate"].as_u64(), left_out["unseen"].as_u64()) {
        return Ok(TapLine::LeftOut { rate, unseen });
    }
    let end = value["end"].as_str().ok_or_else(strange)?;
    Ok(TapLine::End(end.to_owned()))
}

/// A body that is not too long.
async fn whole(response: &mut Response) -> Result<Vec<u8>, RemoteError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_STATUS {
            return Err(RemoteError::Strange("an answer without an end".to_owned()));
        }
    }
    Ok(body)
}

/// The innermost cause says what happened.
fn unreachable(error: &reqwest::Error) -> RemoteError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    RemoteError::Unreachable(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_tap() {
        let read = |text: &str| line(text.as_bytes()).ok();
        let event = r#"{"type":"cpu","time":1,"load":0.5}"#;
        assert_eq!(
            read(&format!("{{\"event\":{event}}}")),
            Some(TapLine::Event(event.to_owned()))
        );
        assert_eq!(
            read(r#"{"left_out":{"rate":3,"unseen":4}}"#),
            Some(TapLine::LeftOut { rate: 3, unseen: 4 })
        );
        assert_eq!(
            read(r#"{"end":"the server stops"}"#),
            Some(TapLine::End("the server stops".to_owned()))
        );
        assert_eq!(read("{}"), None);
        assert_eq!(read("x"), None);
    }
}
