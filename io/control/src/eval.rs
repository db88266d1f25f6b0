//! An expression of the language against an event: what it gives, by the same compiler and engine as in a rule.
//!
//! The expression becomes the argument of an action of a rule on the event's type, and the event is replayed.

use core::fmt;
use core::fmt::Write as _;
use std::io;

use serde_json::{Map, Value as Json};
use trapjaw_data::names::rule_names;
use trapjaw_dsl::diagnostic::{Diagnostic, Style, render};
use trapjaw_dsl::source::{SourceId, SourceMap};
use trapjaw_event::{ENVELOPE, FieldType, Registry, Value};
use trapjaw_wire::json::NamedType;

use crate::replay::{Options, replay};

/// What the event is called in the expression: `e.load`, or `load` alone.
pub const ALIAS: &str = "e";

/// The type of an event that names none.
const UNNAMED: &str = "event";

/// What an expression gave.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The value.
    pub value: Value,
    /// Its type, beside its name in the rule.
    pub named: NamedType,
}

/// Why an expression gave nothing.
#[derive(Debug)]
pub enum EvalError {
    /// The event is no JSON object, or does not fit its type.
    Event(String),
    /// The expression, or the rules beside it, are wrong.
    Rules(SourceMap, Vec<Diagnostic>),
}

impl EvalError {
    /// For people, with the places marked.
    pub fn rendered(&self, style: Style) -> String {
        match self {
            Self::Event(reason) => format!("error: the event: {reason}\n"),
            Self::Rules(sources, found) => render(found, sources, style),
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rendered(Style::Plain).trim_end())
    }
}

impl std::error::Error for EvalError {}

/// Evaluates an expression over an event, a JSON object as `trapjaw replay` reads it.
///
/// The event's type is one of those that `rules` declare; an event whose type they don't declare has the fields that it
/// holds, with the types that its values look like. Constants and tables of the rules can be used.
///
/// # Errors
///
/// See [`EvalError`].
pub fn evaluate(rules: &SourceMap, event: &str, expression: &str) -> Result<Evaluated, EvalError> {
    let mut members: Map<String, Json> =
        serde_json::from_str(event).map_err(|error| EvalError::Event(error.to_string()))?;
    let wire_name = members
        .entry("type")
        .or_insert_with(|| UNNAMED.into())
        .as_str()
        .ok_or_else(|| EvalError::Event("`type` is a text".to_owned()))?
        .to_owned();
    let mut sources = rules.clone();
    let known = declared(rules)?;
    let by_name = known
        .by_wire_name(&wire_name)
        .or_else(|| known.by_name(&wire_name));
    let name = if let Some(id) = by_name {
        let ty = known.get(id);
        members.insert("type".to_owned(), Json::from(&*ty.wire_name));
        ty.name.to_string()
    } else {
        sources.add("event", declaration(&wire_name, &members));
        wire_name
    };
    let head = format!("rule `the expression` {{ on {ALIAS}: `{name}` do tell(value:\n");
    let id = sources.add("expression", format!("{head}{expression}\n) }}"));
    let compiled = trapjaw_dsl::compile(&sources).map_err(|mut found| {
        // Whoever wrote the expression has not seen the rule around it.
        for finding in &mut found {
            within(finding, id, head.len() as u32, expression.len() as u32);
        }
        let shown = |of, _: &str| (of == id).then(|| expression.to_owned());
        EvalError::Rules(sources.with_texts(shown), found)
    })?;
    let program = std::sync::Arc::new(compiled.program);
    let place = program.rules.len() - 1;
    let line = Json::Object(members).to_string();
    let (mut value, mut refused) = (None, None);
    let found = |found: trapjaw_event::Match| {
        if found.rule.index() == place {
            let args = found.actions.into_iter().next().map(|call| call.args);
            value = args.and_then(|args| args.into_iter().next());
        }
        Ok(())
    };
    let result: io::Result<_> = replay(
        &program,
        line.as_bytes(),
        Options::default(),
        found,
        |_, why| {
            refused = Some(why.to_string());
        },
    );
    result.map_err(|error| EvalError::Event(error.to_string()))?;
    let names = rule_names(&program.rules[place]);
    let named = names.actions[0].arguments[0].clone();
    match value {
        Some(value) => Ok(Evaluated { value, named }),
        None => Err(EvalError::Event(
            refused.unwrap_or_else(|| "it was not taken in".to_owned()),
        )),
    }
}

/// Moves the places of a finding from the rule around an expression to the expression.
fn within(finding: &mut Diagnostic, expression: SourceId, head: u32, length: u32) {
    if finding.primary.source == expression && finding.primary.start >= head + length {
        finding.message = finding
            .message
            .replace("found `)`", "found the end of the expression");
    }
    let labels = finding.labels.iter_mut().map(|(span, _)| span);
    let change = finding.suggestion.iter_mut();
    let change = change.map(|suggestion| &mut suggestion.span);
    let places = std::iter::once(&mut finding.primary);
    for span in places.chain(labels).chain(change) {
        if span.source == expression {
            span.start = span.start.saturating_sub(head).min(length);
            span.end = span.end.saturating_sub(head).min(length);
        }
    }
}

