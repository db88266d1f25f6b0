//! What those who operate the server ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Kind, Problem};
use crate::metrics::CONTENT_TYPE as OPEN_METRICS;
use crate::service::{ReloadFailure, Reloaded, Service};

pub(super) async fn healthy() -> Response {
    Json(json!({ "status": "healthy" })).into_response()
}

pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    if service.is_stopping() {
        return Err(Problem::new(Kind::Stopping, "the server is stopping"));
    }
    Ok(Json(json!({ "status": "ready" })).into_response())
}

pub(super) async fn reload(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    // A client that goes away must not leave a reload half done.
    let reloaded = tokio::spawn(service.reload())
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the reload failed"))?;
    match reloaded {
        Ok(Reloaded { version, loaded }) => Ok(Json(json!({
            "version": version.0,
            "rules": loaded.rules.rules.len(),
            "warnings": loaded.json_warnings(),
        }))
        .into_response()),
        Err(failure) => {
            let (kind, message) = match &failure {
                ReloadFailure::Rules(_) => (
                    Kind::Rules,
                    "the rules are not loaded; those before go on".to_owned(),
                ),
                ReloadFailure::Plane(error) => (Kind::Reload, error.to_string()),
            };
            Err(Problem::new(kind, message).with("diagnostics", failure.to_json()))
        }
    }
}

pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let text = service
        .metrics
        .text()
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the metrics can't be shown"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
