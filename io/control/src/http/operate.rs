//! What those who operate the server ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{Kind, Problem};
use crate::metrics::CONTENT_TYPE as OPEN_METRICS;
use crate::service::{Planned, ReloadFailure, Reloaded, Service};

pub(super) async fn healthy() -> Response {
    Json(json!({ "status": "healthy" })).into_response()
}

pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    if service.is_stopping() {
        return Err(Problem::new(Kind::Stopping, "the server is stopping"));
    }
    Ok(Json(json!({ "status": "ready" })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reload {
    /// Says what a reload would do, and does nothing.
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn reload(
    State(service): State<Arc<Service>>,
    wanted: Result<Query<Reload>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Reload { dry_run }) =
        wanted.map_err(|rejection| Problem::new(Kind::Query, rejection.body_text()))?;
    if dry_run {
        return match service.plan().await {
            Ok(Planned { changes, loaded }) => Ok(Json(json!({
                "dry_run": true,
                "rules": loaded.rules.rules.len(),
                "changes": changes,
                "warnings": loaded.json_warnings(),
            }))
            .into_response()),
            Err(error) => Err(not_loaded(error.to_json())),
        };
    }
    // A client that goes away must not leave a reload half done.
    let reloaded = tokio::spawn(service.reload())
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the reload failed"))?;
    match reloaded {
        Ok(Reloaded {
            version,
            changes,
            loaded,
        }) => Ok(Json(json!({
            "version": version.0,
            "rules": loaded.rules.rules.len(),
            "changes": changes,
            "warnings": loaded.json_warnings(),
        }))
        .into_response()),
        Err(failure @ ReloadFailure::Rules(_)) => Err(not_loaded(failure.to_json())),
        Err(failure @ ReloadFailure::Plane(_)) => {
            Err(Problem::new(Kind::Reload, failure.to_string())
                .with("diagnostics", failure.to_json()))
        }
    }
}

fn not_loaded(diagnostics: Vec<Value>) -> Problem {
    let message = "the rules are not loaded; those before go on";
    Problem::new(Kind::Rules, message).with("diagnostics", diagnostics)
}

pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let text = service
        .metrics
        .text()
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the metrics can't be shown"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
