//! The HTTP API.
//!
//! | method and path | what | answers |
//! |---|---|---|
//! | `POST /events` | events: `CloudEvents` 1.0 structured, batched or binary; NDJSON; one as JSON in the short form | 202, 400, 413, 415, 429, 503 |
//! | `GET /-/healthy` | the process lives | 200 |
//! | `GET /-/ready` | events are taken | 200, 503 |
//! | `POST /-/reload` | reads the rule files again, all or nothing; `?dry_run=true` says what would change | 200, 400, 422, 503 |
//! | `GET /metrics` | `OpenMetrics` text | 200 |
//! | `GET /api/v1/rules` | the rules that run | 200 |
//! | `GET /api/v1/events/types` | the event types that they declare | 200 |
//! | `GET /api/v1/matches?rule=&limit=` | the last matches, the newest first | 200 |
//! | `GET /api/v1/status` | what `trapjaw top` shows: counts by shard, type, rule and action, queues, latencies | 200 |
//! | `GET /api/v1/tap?on=&where=&rate=` | events as they come in, as NDJSON, until either side ends it | 200, 400, 422, 503 |
//! | `GET /api/v1/late` | the last events that came too late, those of each shard in order of arrival | 200 |
//!
//! Where a token is configured, everything but `/-/healthy` and `/-/ready` asks for it as `Authorization: Bearer ...`;
//! `/metrics` too, as it names rules and tells of traffic. Requests with an `Origin` come from web pages and are refused.
//!
//! 202 means that a shard has taken the events: they will be evaluated as long as the process lives. It says nothing about
//! durability.
//!
//! Every error is `{"error": {"code": ..., "message": ...}}`, with codes that do not change.

mod api;
mod door;
mod events;
mod operate;
mod problem;
mod server;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::limits::MAX_BODY;
use crate::service::Service;
use problem::{Kind, Problem};
pub(crate) use server::{Server, serve};

/// What answers on a path.
type Answerer = fn() -> MethodRouter<Arc<Service>>;

/// The paths, in the words of metrics.
const ROUTES: [(&str, Answerer); 11] = [
    ("/events", || post(events::post)),
    ("/-/healthy", || get(operate::healthy)),
    ("/-/ready", || get(operate::ready)),
    ("/-/reload", || post(operate::reload)),
    ("/metrics", || get(operate::metrics)),
    ("/api/v1/rules", || get(api::rules)),
    ("/api/v1/events/types", || get(api::event_types)),
    ("/api/v1/matches", || get(api::matches)),
    ("/api/v1/late", || get(api::late)),
    ("/api/v1/status", || get(watch::status)),
    ("/api/v1/tap", || get(watch::tap)),
];

/// The paths that need no token: what watches over processes often can't hold one.
const OPEN: [&str; 2] = ["/-/healthy", "/-/ready"];

fn router(service: &Arc<Service>) -> Router {
    let mut router = Router::new();
    for (path, answerer) in ROUTES {
        router = router.route(path, answerer());
    }
    router
        .fallback(|| async { Problem::new(Kind::NotFound, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::Method, "the path takes other methods")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(service), door::pass))
        .with_state(Arc::clone(service))
}
