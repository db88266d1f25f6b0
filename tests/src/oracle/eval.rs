//! What an expression is worth, for one event and the window around it.

use core::cmp::Ordering;
use std::sync::Arc;

use trapjaw_dsl::hir::{
    Arithmetic, Comparison, Envelope, Expr, ExprKind, Piece, Rule, Table, TextTest,
};
use trapjaw_event::{Event, FieldType, Registry, TypeId, Value};

use super::pattern::View;
use super::{aggregate, format, function, matching};

/// What an expression can see.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) registry: &'a Registry,
    pub(super) tables: &'a [Arc<Table>],
    pub(super) rule: &'a Rule,
    /// The event that the alias names.
    pub(super) event: &'a Event,
    /// Whether there was such an event: of none, nothing but the key is known.
    pub(super) is_seen: bool,
    /// The events of the window, oldest first; empty for a rule without one.
    pub(super) rows: &'a [&'a Event],
    /// What a pattern has bound, in a rule with one.
    pub(super) bound: Option<&'a View<'a>>,
    /// How long the window is, in nanoseconds; `None` for one of no length.
    pub(super) length: Option<i64>,
}

/// The row of a table with this key.
fn row_of(table: &Table, key: &Value) -> Option<usize> {
    (0..table.rows()).find(|&row| table.value(row, table.key()).to_value() == *key)
}

/// Is the condition true? Unknown is not.
pub(super) fn holds(condition: &Expr, scope: Scope) -> bool {
    eval(condition, scope) == Value::Bool(true)
}

/// The value of an expression.
pub(super) fn eval(expr: &Expr, scope: Scope) -> Value {
    let of = |operand: &Expr| eval(operand, scope);
    match &expr.kind {
        ExprKind::Const(value) => canonical(value.clone()),
        ExprKind::Field(ids) => field(ids, scope),
        ExprKind::Envelope(which) => envelope(*which, scope),
        ExprKind::Aggregate(index) => aggregate(*index as usize, scope),
        ExprKind::Pattern(read) => {
            let view = scope
                .bound
                .expect("the checker lets these pass in patterns alone");
            view.read(read, scope)
        }
        ExprKind::Not(a) => truth(kleene(&of(a)).map(|a| !a)),
        ExprKind::Negate(a) => negate(&of(a)),
        ExprKind::ToFloat(a) => match of(a) {
            Value::Int(a) | Value::Duration(a) => Value::Float(a as f64),
            _ => Value::Null,
        },
        ExprKind::And(a, b) => truth(match (kleene(&of(a)), kleene(&of(b))) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        ExprKind::Or(a, b) => truth(match (kleene(&of(a)), kleene(&of(b))) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
        ExprKind::Compare(how, a, b) => compare(*how, &of(a), &of(b)),
        ExprKind::Arithmetic(how, a, b) => arithmetic(*how, &of(a), &of(b)),
        ExprKind::Divide(a, b) => match (of(a), of(b)) {
            (Value::Float(a), Value::Float(b)) if b != 0.0 => float(a / b),
            _ => Value::Null,
        },
        ExprKind::Lookup { table, field, key } => {
            let table = &scope.tables[table.index()];
            match row_of(table, &of(key)) {
                Some(row) => canonical(table.value(row, (*field).into()).to_value()),
                None => Value::Null,
            }
        }
        ExprKind::InTable(table, key) => match of(key) {
            Value::Null => Value::Null,
            key => Value::Bool(row_of(&scope.tables[table.index()], &key).is_some()),
        },
        ExprKind::In(a, list) => match of(a) {
            Value::Null => Value::Null,
            a => Value::Bool(list.contains(&a)),
        },
        ExprKind::Between(x, low, high) => {
            let x = of(x);
            let above = kleene(&compare(Comparison::Ge, &x, &of(low)));
            let below = kleene(&compare(Comparison::Le, &x, &of(high)));
            truth(match (above, below) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            })
        }
        ExprKind::Within(a, ranges) => match of(a) {
            Value::Ip(a) => {
                let mut ranges = ranges.iter();
                Value::Bool(ranges.any(|(first, last)| *first <= a && a <= *last))
            }
            _ => Value::Null,
        },
        ExprKind::Matches(a, pattern) => match of(a) {
            Value::Text(a) => Value::Bool(matching::matches(pattern, &a)),
            _ => Value::Null,
        },
        ExprKind::WithoutCase(a) => match of(a) {
            Value::Text(a) => {
                Value::Text(a.chars().map(matching::folded).collect::<String>().into())
            }
            _ => Value::Null,
        },
        ExprKind::ToDuration(a) => match of(a) {
            Value::Float(a) => {
                let nearest = a.round();
                // Both ends are floats exactly; the upper is the first that is too large.
                if nearest >= -(2_f64.powi(63)) && nearest < 2_f64.powi(63) {
                    Value::Duration(nearest as i64)
                } else {
                    Value::Null
                }
            }
            _ => Value::Null,
        },
        ExprKind::EnumName(a) => match of(a) {
            Value::Null => Value::Null,
            value => Value::Text(format::value(&value, &a.ty, None).into()),
        },
        ExprKind::If(condition, a, b) => {
            if of(condition) == Value::Bool(true) {
                of(a)
            } else {
                of(b)
            }
        }
        ExprKind::Call(callee, arguments) => function::call(*callee, arguments, &expr.ty, &of),
        ExprKind::Text(how, a, b) => match (of(a), of(b)) {
            (Value::Text(a), Value::Text(b)) => Value::Bool(match how {
                TextTest::Contains => a.contains(&*b),
                TextTest::StartsWith => a.starts_with(&*b),
                TextTest::EndsWith => a.ends_with(&*b),
            }),
            _ => Value::Null,
        },
        ExprKind::Coalesce(a, b) => match of(a) {
            Value::Null => of(b),
            a => a,
        },
        ExprKind::IsNull(a) => Value::Bool(of(a).is_null()),
        ExprKind::Interpolate(pieces) => {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(piece) => text.push_str(piece),
                    Piece::Value(expr, digits) => {
                        text.push_str(&format::value(&of(expr), &expr.ty, *digits));
                    }
                }
            }
            Value::Text(text.into())
        }
    }
}

