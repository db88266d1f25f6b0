//! Strings. The lexer gives only strings whose quotes and braces close.

use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Parser<'_> {
    /// A string, with the values that are put in; the height.
    pub(super) fn string(&mut self) -> u32 {
        let start = self.open();
        let mut height = 0;
        if self.eat(SyntaxKind::StringOpen) {
            while !self.eat(SyntaxKind::StringClose) && !self.at(SyntaxKind::Eof) {
                if self.at(SyntaxKind::InterpolationOpen) {
                    height = height.max(self.interpolation());
                } else {
                    self.bump();
                }
            }
        } else {
            self.bump();
        }
        self.close(start, SyntaxKind::StringLiteral);
        height + 1
    }

    fn interpolation(&mut self) -> u32 {
        let start = self.open();
        self.bump();
        let height = self.expr().unwrap_or(0);
        self.eat(SyntaxKind::Format);
        if !self.at(SyntaxKind::InterpolationClose) {
            self.expected("`}` after the value");
        }
        while !self.eat(SyntaxKind::InterpolationClose) && !self.at(SyntaxKind::Eof) {
            if !self.skip_until(|_| false) {
                self.bump_error();
            }
        }
        self.close(start, SyntaxKind::Interpolation);
        height
    }

    /// A string into which nothing is put. `what` tells what it says.
    pub(super) fn plain_string(&mut self, what: &str) {
        if !self.current().begins_string() {
            return self.expected(what);
        }
        let mut ahead = 0;
        while matches!(
            self.nth(ahead),
            SyntaxKind::StringOpen | SyntaxKind::StringText
        ) {
            ahead += 1;
        }
        if self.nth(ahead) == SyntaxKind::InterpolationOpen
            && self.at(SyntaxKind::StringOpen)
            && let Some(token) = self.token(ahead)
        {
            let span = Span::new(self.source, token.range);
            let error =
                Diagnostic::error(codes::NO_INTERPOLATION, span, "no value can be put in here");
            self.error(error.with_help(
                "this text is fixed when the rules are loaded; a plain brace is written `{{`",
            ));
        }
        self.string();
    }
}
