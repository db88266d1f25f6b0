//! Types that must agree.

use super::super::{Outcome, fold};
use super::Checker;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::Expr;
use crate::source::Span;
use crate::syntax::ast::{self, AstNode};
use std::net::IpAddr;
use trapjaw_event::FieldType;

impl Checker<'_> {
    /// An expression of that type, an int taken as float where a float is wanted. `what` says what asks for it:
    /// "`where`".
    pub(in crate::check) fn typed(
        &mut self,
        expr: &ast::Expr,
        ty: &FieldType,
        what: &str,
    ) -> Outcome<Expr> {
        let checked = self.expr(expr, Some(ty))?;
        if checked.ty == *ty {
            return Ok(checked);
        }
        if (&checked.ty, ty) == (&FieldType::Int, &FieldType::Float) {
            return Ok(as_float(checked));
        }
        let span = self.span(expr);
        let message = format!("{what} must be {ty}, not {}", checked.ty);
        let error = Diagnostic::error(codes::TYPE_MISMATCH, span, message)
            .with_primary_label(format!("this is {}", checked.ty));
        self.refuse(rewritten(error, expr, &checked.ty, ty, span))
    }

    /// A condition.
    pub(in crate::check) fn condition(&mut self, expr: &ast::Expr, what: &str) -> Outcome<Expr> {
        self.typed(expr, &FieldType::Bool, what)
    }

    /// The two operands of an operator that wants them to be of one type, each with the other's type expected.
    pub(super) fn operands(
        &mut self,
        [a, b]: [&ast::Expr; 2],
        expected: Option<&FieldType>,
    ) -> Outcome<(Expr, Expr)> {
        // A bare name that means nothing by itself may be a value of the other side's enum.
        let (left, right) = if self.waits_for_type(a) && !self.waits_for_type(b) {
            let right = self.expr(b, expected);
            let left = self.expr(a, right.as_ref().map_or(expected, |right| Some(&right.ty)));
            (left, right)
        } else {
            let left = self.expr(a, expected);
            let right = self.expr(b, left.as_ref().map_or(expected, |left| Some(&left.ty)));
            (left, right)
        };
        let (left, right) = (left?, right?);
        self.refuse_second_reading(a, &right.ty)?;
        self.refuse_second_reading(b, &left.ty)?;
        Ok((left, right))
    }

    /// The two operands of an operator that needs them to be of one type, ints beside floats taken as floats.
    pub(super) fn like_operands(
        &mut self,
        [a, b]: [&ast::Expr; 2],
        expected: Option<&FieldType>,
        operator: &str,
    ) -> Outcome<(Expr, Expr)> {
        let (left, right) = self.operands([a, b], expected)?;
        if left.ty == right.ty {
            return Ok((left, right));
        }
        if let (FieldType::Int | FieldType::Float, FieldType::Int | FieldType::Float) =
            (&left.ty, &right.ty)
        {
            return Ok((as_float(left), as_float(right)));
        }
        let (left_span, right_span) = (self.span(a), self.span(b));
        let message = format!(
            "`{operator}` needs two values of one type, not {} and {}",
            left.ty, right.ty
        );
        let (place, at_fault, ty, other, found) = if is_literal(a) && !is_literal(b) {
            (left_span, a, &right.ty, right_span, &left.ty)
        } else {
            (right_span, b, &left.ty, left_span, &right.ty)
        };
        let error = Diagnostic::error(codes::TYPE_MISMATCH, place, message)
            .with_primary_label(format!("this is {found}"))
            .with_label(other, format!("this is {ty}"));
        self.refuse(rewritten(error, at_fault, found, ty, place))
    }
}

/// A number as float.
pub(super) fn as_float(expr: Expr) -> Expr {
    if expr.ty == FieldType::Float {
        expr
    } else {
        fold::to_float(expr)
    }
}

fn is_literal(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Literal(_) | ast::Expr::String(_))
}

/// Proposes what could be written instead, where the expression says the right thing in the wrong form.
fn rewritten(
    error: Diagnostic,
    expr: &ast::Expr,
    found: &FieldType,
    wanted: &FieldType,
    span: Span,
) -> Diagnostic {
    let quoted = match expr {
        ast::Expr::String(string) => string.plain_text(),
        _ => None,
    };
    match (quoted, wanted) {
        (Some(text), FieldType::Enum(variants))
            if variants.iter().any(|variant| **variant == *text) =>
        {
            error.with_suggestion(span, text, "values of an enum stand without quotes")
        }
        (Some(text), FieldType::Enum(variants)) => {
            let error = error.with_note(format!(
                "the values of the enum are {}",
                variants.join(", ")
            ));
            match crate::diagnostic::did_you_mean(&text, variants.iter().map(|variant| &**variant))
            {
                Some(meant) => error.with_suggestion(span, meant, format!("write `{meant}`")),
                None => error,
            }
        }
        (Some(text), FieldType::Ip) => match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                error.with_suggestion(span, address.to_string(), "addresses stand without quotes")
            }
            Ok(IpAddr::V6(address)) => {
                error.with_suggestion(span, format!("ip\"{address}\""), "write it as an address")
            }
            Err(_) => error,
        },
        (Some(text), FieldType::Int | FieldType::Float)
            if text.parse::<f64>().is_ok_and(f64::is_finite) =>
        {
            error.with_suggestion(span, text, "numbers stand without quotes")
        }
        (None, FieldType::Text)
            if *found != FieldType::Text && expr.syntax().text().len() < 80.into() =>
        {
            let replacement = format!("\"{{{}}}\"", expr.syntax().text());
            error.with_suggestion(span, replacement, "put the value into a text")
        }
        (_, FieldType::Duration) if *found == FieldType::Int => {
            error.with_help("a duration has a unit: `30s`, `5m`")
        }
        _ => error,
    }
}
