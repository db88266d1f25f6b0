//! The patterns of `match`, loosest operator first.

use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Arrow;

// Each function gives the height of what it put into the tree, none if it found nothing.
impl Parser<'_> {
    /// A whole pattern.
    pub(super) fn pattern(&mut self) -> Option<u32> {
        self.nested(|p| p.flat(SyntaxKind::OrPattern, |p| p.at_word("or"), Self::sequence))
    }

    fn sequence(&mut self) -> Option<u32> {
        self.flat(
            SyntaxKind::SequencePattern,
            |p| Arrow::of(p.current()).is_some(),
            Self::conjunction,
        )
    }

    fn conjunction(&mut self) -> Option<u32> {
        self.flat(SyntaxKind::AndPattern, |p| p.at_word("and"), Self::negation)
    }

    /// Operands with operators between them, as one node; a lone operand stays as it is.
    fn flat(
        &mut self,
        kind: SyntaxKind,
        at_operator: impl Fn(&Self) -> bool,
        operand: impl Fn(&mut Self) -> Option<u32>,
    ) -> Option<u32> {
        let start = self.open();
        let mut height = operand(self);
        if !at_operator(self) {
            return height;
        }
        while at_operator(self) {
            if self.at(SyntaxKind::Ident) {
                self.bump_keyword();
            } else {
                self.bump();
            }
            height = height.max(operand(self));
        }
        self.close(start, kind);
        Some(height.unwrap_or(0) + 1)
    }

    /// `not x for D`, or something bounded by `until`.
    fn negation(&mut self) -> Option<u32> {
        let start = self.open();
        if self.eat_word("not") {
            let mut height = self.repetition();
            if self.eat_word("for") {
                height = height.max(self.operand());
            }
            self.close(start, SyntaxKind::NotPattern);
            return Some(height.unwrap_or(0) + 1);
        }
        let mut height = self.repetition()?;
        while self.at_word("until") && self.fits(height + 1) {
            self.bump_keyword();
            let bound = self.element_or_group();
            self.close(start, SyntaxKind::UntilPattern);
            height = height.max(bound.unwrap_or(0)) + 1;
        }
        Some(height)
    }

    /// An element or group with its quantifier.
    fn repetition(&mut self) -> Option<u32> {
        let start = self.open();
        let height = self.element_or_group()?;
        let quantifier = self.open();
        let quantified = match self.current() {
            SyntaxKind::Plus | SyntaxKind::Star | SyntaxKind::Question => {
                self.bump();
                self.eat(SyntaxKind::Question);
                true
            }
            // Behind an element it is the reluctant `?`, not the default of expressions.
            SyntaxKind::QuestionQuestion => {
                self.bump();
                true
            }
            SyntaxKind::LBrace => {
                self.counts();
                self.eat(SyntaxKind::Question);
                true
            }
            _ => false,
        };
        let contiguity =
            matches!(self.word(), "strict" | "any") && self.nth(1) != SyntaxKind::Colon;
        if contiguity {
            if !quantified {
                let message = format!(
                    "`{}` describes a repetition, and nothing is repeated here",
                    self.word()
                );
                let error = Diagnostic::error(codes::MISPLACED_CONTIGUITY, self.span(), message);
                self.error(error.with_help(
                    "it stands behind a quantifier: `a+ strict`; for a step use `=>` or `~>`",
                ));
            }
            self.bump_keyword();
        }
        if !quantified && !contiguity {
            return Some(height);
        }
        self.close(quantifier, SyntaxKind::Quantifier);
        self.close(start, SyntaxKind::RepeatPattern);
        Some(height + 1)
    }

    /// `{n}`, `{n,}`, `{n,m}`.
    fn counts(&mut self) {
        self.bump();
        if self.count("how often it is repeated")
            && self.eat(SyntaxKind::Comma)
            && self.at(SyntaxKind::Int)
        {
            self.count("how often it may be repeated");
        }
        if !self.at(SyntaxKind::RBrace) {
            self.expected("`}` after the quantifier's numbers");
            self.skip_until(|_| false);
        }
        self.eat(SyntaxKind::RBrace);
    }

    fn count(&mut self, what: &str) -> bool {
        if !self.at(SyntaxKind::Int) {
            self.expected(what);
            return false;
        }
        if self.text[self.range()]
            .replace('_', "")
            .parse::<u32>()
            .is_err()
        {
            self.error_here(
                codes::NUMBER_OUT_OF_RANGE,
                format!("nothing is repeated more than {} times", u32::MAX),
            );
        }
        self.bump();
        true
    }

    fn element_or_group(&mut self) -> Option<u32> {
        let start = self.open();
        if self.eat(SyntaxKind::LParen) {
            let inner = self.pattern();
            if !self.at(SyntaxKind::RParen) {
                self.expected("`)` after the group");
                self.skip_until(|_| false);
            }
            self.eat(SyntaxKind::RParen);
            self.close(start, SyntaxKind::GroupPattern);
            return Some(inner.unwrap_or(0) + 1);
        }
        if self.nth_is_name(0) && self.nth(1) == SyntaxKind::Colon {
            self.alias();
        }
        if !self.types() {
            return None;
        }
        let mut height = None;
        if self.at(SyntaxKind::LBracket) {
            let condition = self.open();
            self.bump();
            height = self.expr();
            if !self.at(SyntaxKind::RBracket) {
                self.expected("`]` after the condition");
                self.skip_until(|_| false);
            }
            self.eat(SyntaxKind::RBracket);
            self.close(condition, SyntaxKind::Condition);
        }
        self.close(start, SyntaxKind::ElementPattern);
        Some(height.unwrap_or(0) + 1)
    }

    /// `alias:`.
    pub(super) fn alias(&mut self) {
        let start = self.open();
        self.name("the event's name in the rule");
        self.eat(SyntaxKind::Colon);
        self.close(start, SyntaxKind::Alias);
    }

    /// `type | type ...`; tells whether there is one.
    pub(super) fn types(&mut self) -> bool {
        let any = self.name("an event type");
        while any && self.eat(SyntaxKind::Pipe) {
            self.name("an event type");
        }
        any
    }
}
