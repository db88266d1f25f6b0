//! `on`: which events a rule sees.

use super::super::expr::{Binding, Checker, Subject};
use super::super::names::TypeName;
use crate::diagnostic::{
    Diagnostic,
    codes::{names as codes, rules},
    did_you_mean,
};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{Name, OnClause};
use trapjaw_event::TypeId;

/// The event of a rule, unless its types are wrong.
pub(super) fn subject(clause: Option<&OnClause>, checker: &mut Checker<'_>) -> Subject {
    let Some(clause) = clause else {
        return Subject::Lost;
    };
    let Some(alias) = clause.alias() else {
        return Subject::Lost;
    };
    let names: Vec<Name> = clause.types().collect();
    match types(&names, checker) {
        (Some(types), any) => {
            let binding = Binding {
                alias: alias.text(),
                named: alias.name().map(|name| checker.span(&name)),
                types,
                any,
            };
            checker.note_alias(&binding);
            Subject::Event(binding)
        }
        (None, _) => Subject::Lost,
    }
}

/// The types of those names, if they are right, and whether they are `any`.
pub(super) fn types(names: &[Name], checker: &mut Checker<'_>) -> (Option<Vec<TypeId>>, bool) {
    let any = names
        .iter()
        .find(|name| !name.is_quoted() && name.text() == "any");
    let types = match any {
        Some(any) => all_types(any, names.len(), checker),
        None => named_types(names, checker),
    };
    (types.filter(|types| !types.is_empty()), any.is_some())
}

fn all_types(any: &Name, named: usize, checker: &mut Checker<'_>) -> Option<Vec<TypeId>> {
    let span = checker.span(any);
    if named > 1 {
        let error = Diagnostic::error(
            rules::ANY_WITH_TYPES,
            span,
            "`any` is every event type already",
        );
        checker
            .findings
            .push(error.with_help("an event type that is called `any` is written in backticks"));
        return None;
    }
    let types: Vec<TypeId> = checker.names.registry.iter().map(|(id, _)| id).collect();
    if types.is_empty() && checker.names.complete && checker.names.lost_types.is_empty() {
        let message = "no event type is declared, so there is none to see";
        checker
            .findings
            .push(Diagnostic::error(rules::NO_EVENT_TYPES, span, message));
    }
    Some(types)
}

fn named_types(names: &[Name], checker: &mut Checker<'_>) -> Option<Vec<TypeId>> {
    let mut types: Vec<(TypeId, Span)> = Vec::new();
    let mut sound = true;
    for name in names {
        let span = checker.span(name);
        let Some(id) = event_type(name, checker) else {
            sound = false;
            continue;
        };
        match types.iter().find(|(known, _)| *known == id) {
            Some((_, first)) => {
                let message = format!("`{}` is named already", name.text());
                let warning = Diagnostic::warning(rules::REPEATED_TYPE, span, message);
                checker.findings.push(warning.with_label(*first, "here"));
            }
            None => types.push((id, span)),
        }
    }
    sound.then(|| types.into_iter().map(|(id, _)| id).collect())
}

/// The type of that name; if there is none, that is reported.
pub(in crate::check) fn event_type(name: &Name, checker: &mut Checker<'_>) -> Option<TypeId> {
    let text = name.text();
    match checker.names.event_type(&text) {
        TypeName::Known(id) => {
            let span = checker.span(name);
            checker.names.refer(span, Target::EventType(id));
            Some(id)
        }
        TypeName::Lost => None,
        TypeName::Unknown => {
            let span = checker.span(name);
            let message = format!("there is no event type `{text}`");
            let mut error = Diagnostic::error(codes::UNKNOWN_EVENT_TYPE, span, message);
            if let Some(meant) = did_you_mean(&text, checker.names.type_names()) {
                error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
            } else if checker.names.tables.contains_key(&text) {
                error = error.with_note("it is a table, and tables have no events");
            } else {
                error =
                    error.with_help(format!("declare it: `event {text} {{ field: type, ... }}`"));
            }
            checker.findings.push(error);
            None
        }
    }
}
