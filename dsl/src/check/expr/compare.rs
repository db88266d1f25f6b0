//! Comparisons, and `in`.

use super::super::limits::MAX_NETWORKS;
use super::super::{Outcome, Reported, declare::beyond_limit, fold};
use super::Checker;
use crate::diagnostic::{
    Diagnostic,
    codes::{types as codes, unsupported},
};
use crate::hir::{Comparison, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, BetweenExpr, BinaryOp, LiteralValue};
use std::net::IpAddr;
use trapjaw_event::{FieldType, Ip, Value};

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        how: Comparison,
        [a, b]: [&ast::Expr; 2],
        op: BinaryOp,
        span: Span,
    ) -> Outcome<Expr> {
        if is_null(a) || is_null(b) {
            let (null, operand) = if is_null(b) { (b, a) } else { (a, b) };
            let test = if how == Comparison::Ne {
                "is not null"
            } else {
                "is null"
            };
            let error = Diagnostic::error(
                codes::NULL_COMPARISON,
                span,
                "a comparison with null is never true",
            );
            let error = error.with_label(
                self.span(null),
                "no value is equal to null, and none is unequal",
            );
            let replacement = format!("{} {test}", operand.syntax().text());
            return self.refuse(match how {
                Comparison::Eq | Comparison::Ne => {
                    error.with_suggestion(span, replacement, format!("write `{test}`"))
                }
                _ => error,
            });
        }
        let (left, right) = self.like_operands([a, b], None, op.text())?;
        if left.ty == FieldType::Bool && !matches!(how, Comparison::Eq | Comparison::Ne) {
            let message = "bools have no order";
            return self.refuse(Diagnostic::error(codes::NO_SUCH_OPERATION, span, message));
        }
        Ok(fold::compare(how, left, right, span))
    }

    pub(super) fn between(&mut self, expr: &BetweenExpr) -> Outcome<Expr> {
        let span = self.span(expr);
        let error = Diagnostic::error(unsupported::BETWEEN, span, "`between` is not supported yet");
        let (Some(x), Some(low), Some(high)) = (expr.operand(), expr.low(), expr.high()) else {
            return Err(Reported);
        };
        let [x, low, high] = [x, low, high].map(|part| part.syntax().text().to_string());
        let not = if expr.is_negated() { "not " } else { "" };
        let replacement = format!("{not}({x} >= {low} and {x} <= {high})");
        self.refuse(error.with_suggestion(span, replacement, "write two comparisons"))
    }

    /// `a in [..]`, `a in 10.0.0.0/8`, and both mixed.
    pub(super) fn membership(
        &mut self,
        operand: &ast::Expr,
        set: &ast::Expr,
        span: Span,
    ) -> Outcome<Expr> {
        if let Some(ast::Expr::Name(name)) = set.clone().without_parens()
            && let Some(table) = self.names.tables.get(&name.text())
        {
            return self.in_table(operand, *table, span);
        }
        let operand = self.expr(operand, None);
        let items = match set.clone().without_parens().ok_or(Reported)? {
            ast::Expr::List(list) => list.items().collect(),
            literal @ ast::Expr::Literal(_) if network(&literal).is_some() => vec![literal],
            _ => {
                let error = Diagnostic::error(
                    codes::LIST_PLACE,
                    self.span(set),
                    "`in` needs a list, a network or a table",
                );
                return self.refuse(error.with_help("write the values in brackets: `in [a, b]`"));
            }
        };
        let operand = operand?;
        if items.is_empty() {
            let message = "nothing is in an empty list";
            return self.refuse(Diagnostic::error(
                codes::EMPTY_LIST,
                self.span(set),
                message,
            ));
        }
        let mut values = Vec::new();
        let mut networks = Vec::new();
        let mut sound = true;
        for item in &items {
            match network(item).filter(|_| operand.ty == FieldType::Ip) {
                Some(bounds) => networks.push(bounds),
                None => match self.constant(item, &operand.ty, "an element of the list") {
                    Ok(value) => values.push(value),
                    Err(Reported) => sound = false,
                },
            }
        }
        if !sound {
            return Err(Reported);
        }
        if networks.len() > MAX_NETWORKS {
            return self.refuse(beyond_limit(span, "networks in a list", MAX_NETWORKS));
        }
        let mut tests = Vec::new();
        if !values.is_empty() {
            tests.push(fold::contained(operand.clone(), values, span));
        }
        for (first, last) in networks {
            let bound = |how, address: Ip| {
                let kind = ExprKind::Const(Value::Ip(address));
                fold::compare(
                    how,
                    operand.clone(),
                    Expr {
                        kind,
                        ty: FieldType::Ip,
                        span,
                    },
                    span,
                )
            };
            tests.push(fold::and(
                bound(Comparison::Ge, first),
                bound(Comparison::Le, last),
                span,
            ));
        }
        tests
            .into_iter()
            .reduce(|a, b| fold::or(a, b, span))
            .ok_or(Reported)
    }
}

fn is_null(expr: &ast::Expr) -> bool {
    let Some(ast::Expr::Literal(literal)) = expr.clone().without_parens() else {
        return false;
    };
    matches!(literal.value(), Ok(LiteralValue::Null))
}

/// The first and the last address of a network.
fn network(expr: &ast::Expr) -> Option<(Ip, Ip)> {
    let ast::Expr::Literal(literal) = expr else {
        return None;
    };
    let Ok(LiteralValue::Cidr { network, prefix }) = literal.value() else {
        return None;
    };
    // IPv4 addresses are kept as the last 32 of 128 bits.
    let fixed = u32::from(prefix) + if network.is_ipv4() { 96 } else { 0 };
    let first = u128::from_be_bytes(Ip::from(network).octets());
    let free = u128::MAX.checked_shr(fixed).unwrap_or(0);
    let last = IpAddr::from((first | free).to_be_bytes());
    Some((Ip::from(network), Ip::from(last)))
}
