//! What a rule remembers: its state clause, and its limit.

use super::super::names::TableName;
use super::super::{Outcome, Reported};
use super::RuleChecker;
use super::clauses::Clauses;
use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, tables},
    did_you_mean,
};
use crate::hir::{Clause, KeyPart, Limit, TableId};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, AbsentClause, ForClause, LimitClause};
use trapjaw_event::{FieldType, Value};
use trapjaw_program::limits::MAX_FIRINGS;

impl RuleChecker<'_> {
    /// `key`: the rule's, unless it is wrong.
    pub(super) fn clause(&mut self, clauses: &Clauses, key: Option<&[KeyPart]>) -> Outcome<Clause> {
        // More than one is reported already; each is checked nonetheless.
        let lasting = clauses
            .lasting
            .as_ref()
            .map(|clause| self.sustained(clause));
        let over = clauses.over.as_ref().map(|clause| self.window(clause));
        let absent = clauses
            .absent
            .as_ref()
            .map(|clause| self.absence(clause, key));
        let every = clauses.every.as_ref().map(|clause| self.every(clause));
        let at = clauses.at.as_ref().map(|clause| self.at(clause));
        let state = lasting.or(over).or(absent).or(every).or(at);
        state.unwrap_or(Ok(Clause::Each))
    }

    fn sustained(&mut self, clause: &ForClause) -> Outcome<Clause> {
        let duration = self.positive(clause.duration(), "the duration");
        let gap = clause
            .gap()
            .map(|gap| self.positive(Some(gap), "`gap`"))
            .transpose();
        let keep = clause
            .keep()
            .map(|keep| self.duration(Some(keep), "`keep`"))
            .transpose();
        let (duration, gap, keep) = (duration?, gap?, keep?);
        if let Some((keep, span)) = keep.filter(|(keep, _)| *keep < 0) {
            return self.not_positive(
                span,
                format!("`keep` must not be negative, and this is {}", shown(keep)),
            );
        }
        Ok(Clause::Sustained {
            duration,
            gap,
            keep: keep.map_or(0, |(keep, _)| keep),
        })
    }

    /// The table whose keys are expected: they are the rule's keys.
    fn expected(&mut self, name: &ast::Name, key: Option<&[KeyPart]>) -> Outcome<TableId> {
        let (text, span) = (name.text(), self.span(name));
        let names = self.exprs.names;
        let table = match names.tables.get(&text) {
            Some(TableName::Known(table)) => {
                names.refer(span, Target::Table(*table));
                *table
            }
            Some(TableName::Lost) => return Err(Reported),
            None if !names.complete => return Err(Reported),
            None => {
                let message = format!("there is no table `{text}`");
                let mut error = Diagnostic::error(tables::LOOKUP, span, message);
                let mut known: Vec<_> = names.tables.keys().map(String::as_str).collect();
                known.sort_unstable();
                if let Some(meant) = did_you_mean(&text, known) {
                    error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
                }
                return self.exprs.refuse(error);
            }
        };
        let wanted = names.table(table).key_type();
        match key.ok_or(Reported)? {
            [part] if part.expr.ty == *wanted => Ok(table),
            parts => {
                let found: Vec<_> = parts.iter().map(|part| part.expr.ty.to_string()).collect();
                let found = match &found[..] {
                    [] => "the rule has no `by`".to_owned(),
                    [one] => format!("the rule's key is {one}"),
                    several => format!("the rule's key has {} parts", several.len()),
                };
                let message = format!("the keys of `{text}` are {wanted}, and {found}");
                let error = Diagnostic::error(tables::EXPECTED_KEY, span, message);
                let help = format!("`by` has one part of type {wanted}: the key of the table");
                self.exprs.refuse(error.with_help(help))
            }
        }
    }

    fn absence(&mut self, clause: &AbsentClause, key: Option<&[KeyPart]>) -> Outcome<Clause> {
        let duration = self.positive(clause.duration(), "the duration");
        if let Some(table) = clause.table() {
            let of = self.expected(&table, key);
            return Ok(Clause::Absent {
                duration: duration?,
                of: Some(of?),
            });
        }
        Ok(Clause::Absent {
            duration: duration?,
            of: None,
        })
    }

    pub(super) fn limit(&mut self, clause: Option<&LimitClause>) -> Outcome<Option<Limit>> {
        let Some(clause) = clause else {
            return Ok(None);
        };
        let count = self.count(clause.count());
        let per = self.positive(clause.period(), "the time of a limit");
        Ok(Some(Limit {
            count: count?,
            per: per?,
        }))
    }

    fn count(&mut self, expr: Option<ast::Expr>) -> Outcome<u32> {
        let expr = expr.ok_or(Reported)?;
        let (count, span) = self.whole(&expr, "a limit")?;
        match u32::try_from(count) {
            Ok(0) | Err(_) if count <= 0 => self.not_positive(
                span,
                format!("a limit of {count} would let nothing through"),
            ),
            Ok(count) if count <= MAX_FIRINGS => Ok(count),
            _ => {
                let message = format!("a limit is at most {MAX_FIRINGS}");
                let error = Diagnostic::error(bounds::BEYOND_LIMIT, span, message);
                self.exprs.refuse(
                    error
                        .with_primary_label("each key remembers as many firings")
                        .with_help("a shorter time with fewer firings bounds the same rate"),
                )
            }
        }
    }

    /// A constant int.
    pub(super) fn whole(&mut self, expr: &ast::Expr, what: &str) -> Outcome<(i64, Span)> {
        match self.exprs.constant(expr, &FieldType::Int, what)? {
            Value::Int(value) => Ok((value, self.span(expr))),
            _ => Err(Reported),
        }
    }

    /// A constant duration above zero, in nanoseconds.
    pub(super) fn positive(&mut self, expr: Option<ast::Expr>, what: &str) -> Outcome<i64> {
        let (duration, span) = self.duration(expr, what)?;
        if duration > 0 {
            return Ok(duration);
        }
        self.not_positive(
            span,
            format!(
                "{what} must be longer than nothing, and this is {}",
                shown(duration)
            ),
        )
    }

    fn duration(&mut self, expr: Option<ast::Expr>, what: &str) -> Outcome<(i64, Span)> {
        let expr = expr.ok_or(Reported)?;
        match self.exprs.constant(&expr, &FieldType::Duration, what)? {
            Value::Duration(duration) => Ok((duration, self.span(&expr))),
            _ => Err(Reported),
        }
    }

    pub(super) fn not_positive<T>(&mut self, span: Span, message: String) -> Outcome<T> {
        self.exprs
            .refuse(Diagnostic::error(bounds::NOT_POSITIVE, span, message))
    }
}

pub(super) fn shown(nanoseconds: i64) -> trapjaw_event::format::Duration {
    trapjaw_event::format::Duration(nanoseconds)
}
