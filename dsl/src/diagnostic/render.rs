//! Diagnostics for people: the text with the places marked.

use super::{Diagnostic, Severity};
use crate::source::{SourceId, SourceMap, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use std::ops::Range;

/// Whether diagnostics are shown in colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Characters only.
    Plain,
    /// With terminal escapes.
    Coloured,
}

/// Shows diagnostics, in their order, with an empty line between two.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut shown = String::new();
    for diagnostic in diagnostics {
        if !shown.is_empty() {
            shown.push('\n');
        }
        shown.push_str(&renderer.render(&report(diagnostic, sources)));
        shown.push('\n');
    }
    shown
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(
        level
            .primary_title(&diagnostic.message)
            .id(diagnostic.code.to_string()),
    );
    for source in files(diagnostic) {
        let mut snippet = snippet(sources, source);
        if source == diagnostic.primary.source {
            let mark = AnnotationKind::Primary.span(place(sources, diagnostic.primary));
            let label =
                (!diagnostic.primary_label.is_empty()).then_some(diagnostic.primary_label.as_str());
            snippet = snippet.annotation(mark.label(label));
        }
        for (span, label) in diagnostic
            .labels
            .iter()
            .filter(|(span, _)| span.source == source)
        {
            snippet = snippet.annotation(
                AnnotationKind::Context
                    .span(place(sources, *span))
                    .label(label),
            );
        }
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    let mut groups = vec![group];
    if let Some(suggestion) = &diagnostic.suggestion {
        let source = sources.get(suggestion.span.source);
        let patch = Patch::new(place(sources, suggestion.span), &suggestion.replacement);
        let change = Snippet::source(source.text())
            .path(source.name())
            .patch(patch);
        groups.push(
            Level::HELP
                .secondary_title(&suggestion.message)
                .element(change),
        );
    }
    groups
}

/// The files that a diagnostic points into, that of the place at fault first.
fn files(diagnostic: &Diagnostic) -> Vec<SourceId> {
    let mut files = vec![diagnostic.primary.source];
    for (span, _) in &diagnostic.labels {
        if !files.contains(&span.source) {
            files.push(span.source);
        }
    }
    files
}

fn snippet(sources: &SourceMap, id: SourceId) -> Snippet<'_, Annotation<'_>> {
    let source = sources.get(id);
    Snippet::source(source.text()).path(source.name())
}

/// The bytes of a place, drawn in to whole characters of the text.
fn place(sources: &SourceMap, span: Span) -> Range<usize> {
    let text = sources.get(span.source).text();
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary(span.end as usize).max(start);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes::syntax::{FOREIGN_OPERATOR, UNEXPECTED_TOKEN};
    use insta::assert_snapshot;

    fn span(source: SourceId, start: u32, end: u32) -> Span {
        Span { source, start, end }
    }

    #[test]
    fn everything_is_shown() {
        let mut sources = SourceMap::new();
        let first = sources.add("a.trap", "rule x {\n  where a && b\n}\n");
        let second = sources.add("b.trap", "event y { a: bool }\n");
        let diagnostic = Diagnostic::error(
            FOREIGN_OPERATOR,
            span(first, 19, 21),
            "`&&` is written `and`",
        )
        .with_primary_label("here")
        .with_label(span(first, 17, 18), "of type bool")
        .with_label(span(second, 10, 11), "declared here")
        .with_note("words are read more easily")
        .with_help("use words")
        .with_suggestion(span(first, 19, 21), "and", "write `and`");
        assert_snapshot!(render(&[diagnostic], &sources, Style::Plain), @r#"
        error[TJ0019]: `&&` is written `and`
         --> a.trap:2:11
          |
        2 |   where a && b
          |         - ^^ here
          |         |
          |         of type bool
          |
         ::: b.trap:1:11
          |
        1 | event y { a: bool }
          |           - declared here
          |
          = note: words are read more easily
          = help: use words
        help: write `and`
          |
        2 -   where a && b
        2 +   where a and b
          |
        "#);
    }

    #[test]
    fn colours_are_only_escapes() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.trap", "const X 5");
        let diagnostic = Diagnostic::warning(UNEXPECTED_TOKEN, span(id, 8, 9), "expected `=`");
        let plain = render(std::slice::from_ref(&diagnostic), &sources, Style::Plain);
        let coloured = render(&[diagnostic], &sources, Style::Coloured);
        assert_ne!(plain, coloured);
        let mut bare = String::new();
        let mut pieces = coloured.split("\u{1b}[");
        bare.push_str(pieces.next().unwrap_or(""));
        for piece in pieces {
            bare.push_str(piece.split_once('m').map_or("", |(_, text)| text));
        }
        assert_eq!(bare, plain);
    }

    #[test]
    fn places_outside_of_the_text_are_drawn_in() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.trap", "aé");
        assert_eq!(place(&sources, span(id, 2, 2)), 1..3);
        assert_eq!(place(&sources, span(id, 7, 9)), 3..3);
        assert_eq!(place(&sources, span(id, 1, 0)), 1..1);
    }
}
