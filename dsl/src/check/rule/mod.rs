//! Rules: clauses to one checked rule.

mod clauses;
mod cron;
mod metadata;
mod output;
mod pattern;
mod schedule;
mod source;
mod state;
mod window;

pub(super) use source::event_type;

use super::declare::beyond_limit;
use super::expr::{Binding, Checker, Place, Subject};
use super::names::Names;
use super::{Outcome, Reported};
use crate::diagnostic::{
    Diagnostic,
    codes::{rules, types},
};
use crate::format::one_line;
use crate::hir::{self, Expr, ExprKind, KeyPart};
use crate::source::{SourceId, Span};
use crate::syntax::ast::{self, AstNode, ByClause, RuleItem};
use clauses::Clauses;
use trapjaw_event::FieldType;
use trapjaw_program::limits::MAX_KEY_PARTS;

/// Checks a rule whose syntax is right. None if there is an error in it, which is then reported.
pub(super) fn check(
    item: &RuleItem,
    source: SourceId,
    names: &Names,
    findings: &mut Vec<Diagnostic>,
) -> Option<hir::Rule> {
    RuleChecker::check(item, Checker::new(names, source, Subject::Lost, findings)).ok()
}

/// Checks the clauses of one rule.
struct RuleChecker<'a> {
    exprs: Checker<'a>,
}

impl RuleChecker<'_> {
    fn check(item: &RuleItem, mut exprs: Checker<'_>) -> Outcome<hir::Rule> {
        let name = item.name().ok_or(Reported)?;
        let clauses = Clauses::gather(item, exprs.span(&name), exprs.source, exprs.findings)?;
        if let Some(clause) = &clauses.pattern {
            return RuleChecker { exprs }.matching(item, clause, &clauses);
        }
        exprs.subject = if clauses.is_schedule() {
            Subject::Clock
        } else {
            source::subject(clauses.on.as_ref(), &mut exprs)
        };
        let mut rule = RuleChecker { exprs };
        rule.refuse_without_match(&clauses);

        let metadata = rule.metadata(&clauses);
        let condition = rule.filter(&clauses);
        let key = rule.key(clauses.by.as_ref());
        rule.exprs.place = Place::Constant;
        let clause = rule.clause(&clauses, key.as_deref().ok());
        let zone = match &clauses.at {
            Some(at) => rule.zone_of(at),
            None => rule.zone(clauses.over.as_ref(), clause.as_ref().ok()),
        };
        let limit = rule.limit(clauses.limit.as_ref());
        rule.exprs.place = Place::Output {
            window: clauses.over.is_some(),
        };
        let having = rule.having(&clauses);
        let emit = rule.emit(clauses.emit.as_ref());
        let actions = rule.actions(&clauses.actions);
        let reports_clear = rule.reports_clear(&clauses);

        let span = rule.exprs.span(item);
        let aggregates = std::mem::take(&mut rule.exprs.aggregates);
        let binding = match rule.exprs.subject {
            Subject::Event(binding) => binding,
            Subject::Clock => Binding {
                alias: "now".to_owned(),
                named: None,
                types: Vec::new(),
                any: false,
            },
            Subject::None | Subject::Lost | Subject::Bound => return Err(Reported),
        };
        Ok(hir::Rule {
            name: name.text().into(),
            metadata: metadata?,
            alias: binding.alias.into(),
            types: binding.types,
            any: binding.any,
            condition: condition?,
            key: key?,
            clause: clause?,
            pattern: None,
            zone: zone?,
            aggregates,
            having: having?,
            limit: limit?,
            keeps_all: clauses.keep.is_some(),
            emit: emit?,
            actions: actions?,
            reports_clear: reports_clear?,
            span,
        })
    }

    /// `where`. A condition that always holds is none.
    fn filter(&mut self, clauses: &Clauses) -> Outcome<Option<Expr>> {
        self.exprs.place = Place::Where;
        let Some(clause) = &clauses.condition else {
            return Ok(None);
        };
        let condition = clause.condition().ok_or(Reported)?;
        let condition = self.exprs.condition(&condition, "`where`")?;
        self.exprs.warn_if_constant(&condition, "the condition");
        Ok(Some(condition).filter(|condition| !always(condition)))
    }

    /// `having`, where there is a window.
    fn having(&mut self, clauses: &Clauses) -> Outcome<Option<Expr>> {
        let Some(clause) = &clauses.having else {
            return Ok(None);
        };
        if clauses.over.is_none() {
            let span = self.exprs.span(clause);
            let error = Diagnostic::error(
                rules::HAVING_WITHOUT_WINDOW,
                span,
                "`having` needs a window",
            );
            return self
                .exprs
                .refuse(if clauses.lasting.is_some() || clauses.absent.is_some() {
                    error.with_help("conditions on single events stand in `where`")
                } else {
                    error.with_help(
                        "say over which events (`over 5m`), or judge single events by `where`",
                    )
                });
        }
        let condition = clause.condition().ok_or(Reported)?;
        let condition = self.exprs.condition(&condition, "`having`")?;
        self.exprs.warn_if_constant(&condition, "the condition");
        Ok(Some(condition).filter(|condition| !always(condition)))
    }

    fn key(&mut self, clause: Option<&ByClause>) -> Outcome<Vec<KeyPart>> {
        self.exprs.place = Place::Key;
        let Some(clause) = clause else {
            return Ok(Vec::new());
        };
        if clause.keys().count() > MAX_KEY_PARTS {
            let span = self.exprs.span(clause);
            let error = beyond_limit(span, "parts of a key", MAX_KEY_PARTS);
            return self.exprs.refuse(error);
        }
        let mut parts: Vec<KeyPart> = Vec::new();
        let mut sound = true;
        for key in clause.keys() {
            match self.key_part(&key, &parts) {
                Ok(part) => parts.push(part),
                Err(Reported) => sound = false,
            }
        }
        if sound { Ok(parts) } else { Err(Reported) }
    }

    fn key_part(&mut self, key: &ast::Expr, before: &[KeyPart]) -> Outcome<KeyPart> {
        let expr = self.exprs.expr(key, None)?;
        let span = self.exprs.span(key);
        if expr.ty == FieldType::Float {
            let error = Diagnostic::error(types::FLOAT_KEY, span, "a key can't be a float");
            return self.exprs.refuse(
                error.with_help("floats that look the same may differ; take an int or a text"),
            );
        }
        let name = self.key_name(key, &expr);
        if before.iter().any(|part| *part.name == *name) {
            let message = format!("the key has a part `{name}` already");
            return self
                .exprs
                .refuse(Diagnostic::error(rules::REPEATED_KEY, span, message));
        }
        Ok(KeyPart {
            name: name.into(),
            expr,
        })
    }

    /// What a part of the key is called in a match: the field's name, or the text.
    fn key_name(&self, key: &ast::Expr, expr: &Expr) -> String {
        match (&expr.kind, &self.exprs.subject) {
            (ExprKind::Envelope(envelope), _) => envelope.name().to_owned(),
            (ExprKind::Field(ids), Subject::Event(binding)) => {
                let first = self.exprs.names.registry.get(binding.types[0]);
                first.fields[ids[0].index()].name.to_string()
            }
            _ => one_line(key.syntax()),
        }
    }

    fn span(&self, node: &impl AstNode<Language = crate::syntax::Trapjaw>) -> Span {
        self.exprs.span(node)
    }
}

fn always(condition: &Expr) -> bool {
    matches!(
        condition.kind,
        ExprKind::Const(trapjaw_event::Value::Bool(true))
    )
}
