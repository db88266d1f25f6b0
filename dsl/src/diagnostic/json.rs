//! Diagnostics for machines.

use super::{Diagnostic, Severity};
use crate::source::{LineColumn, SourceMap, Span};
use serde::Serialize;

/// A diagnostic as one JSON object, without line ends in it:
///
/// `code`, `severity` (`error` or `warning`), `message`, then the place at fault as `file`, `start` and `end` (each
/// with `line` and `column`, which count from 1, columns in characters, and `offset`, which counts bytes from 0), its
/// `label`, `labels` (each a place with a `message`), `notes`, `help`, and `suggestion` (a place with a `replacement`
/// and a `message`, or null).
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let json = Json {
        code: diagnostic.code.to_string(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        place: Place::new(diagnostic.primary, sources),
        label: &diagnostic.primary_label,
        labels: diagnostic
            .labels
            .iter()
            .map(|(span, message)| Label {
                place: Place::new(*span, sources),
                message,
            })
            .collect(),
        notes: &diagnostic.notes,
        help: &diagnostic.help,
        suggestion: diagnostic.suggestion.as_ref().map(|suggestion| Change {
            place: Place::new(suggestion.span, sources),
            replacement: &suggestion.replacement,
            message: &suggestion.message,
        }),
    };
    serde_json::to_string(&json).expect("texts and numbers are always JSON")
}

#[derive(Serialize)]
struct Json<'a> {
    code: String,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    label: &'a str,
    labels: Vec<Label<'a>>,
    notes: &'a [String],
    help: &'a [String],
    suggestion: Option<Change<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct Change<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u32,
}

impl<'a> Place<'a> {
    fn new(span: Span, sources: &'a SourceMap) -> Place<'a> {
        let source = sources.get(span.source);
        let point = |offset| {
            let LineColumn { line, column } = source.line_column(offset);
            Point {
                line,
                column,
                offset,
            }
        };
        Place {
            file: source.name(),
            start: point(span.start),
            end: point(span.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes::syntax::FOREIGN_OPERATOR;

    #[test]
    fn one_object_holds_everything() {
        let mut sources = SourceMap::new();
        let source = sources.add("a.trap", "rule x {\n  where é && b\n}\n");
        let diagnostic = Diagnostic::error(
            FOREIGN_OPERATOR,
            Span {
                source,
                start: 20,
                end: 22,
            },
            "no `&&`",
        )
        .with_label(
            Span {
                source,
                start: 17,
                end: 19,
            },
            "this",
        )
        .with_note("n")
        .with_help("h")
        .with_suggestion(
            Span {
                source,
                start: 20,
                end: 22,
            },
            "and",
            "write `and`",
        );
        let place = r#""file":"a.trap","start":{"line":2,"column":11,"offset":20},"end":{"line":2,"column":13,"offset":22}"#;
        let label = r#""file":"a.trap","start":{"line":2,"column":9,"offset":17},"end":{"line":2,"column":10,"offset":19}"#;
        let expected = format!(
            r#"{{"code":"TJ0019","severity":"error","message":"no `&&`",{place},"label":"","labels":[{{{label},"message":"this"}}],"notes":["n"],"help":["h"],"suggestion":{{{place},"replacement":"and","message":"write `and`"}}}}"#
        );
        assert_eq!(to_json(&diagnostic, &sources), expected);
    }
}
