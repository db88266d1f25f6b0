//! What runs, and what it found.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trapjaw_wire::json::write_match;

use super::problem::{Kind, Problem};
use crate::duration::shown;
use crate::limits::{LISTED_MATCHES, RECENT_MATCHES};
use crate::rules::book::Profile;
use crate::rules::clause;
use crate::service::Service;

#[derive(Serialize)]
struct Rule<'a> {
    #[serde(flatten)]
    profile: Profile<'a>,
    clause: String,
    key: Vec<&'a str>,
    events: Vec<&'a str>,
    actions: Vec<&'a str>,
    matches: u64,
}

pub(super) async fn rules(State(service): State<Arc<Service>>) -> Response {
    let book = service.books.current();
    let registry = &book.rules.registry;
    let rules: Vec<Rule<'_>> = book
        .iter()
        .map(|(rule, page)| Rule {
            profile: Profile::of(rule, &page.names),
            clause: clause::text(rule.clause, rule.zone.as_deref()).to_string(),
            key: rule.key.iter().map(|part| &*part.name).collect(),
            events: rule
                .sources
                .iter()
                .map(|source| &*registry.get(source.type_id).name)
                .collect(),
            actions: rule.actions.iter().map(|action| &*action.name).collect(),
            matches: page.matches.get(),
        })
        .collect();
    Json(json!({ "rules": rules })).into_response()
}

#[derive(Serialize)]
struct EventType<'a> {
    name: &'a str,
    /// Its `CloudEvents` type.
    wire_name: &'a str,
    lateness: String,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: String,
    optional: bool,
    /// Its place in the event, where that is not its name.
    path: Option<String>,
}

pub(super) async fn event_types(State(service): State<Arc<Service>>) -> Response {
    let book = service.books.current();
    let types: Vec<EventType<'_>> = book
        .rules
        .registry
        .iter()
        .map(|(_, ty)| EventType {
            name: &ty.name,
            wire_name: &ty.wire_name,
            lateness: shown(ty.lateness).to_string(),
            fields: ty
                .fields
                .iter()
                .map(|field| Field {
                    name: &field.name,
                    ty: field.ty.to_string(),
                    optional: field.optional,
                    path: field.path.as_ref().map(|path| path.join(".")),
                })
                .collect(),
        })
        .collect();
    Json(json!({ "types": types })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    rule: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn matches(
    State(service): State<Arc<Service>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { rule, limit }) =
        wanted.map_err(|rejection| Problem::new(Kind::Query, rejection.body_text()))?;
    let limit = limit.unwrap_or(LISTED_MATCHES);
    if limit > RECENT_MATCHES {
        let message = format!("`limit` is at most {RECENT_MATCHES}");
        return Err(Problem::new(Kind::Query, message));
    }
    let mut body = b"{\"matches\":[".to_vec();
    for (index, kept) in service
        .recent
        .newest(rule.as_deref(), limit)
        .iter()
        .enumerate()
    {
        if index > 0 {
            body.push(b',');
        }
        let names = &kept.book.page(kept.matched.rule).names;
        write_match(&mut body, &kept.matched, names, kept.book.reader.registry());
    }
    body.extend_from_slice(b"]}");
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

pub(super) async fn late(State(service): State<Arc<Service>>) -> Response {
    let told = service.plane.statistics().await;
    let late: Vec<&str> = told
        .shards
        .iter()
        .flat_map(|shard| shard.late.iter().map(String::as_str))
        .collect();
    let body = format!("{{\"late\":[{}]}}", late.join(","));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
