//! Findings about rule files: what they are, their stable codes, and how they are shown.

pub mod codes;
mod json;
mod render;
mod similar;

pub use crate::source::Span;
pub use codes::Code;
pub use json::to_json;
pub use render::{Style, render};
pub use similar::did_you_mean;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rules compile, but perhaps not to what was meant.
    Warning,
    /// The rules don't compile.
    Error,
}

/// A change of the text that would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What is put there.
    pub replacement: String,
    /// What the change does: "write `and`".
    pub message: String,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The place at fault.
    pub primary: Span,
    /// What stands at the place at fault, shown beside it; may be empty.
    pub primary_label: String,
    /// Other places that belong to it, each with what stands there.
    pub labels: Vec<(Span, String)>,
    /// Why it is so.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// A change that would mend it, where one is plain.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, primary: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary,
            primary_label: String::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            suggestion: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, primary: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, primary, message)
        }
    }

    /// Says what stands at the place at fault.
    #[must_use]
    pub fn with_primary_label(mut self, label: impl Into<String>) -> Diagnostic {
        self.primary_label = label.into();
        self
    }

    /// Adds a place that belongs to it.
    #[must_use]
    pub fn with_label(mut self, span: Span, label: impl Into<String>) -> Diagnostic {
        self.labels.push((span, label.into()));
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// Sets the change that would mend it.
    #[must_use]
    pub fn with_suggestion(
        mut self,
        span: Span,
        replacement: impl Into<String>,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.suggestion = Some(Suggestion {
            span,
            replacement: replacement.into(),
            message: message.into(),
        });
        self
    }

    /// Whether it keeps the rules from compiling.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
