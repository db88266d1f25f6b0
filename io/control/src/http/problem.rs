//! What a client is told when something is wrong: a status, a stable code, and a reason for people.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::limits::RETRY_AFTER_SECONDS;

macro_rules! problems {
    ($( #[doc = $about:literal] $variant:ident = $status:ident, $code:literal; )+) => {
        /// Why a request was not done. Codes of events that are refused are the wire's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $( #[doc = $about] $variant, )+
        }

        impl Kind {
            fn status(self) -> StatusCode {
                match self { $( Self::$variant => StatusCode::$status, )+ }
            }

            /// The stable code.
            fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }
        }
    };
}

problems! {
    /// The path is nobody's.
    NotFound = NOT_FOUND, "E_HTTP_NOT_FOUND";
    /// The path takes other methods.
    Method = METHOD_NOT_ALLOWED, "E_HTTP_METHOD";
    /// The query can't be read.
    Query = BAD_REQUEST, "E_HTTP_QUERY";
    /// The token is missing or wrong.
    Token = UNAUTHORIZED, "E_HTTP_TOKEN";
    /// The request comes out of a web page.
    Origin = FORBIDDEN, "E_HTTP_ORIGIN";
    /// The request names a host that is not this machine.
    Host = FORBIDDEN, "E_HTTP_HOST";
    /// The body's type is none of those that are read.
    MediaType = UNSUPPORTED_MEDIA_TYPE, "E_HTTP_MEDIA_TYPE";
    /// The body is too long.
    Length = PAYLOAD_TOO_LARGE, "E_HTTP_LENGTH";
    /// The body broke off.
    Body = BAD_REQUEST, "E_HTTP_BODY";
    /// The body took too long.
    Timeout = REQUEST_TIMEOUT, "E_HTTP_TIMEOUT";
    /// None of the events was accepted.
    Events = BAD_REQUEST, "E_HTTP_EVENTS";
    /// There is no room now.
    Busy = TOO_MANY_REQUESTS, "E_BUSY";
    /// The server is stopping.
    Stopping = SERVICE_UNAVAILABLE, "E_STOPPING";
    /// Events were handed over, but the shards have not said that they took them.
    NotReceived = SERVICE_UNAVAILABLE, "E_NOT_RECEIVED";
    /// The rules are not loaded; those before go on.
    Rules = UNPROCESSABLE_ENTITY, "E_RULES";
    /// What a tap asks for is no expression over the events.
    Tap = UNPROCESSABLE_ENTITY, "E_TAP";
    /// As many look on as may.
    TapBusy = SERVICE_UNAVAILABLE, "E_TAP_BUSY";
    /// The shards did not take the rules; those before go on.
    Reload = SERVICE_UNAVAILABLE, "E_RELOAD";
    /// A fault of the server.
    Internal = INTERNAL_SERVER_ERROR, "E_INTERNAL";
}

/// An answer that says what is wrong: `{"error": {"code": ..., "message": ...}}`, and what else there is to say.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    /// Instead of the kind's.
    code: Option<&'static str>,
    message: String,
    members: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
            members: Map::new(),
        }
    }

    /// With a code that says more.
    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// With another member in the answer.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.code.unwrap_or(self.kind.code());
        let mut body = self.members;
        body.insert(
            "error".into(),
            json!({ "code": code, "message": self.message }),
        );
        let mut response = (self.kind.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        match self.kind {
            Kind::Token => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::Busy | Kind::TapBusy | Kind::Stopping | Kind::NotReceived | Kind::Reload => {
                headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        response
    }
}
