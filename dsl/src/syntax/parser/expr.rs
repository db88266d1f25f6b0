//! Expressions, by precedence climbing.

use super::recover::List;
use super::words::{COMPARISONS, is_reserved};
use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::Diagnostic;
use rowan::Checkpoint;

/// How tight an operator binds; what stands higher binds looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    /// `or`, and everything that holds a whole expression.
    Or,
    And,
    Not,
    /// `== in between like is ...`: they don't chain.
    Comparison,
    /// `??`
    Default,
    /// `+ -`
    Sum,
    /// `* /`
    Product,
    /// `-a`
    Sign,
}

impl Power {
    /// What the right operand of a left-associative operator may be.
    fn tighter(self) -> Power {
        match self {
            Power::Or => Power::And,
            Power::And => Power::Not,
            Power::Not => Power::Comparison,
            Power::Comparison => Power::Default,
            Power::Default => Power::Sum,
            Power::Sum => Power::Product,
            Power::Product | Power::Sign => Power::Sign,
        }
    }
}

/// An operator after an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Infix {
    /// One token.
    Symbol,
    /// One word, perhaps behind `not`.
    Word,
    Between,
    Is,
    /// An operator of other languages, and what to write here.
    Foreign(&'static str),
    /// `%` of other languages.
    Remainder,
}

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
    /// A whole expression.
    pub(super) fn expr(&mut self) -> Option<u32> {
        self.nested(|p| p.binary(Power::Or))
    }

    /// An expression where a word of logic or a comparison belongs to what is around it: the duration in
    /// `not x for 5s and y`.
    pub(super) fn operand(&mut self) -> Option<u32> {
        self.nested(|p| p.binary(Power::Sum))
    }

    /// An expression of a key. Comparisons stand in parentheses there, because `a = b` maps names.
    pub(super) fn key(&mut self) -> Option<u32> {
        self.nested(|p| p.binary(Power::Default))
    }

    fn binary(&mut self, least: Power) -> Option<u32> {
        let start = self.open();
        let mut height = self.prefix(least)?;
        let mut compared = false;
        while let Some((infix, power)) = self.infix() {
            if power < least || !self.fits(height + 1) {
                break;
            }
            if power == Power::Comparison && compared {
                let error = Diagnostic::error(
                    codes::CHAINED_COMPARISON,
                    self.span(),
                    "comparisons don't chain",
                );
                self.error(error.with_help(
                    "write `a < b and b < c`, or `b between a and c` with both ends in it",
                ));
            }
            compared = power == Power::Comparison;
            let right = self.infix_operand(start, infix, power);
            height = height.max(right) + 1;
        }
        Some(height)
    }

    /// The operator that comes next, if one does.
    fn infix(&self) -> Option<(Infix, Power)> {
        Some(match self.current() {
            SyntaxKind::EqEq | SyntaxKind::NotEq | SyntaxKind::Tilde => {
                (Infix::Symbol, Power::Comparison)
            }
            SyntaxKind::Less | SyntaxKind::LessEq => (Infix::Symbol, Power::Comparison),
            SyntaxKind::Greater | SyntaxKind::GreaterEq => (Infix::Symbol, Power::Comparison),
            SyntaxKind::QuestionQuestion => (Infix::Symbol, Power::Default),
            SyntaxKind::Plus | SyntaxKind::Minus => (Infix::Symbol, Power::Sum),
            SyntaxKind::Star | SyntaxKind::Slash => (Infix::Symbol, Power::Product),
            SyntaxKind::PercentSign => (Infix::Remainder, Power::Product),
            SyntaxKind::AmpAmp => (Infix::Foreign("and"), Power::And),
            SyntaxKind::PipePipe => (Infix::Foreign("or"), Power::Or),
            SyntaxKind::Eq => (Infix::Foreign("=="), Power::Comparison),
            // A word before a colon names what follows.
            SyntaxKind::Ident if self.nth(1) == SyntaxKind::Colon => return None,
            SyntaxKind::Ident => match self.word() {
                "or" => (Infix::Word, Power::Or),
                "and" => (Infix::Word, Power::And),
                "is" => (Infix::Is, Power::Comparison),
                "between" => (Infix::Between, Power::Comparison),
                "not" if self.nth_word(1) == "between" => (Infix::Between, Power::Comparison),
                "not" if COMPARISONS.contains(&self.nth_word(1)) => {
                    (Infix::Word, Power::Comparison)
                }
                word if COMPARISONS.contains(&word) => (Infix::Word, Power::Comparison),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// An operator and what stands behind it; the height of that.
    fn infix_operand(&mut self, start: Checkpoint, infix: Infix, power: Power) -> u32 {
        match infix {
            Infix::Symbol => self.bump(),
            Infix::Foreign(ours) => {
                let message = format!("`{}` is written `{ours}`", &self.text[self.range()]);
                let error = Diagnostic::error(codes::FOREIGN_OPERATOR, self.span(), message);
                self.error(error.with_suggestion(self.span(), ours, format!("write `{ours}`")));
                self.bump();
            }
            Infix::Remainder => {
                let message = "`%` is only the suffix of a number";
                let error = Diagnostic::error(codes::REMAINDER_OPERATOR, self.span(), message);
                self.error(
                    error.with_help(
                        "the remainder is `mod(a, b)`; a percentage has no blank: `90%`",
                    ),
                );
                self.bump();
            }
            Infix::Word => {
                self.eat_word("not");
                self.bump_keyword();
            }
            Infix::Is => {
                self.bump_keyword();
                self.eat_word("not");
                if self.at_word("null") {
                    self.bump_as(SyntaxKind::Null);
                } else {
                    self.expected("`null` or `not null`");
                }
                self.close(start, SyntaxKind::IsNullExpr);
                return 0;
            }
            Infix::Between => {
                self.eat_word("not");
                self.bump_keyword();
                let low = self.nested(|p| p.binary(power.tighter()));
                let mut high = None;
                if self.expect_word("and", "`and` and the upper bound") {
                    high = self.nested(|p| p.binary(power.tighter()));
                }
                self.close(start, SyntaxKind::BetweenExpr);
                return low.max(high).unwrap_or(0);
            }
        }
        let right = self.nested(|p| p.binary(power.tighter()));
        self.close(start, SyntaxKind::BinaryExpr);
        right.unwrap_or(0)
    }

    /// An operand with the operators before it.
    fn prefix(&mut self, least: Power) -> Option<u32> {
        let start = self.open();
        let power = match self.current() {
            SyntaxKind::Minus => Power::Sign,
            SyntaxKind::Bang => {
                let error =
                    Diagnostic::error(codes::FOREIGN_OPERATOR, self.span(), "`!` is written `not`");
                self.error(error.with_suggestion(self.span(), "not ", "write `not`"));
                Power::Not
            }
            SyntaxKind::Ident if self.at_word("not") => {
                if least > Power::Not {
                    let message = "`not` binds looser than the operator before it";
                    let error = Diagnostic::error(codes::UNEXPECTED_TOKEN, self.span(), message);
                    self.error(error.with_help("put it in parentheses: `(not x)`"));
                }
                Power::Not
            }
            SyntaxKind::Ident if self.at_word("if") => return Some(self.conditional()),
            _ => return self.postfix(),
        };
        if self.at(SyntaxKind::Ident) {
            self.bump_keyword();
        } else {
            self.bump();
        }
        let operand = self.nested(|p| p.binary(power));
        self.close(start, SyntaxKind::UnaryExpr);
        Some(operand.unwrap_or(0) + 1)
    }

    /// `if c then a else b`.
    fn conditional(&mut self) -> u32 {
        let start = self.open();
        self.bump_keyword();
        let mut height = self.expr();
        if self.expect_word("then", "`then` and the value") {
            height = height.max(self.expr());
            if self.expect_word("else", "`else` and the other value") {
                height = height.max(self.expr());
            }
        }
        self.close(start, SyntaxKind::IfExpr);
        height.unwrap_or(0) + 1
    }

    /// An operand with the fields, look-ups and calls behind it.
    fn postfix(&mut self) -> Option<u32> {
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
        let height = std::cell::Cell::new(0);
        self.list(ITEMS, Self::at_expr, |p| {
            height.set(height.get().max(p.expr().unwrap_or(0)));
        });
        height.get()
    }

    /// `(a, b: c where d)`; the height of the highest argument.
    pub(super) fn args(&mut self) -> u32 {
        let start = self.open();
        let height = std::cell::Cell::new(0);
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

    /// A string, with the values that are put in; the height.
    fn string(&mut self) -> u32 {
        let start = self.open();
        let mut height = 0;
        if self.eat(SyntaxKind::StringOpen) {
            // The lexer gives only strings that close.
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
            let span = crate::source::Span::new(self.source, token.range);
            let error =
                Diagnostic::error(codes::NO_INTERPOLATION, span, "no value can be put in here");
            self.error(error.with_help(
                "this text is fixed when the rules are loaded; a plain brace is written `{{`",
            ));
        }
        self.string();
    }
}
