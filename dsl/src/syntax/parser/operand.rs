//! What operators stand between: names, literals, lists, and what follows them in dots and brackets.

use super::recover::List;
use super::words::is_reserved;
use super::{Parser, SyntaxKind};
use std::cell::Cell;

const ARGS: List = List {
    open: SyntaxKind::LParen,
    close: SyntaxKind::RParen,
    lines: false,
    element: "an argument",
    whole: "`(` and the arguments",
};

const ITEMS: List = List {
    open: SyntaxKind::LBracket,
    close: SyntaxKind::RBracket,
    lines: false,
    element: "a value",
    whole: "`[` and the values",
};

// Each function gives the height of what it put into the tree, none if it found nothing.
impl Parser<'_> {
    /// An operand with the fields, look-ups and calls behind it.
    pub(super) fn postfix(&mut self) -> Option<u32> {
        let start = self.open();
        // What a bracket can follow: a number before `(` begins nothing.
        let mut applies = self.nth_is_name(0) || self.at(SyntaxKind::LParen);
        let mut height = self.primary()?;
        loop {
            let (kind, inner) = match self.current() {
                SyntaxKind::Dot => {
                    self.bump();
                    if self.nth_is_name(0) {
                        self.any_name();
                    } else {
                        self.expected("a field's name");
                    }
                    applies = true;
                    (SyntaxKind::FieldExpr, 0)
                }
                SyntaxKind::LBracket if applies => {
                    self.bump();
                    let index = self.expr();
                    self.expect(SyntaxKind::RBracket, "`]`");
                    (SyntaxKind::IndexExpr, index.unwrap_or(0))
                }
                SyntaxKind::LParen if applies => (SyntaxKind::CallExpr, self.args()),
                _ => return Some(height),
            };
            self.close(start, kind);
            height = height.max(inner) + 1;
            if !self.fits(height + 1) {
                return Some(height);
            }
        }
    }

    fn primary(&mut self) -> Option<u32> {
        let start = self.open();
        match self.current() {
            kind if kind.is_literal() => {
                self.bump();
                self.close(start, SyntaxKind::Literal);
            }
            kind if kind.begins_string() => return Some(self.string()),
            SyntaxKind::LParen => {
                self.bump();
                let inner = self.expr();
                self.expect(SyntaxKind::RParen, "`)`");
                self.close(start, SyntaxKind::ParenExpr);
                return Some(inner.unwrap_or(0) + 1);
            }
            SyntaxKind::LBracket => {
                let height = self.items();
                self.close(start, SyntaxKind::ListExpr);
                return Some(height + 1);
            }
            SyntaxKind::Ident if matches!(self.word(), "true" | "false") => {
                self.bump_as(SyntaxKind::Bool);
                self.close(start, SyntaxKind::Literal);
            }
            SyntaxKind::Ident if self.at_word("null") => {
                self.bump_as(SyntaxKind::Null);
                self.close(start, SyntaxKind::Literal);
            }
            SyntaxKind::Ident | SyntaxKind::QuotedIdent if !self.at_reserved() => {
                self.any_name();
                self.close(start, SyntaxKind::NameExpr);
            }
            SyntaxKind::Ident if self.reserved_name_follows() => {
                self.reserved_as_name();
                self.any_name();
                self.close(start, SyntaxKind::NameExpr);
            }
            _ => {
                self.expected("an expression");
                return None;
            }
        }
        Some(1)
    }

    fn at_reserved(&self) -> bool {
        is_reserved(self.word())
    }

    /// Whether the next token can begin an expression.
    fn at_expr(&self) -> bool {
        match self.current() {
            SyntaxKind::LParen | SyntaxKind::LBracket | SyntaxKind::Minus | SyntaxKind::Bang => {
                true
            }
            SyntaxKind::QuotedIdent => true,
            SyntaxKind::Ident
                if matches!(self.word(), "not" | "if" | "true" | "false" | "null") =>
            {
                true
            }
            SyntaxKind::Ident => !self.at_reserved() || self.reserved_name_follows(),
            kind => kind.is_literal() || kind.begins_string(),
        }
    }

    fn items(&mut self) -> u32 {
        let height = Cell::new(0);
        self.list(ITEMS, Self::at_expr, |p| {
            height.set(height.get().max(p.expr().unwrap_or(0)));
        });
        height.get()
    }

    /// `(a, b: c where d)`; the height of the highest argument.
    pub(super) fn args(&mut self) -> u32 {
        let start = self.open();
        let height = Cell::new(0);
        let begins = |p: &Self| {
            p.at_expr() || p.at_word("where") || (p.nth_is_name(0) && p.nth(1) == SyntaxKind::Colon)
        };
        self.list(ARGS, begins, |p| {
            if !p.at_word("where") {
                height.set(height.get().max(p.arg()));
            }
            if p.at_word("where") {
                let start = p.open();
                p.bump_keyword();
                height.set(height.get().max(p.expr().unwrap_or(0)));
                p.close(start, SyntaxKind::CallFilter);
            }
        });
        self.close(start, SyntaxKind::ArgList);
        height.get()
    }

    fn arg(&mut self) -> u32 {
        let start = self.open();
        if self.nth_is_name(0) && self.nth(1) == SyntaxKind::Colon {
            self.any_name();
            self.bump();
        }
        let height = self.expr();
        self.close(start, SyntaxKind::Arg);
        height.unwrap_or(0)
    }
}
