//! Findings in the forms that other tools read: [`sarif`] for code scanning, [`github`] for annotations of a CI job.
//!
//! Rules, configurations and files are told of by errors of their own. What these tools want of them is the same: a
//! [`Finding`].

mod github;
mod sarif;
#[cfg(test)]
mod tests;

pub use github::github;
pub use sarif::sarif;

use trapjaw_dsl::diagnostic::{Diagnostic, Severity};
use trapjaw_dsl::source::{SourceMap, Span, Utf16Position};

/// Something that was found, in rules or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its stable code.
    pub code: String,
    /// Whether it keeps the rules from running.
    pub is_error: bool,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where; some belong to no file.
    pub place: Option<Place>,
    /// Other places that belong to it, each with what stands there.
    pub related: Vec<(Place, String)>,
    /// Why it is so, and what to do.
    pub notes: Vec<String>,
    /// A change that would mend it: place, new text, and what it does.
    pub change: Option<(Place, String, String)>,
}

/// A place in a file. Lines and columns count from 1, columns in UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path, as it was named.
    pub file: String,
    /// Line and column where it begins; `None` for a whole file.
    pub start: Option<(u32, u32)>,
    /// Line and column behind it, where that is known.
    pub end: Option<(u32, u32)>,
}

impl Place {
    /// The place of a span.
    fn of(span: Span, sources: &SourceMap) -> Place {
        let source = sources.get(span.source);
        Place {
            file: source.name().to_owned(),
            start: Some(from_one(source.utf16(span.start))),
            end: Some(from_one(source.utf16(span.end))),
        }
    }
}

/// Line and column, counted from 1.
pub(crate) fn from_one(position: Utf16Position) -> (u32, u32) {
    (position.line + 1, position.column + 1)
}

impl Finding {
    /// An error without more than what is wrong, and where.
    pub(crate) fn error(code: &str, message: String, place: Option<Place>) -> Finding {
        Finding {
            code: code.to_owned(),
            is_error: true,
            message,
            place,
            related: Vec::new(),
            notes: Vec::new(),
            change: None,
        }
    }

    /// What the compiler found.
    pub(crate) fn of(diagnostic: &Diagnostic, sources: &SourceMap) -> Finding {
        let mut message = diagnostic.message.clone();
        if !diagnostic.primary_label.is_empty() {
            message = format!("{message}: {}", diagnostic.primary_label);
        }
        let related = diagnostic.labels.iter();
        let suggestion = diagnostic.suggestion.as_ref();
        let notes = diagnostic.notes.iter().chain(&diagnostic.help);
        Finding {
            code: diagnostic.code.to_string(),
            is_error: diagnostic.severity == Severity::Error,
            message,
            place: Some(Place::of(diagnostic.primary, sources)),
            related: related
                .map(|(span, message)| (Place::of(*span, sources), message.clone()))
                .collect(),
            notes: notes
                .chain(suggestion.map(|suggestion| &suggestion.message))
                .cloned()
                .collect(),
            change: suggestion.map(|suggestion| {
                let place = Place::of(suggestion.span, sources);
                (
                    place,
                    suggestion.replacement.clone(),
                    suggestion.message.clone(),
                )
            }),
        }
    }

    /// All that it says, a line each.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for note in &self.notes {
            text.push('\n');
            text.push_str(note);
        }
        text
    }
}
