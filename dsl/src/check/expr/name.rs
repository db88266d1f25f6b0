//! Names in expressions.

use super::super::names::Constant;
use super::super::{Outcome, Reported};
use super::field::FieldReading;
use super::{Checker, Subject};
use crate::diagnostic::{
    Diagnostic,
    codes::{names as codes, types},
};
use crate::hir::{Expr, ExprKind};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, FieldExpr, NameExpr};
use trapjaw_event::{FieldType, Value};

impl Checker<'_> {
    /// A bare name.
    pub(super) fn bare_name(
        &mut self,
        expr: &NameExpr,
        expected: Option<&FieldType>,
    ) -> Outcome<Expr> {
        let name = expr.text();
        let span = self.span(expr);
        if name.is_empty() {
            return Err(Reported);
        }
        let field = self.field_reading(&name);
        let constant = self.names.constants.get(&name);
        let variant = variant(&name, expected);
        let readings = [
            !matches!(field, FieldReading::None),
            constant.is_some(),
            variant.is_some(),
        ];
        if readings.iter().filter(|&&reads| reads).count() > 1 {
            // A field of which nothing is known may not be there at all.
            if matches!(field, FieldReading::Lost) {
                return Err(Reported);
            }
            return self.ambiguous(&name, span, readings);
        }
        if let Some(code) = variant {
            let ty = expected.cloned().ok_or(Reported)?;
            self.note_variant(span, &ty, code);
            return Ok(Expr {
                kind: ExprKind::Const(Value::Enum(code)),
                ty,
                span,
            });
        }
        if constant.is_some() {
            self.names
                .refer(span, Target::Constant(name.as_str().into()));
        }
        match constant {
            Some(Constant::Known(value, ty)) => {
                if let Value::Text(text) = value {
                    self.spend_text(text.len(), span)?;
                }
                let kind = ExprKind::Const(value.clone());
                let ty = ty.clone();
                return Ok(Expr { kind, ty, span });
            }
            Some(Constant::List(_)) => {
                let message = format!("`{name}` is a list, and no value");
                let error = Diagnostic::error(types::LIST_PLACE, span, message);
                return self
                    .refuse(error.with_help(format!("it stands after `in`: `x in {name}`")));
            }
            Some(Constant::Lost) => return Err(Reported),
            None => {}
        }
        match field {
            FieldReading::Known(kind, ty) => {
                self.note_bare(span, &name, &kind);
                Ok(Expr { kind, ty, span })
            }
            FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(&name, why, span),
            FieldReading::None => self.unknown_name(&name, expected, span),
        }
    }

    /// `a.b`, and so on: a field of the rule's event.
    pub(super) fn field(&mut self, expr: &FieldExpr) -> Outcome<Expr> {
        let span = self.span(expr);
        if let Some(field) = self.bound_field(expr) {
            return field;
        }
        let (base, path) = flatten(expr).ok_or(Reported)?;
        if let ast::Expr::Index(index) = &base {
            let first = behind(expr).map_or(span, |first| self.span(&first));
            let place = Span {
                start: first.start,
                ..span
            };
            return self.lookup(index, &path, [place, span]);
        }
        let ast::Expr::Name(first) = &base else {
            // What is wrong with what stands before the point comes first.
            self.expr(&base, None)?;
            let message = "only the rule's event has fields";
            return self.refuse(Diagnostic::error(
                codes::NO_FIELDS,
                self.span(&base),
                message,
            ));
        };
        let (first_name, first_span) = (first.text(), self.span(first));
        let binding = match &self.subject {
            Subject::Lost => return Err(Reported),
            Subject::None | Subject::Clock | Subject::Bound => None,
            Subject::Event(binding) => Some(binding),
        };
        let whole = format!("{first_name}.{path}");
        let own = binding.filter(|binding| binding.alias == first_name);
        let (name, place) = match own {
            Some(binding) => {
                self.note_event(first_span, binding);
                (
                    &path,
                    behind(expr).map_or(span, |first| Span {
                        start: self.span(&first).start,
                        ..span
                    }),
                )
            }
            None => (&whole, span),
        };
        match self.field_reading(name) {
            FieldReading::Known(kind, ty) => {
                self.note_bare(place, name, &kind);
                Ok(Expr { kind, ty, span })
            }
            FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(name, why, span),
            FieldReading::None if name == &path => {
                let last = expr.field().map_or(span, |field| self.span(&field));
                self.unknown_field(&path, last)
            }
            FieldReading::None => self.no_fields(&first_name, first_span, &path),
        }
    }

    /// Whether the expression is a bare name that means nothing unless its place expects an enum.
    pub(super) fn waits_for_type(&self, expr: &ast::Expr) -> bool {
        match expr {
            ast::Expr::Paren(paren) => paren
                .inner()
                .is_some_and(|inner| self.waits_for_type(&inner)),
            ast::Expr::Name(expr) => {
                let name = expr.text();
                matches!(self.field_reading(&name), FieldReading::None)
                    && !self.names.constants.contains_key(&name)
            }
            _ => false,
        }
    }

    /// Refuses a bare name that was read without knowing that a value of `ty` stands beside it, if it is one.
    pub(super) fn refuse_second_reading(
        &mut self,
        expr: &ast::Expr,
        ty: &FieldType,
    ) -> Outcome<()> {
        let ast::Expr::Name(expr) = expr else {
            return Ok(());
        };
        let name = expr.text();
        if variant(&name, Some(ty)).is_none() || self.waits_for_type(&ast::Expr::Name(expr.clone()))
        {
            return Ok(());
        }
        let constant = self.names.constants.contains_key(&name);
        let field = !matches!(self.field_reading(&name), FieldReading::None);
        self.ambiguous(&name, self.span(expr), [field, constant, true])
    }
}

/// The code of a value of the expected enum.
fn variant(name: &str, expected: Option<&FieldType>) -> Option<u16> {
    let Some(FieldType::Enum(variants)) = expected else {
        return None;
    };
    variants
        .iter()
        .position(|variant| **variant == *name)
        .and_then(|code| u16::try_from(code).ok())
}

/// The `b` of `a.b.c`.
fn behind(expr: &FieldExpr) -> Option<ast::Name> {
    match expr.base()? {
        ast::Expr::Field(inner) => behind(&inner),
        _ => expr.field(),
    }
}

/// What stands at the beginning of `a.b.c`, and the names behind it.
fn flatten(expr: &FieldExpr) -> Option<(ast::Expr, String)> {
    let mut path = expr.field()?.text();
    let mut base = expr.base()?;
    while let ast::Expr::Field(inner) = &base {
        path = format!("{}.{path}", inner.field()?.text());
        base = inner.base()?;
    }
    Some((base, path))
}
