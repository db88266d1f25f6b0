//! `POST /events`: events in each of the forms that are read.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::problem::{Kind, Problem};
use crate::intake::{Form, Outcome, Refusal, Stop};
use crate::limits::{BODY_TIMEOUT, BODY_UNIT, MAX_BODY};
use crate::service::Service;

pub(super) async fn post(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Problem> {
    if service.is_stopping() {
        return Err(Problem::new(Kind::Stopping, "the server is stopping"));
    }
    let headers = request.headers().clone();
    let form = form(&headers)?;
    let _budget = reserve(&service, &headers)?;
    let body = whole(request).await?;
    let taken = service.take(form, headers, body, wall_clock()).await;
    let outcome = taken.map_err(|error| {
        service.metrics.events(0, 1);
        Problem::new(Kind::Events, error.reason()).with_code(error.code().name())
    })?;
    service.metrics.events(outcome.accepted, outcome.refused);
    answer(form, &outcome)
}

/// Which form the headers announce.
fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let refuse = |message: &str| Err(Problem::new(Kind::MediaType, message));
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return refuse("compressed bodies are not read");
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    let mut parts = content_type.as_deref().unwrap_or_default().split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let charset = parts.find_map(|part| part.trim().strip_prefix("charset="));
    if charset.is_some_and(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "us-ascii")) {
        return refuse("only UTF-8 is read");
    }
    match essence {
        "application/cloudevents+json" => Ok(Form::Structured),
        "application/cloudevents-batch+json" => Ok(Form::Batched),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Form::Lines),
        // Other formats of structured and batched events (Avro, Protobuf, XML) are not data of binary ones.
        other if other.starts_with("application/cloudevents") => {
            refuse("of the formats of CloudEvents only JSON is read")
        }
        _ if headers.contains_key("ce-specversion") => Ok(Form::Binary),
        "application/json" => Ok(Form::Single),
        "" => refuse("the request has no content type"),
        _ => refuse(
            "the content type is none of application/cloudevents+json, application/cloudevents-batch+json, \
             application/x-ndjson and application/json, and there are no headers `ce-*`",
        ),
    }
}

/// Takes memory for the body out of what there is for all.
fn reserve(service: &Service, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A body of unknown length may become as long as any.
    let length = announced.unwrap_or(MAX_BODY as u64);
    if length > MAX_BODY as u64 {
        return Err(too_long());
    }
    let units = (length as usize).div_ceil(BODY_UNIT).max(1) as u32;
    Arc::clone(&service.budget)
        .try_acquire_many_owned(units)
        .map_err(|_| Problem::new(Kind::Busy, "too many bodies are being read"))
}

async fn whole(request: Request) -> Result<Bytes, Problem> {
    let body = timeout(BODY_TIMEOUT, Bytes::from_request(request, &())).await;
    let body = body.map_err(|_| {
        let message = format!("the body did not arrive within {BODY_TIMEOUT:?}");
        Problem::new(Kind::Timeout, message)
    })?;
    body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_long()
        } else {
            Problem::new(Kind::Body, "the body broke off")
        }
    })
}

fn too_long() -> Problem {
    let message = format!("a body has at most {MAX_BODY} bytes");
    Problem::new(Kind::Length, message)
}

/// Nanoseconds since the epoch, for events without a time.
fn wall_clock() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64)
}

/// `accepted` counts the events that a shard has taken, `refused_total` those that were refused for what they are, and
/// `refused` lists the first of these.
fn answer(form: Form, outcome: &Outcome) -> Result<Response, Problem> {
    let refused: Vec<Value> = outcome
        .refusals
        .iter()
        .map(|refusal| refusal.to_json(form))
        .collect();
    let problem = match outcome.stop {
        Some(Stop::Busy(at)) => {
            Problem::new(Kind::Busy, "there is no room: send the rest again").with("resume", at)
        }
        Some(Stop::Stopping(at)) => {
            Problem::new(Kind::Stopping, "the server is stopping").with("resume", at)
        }
        Some(Stop::NotReceived) => Problem::new(
            Kind::NotReceived,
            "some events were handed over, but are not known to be taken",
        ),
        None => match &outcome.refusals[..] {
            [Refusal { code, reason, .. }] if outcome.accepted == 0 => {
                Problem::new(Kind::Events, reason).with_code(code)
            }
            [_, ..] if outcome.accepted == 0 => {
                Problem::new(Kind::Events, "none of the events was accepted")
            }
            _ => {
                let body = json!({
                    "accepted": outcome.accepted,
                    "refused_total": outcome.refused,
                    "refused": refused,
                });
                return Ok((StatusCode::ACCEPTED, Json(body)).into_response());
            }
        },
    };
    Err(problem
        .with("accepted", outcome.accepted)
        .with("refused_total", outcome.refused)
        .with("refused", refused))
}
