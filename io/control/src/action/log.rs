//! The action `log`: a line in the process's own log, which goes to stderr; stdout is for data.

use trapjaw_event::{Severity, Value};

use super::{Call, context};

/// Writes the argument `text`, or what matched if there is none. Where a rule has a severity it decides the level.
pub(super) fn write(name: &str, call: &Call) {
    let page = call.page();
    let matched = &call.matched;
    let rule = &*page.names.rule;
    let text = text(call).unwrap_or_else(|| format!("{rule} {}", matched.kind));
    let mut others = context::arguments(call);
    others.remove("text");
    let arguments = if others.is_empty() {
        None
    } else {
        Some(serde_json::Value::Object(others).to_string())
    };
    let severity = call.book.rules.rules[matched.rule.index()]
        .metadata
        .severity;
    let shown = severity.map(Severity::as_str);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "trapjaw::action",
                action = name,
                rule,
                id = %matched.id,
                kind = matched.kind.as_str(),
                time = matched.time,
                severity = shown,
                arguments,
                "{text}"
            )
        };
    }
    match severity {
        None | Some(Severity::Info | Severity::Low) => line!(info),
        Some(Severity::Medium | Severity::High) => line!(warn),
        Some(Severity::Critical) => line!(error),
    }
}

fn text(call: &Call) -> Option<String> {
    let action = call.action();
    let names = &call.page().names.actions[action.action as usize].arguments;
    let place = names.iter().position(|named| &*named.name == "text")?;
    match action.args.get(place)? {
        Value::Text(text) => Some(on_one_line(text)),
        _ => None,
    }
}

/// Texts come from events: one that holds line ends or terminal escapes must not be able to forge lines of the log.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(on_one_line("häuser 90 %"), "häuser 90 %");
        assert_eq!(on_one_line("a\nERROR b\u{1b}[2J"), "a\\nERROR b\\u{1b}[2J");
    }
}
