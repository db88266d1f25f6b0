//! `every` and `at`: when the clock starts a rule.

use super::super::{Outcome, Reported};
use super::state::shown;
use super::{RuleChecker, cron};
use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, rules::BAD_CRON},
};
use crate::hir::{Catchup, Clause};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, AtClause, EveryClause, StringLiteral};
use trapjaw_program::limits::MIN_PERIOD;

impl RuleChecker<'_> {
    pub(super) fn every(&mut self, clause: &EveryClause) -> Outcome<Clause> {
        let period = self.positive(clause.period(), "the time between two instants")?;
        if period < MIN_PERIOD {
            let message = format!("`every` is at least 1ms, and this is {}", shown(period));
            let span = self.span(clause);
            return self
                .exprs
                .refuse(Diagnostic::error(bounds::TOO_OFTEN, span, message));
        }
        Ok(Clause::Every {
            period,
            catchup: catchup(clause.catchup()),
        })
    }

    pub(super) fn at(&mut self, clause: &AtClause) -> Outcome<Clause> {
        let literal = clause.cron().ok_or(Reported)?;
        let cron = literal.plain_text().ok_or(Reported)?;
        let calendar = match cron::parse(&cron) {
            Ok(calendar) => calendar,
            Err(fault) => {
                let place = self.within(&literal, &cron, fault.place);
                let mut error = Diagnostic::error(BAD_CRON, place, fault.message);
                if let Some(right) = fault.right {
                    let span = self.span(&literal);
                    let message = format!("it is written `{right}` here");
                    error = error.with_suggestion(span, format!("\"{right}\""), message);
                }
                return self.exprs.refuse(match fault.help {
                    Some(help) => error.with_help(help),
                    None => error,
                });
            }
        };
        if calendar.fault().is_some() {
            let message = format!("`{cron}` asks for days that never come");
            let error = Diagnostic::error(bounds::NEVER, self.span(&literal), message);
            return self
                .exprs
                .refuse(error.with_help("the last day of each month is `L`"));
        }
        Ok(Clause::At {
            cron: cron.into(),
            calendar,
            catchup: catchup(clause.catchup()),
        })
    }

    /// The time zone whose clocks a calendar goes by, where one is named.
    pub(super) fn zone_of(&mut self, clause: &AtClause) -> Outcome<Option<Box<str>>> {
        let Some(zone) = clause.zone() else {
            return Ok(None);
        };
        let name = zone.plain_text().ok_or(Reported)?;
        let span = self.span(&zone);
        let zone = self.exprs.zone(&name, span)?;
        Ok(Some(zone.name().into()))
    }

    /// The place of a part of a text; of all of it, where it is not written as it reads.
    fn within(&self, literal: &StringLiteral, text: &str, part: core::ops::Range<usize>) -> Span {
        let span = self.span(literal);
        if literal.syntax().text() != format!("\"{text}\"").as_str() {
            return span;
        }
        let start = span.start + 1;
        Span {
            start: start + part.start as u32,
            end: start + part.end as u32,
            ..span
        }
    }
}

fn catchup(catchup: Option<ast::Catchup>) -> Catchup {
    match catchup {
        None => Catchup::All,
        Some(ast::Catchup::One) => Catchup::One,
        Some(ast::Catchup::Skip) => Catchup::Skip,
    }
}
