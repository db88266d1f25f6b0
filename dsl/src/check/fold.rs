//! Expressions put together, with what is constant computed at once: no operation is left whose operands are all
//! constants. Constants are never null here, so an operation that gives null is one that never has a value.

use crate::hir::{Arithmetic, Comparison, Expr, ExprKind, Piece, TextTest};
use crate::source::Span;
use std::cmp::Ordering;
use trapjaw_event::{FieldType, Value, format};

/// An operation on constants alone that has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AlwaysNull;

fn known(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

fn truth(expr: &Expr) -> Option<bool> {
    match known(expr) {
        Some(Value::Bool(value)) => Some(*value),
        _ => None,
    }
}

fn bool_at(kind: ExprKind, span: Span) -> Expr {
    Expr {
        kind,
        ty: FieldType::Bool,
        span,
    }
}

/// A constant bool.
pub(super) fn bool_constant(value: bool, span: Span) -> Expr {
    bool_at(ExprKind::Const(Value::Bool(value)), span)
}

pub(super) fn not(operand: Expr, span: Span) -> Expr {
    match truth(&operand) {
        Some(value) => bool_constant(!value, span),
        None => bool_at(ExprKind::Not(Box::new(operand)), span),
    }
}

pub(super) fn and(a: Expr, b: Expr, span: Span) -> Expr {
    match (truth(&a), truth(&b)) {
        (Some(false), _) | (_, Some(false)) => bool_constant(false, span),
        (Some(true), _) => b,
        (_, Some(true)) => a,
        _ => bool_at(ExprKind::And(Box::new(a), Box::new(b)), span),
    }
}

pub(super) fn or(a: Expr, b: Expr, span: Span) -> Expr {
    match (truth(&a), truth(&b)) {
        (Some(true), _) | (_, Some(true)) => bool_constant(true, span),
        (Some(false), _) => b,
        (_, Some(false)) => a,
        _ => bool_at(ExprKind::Or(Box::new(a), Box::new(b)), span),
    }
}

/// `-a`, of a number or duration.
pub(super) fn negate(operand: Expr, span: Span) -> Result<Expr, AlwaysNull> {
    let ty = operand.ty.clone();
    let Some(value) = known(&operand) else {
        return Ok(Expr {
            kind: ExprKind::Negate(Box::new(operand)),
            ty,
            span,
        });
    };
    let negated = match value {
        Value::Int(v) => v.checked_neg().map(Value::Int),
        Value::Duration(v) => v.checked_neg().map(Value::Duration),
        Value::Float(v) => float(-v),
        _ => None,
    };
    constant(negated, ty, span)
}

/// An int or duration as float.
pub(super) fn to_float(operand: Expr) -> Expr {
    let span = operand.span;
    let kind = match known(&operand) {
        Some(Value::Int(v) | Value::Duration(v)) => ExprKind::Const(Value::Float(*v as f64)),
        _ => ExprKind::ToFloat(Box::new(operand)),
    };
    Expr {
        kind,
        ty: FieldType::Float,
        span,
    }
}

/// A comparison of two operands of one type. A constant comes to stand on the right, so that what is said in two ways
/// is one condition.
pub(super) fn compare(how: Comparison, a: Expr, b: Expr, span: Span) -> Expr {
    match (known(&a), known(&b)) {
        (Some(x), Some(y)) => {
            if let Some(order) = order(x, y) {
                return bool_constant(how.holds(order), span);
            }
        }
        (Some(_), None) => return compare(how.mirrored(), b, a, span),
        _ => {}
    }
    bool_at(ExprKind::Compare(how, Box::new(a), Box::new(b)), span)
}

/// The order of two values of one type; none of them is null or NaN.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Ip(a), Value::Ip(b)) => Some(a.cmp(b)),
        (Value::Enum(a), Value::Enum(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Comparison {
    /// The comparison that says the same with its sides exchanged.
    fn mirrored(self) -> Comparison {
        match self {
            Comparison::Eq => Comparison::Eq,
            Comparison::Ne => Comparison::Ne,
            Comparison::Lt => Comparison::Gt,
            Comparison::Le => Comparison::Ge,
            Comparison::Gt => Comparison::Lt,
            Comparison::Ge => Comparison::Le,
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Eq => order.is_eq(),
            Comparison::Ne => order.is_ne(),
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
        }
    }
}

/// `+ - *` of operands that fit each other, with the type of the result.
pub(super) fn arithmetic(
    how: Arithmetic,
    a: Expr,
    b: Expr,
    ty: FieldType,
    span: Span,
) -> Result<Expr, AlwaysNull> {
    let (Some(x), Some(y)) = (known(&a), known(&b)) else {
        let kind = ExprKind::Arithmetic(how, Box::new(a), Box::new(b));
        return Ok(Expr { kind, ty, span });
    };
    let value = match (number(x), number(y)) {
        (Some(x), Some(y)) => {
            let result = match how {
                Arithmetic::Add => x.checked_add(y),
                Arithmetic::Sub => x.checked_sub(y),
                Arithmetic::Mul => x.checked_mul(y),
            };
            result.map(|result| match ty {
                FieldType::Time => Value::Time(result),
                FieldType::Duration => Value::Duration(result),
                _ => Value::Int(result),
            })
        }
        _ => match (x, y) {
            (Value::Float(x), Value::Float(y)) => float(match how {
                Arithmetic::Add => x + y,
                Arithmetic::Sub => x - y,
                Arithmetic::Mul => x * y,
            }),
            _ => None,
        },
    };
    constant(value, ty, span)
}

/// `a / b`, of floats. A divisor that is the constant zero never has a quotient.
pub(super) fn divide(a: Expr, b: Expr, span: Span) -> Result<Expr, AlwaysNull> {
    let ty = FieldType::Float;
    match (known(&a), known(&b)) {
        (_, Some(Value::Float(0.0))) => Err(AlwaysNull),
        (Some(Value::Float(x)), Some(Value::Float(y))) => constant(float(x / y), ty, span),
        _ => Ok(Expr {
            kind: ExprKind::Divide(Box::new(a), Box::new(b)),
            ty,
            span,
        }),
    }
}

/// `a in [..]`, of constants of the type of `a`.
pub(super) fn contained(operand: Expr, values: Vec<Value>, span: Span) -> Expr {
    match known(&operand) {
        Some(value) => bool_constant(values.contains(value), span),
        None => bool_at(ExprKind::In(Box::new(operand), values.into()), span),
    }
}

/// `a contains b` and its like.
pub(super) fn text_test(test: TextTest, a: Expr, b: Expr, span: Span) -> Expr {
    if let (Some(Value::Text(a)), Some(Value::Text(b))) = (known(&a), known(&b)) {
        let holds = match test {
            TextTest::Contains => a.contains(&**b),
            TextTest::StartsWith => a.starts_with(&**b),
            TextTest::EndsWith => a.ends_with(&**b),
        };
        return bool_constant(holds, span);
    }
    bool_at(ExprKind::Text(test, Box::new(a), Box::new(b)), span)
}

/// `a ?? b`, of one type.
pub(super) fn coalesce(a: Expr, b: Expr, span: Span) -> Expr {
    if known(&a).is_some() {
        return a;
    }
    let ty = a.ty.clone();
    Expr {
        kind: ExprKind::Coalesce(Box::new(a), Box::new(b)),
        ty,
        span,
    }
}

pub(super) fn is_null(operand: Expr, span: Span) -> Expr {
    match known(&operand) {
        Some(_) => bool_constant(false, span),
        None => bool_at(ExprKind::IsNull(Box::new(operand)), span),
    }
}

/// A text of pieces; those that are constant are joined.
pub(super) fn interpolate(pieces: Vec<Piece>, span: Span) -> Expr {
    let mut joined: Vec<Piece> = Vec::new();
    let mut text = String::new();
    for piece in pieces {
        match &piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value(expr, digits) => match known(expr) {
                Some(value) => text.push_str(&shown(value, &expr.ty, *digits)),
                None => {
                    if !text.is_empty() {
                        joined.push(Piece::Text(std::mem::take(&mut text).into()));
                    }
                    joined.push(piece);
                }
            },
        }
    }
    let kind = if joined.is_empty() {
        ExprKind::Const(Value::Text(text.into()))
    } else {
        if !text.is_empty() {
            joined.push(Piece::Text(text.into()));
        }
        ExprKind::Interpolate(joined.into())
    };
    Expr {
        kind,
        ty: FieldType::Text,
        span,
    }
}

/// A value as interpolation shows it.
fn shown(value: &Value, ty: &FieldType, digits: Option<u8>) -> String {
    match (value, ty, digits) {
        (Value::Float(v), _, Some(digits)) => {
            format!("{:.*}", usize::from(digits), format::Float(*v))
        }
        (Value::Float(v), ..) => format::Float(*v).to_string(),
        (Value::Bool(v), ..) => v.to_string(),
        (Value::Int(v), ..) => v.to_string(),
        (Value::Text(v), ..) => v.to_string(),
        (Value::Time(v), ..) => format::Time(*v).to_string(),
        (Value::Duration(v), ..) => format::Duration(*v).to_string(),
        (Value::Ip(v), ..) => v.to_string(),
        (Value::Enum(code), FieldType::Enum(variants), _) => variants
            .get(usize::from(*code))
            .map_or_else(|| "null".into(), ToString::to_string),
        (Value::Enum(_) | Value::Null, ..) => "null".into(),
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(v) | Value::Time(v) | Value::Duration(v) => Some(*v),
        _ => None,
    }
}

/// NaN is null, and there is one zero.
fn float(value: f64) -> Option<Value> {
    (!value.is_nan()).then_some(Value::Float(value + 0.0))
}

fn constant(value: Option<Value>, ty: FieldType, span: Span) -> Result<Expr, AlwaysNull> {
    let kind = ExprKind::Const(value.ok_or(AlwaysNull)?);
    Ok(Expr { kind, ty, span })
}
