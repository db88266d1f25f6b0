//! Items: event types, constants, tables, rules, tests.

use super::recover::List;
use super::words::ITEMS;
use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// The fields of an event type or a table.
const FIELDS: List = List {
    open: SyntaxKind::LBrace,
    close: SyntaxKind::RBrace,
    lines: true,
    element: "a field",
    whole: "`{` and the fields",
};

const RECORD: List = List {
    whole: "`{` and the values of fields",
    ..FIELDS
};

const VARIANTS: List = List {
    open: SyntaxKind::LParen,
    close: SyntaxKind::RParen,
    lines: false,
    element: "a value's name",
    whole: "`(` and the values",
};

impl Parser<'_> {
    pub(super) fn source_file(&mut self) {
        while !self.at(SyntaxKind::Eof) {
            match self.word() {
                "event" => self.event(),
                "const" => self.constant(),
                "table" => self.table(),
                "rule" => self.rule(),
                "test" => self.test(),
                _ => self.no_item(),
            }
        }
    }

    fn no_item(&mut self) {
        let message = format!(
            "expected an item (event, const, table, rule or test), found {}",
            self.describe()
        );
        let mut error = Diagnostic::error(codes::UNKNOWN_ITEM, self.span(), message);
        if let Some(item) = did_you_mean(self.word(), ITEMS) {
            error = error.with_suggestion(self.span(), item, format!("did you mean `{item}`?"));
        }
        self.error(error);
        // A bracket or a clause word that nothing belongs to would stop the skip at once.
        self.bump_error();
        while !self.at(SyntaxKind::Eof) && !self.at_item() {
            if !self.skip_until(|_| false) {
                self.bump_error();
            }
        }
    }

    fn event(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.name("the event type's name");
        if self.eat(SyntaxKind::Eq) {
            self.plain_string("the type's name in quotes");
        }
        self.fields();
        if self.eat_word("lateness") {
            self.operand();
        }
        self.close(start, SyntaxKind::EventItem);
    }

    fn constant(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.name("the constant's name");
        if self.expect(SyntaxKind::Eq, "`=` and the constant's value") {
            self.expr();
        }
        self.close(start, SyntaxKind::ConstItem);
    }

    fn table(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.name("the table's name");
        if self.expect_word("from", "`from` and the table's file") {
            self.plain_string("the file's name in quotes");
        }
        if self.expect_word("key", "`key` and the key's field") {
            self.name("the key's field");
        }
        self.fields();
        self.close(start, SyntaxKind::TableItem);
    }

    fn rule(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.name("the rule's name");
        self.block("`{` and the rule's clauses", Self::clause);
        self.close(start, SyntaxKind::RuleItem);
    }

    fn test(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.plain_string("the test's title in quotes");
        self.block("`{` and the test's steps", Self::step);
        self.close(start, SyntaxKind::TestItem);
    }

    /// Parts in braces that need no separator.
    fn block(&mut self, whole: &str, part: impl Fn(&mut Self)) {
        let opened = self.span();
        if !self.expect(SyntaxKind::LBrace, whole) {
            return;
        }
        loop {
            if self.eat(SyntaxKind::RBrace) {
                return;
            }
            // An item inside of a block can only be the next one.
            if self.at(SyntaxKind::Eof) || self.at_item() {
                let error =
                    Diagnostic::error(codes::UNCLOSED_BRACKET, opened, "this `{` is never closed");
                return self.error(error);
            }
            let from = self.at;
            part(self);
            if self.at == from {
                self.bump_error();
            }
        }
    }

    fn fields(&mut self) {
        self.list(FIELDS, Self::at_field, |p| {
            let start = p.open();
            p.field_path();
            p.expect(SyntaxKind::Colon, "`:` and the field's type");
            p.type_expr();
            if p.eat(SyntaxKind::Eq) {
                p.plain_string("the field's place in quotes: `\"data.a.b\"`");
            }
            p.close(start, SyntaxKind::FieldDecl);
        });
    }

    /// `{ field: expr, ... }`.
    pub(super) fn record(&mut self) {
        let start = self.open();
        self.list(RECORD, Self::at_field, |p| {
            let start = p.open();
            p.field_path();
            if p.expect(SyntaxKind::Colon, "`:` and the field's value") {
                p.expr();
            }
            p.close(start, SyntaxKind::RecordField);
        });
        self.close(start, SyntaxKind::Record);
    }

    fn at_field(&self) -> bool {
        self.nth_is_name(0) && matches!(self.nth(1), SyntaxKind::Colon | SyntaxKind::Dot)
    }

    fn field_path(&mut self) {
        let start = self.open();
        self.any_name();
        while self.at(SyntaxKind::Dot) && self.nth_is_name(1) {
            self.bump();
            self.any_name();
        }
        self.close(start, SyntaxKind::FieldPath);
    }

    fn type_expr(&mut self) {
        let start = self.open();
        if self.at_word("enum") && self.nth(1) == SyntaxKind::LParen {
            self.bump_keyword();
            self.list(
                VARIANTS,
                |p| p.nth_is_name(0),
                |p| {
                    p.name("a value's name");
                },
            );
        } else if !self.name("the field's type") {
            return;
        }
        self.eat(SyntaxKind::Question);
        self.close(start, SyntaxKind::TypeExpr);
    }

    /// A step of a test.
    fn step(&mut self) {
        match self.word() {
            "at" => self.at_step(),
            "expect" => self.expect_step(),
            _ => {
                self.expected("a step of the test (`at` or `expect`) or `}`");
                self.skip_until(|p| matches!(p.word(), "at" | "expect"));
            }
        }
    }

    fn at_step(&mut self) {
        let start = self.open();
        self.bump_keyword();
        self.operand();
        self.name("the event's type");
        if self.at(SyntaxKind::LBrace) {
            self.record();
        }
        if self.at_word("repeat") {
            let repeat = self.open();
            self.bump_keyword();
            if self.expect_word("every", "`every` and the time between two events") {
                self.operand();
            }
            if self.expect_word("until", "`until` and the time of the end") {
                self.operand();
            }
            self.close(repeat, SyntaxKind::Repeat);
        }
        self.close(start, SyntaxKind::AtStep);
    }

    fn expect_step(&mut self) {
        let start = self.open();
        self.bump_keyword();
        // A rule may be called `no`.
        if self.at_word("no") && self.nth_is_name(1) && !matches!(self.nth_word(1), "at" | "expect")
        {
            self.bump_keyword();
        }
        self.name("the rule that is expected to match");
        // `at D TYPE` is the next step.
        let next_step = self.nth_is_name(2) && !matches!(self.nth_word(2), "at" | "expect");
        if self.at_word("at") && !next_step {
            self.bump_keyword();
            self.operand();
        }
        if self.at(SyntaxKind::LBrace) {
            self.record();
        }
        self.close(start, SyntaxKind::ExpectStep);
    }
}
