//! Operators: logic, arithmetic, defaults.

use super::super::{Outcome, Reported, fold};
use super::Checker;
use super::typing::as_float;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Arithmetic, Comparison, Expr, TextTest};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryExpr, BinaryOp, UnaryExpr, UnaryOp};
use trapjaw_event::FieldType;
use trapjaw_program::Form;

impl Checker<'_> {
    pub(super) fn unary(&mut self, expr: &UnaryExpr) -> Outcome<Expr> {
        let span = self.span(expr);
        let operand = expr.operand().ok_or(Reported)?;
        match expr.op().ok_or(Reported)? {
            UnaryOp::Not => Ok(fold::not(
                self.condition(&operand, "what follows `not`")?,
                span,
            )),
            UnaryOp::Neg => {
                let operand = self.expr(&operand, None)?;
                if !matches!(
                    operand.ty,
                    FieldType::Int | FieldType::Float | FieldType::Duration
                ) {
                    let message = format!("`-` takes a number or duration, not {}", operand.ty);
                    return self.refuse(Diagnostic::error(codes::NO_SUCH_OPERATION, span, message));
                }
                let negated = fold::negate(operand, span);
                self.folded(negated, span)
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        expr: &BinaryExpr,
        expected: Option<&FieldType>,
    ) -> Outcome<Expr> {
        let span = self.span(expr);
        let op = expr.op().ok_or(Reported)?;
        let (a, b) = (expr.lhs().ok_or(Reported)?, expr.rhs().ok_or(Reported)?);
        let sides = [&a, &b];
        let result = match op {
            BinaryOp::And | BinaryOp::Or => {
                let what = if op == BinaryOp::And {
                    "each side of `and`"
                } else {
                    "each side of `or`"
                };
                let (a, b) = (self.condition(&a, what), self.condition(&b, what));
                let combine = if op == BinaryOp::And {
                    fold::and
                } else {
                    fold::or
                };
                Ok(combine(a?, b?, span))
            }
            BinaryOp::Eq => self.comparison(Comparison::Eq, sides, op, span),
            BinaryOp::NotEq => self.comparison(Comparison::Ne, sides, op, span),
            BinaryOp::Less => self.comparison(Comparison::Lt, sides, op, span),
            BinaryOp::LessEq => self.comparison(Comparison::Le, sides, op, span),
            BinaryOp::Greater => self.comparison(Comparison::Gt, sides, op, span),
            BinaryOp::GreaterEq => self.comparison(Comparison::Ge, sides, op, span),
            BinaryOp::In => self.membership(&a, &b, span),
            BinaryOp::Contains => self.text_test(TextTest::Contains, sides, op, span),
            BinaryOp::StartsWith => self.text_test(TextTest::StartsWith, sides, op, span),
            BinaryOp::EndsWith => self.text_test(TextTest::EndsWith, sides, op, span),
            BinaryOp::IContains => self.text_test(TextTest::Contains, sides, op, span),
            BinaryOp::IStartsWith => self.text_test(TextTest::StartsWith, sides, op, span),
            BinaryOp::IEndsWith => self.text_test(TextTest::EndsWith, sides, op, span),
            BinaryOp::Like => self.matching(sides, (Form::Glob, false), op.text(), span),
            BinaryOp::ILike => self.matching(sides, (Form::Glob, true), op.text(), span),
            BinaryOp::Matches => self.matching(sides, (Form::Regex, false), op.text(), span),
            BinaryOp::Default => {
                let (a, b) = self.like_operands(sides, expected, "??")?;
                Ok(fold::coalesce(a, b, span))
            }
            BinaryOp::Add => self.arithmetic(Arithmetic::Add, sides, op, span),
            BinaryOp::Sub => self.arithmetic(Arithmetic::Sub, sides, op, span),
            BinaryOp::Mul => self.arithmetic(Arithmetic::Mul, sides, op, span),
            BinaryOp::Div => self.division(sides, span),
        }?;
        Ok(if expr.is_negated() {
            fold::not(result, span)
        } else {
            result
        })
    }

    fn text_test(
        &mut self,
        test: TextTest,
        [a, b]: [&ast::Expr; 2],
        op: BinaryOp,
        span: Span,
    ) -> Outcome<Expr> {
        let what = format!("each side of `{}`", op.text());
        let (a, b) = (
            self.typed(a, &FieldType::Text, &what),
            self.typed(b, &FieldType::Text, &what),
        );
        let (a, b) = (a?, b?);
        Ok(match op {
            BinaryOp::IContains | BinaryOp::IStartsWith | BinaryOp::IEndsWith => {
                fold::text_test(test, fold::without_case(a), fold::without_case(b), span)
            }
            _ => fold::text_test(test, a, b, span),
        })
    }

    fn arithmetic(
        &mut self,
        how: Arithmetic,
        [a, b]: [&ast::Expr; 2],
        op: BinaryOp,
        span: Span,
    ) -> Outcome<Expr> {
        use Arithmetic::{Add, Mul, Sub};
        use FieldType::{Duration, Float, Int, Time};
        let (a, b) = (self.expr(a, None), self.expr(b, None));
        let (a, b) = (a?, b?);
        let (a, b, ty) = match (how, &a.ty, &b.ty) {
            (_, Int, Int) => (a, b, Int),
            (_, Int | Float, Int | Float) => (as_float(a), as_float(b), Float),
            (Mul, Duration, Float) | (Mul, Float, Duration) => {
                let product = fold::arithmetic(how, as_float(a), as_float(b), Float, span);
                let product = self.folded(product, span)?;
                let duration = fold::to_duration(product, span);
                return self.folded(duration, span);
            }
            (Add | Sub, Time, Duration) => (a, b, Time),
            // A sum is the same either way; the time stands first.
            (Add, Duration, Time) => (b, a, Time),
            (Sub, Time, Time)
            | (Add | Sub, Duration, Duration)
            | (Mul, Duration, Int)
            | (Mul, Int, Duration) => (a, b, Duration),
            _ => return self.no_operation(op, &a.ty, &b.ty, span),
        };
        let result = fold::arithmetic(how, a, b, ty, span);
        self.folded(result, span)
    }

    fn division(&mut self, [a, b]: [&ast::Expr; 2], span: Span) -> Outcome<Expr> {
        use FieldType::{Duration, Float, Int};
        let (a, b) = (self.expr(a, None), self.expr(b, None));
        let (a, b) = (a?, b?);
        match (&a.ty, &b.ty) {
            (Int | Float, Int | Float) | (Duration, Duration) => {
                let result = fold::divide(as_float(a), as_float(b), span);
                self.folded(result, span)
            }
            (Duration, Int | Float) => {
                let quotient = fold::divide(as_float(a), as_float(b), span);
                let quotient = self.folded(quotient, span)?;
                let duration = fold::to_duration(quotient, span);
                self.folded(duration, span)
            }
            _ => self.no_operation(BinaryOp::Div, &a.ty, &b.ty, span),
        }
    }

    fn no_operation<T>(
        &mut self,
        op: BinaryOp,
        a: &FieldType,
        b: &FieldType,
        span: Span,
    ) -> Outcome<T> {
        let message = format!("`{}` doesn't take {a} and {b}", op.text());
        let error = Diagnostic::error(codes::NO_SUCH_OPERATION, span, message);
        let duration = |ty: &FieldType| *ty == FieldType::Duration;
        let error = if op == BinaryOp::Add && (*a == FieldType::Text || *b == FieldType::Text) {
            error.with_help("texts are put together by interpolation: `\"{a}{b}\"`")
        } else if op == BinaryOp::Mul && (duration(a) || duration(b)) {
            error.with_help("a duration is multiplied by a number")
        } else if op == BinaryOp::Div && duration(a) {
            error
                .with_help("a duration is divided by a number, or by a duration: `d / 1s` is its number of seconds")
        } else {
            error
        };
        self.refuse(error)
    }
}
