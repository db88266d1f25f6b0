//! What an action is told, as JSON.
//!
//! ```json
//! {"match": {"rule": "hot", "version": "…", "id": "…", "kind": "matched", "time": 0, "key": {}, "events": {}, "values": {}},
//!  "rule": {"name": "hot", "version": "…", "about": null, "severity": "high", "labels": {}, "runbook": null},
//!  "action": {"name": "page", "index": 0, "arguments": {"text": "…"}, "attempt": 1}}
//! ```
//!
//! `match` is the object that [`write_match`] gives, with all its promises; `index` is the action's place in its rule.
//! Arguments are values as in `match`, though floats may be spelled otherwise (`1e+16`).

use serde::Serialize;
use serde_json::{Map, Value as Json};
use trapjaw_event::{FieldType, Value};
use trapjaw_wire::json::write_match;

use super::Call;

#[derive(Serialize)]
struct Action<'a> {
    name: &'a str,
    index: u32,
    arguments: Map<String, Json>,
    attempt: u32,
}

/// The context of a call. The attempts count from 1.
pub(super) fn of(call: &Call, attempt: u32) -> Vec<u8> {
    let page = call.page();
    let mut out = b"{\"match\":".to_vec();
    let registry = call.book.reader.registry();
    write_match(&mut out, &call.matched, &page.names, registry);
    out.extend_from_slice(b",\"rule\":");
    out.extend_from_slice(page.json.as_bytes());
    out.extend_from_slice(b",\"action\":");
    let index = call.action().action;
    let action = Action {
        name: &page.names.actions[index as usize].name,
        index,
        arguments: arguments(call),
        attempt,
    };
    serde_json::to_writer(&mut out, &action).expect("a vector takes everything");
    out.push(b'}');
    out
}

/// The arguments by name.
pub(super) fn arguments(call: &Call) -> Map<String, Json> {
    let action = call.action();
    let names = &call.page().names.actions[action.action as usize].arguments;
    names
        .iter()
        .zip(&action.args)
        .map(|(named, value)| (named.name.to_string(), json(&named.ty, value)))
        .collect()
}

/// A value as matches show it.
fn json(ty: &FieldType, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Int(number) | Value::Time(number) | Value::Duration(number) => (*number).into(),
        // Infinite ones are null.
        Value::Float(number) => (*number).into(),
        Value::Text(text) => (**text).into(),
        Value::Ip(ip) => ip.to_string().into(),
        Value::Enum(code) => match ty {
            FieldType::Enum(variants) if usize::from(*code) < variants.len() => {
                (*variants[usize::from(*code)]).into()
            }
            _ => (*code).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_in_matches() {
        let level = FieldType::Enum(["low".into(), "high".into()].into());
        let cases = [
            (FieldType::Int, Value::Null, "null"),
            (FieldType::Bool, Value::Bool(true), "true"),
            (FieldType::Int, Value::Int(-1), "-1"),
            (FieldType::Float, Value::Float(1.0), "1.0"),
            (FieldType::Float, Value::Float(1e16), "1e+16"),
            (FieldType::Float, Value::Float(f64::INFINITY), "null"),
            (FieldType::Text, Value::Text("a\"b".into()), r#""a\"b""#),
            (
                FieldType::Time,
                Value::Time(1_767_225_600_000_000_000),
                "1767225600000000000",
            ),
            (
                FieldType::Ip,
                Value::Ip("10.0.0.1".parse().unwrap()),
                r#""10.0.0.1""#,
            ),
            (level.clone(), Value::Enum(1), r#""high""#),
            (level, Value::Enum(7), "7"),
        ];
        for (ty, value, expected) in cases {
            assert_eq!(json(&ty, &value).to_string(), expected);
        }
    }
}
