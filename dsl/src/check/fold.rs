//! Expressions put together, with what is constant computed at once: no operation is left whose operands are all
//! constants. Constants are never null here, so an operation that gives null is one that never has a value.

use crate::hir::{
    Argument, Arithmetic, Callee, Comparison, Expr, ExprKind, Pattern, Piece, TextTest,
};
use crate::source::Span;
use std::cmp::Ordering;
use trapjaw_event::{FieldType, Ip, Value, format};
use trapjaw_program::case;
use trapjaw_program::function::{Args, Made, Scalar};

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

/// `x between low and high`, of one type.
pub(super) fn between(x: Expr, low: Expr, high: Expr, span: Span) -> Expr {
    // What is constant is taken out: an operation on constants alone has no place in code.
    if known(&x).is_some() {
        let above = compare(Comparison::Ge, x.clone(), low, span);
        return and(above, compare(Comparison::Le, x, high, span), span);
    }
    bool_at(
        ExprKind::Between(Box::new(x), Box::new(low), Box::new(high)),
        span,
    )
}

/// `a in [..]`, of ranges of addresses.
pub(super) fn within(operand: Expr, mut ranges: Vec<(Ip, Ip)>, span: Span) -> Expr {
    ranges.sort_unstable();
    let mut apart: Vec<(Ip, Ip)> = Vec::new();
    for (first, last) in ranges {
        match apart.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            _ => apart.push((first, last)),
        }
    }
    match known(&operand) {
        Some(Value::Ip(address)) => {
            let mut ranges = apart.iter();
            bool_constant(
                ranges.any(|(first, last)| (first..=last).contains(&address)),
                span,
            )
        }
        _ => bool_at(ExprKind::Within(Box::new(operand), apart.into()), span),
    }
}

/// `a ~ /re/`, `a like "glob"`.
pub(super) fn matches(operand: Expr, pattern: Pattern, span: Span) -> Expr {
    match known(&operand) {
        Some(Value::Text(text)) => bool_constant(pattern.matches(text), span),
        _ => bool_at(ExprKind::Matches(Box::new(operand), pattern), span),
    }
}

/// A text in folded case.
pub(super) fn without_case(operand: Expr) -> Expr {
    let span = operand.span;
    let kind = match known(&operand) {
        Some(Value::Text(text)) => ExprKind::Const(Value::Text(case::folded(text).into())),
        _ => ExprKind::WithoutCase(Box::new(operand)),
    };
    let ty = FieldType::Text;
    Expr { kind, ty, span }
}

/// The name of an enum's value.
pub(super) fn enum_name(operand: Expr) -> Expr {
    let span = operand.span;
    let kind = match known(&operand) {
        Some(value) => ExprKind::Const(Value::Text(shown(value, &operand.ty, None).into())),
        None => ExprKind::EnumName(Box::new(operand)),
    };
    let ty = FieldType::Text;
    Expr { kind, ty, span }
}

/// `if c then a else b`, of one type.
pub(super) fn choose(condition: Expr, a: Expr, b: Expr, span: Span) -> Expr {
    match truth(&condition) {
        Some(true) => a,
        Some(false) => b,
        None => Expr {
            ty: a.ty.clone(),
            kind: ExprKind::If(Box::new(condition), Box::new(a), Box::new(b)),
            span,
        },
    }
}

/// The duration of so many nanoseconds.
pub(super) fn to_duration(operand: Expr, span: Span) -> Result<Expr, AlwaysNull> {
    let ty = FieldType::Duration;
    match known(&operand) {
        Some(Value::Float(value)) => {
            // 2^63 is a float, and the first that does not fit.
            const END: f64 = 9_223_372_036_854_775_808.0;
            let value = value.round();
            let fits = (-END..END).contains(&value);
            constant(fits.then_some(Value::Duration(value as i64)), ty, span)
        }
        _ => Ok(Expr {
            kind: ExprKind::ToDuration(Box::new(operand)),
            ty,
            span,
        }),
    }
}

/// A call, with arguments of the types that the function takes.
pub(super) fn call(
    callee: Callee,
    arguments: Vec<Argument>,
    ty: FieldType,
    span: Span,
) -> Result<Expr, AlwaysNull> {
    let scalars: Option<Vec<Scalar<'_>>> = arguments.iter().map(scalar).collect();
    if let Some(scalars) = scalars {
        let value = match callee.call(Args(&scalars)) {
            Ok(Some(made)) => Some(value(made, &ty)),
            Ok(None) | Err(_) => None,
        };
        return constant(value, ty, span);
    }
    let kind = ExprKind::Call(callee, arguments.into());
    Ok(Expr { kind, ty, span })
}

/// An argument that is constant.
fn scalar(argument: &Argument) -> Option<Scalar<'_>> {
    Some(match argument {
        Argument::Pattern(pattern) => Scalar::Pattern(pattern),
        Argument::Zone(zone) => Scalar::Zone(zone),
        Argument::Value(value) => match known(value)? {
            Value::Null => return None,
            Value::Bool(v) => Scalar::Bool(*v),
            Value::Int(v) | Value::Time(v) | Value::Duration(v) => Scalar::Int(*v),
            Value::Enum(v) => Scalar::Int((*v).into()),
            Value::Float(v) => Scalar::Float(*v),
            Value::Text(v) => Scalar::Text(v),
            Value::Ip(v) => Scalar::Ip(*v),
        },
    })
}

/// The result of a function as a value of its type.
fn value(made: Made, ty: &FieldType) -> Value {
    match made {
        Made::Bool(v) => Value::Bool(v),
        Made::Int(v) => match ty {
            FieldType::Time => Value::Time(v),
            FieldType::Duration => Value::Duration(v),
            _ => Value::Int(v),
        },
        Made::Float(v) => Value::Float(v),
        Made::Text(v) => Value::Text(v),
        Made::Ip(v) => Value::Ip(v),
    }
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
