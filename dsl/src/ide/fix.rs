//! Changes that mend findings.

use super::{Analysis, Edit};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::patterns::UNBOUNDED_WAIT;
use crate::source::Span;
use crate::syntax::ast::{AstNode, MatchClause};

/// A change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words.
    pub title: String,
    /// What is changed.
    pub edit: Edit,
    /// The place among [`Analysis::diagnostics`] of what it mends.
    pub finding: usize,
    /// Whether it is what was meant, as far as can be told.
    pub preferred: bool,
}

/// What bounds a pattern that says nothing itself.
const WINDOW: &str = "5m";

impl Analysis {
    /// The changes that mend what was found in a range.
    pub fn fixes(&self, range: Span) -> Vec<Fix> {
        let mut fixes = Vec::new();
        for (finding, diagnostic) in self.diagnostics().iter().enumerate() {
            let place = diagnostic.primary;
            let apart =
                place.source != range.source || place.end < range.start || range.end < place.start;
            if apart {
                continue;
            }
            if let Some(suggestion) = &diagnostic.suggestion {
                fixes.push(Fix {
                    title: self.title(diagnostic),
                    edit: Edit {
                        place: suggestion.span,
                        text: suggestion.replacement.clone(),
                    },
                    finding,
                    preferred: true,
                });
            }
            if diagnostic.code == UNBOUNDED_WAIT {
                fixes.extend(self.bounded(diagnostic, finding));
            }
        }
        fixes
    }

    /// What a suggestion does: "Replace `hots` by `host`".
    fn title(&self, diagnostic: &Diagnostic) -> String {
        let Some(suggestion) = &diagnostic.suggestion else {
            return String::new();
        };
        let replaced = self.text(suggestion.span);
        let short = |text: &str| text.len() <= 40 && !text.contains('\n');
        match (replaced, &*suggestion.replacement) {
            ("", new) if short(new) => format!("Insert `{}`", new.trim()),
            (old, "") if short(old) => format!("Remove `{}`", old.trim()),
            (old, new) if short(old) && short(new) => format!("Replace `{old}` by `{new}`"),
            _ => capitalised(&suggestion.message),
        }
    }

    /// Adds the `within` that a pattern lacks, behind it.
    fn bounded(&self, diagnostic: &Diagnostic, finding: usize) -> Option<Fix> {
        let place = diagnostic.primary;
        let root = self.parse_of(place.source)?.syntax();
        let token = root.token_at_offset(place.start.into()).right_biased()?;
        let clause = token.parent_ancestors().find_map(MatchClause::cast)?;
        let last = clause.syntax().last_token()?;
        let mut last = Some(last);
        while let Some(token) = last.as_ref().filter(|token| token.kind().is_trivia()) {
            last = token.prev_token();
        }
        let end = u32::from(last?.text_range().end());
        // Behind a clause on a line of its own stands the next on another.
        let text = self.sources().get(place.source).text();
        let start = usize::from(clause.syntax().text_range().start());
        let line = &text[text[..start].rfind('\n').map_or(0, |at| at + 1)..start];
        let separator = if line.trim().is_empty() && !line.is_empty() {
            format!("\n{line}")
        } else {
            " ".to_owned()
        };
        Some(Fix {
            title: format!("Bound the pattern by `within {WINDOW}`"),
            edit: Edit {
                place: Span {
                    source: place.source,
                    start: end,
                    end,
                },
                text: format!("{separator}within {WINDOW}"),
            },
            finding,
            preferred: false,
        })
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}
