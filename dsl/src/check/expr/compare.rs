//! Comparisons, and `in`.

use super::super::limits::MEMBER;
use super::super::names::{Constant, Member, TableName};
use super::super::{Outcome, Reported, declare::beyond_limit, fold};
use super::Checker;
use super::typing::as_float;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Comparison, Expr, ExprKind};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, BetweenExpr, BinaryOp, LiteralValue};
use std::net::IpAddr;
use std::sync::Arc;
use trapjaw_event::{FieldType, Ip, Value};
use trapjaw_program::limits::MAX_SET;

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

    /// `x between a and b`, both ends in it.
    pub(super) fn between(&mut self, expr: &BetweenExpr) -> Outcome<Expr> {
        let span = self.span(expr);
        let (Some(x), Some(low), Some(high)) = (expr.operand(), expr.low(), expr.high()) else {
            return Err(Reported);
        };
        let tested = self.expr(&x, None)?;
        let mut bounds = Vec::new();
        for bound in [&low, &high] {
            let checked = self.expr(bound, Some(&tested.ty))?;
            self.refuse_second_reading(bound, &tested.ty)?;
            let number = |ty: &FieldType| matches!(ty, FieldType::Int | FieldType::Float);
            if checked.ty != tested.ty && !(number(&checked.ty) && number(&tested.ty)) {
                let message = format!(
                    "`between` needs values of one type, not {} and {}",
                    tested.ty, checked.ty
                );
                let error = Diagnostic::error(codes::TYPE_MISMATCH, self.span(bound), message);
                let error = error.with_primary_label(format!("this is {}", checked.ty));
                let other = self.span(&x);
                return self.refuse(error.with_label(other, format!("this is {}", tested.ty)));
            }
            bounds.push(checked);
        }
        let (Some(high), Some(low)) = (bounds.pop(), bounds.pop()) else {
            return Err(Reported);
        };
        if tested.ty == FieldType::Bool {
            let message = "bools have no order";
            return self.refuse(Diagnostic::error(codes::NO_SUCH_OPERATION, span, message));
        }
        // An int may stand beside floats, and then all three are floats.
        let float = [&tested, &low, &high]
            .iter()
            .any(|part| part.ty == FieldType::Float);
        let [x, low, high] = if float {
            [tested, low, high].map(as_float)
        } else {
            [tested, low, high]
        };
        let between = fold::between(x, low, high, span);
        Ok(if expr.is_negated() {
            fold::not(between, span)
        } else {
            between
        })
    }

    /// `a in [..]`, `a in 10.0.0.0/8`, `a in LIST`, and a list of all these.
    pub(super) fn membership(
        &mut self,
        operand: &ast::Expr,
        set: &ast::Expr,
        span: Span,
    ) -> Outcome<Expr> {
        if let Some(ast::Expr::Name(name)) = set.clone().without_parens()
            && let Some(table) = self.names.tables.get(&name.text())
        {
            if let TableName::Known(table) = table {
                self.names.refer(self.span(&name), Target::Table(*table));
            }
            return self.in_table(operand, *table, span);
        }
        let operand = self.expr(operand, None);
        let Some(items) = self.items(set) else {
            let error = Diagnostic::error(
                codes::LIST_PLACE,
                self.span(set),
                "`in` needs a list, a network or a table",
            );
            return self.refuse(error.with_help("write the values in brackets: `in [a, b]`"));
        };
        let operand = operand?;
        self.refuse_empty(set, items.is_empty())?;
        let mut values = Vec::new();
        let mut networks = Vec::new();
        let mut sound = true;
        for item in &items {
            sound &= self
                .member(item, &operand.ty, &mut values, &mut networks)
                .is_ok();
        }
        if !sound {
            return Err(Reported);
        }
        if values.len() + networks.len() > MAX_SET {
            return self.refuse(beyond_limit(span, "values in a list", MAX_SET));
        }
        Ok(if networks.is_empty() {
            fold::contained(operand, values, span)
        } else {
            networks.extend(values.iter().filter_map(|value| match value {
                Value::Ip(address) => Some((*address, *address)),
                _ => None,
            }));
            fold::within(operand, networks, span)
        })
    }

    /// Takes an item of a list for the values or the networks of a test of `ty`.
    fn member(
        &mut self,
        item: &ast::Expr,
        ty: &FieldType,
        values: &mut Vec<Value>,
        networks: &mut Vec<(Ip, Ip)>,
    ) -> Outcome<()> {
        if let Some((first, last)) = network(item).filter(|_| *ty == FieldType::Ip) {
            networks.push((first, last));
            return Ok(());
        }
        let Some(members) = self.list_of(item) else {
            values.push(self.constant(item, ty, "an element of the list")?);
            return Ok(());
        };
        let span = self.span(item);
        // A short file can name a long list often.
        self.spend_text(members.len() * MEMBER, span)?;
        for member in members.iter() {
            match (member, ty) {
                (Member::Network(first, last), FieldType::Ip) => networks.push((*first, *last)),
                (Member::Value(Value::Int(value), _), FieldType::Float) => {
                    values.push(Value::Float(*value as f64));
                }
                (Member::Value(value, found), ty) if found == ty => values.push(value.clone()),
                (member, ty) => {
                    let found = match member {
                        Member::Network(..) => "a network".to_owned(),
                        Member::Value(_, found) => found.to_string(),
                    };
                    let message = format!("the list holds {found}, and what is tested is {ty}");
                    return self.refuse(Diagnostic::error(codes::TYPE_MISMATCH, span, message));
                }
            }
        }
        Ok(())
    }

    /// The items of what stands after `in`, if it is a list, a network, or the name of one of them.
    fn items(&self, set: &ast::Expr) -> Option<Vec<ast::Expr>> {
        match set.clone().without_parens()? {
            ast::Expr::List(list) => Some(list.items().collect()),
            literal @ ast::Expr::Literal(_) if network(&literal).is_some() => Some(vec![literal]),
            name @ ast::Expr::Name(_) if self.list_of(&name).is_some() => Some(vec![name]),
            _ => None,
        }
    }

    /// The constant list that a name stands for, where it can stand for nothing else.
    fn list_of(&self, expr: &ast::Expr) -> Option<Arc<[Member]>> {
        let Some(ast::Expr::Name(name)) = expr.clone().without_parens() else {
            return None;
        };
        let text = name.text();
        match self.names.constants.get(&text) {
            Some(Constant::List(members)) => {
                let place = self.span(&name);
                self.names.refer(place, Target::Constant(text.into()));
                Some(members.clone())
            }
            _ => None,
        }
    }

    fn refuse_empty(&mut self, set: &ast::Expr, empty: bool) -> Outcome<()> {
        if empty {
            let message = "nothing is in an empty list";
            let span = self.span(set);
            return self.refuse(Diagnostic::error(codes::EMPTY_LIST, span, message));
        }
        Ok(())
    }

    /// The members of a constant that is a list, or a network alone; `None` if it is neither.
    pub(in crate::check) fn listed(&mut self, expr: &ast::Expr) -> Option<Outcome<Vec<Member>>> {
        let items = self.items(expr)?;
        if let Err(reported) = self.refuse_empty(expr, items.is_empty()) {
            return Some(Err(reported));
        }
        Some(self.members(&items))
    }

    fn members(&mut self, items: &[ast::Expr]) -> Outcome<Vec<Member>> {
        let mut members = Vec::new();
        for item in items {
            if let Some((first, last)) = network(item) {
                members.push(Member::Network(first, last));
            } else if let Some(listed) = self.list_of(item) {
                let span = self.span(item);
                self.spend_text(listed.len() * MEMBER, span)?;
                members.extend(listed.iter().cloned());
            } else {
                let value = self.expr(item, None)?;
                match value.kind {
                    ExprKind::Const(known) => members.push(Member::Value(known, value.ty)),
                    // Without an event there is nothing that could vary.
                    _ => return Err(Reported),
                }
            }
        }
        Ok(members)
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