/// The value of one of the rule's aggregates.
pub(super) fn aggregate(index: usize, scope: Scope) -> Value {
    let definition = &scope.rule.aggregates[index];
    match scope.bound {
        Some(view) => view.aggregate(index, definition, scope),
        None => aggregate::value(definition, scope),
    }
}

/// The alias's field; `ids` has one a type of the rule.
fn field(ids: &[trapjaw_event::FieldId], scope: Scope) -> Value {
    let types = scope.bound.map_or(&scope.rule.types[..], |view| view.types);
    field_of(scope.event, ids, types)
}

/// An event's field, by its ids in each of these types.
pub(super) fn field_of(event: &Event, ids: &[trapjaw_event::FieldId], types: &[TypeId]) -> Value {
    let place = types.iter().position(|ty| *ty == event.type_id);
    let id = ids[place.expect("an expression reads events of its own types alone")];
    canonical(event.values[id.index()].clone())
}

pub(super) fn envelope(
    which: Envelope,
    Scope {
        registry,
        event,
        is_seen,
        ..
    }: Scope,
) -> Value {
    if !is_seen {
        return Value::Null;
    }
    let text = |text: &Option<Box<str>>| text.clone().map_or(Value::Null, Value::Text);
    match which {
        Envelope::Type => Value::Text(registry.get(event.type_id).wire_name.clone()),
        Envelope::Source => Value::Text(event.source.clone()),
        Envelope::Id => text(&event.id),
        Envelope::Subject => text(&event.subject),
        Envelope::Time => Value::Time(event.time),
        Envelope::Severity => event
            .severity
            .map_or(Value::Null, |severity| Value::Enum(severity.code().into())),
    }
}

/// A bool of Kleene's logic; `None` is unknown.
fn kleene(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

fn truth(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

/// NaN is null, and there is one zero.
pub(super) fn float(value: f64) -> Value {
    if value.is_nan() {
        Value::Null
    } else {
        // Adding zero turns -0.0 into 0.0 and leaves every other number alone.
        Value::Float(value + 0.0)
    }
}

fn canonical(value: Value) -> Value {
    match value {
        Value::Float(value) => float(value),
        value => value,
    }
}

fn negate(value: &Value) -> Value {
    match value {
        Value::Int(a) => a.checked_neg().map_or(Value::Null, Value::Int),
        Value::Duration(a) => a.checked_neg().map_or(Value::Null, Value::Duration),
        Value::Float(a) => float(-a),
        _ => Value::Null,
    }
}

fn compare(how: Comparison, a: &Value, b: &Value) -> Value {
    let Some(ordering) = order(a, b) else {
        return Value::Null;
    };
    Value::Bool(match how {
        Comparison::Eq => ordering == Ordering::Equal,
        Comparison::Ne => ordering != Ordering::Equal,
        Comparison::Lt => ordering == Ordering::Less,
        Comparison::Le => ordering != Ordering::Greater,
        Comparison::Gt => ordering == Ordering::Greater,
        Comparison::Ge => ordering != Ordering::Less,
    })
}

/// How two values of one type stand to each other; `None` if one of them is null.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Ip(a), Value::Ip(b)) => Some(a.octets().cmp(&b.octets())),
        (Value::Enum(a), Value::Enum(b)) => Some(a.cmp(b)),
        _ => panic!("the checker lets no comparison of {a:?} with {b:?} pass"),
    }
}

fn arithmetic(how: Arithmetic, a: &Value, b: &Value) -> Value {
    if let (Value::Float(a), Value::Float(b)) = (a, b) {
        return float(match how {
            Arithmetic::Add => a + b,
            Arithmetic::Sub => a - b,
            Arithmetic::Mul => a * b,
        });
    }
    let (Some(x), Some(y)) = (whole(a), whole(b)) else {
        return Value::Null;
    };
    let exact = match how {
        Arithmetic::Add => x + y,
        Arithmetic::Sub => x - y,
        Arithmetic::Mul => x * y,
    };
    let Ok(result) = i64::try_from(exact) else {
        return Value::Null;
    };
    match (a, b) {
        (Value::Int(_), Value::Int(_)) => Value::Int(result),
        // The time between two times; else a time that was moved.
        (Value::Time(_), Value::Time(_)) => Value::Duration(result),
        (Value::Time(_), _) | (_, Value::Time(_)) => Value::Time(result),
        _ => Value::Duration(result),
    }
}

/// A whole number, wide enough that no operation on two of them overflows.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(v) | Value::Time(v) | Value::Duration(v) => Some((*v).into()),
        _ => None,
    }
}

/// The names of an enum's variants.
pub(super) fn variants(ty: &FieldType) -> &[Box<str>] {
    match ty {
        FieldType::Enum(variants) => variants,
        _ => &[],
    }
}
