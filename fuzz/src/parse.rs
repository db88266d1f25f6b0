//! A rule file.

use trapjaw_dsl::diagnostic::{Diagnostic, Style, codes::internal, render, to_json};
use trapjaw_dsl::source::{SourceMap, Span};
use trapjaw_dsl::{check_with_warnings, compile, syntax};

use crate::Outcome;

/// Parses, checks and compiles the bytes as a rule file; bytes that are no UTF-8 are replaced first.
pub fn parse(data: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(data);
    let mut sources = SourceMap::new();
    let id = sources.add("fuzz.trap", &*text);

    let parse = syntax::parse(id, &text);
    assert_eq!(
        parse.syntax().to_string(),
        text,
        "the tree has all of the text"
    );
    for error in parse.errors() {
        points_inside(error, &text);
    }

    let checked = check_with_warnings(&sources);
    let errors = checked
        .diagnostics
        .iter()
        .filter(|found| found.is_error())
        .count();
    assert_eq!(
        checked.rules.is_some(),
        errors == 0,
        "{:?}",
        checked.diagnostics
    );
    if !parse.errors().is_empty() {
        assert!(errors > 0, "syntax errors are errors");
    }
    for found in &checked.diagnostics {
        points_inside(found, &text);
        assert!(to_json(found, &sources).starts_with('{'));
    }
    let shown = render(&checked.diagnostics, &sources, Style::Plain);
    assert_eq!(shown.is_empty(), checked.diagnostics.is_empty());

    match compile(&sources) {
        Ok(compiled) => {
            assert_eq!(errors, 0);
            assert_eq!(compiled.warnings, checked.diagnostics);
            Outcome::Accepted
        }
        Err(found) => {
            let is_ours = |found: &Diagnostic| found.code == internal::NOT_VERIFIED;
            assert!(
                !found.iter().any(is_ours),
                "the compiler made bad code: {found:?}"
            );
            Outcome::Refused
        }
    }
}

/// Every place that a finding names is in the text, between characters.
fn points_inside(found: &Diagnostic, text: &str) {
    let inside = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?} in {found:?}");
    inside(found.primary);
    found.labels.iter().for_each(|(span, _)| inside(*span));
    if let Some(suggestion) = &found.suggestion {
        inside(suggestion.span);
    }
    assert!(!found.message.is_empty());
}