/// The types that rules declare.
fn declared(rules: &SourceMap) -> Result<Registry, EvalError> {
    match trapjaw_dsl::check(rules) {
        Ok(checked) => Ok((*checked.registry).clone()),
        Err(found) => Err(EvalError::Rules(rules.clone(), found)),
    }
}

/// An event type for an event of which nothing is known.
fn declaration(name: &str, members: &Map<String, Json>) -> String {
    let mut fields = Vec::new();
    let members = match members.get("data") {
        Some(Json::Object(data)) => data,
        _ => members,
    };
    collect(members, &mut Vec::new(), &mut fields);
    let mut text = format!("event `{name}` {{\n");
    for field in fields {
        let _ = writeln!(text, "    {field}");
    }
    text.push('}');
    text
}

/// Declares what can be a field, objects within objects as paths.
fn collect(members: &Map<String, Json>, path: &mut Vec<String>, fields: &mut Vec<String>) {
    for (name, value) in members {
        let is_envelope = path.is_empty() && ENVELOPE.contains(&&**name);
        if is_envelope || name.contains('`') || name.contains('\n') || name.is_empty() {
            continue;
        }
        path.push(format!("`{name}`"));
        match value {
            Json::Object(members) => collect(members, path, fields),
            value => {
                if let Some(ty) = looks_like(value) {
                    fields.push(format!("{}: {ty}?", path.join(".")));
                }
            }
        }
        path.pop();
    }
}

/// The type that a value looks like; none of a list.
fn looks_like(value: &Json) -> Option<FieldType> {
    Some(match value {
        Json::Bool(_) => FieldType::Bool,
        Json::Number(number) if number.is_i64() => FieldType::Int,
        Json::Number(_) => FieldType::Float,
        Json::String(text) if text.parse::<jiff::Timestamp>().is_ok() => FieldType::Time,
        Json::String(text) if text.parse::<core::net::IpAddr>().is_ok() => FieldType::Ip,
        Json::String(_) | Json::Null => FieldType::Text,
        Json::Array(_) | Json::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(rules: &str, event: &str, expression: &str) -> Result<Value, String> {
        let mut sources = SourceMap::new();
        if !rules.is_empty() {
            sources.add("rules.trap", rules);
        }
        let evaluated = evaluate(&sources, event, expression);
        evaluated
            .map(|evaluated| evaluated.value)
            .map_err(|error| error.to_string())
    }

    const EVENT: &str = r#"{"host":"web-1","load":0.95,"ok":true,"n":3,"at":"2026-01-01T00:00:00Z",
        "ip":"10.0.0.1","actor":{"name":"ann"},"list":[1]}"#;

    #[test]
    fn an_unknown_event_has_the_fields_that_it_holds() {
        let value = |expression| value("", EVENT, expression).expect("it has a value");
        assert_eq!(value("load > 90% and ok"), Value::Bool(true));
        assert_eq!(value("e.n * 2"), Value::Int(6));
        assert_eq!(
            value("\"{host} of {e.actor.name}\""),
            Value::Text("web-1 of ann".into())
        );
        assert_eq!(value("ip in 10.0.0.0/8"), Value::Bool(true));
        assert_eq!(
            value("e.at - 2025-12-31T23:00:00Z"),
            Value::Duration(3_600_000_000_000)
        );
    }

    #[test]
    fn a_known_event_has_the_fields_of_its_type() {
        let rules = "event cpu = \"com.cpu\" { load: float, core: int? } const HIGH = 90%";
        let event = r#"{"type":"cpu","load":1}"#;
        assert_eq!(value(rules, event, "load > HIGH"), Ok(Value::Bool(true)));
        assert_eq!(value(rules, event, "core"), Ok(Value::Null));
        let wrong = value(rules, r#"{"type":"com.cpu","load":"high"}"#, "load");
        assert!(wrong.unwrap_err().contains("load"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = value("", EVENT, "laod > 1").unwrap_err();
        assert!(wrong.contains("did you mean `load`?"), "{wrong}");
        // The places are those of the expression, and not of the rule around it.
        assert!(wrong.contains("expression:1:1\n"), "{wrong}");
        let cut = value("", EVENT, "load >").unwrap_err();
        assert!(cut.contains("found the end of the expression"), "{cut}");
        assert!(cut.contains("expression:1:7\n"), "{cut}");
        assert!(value("", "[1]", "1").unwrap_err().contains("the event"));
        assert!(
            value("event", EVENT, "1")
                .unwrap_err()
                .contains("rules.trap")
        );
    }
}
