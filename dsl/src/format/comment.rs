//! Which token each comment belongs to.

use std::collections::HashMap;

use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken, TextSize};

/// A comment on a line of its own.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) text: Box<str>,
    /// Whether an empty line is before it.
    pub(super) apart: bool,
}

/// What stands around a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// Comments on the lines before it.
    pub(super) before: Vec<Comment>,
    /// Whether an empty line is directly before it.
    pub(super) apart: bool,
    /// A comment behind it on its line.
    pub(super) behind: Option<Box<str>>,
}

impl Around {
    /// What stands around a token without comments.
    pub(super) const NOTHING: &Around = &Around {
        before: Vec::new(),
        apart: false,
        behind: None,
    };

    /// Whether an empty line is before the token and its comments.
    pub(super) fn stands_apart(&self) -> bool {
        self.before.first().map_or(self.apart, |first| first.apart)
    }
}

/// The comments of a file by the token that they belong to.
#[derive(Debug, Default)]
pub(super) struct Comments {
    around: HashMap<TextSize, Around>,
    /// Comments behind the last token, on lines of their own.
    pub(super) last: Vec<Comment>,
}

impl Comments {
    pub(super) fn of(file: &SyntaxNode) -> Comments {
        let mut comments = Comments::default();
        let mut before = Vec::new();
        let mut previous: Option<TextSize> = None;
        let mut line_ends = 0;
        let tokens = file
            .descendants_with_tokens()
            .filter_map(rowan::NodeOrToken::into_token);
        for token in tokens {
            match token.kind() {
                SyntaxKind::Whitespace => {
                    line_ends += token.text().bytes().filter(|&byte| byte == b'\n').count();
                    continue;
                }
                SyntaxKind::Comment => {
                    let text: Box<str> = token.text().trim_end().into();
                    match previous {
                        Some(place) if line_ends == 0 && before.is_empty() => {
                            comments.around.entry(place).or_default().behind = Some(text);
                        }
                        _ => before.push(Comment {
                            text,
                            apart: line_ends > 1,
                        }),
                    }
                }
                _ => {
                    let around = comments
                        .around
                        .entry(token.text_range().start())
                        .or_default();
                    around.before = std::mem::take(&mut before);
                    around.apart = line_ends > 1;
                    previous = Some(token.text_range().start());
                }
            }
            line_ends = 0;
        }
        comments.last = before;
        comments
    }

    /// What stands around a token.
    pub(super) fn around(&self, token: &SyntaxToken) -> &Around {
        self.around
            .get(&token.text_range().start())
            .unwrap_or(Around::NOTHING)
    }
}
