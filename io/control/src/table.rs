//! Matches in columns, for people.

use std::io::Write;

use serde_json::Value as Json;
use trapjaw_event::{FieldType, Match, Value, format};
use trapjaw_wire::json::{NamedType, RuleNames};

/// Appends a match as a row without a line break: time, kind, rule, key, and what its values and actions say.
pub fn row(line: &mut Vec<u8>, found: &Match, names: &RuleNames) {
    let key = pairs(&names.key, &found.key);
    let mut said = pairs(&names.values, &found.values);
    for call in &found.actions {
        said.extend(pairs(
            &names.actions[call.action as usize].arguments,
            &call.args,
        ));
    }
    // Writing to memory does not fail.
    let _ = write!(
        line,
        "{:<30}  {:<8}  {:<24}  {:<24}  {}",
        format::Time(found.time).to_string(),
        found.kind,
        names.rule,
        key.join(" "),
        said.join(" "),
    );
    line.truncate(line.trim_ascii_end().len());
}

/// `name=value` of each, as a terminal may be shown it.
pub fn pairs(names: &[NamedType], values: &[Value]) -> Vec<String> {
    let pairs = names.iter().zip(values);
    pairs
        .map(|(named, value)| format!("{}={}", named.name, plain(&named.ty, value)))
        .collect()
}

/// A value, as a terminal may be shown it.
pub fn plain(ty: &FieldType, value: &Value) -> String {
    match (value, ty) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Bool(v), _) => v.to_string(),
        (Value::Int(v), _) => v.to_string(),
        (Value::Float(v), _) => format::Float(*v).to_string(),
        // Events come from anywhere: they don't get to speak to the terminal.
        (Value::Text(v), _) => v.escape_debug().to_string(),
        (Value::Time(v), _) => format::Time(*v).to_string(),
        (Value::Duration(v), _) => format::Duration(*v).to_string(),
        (Value::Ip(v), _) => v.to_string(),
        (Value::Enum(code), FieldType::Enum(names)) if usize::from(*code) < names.len() => {
            names[usize::from(*code)].to_string()
        }
        (Value::Enum(code), _) => code.to_string(),
    }
}

/// An event in the short form of JSON, in columns: time, type, and what else it holds.
pub fn event(json: &str) -> String {
    let Ok(Json::Object(mut members)) = serde_json::from_str(json) else {
        return json.escape_debug().to_string();
    };
    let time = members.remove("time").and_then(|time| time.as_i64());
    let time = time.map_or_else(String::new, |time| format::Time(time).to_string());
    let ty = members.remove("type");
    let ty = ty.as_ref().and_then(Json::as_str).unwrap_or_default();
    let pairs: Vec<String> = members
        .iter()
        .map(|(name, value)| match value {
            Json::String(text) => format!("{name}={}", text.escape_debug()),
            other => format!("{name}={other}"),
        })
        .collect();
    let line = format!(
        "{time:<30}  {:<16}  {}",
        ty.escape_debug().to_string(),
        pairs.join(" ")
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_in_columns() {
        let text = r#"{"type":"cpu","time":1767225600000000000,"source":"a\u001b[2J","load":0.5,"ok":true}"#;
        assert_eq!(
            event(text),
            "2026-01-01T00:00:00Z            cpu               load=0.5 ok=true source=a\\u{1b}[2J"
        );
        assert_eq!(event("nothing"), "nothing");
    }
}
