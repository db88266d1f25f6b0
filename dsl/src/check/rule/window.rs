//! `over`: windows, and what goes with them.

use super::super::{Outcome, Reported};
use super::RuleChecker;
use super::clauses::Clauses;
use super::state::shown;
use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, rules as codes},
};
use crate::hir::Clause;
use crate::syntax::ast::{self, OverClause, OverKind};
use trapjaw_program::limits::{MAX_STEPS, MAX_WINDOW_EVENTS};

/// Nanoseconds of a day on which no clock is changed.
const DAY: i64 = 86_400_000_000_000;

impl RuleChecker<'_> {
    pub(super) fn window(&mut self, clause: &OverClause) -> Outcome<Clause> {
        let kind = clause.kind();
        let each = clause.each();
        let refused = match kind {
            OverKind::Tumbling { .. } => Some("a tumbling window is evaluated once, at its end"),
            OverKind::Hopping { .. } => Some("a hopping window is evaluated once, at its end"),
            OverKind::Session { .. } => Some("a session is evaluated once, at its end"),
            OverKind::Events { tumbling: true, .. } => {
                Some("a tumbling window is evaluated once, when it is full")
            }
            OverKind::Sliding { .. } | OverKind::Events { .. } | OverKind::All => None,
        };
        let checked = match kind {
            OverKind::Sliding { length } => self
                .positive(length, "the window")
                .map(|length| Clause::Sliding { length, each }),
            OverKind::Tumbling { length } => self
                .positive(length, "the window")
                .map(|length| Clause::Tumbling { length }),
            OverKind::Hopping { length, every } => self.hopping(length, every),
            OverKind::Events { count, tumbling } => self.events(count).map(|count| {
                if tumbling {
                    Clause::Batched { count }
                } else {
                    Clause::Counted { count, each }
                }
            }),
            OverKind::Session { gap } => self
                .positive(gap, "the silence that ends a session")
                .map(|gap| Clause::Session { gap }),
            OverKind::All => Ok(Clause::All { each }),
        };
        if let Some(message) = refused.filter(|_| each) {
            let error = Diagnostic::error(codes::EACH_WITHOUT_SLIDING, self.span(clause), message);
            return self
                .exprs
                .refuse(error.with_help("leave out `each`, or take a window that slides"));
        }
        checked
    }

    fn hopping(&mut self, length: Option<ast::Expr>, every: Option<ast::Expr>) -> Outcome<Clause> {
        let span = every.as_ref().map(|every| self.span(every));
        let length = self.positive(length, "the window");
        let every = self.positive(every, "the time between two windows");
        let (length, every) = (length?, every?);
        if length / every <= MAX_STEPS {
            return Ok(Clause::Hopping { length, every });
        }
        let message = format!(
            "a window of {} has more than {MAX_STEPS} steps of {}",
            shown(length),
            shown(every)
        );
        let error = Diagnostic::error(bounds::BEYOND_LIMIT, span.ok_or(Reported)?, message);
        self.exprs
            .refuse(error.with_help("take a longer step, or a window that slides: `over D`"))
    }

    fn events(&mut self, count: Option<ast::Expr>) -> Outcome<u32> {
        let expr = count.ok_or(Reported)?;
        let (count, span) = self.whole(&expr, "the number of events")?;
        match u32::try_from(count) {
            Ok(count @ 1..=MAX_WINDOW_EVENTS) => Ok(count),
            _ if count <= 0 => {
                self.not_positive(span, format!("a window of {count} events is never full"))
            }
            _ => {
                let message = format!("a window holds at most {MAX_WINDOW_EVENTS} events");
                self.exprs
                    .refuse(Diagnostic::error(bounds::BEYOND_LIMIT, span, message))
            }
        }
    }

    /// The time zone to whose midnights the windows of a checked clause are aligned.
    pub(super) fn zone(
        &mut self,
        over: Option<&OverClause>,
        clause: Option<&Clause>,
    ) -> Outcome<Option<Box<str>>> {
        let Some(zone) = over.and_then(OverClause::zone) else {
            return Ok(None);
        };
        let span = self.span(&zone);
        let name = zone.plain_text().ok_or(Reported)?;
        let misplaced = match clause {
            Some(&(Clause::Tumbling { length: step } | Clause::Hopping { every: step, .. })) => {
                (step > DAY && step % DAY != 0).then(|| {
                    let message =
                        format!("{} is neither a part of a day nor whole days", shown(step));
                    Diagnostic::error(codes::ZONE_MISPLACED, span, message)
                        .with_help("take at most `1d`, or a multiple of it")
                })
            }
            Some(_) => {
                let message = "only tumbling and hopping windows start at a time of day";
                let error = Diagnostic::error(codes::ZONE_MISPLACED, span, message);
                Some(error.with_help("leave out `in`, or make it `tumbling` or `every`"))
            }
            None => None,
        };
        if let Some(error) = misplaced {
            return self.exprs.refuse(error);
        }
        let zone = self.exprs.zone(&name, span)?;
        Ok(Some(zone.name().into()))
    }

    /// Whether the rule has `on clear`, which needs something that clears.
    pub(super) fn reports_clear(&mut self, clauses: &Clauses) -> Outcome<bool> {
        let Some(clear) = &clauses.clear else {
            return Ok(false);
        };
        let message = match clauses.over.as_ref().map(OverClause::kind) {
            None if clauses.lasting.is_some() || clauses.absent.is_some() => return Ok(true),
            None => "a match of a single event never clears",
            Some(OverKind::Tumbling { .. } | OverKind::Events { tumbling: true, .. }) => {
                "a tumbling window never clears"
            }
            Some(OverKind::Hopping { .. }) => "a hopping window never clears",
            Some(OverKind::Session { .. }) => "a session never clears",
            Some(OverKind::Sliding { .. } | OverKind::Events { .. } | OverKind::All) => {
                return Ok(true);
            }
        };
        let error = Diagnostic::error(codes::CLEAR_WITHOUT_STATE, self.span(clear), message);
        self.exprs
            .refuse(error.with_help("`for`, `absent` and sliding windows clear"))
    }
}
