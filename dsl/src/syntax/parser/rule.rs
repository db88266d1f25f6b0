//! The clauses of a rule.

use super::words::CLAUSES;
use super::{Parser, SyntaxKind, codes};
use crate::diagnostic::{Diagnostic, did_you_mean};

impl Parser<'_> {
    /// One clause. What is none is put aside.
    pub(super) fn clause(&mut self) {
        let start = self.open();
        let kind = match self.word() {
            "about" => self.text_clause(SyntaxKind::AboutClause),
            "runbook" => self.text_clause(SyntaxKind::RunbookClause),
            "severity" => {
                self.bump_keyword();
                self.name("a severity (info, low, medium, high or critical)");
                SyntaxKind::SeverityClause
            }
            "labels" => {
                self.bump_keyword();
                self.record();
                SyntaxKind::LabelsClause
            }
            "on" => self.on(),
            "match" => {
                self.bump_keyword();
                self.pattern();
                SyntaxKind::MatchClause
            }
            "every" => {
                self.bump_keyword();
                self.operand();
                self.catchup();
                SyntaxKind::EveryClause
            }
            "at" => {
                self.bump_keyword();
                self.plain_string("a cron expression in quotes");
                self.zone();
                self.catchup();
                SyntaxKind::AtClause
            }
            "where" => self.condition(SyntaxKind::WhereClause),
            "having" => self.condition(SyntaxKind::HavingClause),
            "by" => self.by(),
            "for" => self.sustained(),
            "over" => self.over(),
            "absent" => {
                self.bump_keyword();
                self.operand();
                if self.eat_word("of") {
                    self.name("the table of the keys that are expected");
                }
                SyntaxKind::AbsentClause
            }
            "within" => {
                self.bump_keyword();
                self.operand();
                SyntaxKind::WithinClause
            }
            "skip" => self.skip(),
            "limit" => {
                self.bump_keyword();
                self.operand();
                if self.expect_word("per", "`per` and the time") {
                    self.operand();
                }
                SyntaxKind::LimitClause
            }
            "keep" => {
                self.bump_keyword();
                self.expect(
                    SyntaxKind::Star,
                    "`*`: a rule keeps what it mentions, or all",
                );
                SyntaxKind::KeepClause
            }
            "emit" => {
                self.bump_keyword();
                self.name("the derived event's type");
                self.record();
                SyntaxKind::EmitClause
            }
            "do" => {
                self.actions();
                SyntaxKind::DoClause
            }
            _ => return self.no_clause(),
        };
        self.close(start, kind);
    }

    fn no_clause(&mut self) {
        let message = format!(
            "expected a clause of the rule or `}}`, found {}",
            self.describe()
        );
        let mut error = Diagnostic::error(codes::UNKNOWN_CLAUSE, self.span(), message);
        if let Some(clause) = did_you_mean(self.word(), CLAUSES) {
            error = error.with_suggestion(self.span(), clause, format!("did you mean `{clause}`?"));
        } else if self.at(SyntaxKind::Comma) || self.at(SyntaxKind::Semicolon) {
            error = error.with_suggestion(self.span(), "", "clauses need nothing between them");
        }
        self.error(error);
        // One token at least: the word itself may look like the beginning of a clause.
        if !matches!(self.current(), SyntaxKind::RBrace | SyntaxKind::Eof) {
            self.bump_error();
        }
        self.skip_until(Self::at_clause);
    }

    /// Whether a clause begins here, as far as the word tells.
    fn at_clause(&self) -> bool {
        CLAUSES.contains(&self.word())
            && !matches!(self.nth(1), SyntaxKind::Colon | SyntaxKind::Dot)
    }

    fn text_clause(&mut self, kind: SyntaxKind) -> SyntaxKind {
        self.bump_keyword();
        self.plain_string("a text in quotes");
        kind
    }

    fn condition(&mut self, kind: SyntaxKind) -> SyntaxKind {
        self.bump_keyword();
        self.expr();
        kind
    }

    /// `on e: type`, `on clear do ...`, `on timeout do ...`.
    fn on(&mut self) -> SyntaxKind {
        self.bump_keyword();
        let named = self.nth(1) == SyntaxKind::Colon;
        let follow_up = match self.word() {
            "clear" if !named => SyntaxKind::OnClearClause,
            "timeout" if !named => SyntaxKind::OnTimeoutClause,
            _ => {
                if self.nth_is_name(0) && named {
                    self.alias();
                } else if self.nth_is_name(0) && !self.at_reserved_clause() {
                    let error = Diagnostic::error(
                        codes::MISSING_ALIAS,
                        self.span(),
                        "the event has no name in the rule",
                    );
                    let place = crate::source::Span {
                        end: self.span().start,
                        ..self.span()
                    };
                    self.error(error.with_suggestion(place, "e: ", "give it one"));
                }
                self.types();
                return SyntaxKind::OnClause;
            }
        };
        self.bump_keyword();
        if self.at_word("do") {
            self.actions();
        } else {
            self.expected("`do` and an action");
        }
        follow_up
    }

    /// `do action(...), ...`.
    fn actions(&mut self) {
        self.bump_keyword();
        loop {
            let start = self.open();
            if !self.name("an action's name") {
                return;
            }
            self.args();
            self.close(start, SyntaxKind::Action);
            if !self.eat(SyntaxKind::Comma) {
                return;
            }
        }
    }

    fn by(&mut self) -> SyntaxKind {
        self.bump_keyword();
        loop {
            let start = self.open();
            let found = self.key();
            if found.is_some() && self.at(SyntaxKind::Eq) {
                while self.eat(SyntaxKind::Eq) {
                    self.key();
                }
                self.close(start, SyntaxKind::KeyMapping);
            }
            if !self.eat(SyntaxKind::Comma) {
                return SyntaxKind::ByClause;
            }
        }
    }

    /// `for D gap G keep K`.
    fn sustained(&mut self) -> SyntaxKind {
        self.bump_keyword();
        self.operand();
        if self.eat_word("gap") {
            self.operand();
        }
        // `keep *` is a clause of its own.
        if self.at_word("keep") && self.nth(1) != SyntaxKind::Star {
            self.bump_keyword();
            self.operand();
        }
        SyntaxKind::ForClause
    }

    fn over(&mut self) -> SyntaxKind {
        self.bump_keyword();
        if !self.eat_word("all") {
            let session = self.eat_word("session");
            self.operand();
            if !session {
                self.eat_word("events");
                if self.eat_word("every") {
                    self.operand();
                } else {
                    self.eat_word("tumbling");
                }
            }
        }
        self.zone();
        self.eat_word("each");
        SyntaxKind::OverClause
    }

    fn skip(&mut self) -> SyntaxKind {
        self.bump_keyword();
        if self.eat_word("past") {
            self.expect_word("last", "`last`");
        } else if self.eat_word("to") {
            if !self.eat_word("next") {
                if self.at_word("first") || self.at_word("last") {
                    self.bump_keyword();
                    self.name("an element's name");
                } else {
                    self.expected("`next`, `first` or `last`");
                }
            }
        } else if self.eat_word("none") {
            self.eat_word("together");
        } else {
            self.expected("`past last`, `to next`, `to first`, `to last` or `none`");
        }
        SyntaxKind::SkipClause
    }

    /// `in "ZONE"`, where it is given.
    fn zone(&mut self) {
        if self.eat_word("in") {
            self.plain_string("a time zone in quotes");
        }
    }

    /// `catchup skip|one`, where it is given.
    fn catchup(&mut self) {
        if self.eat_word("catchup") && !self.eat_word("skip") && !self.eat_word("one") {
            self.expected("`skip` or `one`");
        }
    }
}
