//! Going on after an error, and lists in brackets, where most recovery happens.

use super::words::{ITEMS, is_reserved, is_reserved_clause};
use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A list in brackets: how it is written, and what the errors call its parts.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) open: SyntaxKind,
    pub(super) close: SyntaxKind,
    /// Whether a line end separates elements too.
    pub(super) lines: bool,
    /// "a field".
    pub(super) element: &'static str,
    /// "`{` and the fields".
    pub(super) whole: &'static str,
}

impl Parser<'_> {
    /// Whether an item begins here, as far as can be told: its keyword may be a name elsewhere. Either what follows
    /// is an item's beginning, or it stands unindented with a name behind it.
    pub(super) fn at_item(&self) -> bool {
        if !ITEMS.contains(&self.word()) {
            return false;
        }
        let title = matches!(self.nth(1), SyntaxKind::StringOpen | SyntaxKind::RawString);
        let name = self.nth_is_name(1);
        let begins = match self.word() {
            "event" => name && matches!(self.nth(2), SyntaxKind::LBrace | SyntaxKind::Eq),
            "const" => name && self.nth(2) == SyntaxKind::Eq,
            "table" => name && self.nth_word(2) == "from",
            "rule" => name && self.nth(2) == SyntaxKind::LBrace,
            _ => title,
        };
        let unindented = self.text[..self.span().start as usize].ends_with('\n');
        begins || (unindented && (name || title))
    }

    /// Whether a clause begins here for certain: with a word that is no bare name, and isn't naming what follows it.
    pub(super) fn at_reserved_clause(&self) -> bool {
        is_reserved_clause(self.word()) && self.nth(1) != SyntaxKind::Colon
    }

    /// Puts tokens aside until `stop`, outside of brackets that they open; at the latest before the bracket that
    /// closes what is open, a clause, an item, or the end. Tells whether there were any.
    pub(super) fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) -> bool {
        let start = self.open();
        let from = self.at;
        let mut open = Vec::new();
        while !self.at(SyntaxKind::Eof) && !self.at_item() {
            if open.is_empty() && (stop(self) || self.at_reserved_clause()) {
                break;
            }
            let kind = self.current();
            if let Some(close) = closing(kind) {
                open.push(close);
            } else if is_closing(kind) {
                let Some(depth) = open.iter().rposition(|&close| close == kind) else {
                    break;
                };
                open.truncate(depth);
            }
            self.bump();
        }
        let any = self.at > from;
        if any {
            self.close(start, SyntaxKind::Error);
        }
        any
    }

    /// Puts one token aside.
    pub(super) fn bump_error(&mut self) {
        let start = self.open();
        self.bump();
        self.close(start, SyntaxKind::Error);
    }

    /// A list in brackets. `begins` tells whether an element begins, and `parse` takes one.
    pub(super) fn list(
        &mut self,
        list: List,
        begins: impl Fn(&Self) -> bool,
        parse: impl Fn(&mut Self),
    ) {
        let opened = self.span();
        if !self.expect(list.open, list.whole) {
            return;
        }
        loop {
            if self.eat(list.close) {
                return;
            }
            if self.at(SyntaxKind::Eof) || self.at_item() {
                let message = format!("this {} is never closed", describe_bracket(list.open));
                return self.error(Diagnostic::error(codes::UNCLOSED_BRACKET, opened, message));
            }
            let from = self.at;
            if begins(self) {
                parse(self);
                self.separator(list, opened, &begins);
            } else {
                self.expected(&format!(
                    "{} or {}",
                    list.element,
                    describe_bracket(list.close)
                ));
                let next = |p: &Self| {
                    p.at(SyntaxKind::Comma) || (list.lines && p.at_line_start() && begins(p))
                };
                self.skip_until(next);
                self.eat(SyntaxKind::Comma);
            }
            // What can't be put aside belongs to what is around the list.
            if self.at == from {
                return;
            }
        }
    }

    /// What stands between two elements of a list.
    fn separator(&mut self, list: List, opened: Span, begins: &impl Fn(&Self) -> bool) {
        if self.eat(SyntaxKind::Comma)
            || self.at(list.close)
            || self.at(SyntaxKind::Eof)
            || self.at_item()
        {
            return;
        }
        if begins(self) && (list.lines || !self.at_reserved_clause()) {
            if !(list.lines && self.at_line_start()) {
                let place = self.span_after_previous();
                let message = format!("a `,` is missing before {}", list.element);
                self.error(
                    Diagnostic::error(codes::MISSING_COMMA, self.span(), message).with_suggestion(
                        place,
                        ",",
                        "separate them",
                    ),
                );
            }
            return;
        }
        let message = format!(
            "expected `,` or {}, found {}",
            describe_bracket(list.close),
            self.describe()
        );
        let error = Diagnostic::error(codes::UNEXPECTED_TOKEN, self.span(), message);
        self.error(error.with_label(opened, "opened here"));
        self.skip_until(|p| {
            p.at(SyntaxKind::Comma) || (list.lines && p.at_line_start() && begins(p))
        });
        self.eat(SyntaxKind::Comma);
    }

    /// A name that is declared or referred to. `what` tells whose: "the rule's name".
    pub(super) fn name(&mut self, what: &str) -> bool {
        let start = self.open();
        match self.current() {
            SyntaxKind::QuotedIdent => self.bump(),
            SyntaxKind::Ident if !is_reserved(self.word()) => self.bump(),
            SyntaxKind::Ident if self.reserved_name_follows() => {
                self.reserved_as_name();
                self.bump();
            }
            _ => {
                self.expected(what);
                return false;
            }
        }
        self.close(start, SyntaxKind::Name);
        true
    }

    /// A name where any word is one: after a dot, or before a colon.
    pub(super) fn any_name(&mut self) {
        let start = self.open();
        self.bump();
        self.close(start, SyntaxKind::Name);
    }

    /// Whether a reserved word that stands where a name must is meant as one: what follows goes on from a name.
    pub(super) fn reserved_name_follows(&self) -> bool {
        let next = self.nth(1);
        let operator = matches!(
            next,
            SyntaxKind::EqEq
                | SyntaxKind::NotEq
                | SyntaxKind::Less
                | SyntaxKind::LessEq
                | SyntaxKind::Greater
                | SyntaxKind::GreaterEq
                | SyntaxKind::QuestionQuestion
                | SyntaxKind::Plus
                | SyntaxKind::Star
                | SyntaxKind::Slash
                | SyntaxKind::Eq
        );
        let punctuation = matches!(
            next,
            SyntaxKind::Dot
                | SyntaxKind::Comma
                | SyntaxKind::Colon
                | SyntaxKind::LBrace
                | SyntaxKind::Format
        );
        operator || punctuation || is_closing(next)
    }

    /// Reports a reserved word that is meant as a name.
    pub(super) fn reserved_as_name(&mut self) {
        let word = self.word().to_owned();
        let message = format!("`{word}` is a word of the language, not a bare name");
        let error = Diagnostic::error(codes::RESERVED_WORD, self.span(), message);
        self.error(error.with_suggestion(
            self.span(),
            format!("`{word}`"),
            "put the name in backticks",
        ));
    }
}

fn closing(kind: SyntaxKind) -> Option<SyntaxKind> {
    Some(match kind {
        SyntaxKind::LParen => SyntaxKind::RParen,
        SyntaxKind::LBracket => SyntaxKind::RBracket,
        SyntaxKind::LBrace => SyntaxKind::RBrace,
        SyntaxKind::StringOpen => SyntaxKind::StringClose,
        SyntaxKind::InterpolationOpen => SyntaxKind::InterpolationClose,
        _ => return None,
    })
}

fn is_closing(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::RParen
            | SyntaxKind::RBracket
            | SyntaxKind::RBrace
            | SyntaxKind::StringClose
            | SyntaxKind::InterpolationClose
    )
}

fn describe_bracket(kind: SyntaxKind) -> &'static str {
    match kind {
        SyntaxKind::LParen => "`(`",
        SyntaxKind::LBracket => "`[`",
        SyntaxKind::LBrace => "`{`",
        SyntaxKind::RParen => "`)`",
        SyntaxKind::RBracket => "`]`",
        _ => "`}`",
    }
}
