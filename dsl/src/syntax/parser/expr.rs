//! Expressions, by precedence climbing.

use super::words::COMPARISONS;
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
}
