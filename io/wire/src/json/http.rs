//! `CloudEvents` as the HTTP binding carries them, without HTTP: [HTTP Protocol Binding 1.0.2].
//!
//! [HTTP Protocol Binding 1.0.2]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md

use core::cell::Cell;
use core::fmt;
use std::borrow::Cow;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use trapjaw_event::Event;

use super::node::{self, Node, Seed};
use super::read::{Form, limited};
use super::{EventReader, JsonError};
use crate::Code;
use crate::limits::{MAX_JSON_BATCH, MAX_JSON_BATCH_EVENTS, MAX_LINE};

impl EventReader {
    /// Structured mode (`application/cloudevents+json`): the body is one event, which has to be a `CloudEvents` object.
    pub fn structured(&mut self, body: &[u8], now: i64) -> Result<Event, JsonError> {
        let text = node::utf8(limited(body)?)?;
        self.read(&node::parse(text)?, Form::Cloud, now)
    }

    /// Batched mode (`application/cloudevents-batch+json`): the body is an array of `CloudEvents` objects.
    ///
    /// Events are refused one by one; the caller decides what that means for the others.
    ///
    /// # Errors
    ///
    /// If the body is not JSON, not an array, or breaks a limit; then nothing of it counts.
    pub fn batched(
        &mut self,
        body: &[u8],
        now: i64,
    ) -> Result<Vec<Result<Event, JsonError>>, JsonError> {
        if body.len() > MAX_JSON_BATCH {
            let reason = format!("{} bytes, at most {MAX_JSON_BATCH} are allowed", body.len());
            return Err(JsonError::new(Code::JsonLength, reason));
        }
        let text = node::utf8(body)?;
        if !text.trim_ascii_start().starts_with('[') {
            return Err(JsonError::new(Code::JsonShape, "a batch is an array"));
        }
        let (too_deep, too_many) = (Cell::new(false), Cell::new(false));
        let mut input = serde_json::Deserializer::from_str(text);
        let batch = Batch {
            reader: self,
            now,
            too_deep: &too_deep,
            too_many: &too_many,
        };
        let events = input
            .deserialize_seq(batch)
            .and_then(|events| input.end().map(|()| events));
        events.map_err(|error| {
            if too_many.get() {
                let reason = format!("more than {MAX_JSON_BATCH_EVENTS} events");
                return JsonError::new(Code::JsonBatch, reason);
            }
            node::refused(&error, too_deep.get())
        })
    }

    /// Binary mode: the envelope is in headers `ce-*`, the data are the body.
    ///
    /// Header names may be in any case, and headers of other names are skipped. Values are unquoted and then
    /// percent-decoded once, as the binding says. The body is JSON if `content_type` is a JSON type or not given; text
    /// if it is `text/*`, which only a field at `"data"` reads; nothing else is read. An empty body is no data.
    pub fn binary<'a>(
        &mut self,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        content_type: Option<&str>,
        body: &[u8],
        now: i64,
    ) -> Result<Event, JsonError> {
        let mut members = Vec::new();
        for (name, value) in headers {
            let Some(attribute) = attribute(name) else {
                continue;
            };
            // What does not fit an event's texts need not be decoded.
            let value = header_value(attribute, limited(value)?)?;
            members.push((Cow::Borrowed(attribute), Node::Text(value)));
        }
        let body = node::utf8(limited(body)?)?;
        if !body.trim_ascii().is_empty() {
            let data = match media(content_type) {
                Media::Json => node::parse(body)?,
                Media::Text => Node::Text(Cow::Borrowed(body)),
                Media::Other => {
                    return Err(JsonError::new(
                        Code::JsonData,
                        "the body's content type is neither JSON nor text",
                    ));
                }
            };
            members.push((Cow::Borrowed("data"), data));
        }
        self.read(&Node::Object(members), Form::Cloud, now)
    }
}

/// Reads an array's items as events, one at a time, so that no more than one of them is in memory as JSON.
struct Batch<'r> {
    reader: &'r mut EventReader,
    now: i64,
    too_deep: &'r Cell<bool>,
    too_many: &'r Cell<bool>,
}

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = Vec<Result<Event, JsonError>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let seed = Seed {
            depth: 0,
            too_deep: self.too_deep,
        };
        let mut events = Vec::new();
        while let Some(node) = items.next_element_seed(seed)? {
            if events.len() == MAX_JSON_BATCH_EVENTS {
                self.too_many.set(true);
                return Err(A::Error::custom("too many"));
            }
            events.push(self.reader.read(&node, Form::Cloud, self.now));
        }
        Ok(events)
    }
}

/// The attribute that a header holds, of those that are read.
fn attribute(header: &str) -> Option<&'static str> {
    const ATTRIBUTES: [&str; 7] = [
        "specversion",
        "type",
        "source",
        "id",
        "subject",
        "time",
        "severity",
    ];
    let (prefix, name) = header.split_at_checked(3)?;
    if !prefix.eq_ignore_ascii_case("ce-") {
        return None;
    }
    ATTRIBUTES
        .into_iter()
        .find(|attribute| name.eq_ignore_ascii_case(attribute))
}

/// A header's value as text: unquoted if it is a quoted string (RFC 9110, 5.6.4), then percent-decoded.
fn header_value<'a>(attribute: &str, value: &'a [u8]) -> Result<Cow<'a, str>, JsonError> {
    let malformed = || {
        JsonError::new(
            Code::JsonEnvelope,
            format!("header `ce-{attribute}` is malformed"),
        )
    };
    let unquoted = match value.trim_ascii() {
        [b'"', quoted @ ..] => {
            let mut text = Vec::with_capacity(quoted.len());
            let mut bytes = quoted.iter();
            loop {
                match bytes.next().ok_or_else(malformed)? {
                    b'"' if bytes.len() == 0 => break Cow::Owned(text),
                    b'"' => return Err(malformed()),
                    b'\\' => text.push(*bytes.next().ok_or_else(malformed)?),
                    &byte => text.push(byte),
                }
            }
        }
        plain => Cow::Borrowed(plain),
    };
    let decoded = if unquoted.contains(&b'%') {
        Cow::Owned(percent_decoded(&unquoted).ok_or_else(malformed)?)
    } else {
        unquoted
    };
    match decoded {
        Cow::Borrowed(bytes) => str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| malformed()),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| malformed()),
    }
}

/// `None` if two hexadecimal digits are missing behind a `%`.
fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            (digit(bytes.next()?)? * 16 + digit(bytes.next()?)?) as u8
        } else {
            byte
        });
    }
    Some(decoded)
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    Json,
    Text,
    Other,
}

fn media(content_type: Option<&str>) -> Media {
    let Some(content_type) = content_type else {
        return Media::Json;
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let Some((top, sub)) = essence.split_once('/') else {
        return Media::Other;
    };
    if sub == "json" || sub.ends_with("+json") {
        Media::Json
    } else if top == "text" {
        Media::Text
    } else {
        Media::Other
    }
}

const _: () = assert!(MAX_JSON_BATCH >= MAX_LINE);
