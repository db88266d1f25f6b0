//! The action `webhook`: posts the context of a match.
//!
//! The address is the configuration's alone. Nothing of an event or a rule gets into it, redirects are not followed, and
//! proxies that the environment names are not used: whoever can send events can't make this process ask addresses of
//! their choice. What the address itself resolves to is the operator's word.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{ActionError, Again, Call, Failure};
use crate::Secret;
use crate::config::ActionConfig;
use crate::limits::MAX_ANSWER;

/// Tells receivers which calls are the same one, whatever its attempt.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

pub(super) struct Webhook {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl core::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Webhook(..)")
    }
}

impl Webhook {
    pub(super) fn new(
        url: &Secret,
        headers: &[(HeaderName, Secret)],
        config: &ActionConfig,
    ) -> Result<Self, ActionError> {
        let url = Url::parse(url.reveal())
            .map_err(|_| ActionError::new("the webhook's address is not a URL"))?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| {
                ActionError::new(format!(
                    "header `{name}` has a value that no header can have"
                ))
            })?;
            value.set_sensitive(true);
            map.insert(name.clone(), value);
        }
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = Client::builder()
            .user_agent(concat!("trapjaw/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(config.timeout)
            .pool_max_idle_per_host(config.concurrency)
            .tls_backend_preconfigured(tls(url.scheme() == "https")?)
            .build()
            .map_err(|error| {
                ActionError::new(format!("no HTTP client: {}", error.without_url()))
            })?;
        Ok(Self {
            client,
            url,
            headers: map,
        })
    }

    pub(super) async fn post(&self, call: &Call, context: Vec<u8>) -> Result<(), Failure> {
        let sent = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(IDEMPOTENCY_KEY, call.key())
            .body(context)
            .send()
            .await;
        let mut response = sent.map_err(|error| {
            // The address may be a secret, and the error itself says little without its causes.
            let error = error.without_url();
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                reason.push_str(": ");
                reason.push_str(&error.to_string());
                cause = error.source();
            }
            Failure::new(Again::Later, reason)
        })?;
        let status = response.status();
        let again = again(status, response.headers());
        // An answer that was read leaves its connection to the next call.
        let answer = beginning(&mut response).await;
        if status.is_success() {
            return Ok(());
        }
        let mut reason = format!("answered {status}");
        if !answer.is_empty() {
            reason.push_str(": ");
            reason.push_str(&answer);
        }
        Err(Failure::new(again, reason))
    }
}

/// For a client that speaks no TLS.
pub(crate) fn no_tls() -> Result<ClientConfig, ActionError> {
    tls(false)
}

/// The certificates of the system, checked with the cryptography of ring. A client that speaks no TLS needs none.
fn tls(encrypted: bool) -> Result<ClientConfig, ActionError> {
    let refuse = |error: rustls::Error| ActionError::new(format!("no TLS: {error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refuse)?;
    let builder = if encrypted {
        builder.with_platform_verifier().map_err(refuse)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// What a refusal says about another attempt.
fn again(status: StatusCode, headers: &HeaderMap) -> Again {
    let passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        );
    if !passing {
        return Again::Never;
    }
    // Only seconds are read: a date needs clocks that agree.
    headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map_or(Again::Later, |seconds| {
            Again::After(Duration::from_secs(seconds))
        })
}

/// The first bytes of an answer's body, on one line.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = MAX_ANSWER - bytes.len();
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            // A body that breaks off says no less than its status.
            Ok(None) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes)
        .trim()
        .escape_debug()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let none = HeaderMap::new();
        for status in [408, 425, 429, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(again(status, &none), Again::Later, "{status}");
        }
        for status in [301, 302, 400, 401, 403, 404, 409, 410, 413, 422] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(again(status, &none), Again::Never, "{status}");
        }
        let mut asked = HeaderMap::new();
        asked.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        let seven = Again::After(Duration::from_secs(7));
        assert_eq!(again(StatusCode::SERVICE_UNAVAILABLE, &asked), seven);
        asked.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Fri, 31 Dec 1999 23:59:59 GMT"),
        );
        assert_eq!(again(StatusCode::SERVICE_UNAVAILABLE, &asked), Again::Later);
    }
}
