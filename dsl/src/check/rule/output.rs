//! What a rule brings about: derived events, and actions.

use super::super::declare::beyond_limit;
use super::super::expr::Subject;
use super::super::{Outcome, Reported};
use super::{RuleChecker, source};
use crate::diagnostic::{
    Diagnostic,
    codes::{names, rules as codes},
    did_you_mean,
};
use crate::hir::{self, Emit, Expr};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, Arg, EmitClause, RecordField};
use trapjaw_event::limits::MAX_NAME;
use trapjaw_event::{EventType, FieldType, TypeId};
use trapjaw_program::When;
use trapjaw_program::limits::{MAX_ACTIONS, MAX_ARGUMENTS};

impl RuleChecker<'_> {
    pub(super) fn emit(&mut self, clause: Option<&EmitClause>) -> Outcome<Option<Emit>> {
        let Some(clause) = clause else {
            return Ok(None);
        };
        let mut sound = true;
        if matches!(&self.exprs.subject, Subject::Event(binding) if binding.any) {
            let message = "a rule on `any` would see the event that it emits";
            let error = Diagnostic::error(codes::EMIT_FROM_ANY, self.span(clause), message);
            self.exprs
                .findings
                .push(error.with_help("name the types that it is to see"));
            sound = false;
        }
        let name = clause.event().ok_or(Reported)?;
        let Some(type_id) = source::event_type(&name, &mut self.exprs) else {
            return Err(Reported);
        };
        let registry = &self.exprs.names.registry;
        let ty = registry.get(type_id);
        let mut fields: Vec<Option<Expr>> = vec![None; ty.fields.len()];
        // Where each field is set, be it to null or wrongly.
        let mut set: Vec<Option<Span>> = vec![None; ty.fields.len()];
        for field in clause.record().ok_or(Reported)?.fields() {
            match self.emitted(&field, (type_id, ty), &mut set) {
                Ok((index, value)) => fields[index] = value,
                Err(Reported) => sound = false,
            }
        }
        let partial = self.exprs.names.partial.contains(&type_id);
        let required = ty
            .fields
            .iter()
            .zip(&set)
            .filter(|(field, set)| !field.optional && set.is_none());
        let missing: Vec<String> = required
            .map(|(field, _)| format!("`{}`", field.name))
            .collect();
        // A field that could not be read may be meant for one that is missing.
        if !missing.is_empty() && !partial && sound {
            let message = format!("`{}` needs {}", ty.name, missing.join(", "));
            let error = Diagnostic::error(codes::MISSING_FIELD, self.span(&name), message);
            return self
                .exprs
                .refuse(error.with_note("fields that may be null are declared with `?`"));
        }
        if sound {
            Ok(Some(Emit { type_id, fields }))
        } else {
            Err(Reported)
        }
    }

    /// One field of a derived event: its place in the type, and its value unless that is null.
    fn emitted(
        &mut self,
        field: &RecordField,
        (type_id, ty): (TypeId, &EventType),
        set: &mut [Option<Span>],
    ) -> Outcome<(usize, Option<Expr>)> {
        let path = field.path().ok_or(Reported)?;
        let value = field.value().ok_or(Reported)?;
        let (name, span) = (path.text(), self.span(&path));
        let Some((id, declared)) = ty.field(&name) else {
            let checked = self.exprs.expr(&value, None);
            return self
                .no_such_field(&name, ty, span)
                .or_else(|Reported| checked.and(Err(Reported)));
        };
        self.exprs.names.refer_to_fields(span, &[type_id], &[id]);
        let index = id.index();
        if let Some(first) = set[index].replace(span) {
            let message = format!("`{name}` is set already");
            let error = Diagnostic::error(names::DUPLICATE_FIELD, span, message);
            return self.exprs.refuse(error.with_label(first, "here"));
        }
        if declared.optional && is_null(&value) {
            return Ok((index, None));
        }
        let what = format!("`{name}`");
        Ok((index, Some(self.exprs.typed(&value, &declared.ty, &what)?)))
    }

    fn no_such_field<T>(&mut self, name: &str, ty: &EventType, span: Span) -> Outcome<T> {
        let message = format!("`{}` has no field `{name}`", ty.name);
        let mut error = Diagnostic::error(names::UNKNOWN_FIELD, span, message);
        if trapjaw_event::ENVELOPE.contains(&name) {
            error = error.with_note("the envelope of a derived event is the rule's to give");
        } else if let Some(meant) = did_you_mean(name, ty.fields.iter().map(|field| &*field.name)) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        }
        self.exprs.refuse(error)
    }

    pub(super) fn actions(&mut self, calls: &[(When, ast::Action)]) -> Outcome<Vec<hir::Action>> {
        if let Some((_, first)) = calls.get(MAX_ACTIONS) {
            let span = self.span(first);
            return self
                .exprs
                .refuse(beyond_limit(span, "actions in a rule", MAX_ACTIONS));
        }
        let actions: Vec<_> = calls
            .iter()
            .map(|(when, call)| self.action(*when, call))
            .collect();
        actions.into_iter().collect()
    }

    fn action(&mut self, when: When, call: &ast::Action) -> Outcome<hir::Action> {
        self.output_to(when == When::Timeout);
        let name = call.name().ok_or(Reported)?;
        let called = Target::Action(name.text().into());
        self.exprs.names.refer(self.span(&name), called);
        let list = call.args().ok_or(Reported)?;
        if let Some(filter) = list.filter() {
            let error = Diagnostic::error(
                codes::AGGREGATE_MISPLACED,
                self.span(&filter),
                "an action has no `where`",
            );
            return self
                .exprs
                .refuse(error.with_help("only aggregates have: `count(where x > 1)`"));
        }
        let args: Vec<Arg> = list.args().collect();
        let span = self.span(call);
        if args.len() > MAX_ARGUMENTS {
            return self
                .exprs
                .refuse(beyond_limit(span, "arguments of an action", MAX_ARGUMENTS));
        }
        let mut arguments: Vec<(Box<str>, Expr)> = Vec::new();
        let mut taken: Vec<(String, Span)> = Vec::new();
        let mut sound = true;
        for arg in &args {
            match self.argument(arg, &mut taken) {
                Ok(argument) => arguments.push(argument),
                Err(Reported) => sound = false,
            }
        }
        if name.text().len() > MAX_NAME {
            return self
                .exprs
                .refuse(beyond_limit(span, "bytes in a name", MAX_NAME));
        }
        if sound {
            Ok(hir::Action {
                when,
                name: name.text().into(),
                arguments,
                span,
            })
        } else {
            Err(Reported)
        }
    }

    /// One argument. The one without a name is `text`.
    fn argument(
        &mut self,
        arg: &Arg,
        taken: &mut Vec<(String, Span)>,
    ) -> Outcome<(Box<str>, Expr)> {
        let value = arg.value().ok_or(Reported)?;
        let (name, span, named) = match arg.name() {
            Some(name) => (name.text(), self.span(&name), true),
            None => ("text".to_owned(), self.span(&value), false),
        };
        let checked = if named {
            self.exprs.expr(&value, None)
        } else {
            self.exprs
                .typed(&value, &FieldType::Text, "an argument without a name")
        };
        if let Some((_, first)) = taken.iter().find(|(known, _)| *known == name) {
            let error = if named {
                Diagnostic::error(
                    names::DUPLICATE_ARGUMENT,
                    span,
                    format!("there is an argument `{name}` already"),
                )
            } else {
                Diagnostic::error(
                    codes::POSITIONAL_ARGUMENT,
                    span,
                    "only one argument goes without a name",
                )
                .with_help("write `name: value`")
            };
            return self.exprs.refuse(error.with_label(*first, "the first one"));
        }
        taken.push((name.clone(), span));
        Ok((name.into(), checked?))
    }
}

fn is_null(value: &ast::Expr) -> bool {
    matches!(value, ast::Expr::Literal(literal) if matches!(literal.value(), Ok(ast::LiteralValue::Null)))
}
