//! The partition key of a pattern: what each element calls its parts.

use super::super::super::declare::beyond_limit;
use super::super::super::expr::{Place, Subject};
use super::super::super::{Outcome, Reported};
use super::super::RuleChecker;
use super::tree::Draft;
use crate::diagnostic::{
    Diagnostic,
    codes::{patterns as codes, rules, types},
};
use crate::format::one_line;
use crate::hir::Expr;
use crate::hir::pattern::PatternKey;
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, ByClause, KeyMapping, NameExpr};
use trapjaw_event::FieldType;
use trapjaw_program::limits::MAX_KEY_PARTS;

/// One side of `a.user = b.account`.
struct Side {
    expr: ast::Expr,
    /// The element that it names.
    element: Option<usize>,
    /// The field that it takes of whatever element it is asked of, where it is no more than that.
    field: Option<String>,
    span: Span,
}

impl RuleChecker<'_> {
    pub(super) fn pattern_key(
        &mut self,
        clause: Option<&ByClause>,
        elements: &[Draft],
    ) -> Outcome<Vec<PatternKey>> {
        let Some(clause) = clause else {
            return Ok(Vec::new());
        };
        self.exprs.place = Place::Key;
        let mut keys: Vec<PatternKey> = Vec::new();
        let mut sound = true;
        for part in clause.syntax().children() {
            let span = Span::new(self.exprs.source, part.text_range());
            if keys.len() == MAX_KEY_PARTS {
                let error = beyond_limit(span, "parts of a key", MAX_KEY_PARTS);
                return self.exprs.refuse(error);
            }
            let key = if let Some(mapping) = KeyMapping::cast(part.clone()) {
                self.mapped(&mapping, elements, span)
            } else {
                let expr = ast::Expr::cast(part).ok_or(Reported);
                expr.and_then(|expr| self.asked(&expr, elements, span))
            };
            match key.and_then(|key| self.distinct(key, &keys, span)) {
                Ok(key) => keys.push(key),
                Err(Reported) => sound = false,
            }
        }
        if sound { Ok(keys) } else { Err(Reported) }
    }

    fn distinct(
        &mut self,
        key: PatternKey,
        before: &[PatternKey],
        span: Span,
    ) -> Outcome<PatternKey> {
        if before.iter().any(|part| part.name == key.name) {
            let message = format!("the key has a part `{}` already", key.name);
            let error = Diagnostic::error(rules::REPEATED_KEY, span, message);
            return self.exprs.refuse(error);
        }
        Ok(key)
    }

    /// `by user`: asked of each element.
    fn asked(&mut self, expr: &ast::Expr, elements: &[Draft], span: Span) -> Outcome<PatternKey> {
        let named = named(expr, elements);
        if let (Some(_), true) = (named, elements.len() > 1) {
            let message = "this asks one element alone for the key";
            let error = Diagnostic::error(codes::ELEMENT_KEY, span, message);
            let help = "ask each element: `by user`; or say what the others call it: `by a.user = b.account`";
            return self.exprs.refuse(error.with_help(help));
        }
        self.refuse_unshared(expr, elements)?;
        let mut of = Vec::with_capacity(elements.len());
        let mut name = String::new();
        for element in elements {
            let (part, called) = self.under(element, |rule| {
                let part = rule.exprs.expr(expr, None)?;
                let called = rule.key_name(expr, &part);
                Ok((part, called))
            })?;
            if of.is_empty() {
                name = called;
            }
            of.push(part);
        }
        self.part(name, of, elements, span)
    }

    /// Refuses a field that some elements have and some don't.
    fn refuse_unshared(&mut self, expr: &ast::Expr, elements: &[Draft]) -> Outcome<()> {
        let ast::Expr::Name(name) = expr else {
            return Ok(());
        };
        let name = name.text();
        let registry = &self.exprs.names.registry;
        let has = |element: &&Draft| {
            let mut types = element.binding.types.iter();
            types.all(|&ty| registry.get(ty).field(&name).is_some())
        };
        let lost = elements.iter().any(|element| {
            let mut types = element.binding.types.iter();
            types.any(|ty| self.exprs.names.partial.contains(ty))
        });
        let lacking = elements.iter().find(|element| !has(element));
        let (Some(lacking), Some(having)) = (lacking, elements.iter().find(has)) else {
            return Ok(());
        };
        if lost {
            return Err(Reported);
        }
        let message = format!("not all elements have a field `{name}`");
        let error = Diagnostic::error(codes::ELEMENT_KEY, self.span(expr), message);
        let (of, other) = (
            having.binding.alias.as_str(),
            lacking.binding.alias.as_str(),
        );
        let (of, other) = (called(of, "a"), called(other, "b"));
        let help = format!("say what they call it: `by {of}.{name} = {other}.FIELD`");
        self.exprs.refuse(
            error
                .with_label(having.span, "this one has it")
                .with_label(lacking.span, "this one doesn't")
                .with_help(help),
        )
    }

    /// `by a.user = b.account`.
    fn mapped(
        &mut self,
        mapping: &KeyMapping,
        elements: &[Draft],
        span: Span,
    ) -> Outcome<PatternKey> {
        let sides: Vec<Side> = mapping
            .parts()
            .map(|expr| Side {
                element: named(&expr, elements),
                field: field(&expr, elements),
                span: self.span(&expr),
                expr,
            })
            .collect();
        for (place, side) in sides.iter().enumerate() {
            let twice = |before: &&Side| side.element.is_some() && before.element == side.element;
            if let Some(first) = sides[..place].iter().find(twice) {
                let message = "this element has its part of the key already";
                let error = Diagnostic::error(codes::ELEMENT_KEY, side.span, message);
                return self.exprs.refuse(error.with_label(first.span, "here"));
            }
        }
        let mut of = Vec::with_capacity(elements.len());
        for (place, element) in elements.iter().enumerate() {
            let own = sides.iter().find(|side| side.element == Some(place));
            of.push(match own {
                Some(side) => self.of_element(&side.expr, element)?,
                None => self.borrowed(&sides, element, span)?,
            });
        }
        let first = sides.first().ok_or(Reported)?;
        let name = match &first.field {
            Some(field) => field.clone(),
            None => one_line(first.expr.syntax()),
        };
        self.part(name, of, elements, span)
    }

    /// The part of an element that no side names: the first field among them that it has.
    fn borrowed(&mut self, sides: &[Side], element: &Draft, span: Span) -> Outcome<Expr> {
        let registry = &self.exprs.names.registry;
        let has = |field: &&String| {
            let types = &element.binding.types;
            types
                .iter()
                .all(|&ty| registry.get(ty).field(field).is_some())
        };
        let fields = sides.iter().filter_map(|side| side.field.as_ref());
        let Some(name) = fields.clone().find(has).cloned() else {
            let message = "the key is not said of this element";
            let names: Vec<String> = fields.map(|name| format!("`{name}`")).collect();
            let note = match &names[..] {
                [] => "no side of the mapping is a plain field".to_owned(),
                names => format!("it has no field {}", names.join(" and no ")),
            };
            let error = Diagnostic::error(codes::ELEMENT_KEY, element.span, message);
            let help = "give it a name, and map that too: `by a.user = b.account = c.owner`";
            let error = error.with_label(span, "the key").with_note(note);
            return self.exprs.refuse(error.with_help(help));
        };
        self.under(element, |rule| rule.exprs.field_named(&name, span))
    }

    fn of_element(&mut self, expr: &ast::Expr, element: &Draft) -> Outcome<Expr> {
        self.under(element, |rule| rule.exprs.expr(expr, None))
    }

    /// With the element's event as the one that expressions are about.
    fn under<T>(
        &mut self,
        element: &Draft,
        check: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        self.exprs.subject = Subject::Event(element.binding.clone());
        let checked = check(self);
        self.exprs.subject = Subject::Bound;
        checked
    }

    fn part(
        &mut self,
        name: String,
        of: Vec<Expr>,
        elements: &[Draft],
        span: Span,
    ) -> Outcome<PatternKey> {
        let ty = of.first().ok_or(Reported)?.ty.clone();
        if ty == FieldType::Float {
            let error = Diagnostic::error(types::FLOAT_KEY, span, "a key can't be a float");
            return self.exprs.refuse(
                error.with_help("floats that look the same may differ; take an int or a text"),
            );
        }
        if let Some(other) = of.iter().position(|part| part.ty != ty) {
            let message = format!(
                "the key is {ty} for one element, and {} for another",
                of[other].ty
            );
            let error = Diagnostic::error(codes::ELEMENT_KEY, span, message);
            return self.exprs.refuse(
                error
                    .with_label(elements[0].span, format!("here it is {ty}"))
                    .with_label(elements[other].span, format!("here it is {}", of[other].ty)),
            );
        }
        Ok(PatternKey {
            name: name.into(),
            ty,
            of,
        })
    }
}

fn called<'n>(alias: &'n str, untold: &'n str) -> &'n str {
    if alias.is_empty() { untold } else { alias }
}

/// The first element that an expression names.
fn named(expr: &ast::Expr, elements: &[Draft]) -> Option<usize> {
    let mut names = expr.syntax().descendants().filter_map(NameExpr::cast);
    names.find_map(|name| {
        let name = name.text();
        let mut elements = elements.iter();
        elements.position(|element| !name.is_empty() && element.binding.alias == name)
    })
}

/// The field that `a.user`, or `user`, takes.
fn field(expr: &ast::Expr, elements: &[Draft]) -> Option<String> {
    let path = one_line(expr.syntax());
    match expr {
        ast::Expr::Name(name) => Some(name.text()),
        ast::Expr::Field(_) if named(expr, elements).is_some() => {
            path.split_once('.').map(|(_, field)| field.to_owned())
        }
        ast::Expr::Field(_) => Some(path),
        _ => None,
    }
}
