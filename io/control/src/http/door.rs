//! Who may come in.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{Kind, Problem};
use super::{OPEN, ROUTES};
use crate::service::Service;

/// Lets a request in or not, and counts its answer.
pub(super) async fn pass(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let known = ROUTES.iter().find(|(route, _)| *route == path);
    let label = known.map_or("other", |(route, _)| route);
    let response = match checked(&service, path, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    service.metrics.request(label, response.status().as_u16());
    response
}

fn checked(service: &Service, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    // No web page is a client of this server. One that tries makes use of its reader's place in the network.
    if headers.contains_key(ORIGIN) {
        return Err(Problem::new(
            Kind::Origin,
            "requests of web pages are refused",
        ));
    }
    let config = &service.config;
    match &config.token {
        Some(_) if OPEN.contains(&path) => Ok(()),
        Some(token) => {
            let given = bearer(headers).ok_or_else(|| {
                Problem::new(
                    Kind::Token,
                    "a token is needed: `Authorization: Bearer ...`",
                )
            })?;
            if token.is(given) {
                Ok(())
            } else {
                Err(Problem::new(Kind::Token, "the token is wrong"))
            }
        }
        None if config.allow_remote || names_this_machine(headers) => Ok(()),
        // A page whose name was made to lead here (DNS rebinding) sends no origin with what it reads.
        None => Err(Problem::new(
            Kind::Host,
            "without a token, requests name the server by its address or as localhost",
        )),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers
        .get(AUTHORIZATION)?
        .as_bytes()
        .split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        return true;
    };
    let authority = host
        .to_str()
        .ok()
        .and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
    })
}
