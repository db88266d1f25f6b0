//! Matches in columns, for people.

use std::io::Write;

use trapjaw_event::{FieldType, Match, Value, format};
use trapjaw_wire::json::{NamedType, RuleNames};

/// Appends a match as a row without a line break: time, kind, rule, key, and what its values and actions say.
pub(crate) fn row(line: &mut Vec<u8>, found: &Match, names: &RuleNames) {
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
pub(crate) fn pairs(names: &[NamedType], values: &[Value]) -> Vec<String> {
    let pairs = names.iter().zip(values);
    pairs
        .map(|(named, value)| format!("{}={}", named.name, plain(&named.ty, value)))
        .collect()
}

/// A value, as a terminal may be shown it.
pub(crate) fn plain(ty: &FieldType, value: &Value) -> String {
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
