//! What those see who look on: counts, and events as they come in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::mpsc::Receiver;
use trapjaw_dsl::diagnostic::Style;

use super::problem::{Kind, Problem};
use crate::limits::{MAX_TAP_RATE, MAX_TAP_TEXT, TAP_RATE};
use crate::service::Service;
use crate::status::Status;
use crate::tap::{TapError, Wish, open};

pub(super) async fn status(State(service): State<Arc<Service>>) -> Response {
    Json(Status::of(&service).await).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    on: Option<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
    rate: Option<u32>,
}

pub(super) async fn tap(
    State(service): State<Arc<Service>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted {
        on,
        condition,
        rate,
    }) = wanted.map_err(|rejection| Problem::new(Kind::Query, rejection.body_text()))?;
    let rate = rate.unwrap_or(TAP_RATE);
    if !(1..=MAX_TAP_RATE).contains(&rate) {
        let message = format!("`rate` is from 1 to {MAX_TAP_RATE}");
        return Err(Problem::new(Kind::Query, message));
    }
    let on = on.unwrap_or_else(|| "any".to_owned());
    if on.len() + condition.as_ref().map_or(0, String::len) > MAX_TAP_TEXT {
        let message = format!("`on` and `where` have at most {MAX_TAP_TEXT} bytes");
        return Err(Problem::new(Kind::Query, message));
    }
    if service.is_stopping() {
        return Err(Problem::new(Kind::Stopping, "the server is stopping"));
    }
    let wish = Wish {
        on,
        condition,
        rate,
    };
    let lines = open(&service, &wish).map_err(|error| {
        let rendered = error.rendered(Style::Plain);
        match error {
            TapError::Wish(_) | TapError::More => {
                let message = "the filter is none over the server's events";
                Problem::new(Kind::Tap, message).with("rendered", rendered)
            }
            TapError::Busy => Problem::new(Kind::TapBusy, rendered.trim_end()),
        }
    })?;
    let body = Body::from_stream(Lines(lines));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// What is written as it comes.
struct Lines(Receiver<Bytes>);

impl futures_core::Stream for Lines {
    type Item = Result<Bytes, core::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|lines| lines.map(Ok))
    }
}
