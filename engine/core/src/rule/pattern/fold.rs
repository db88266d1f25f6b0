//! Aggregates over what an element has bound.

use trapjaw_event::{FieldType, Value, ValueRef};
use trapjaw_program::{Aggregate, AggregateFunction};

use crate::sum::{IntSum, Sum};

/// The value of an aggregate over the arguments of events, oldest first. Nulls don't count; where the aggregate has no
/// argument, each value stands for an event.
pub(super) fn fold<'v>(aggregate: &Aggregate, values: impl Iterator<Item = ValueRef<'v>>) -> Value {
    let mut count = 0_i64;
    let mut ints = IntSum::default();
    let mut floats = Sum::default();
    let mut extreme: Option<ValueRef<'v>> = None;
    let least = aggregate.function == AggregateFunction::Min;
    for value in values {
        if value == ValueRef::Null {
            continue;
        }
        count += 1;
        match value {
            ValueRef::Int(v) | ValueRef::Duration(v) => ints.push(v),
            ValueRef::Float(v) => floats.push(v),
            _ => {}
        }
        let replaces =
            extreme.is_none_or(|extreme| is_less(value, extreme) == least && value != extreme);
        if replaces {
            extreme = Some(value);
        }
    }
    let whole = |value: i128| i64::try_from(value).ok();
    match aggregate.function {
        AggregateFunction::Count => Value::Int(count),
        _ if count == 0 => Value::Null,
        AggregateFunction::Min | AggregateFunction::Max => {
            extreme.map_or(Value::Null, ValueRef::to_value)
        }
        AggregateFunction::Sum => match aggregate.ty {
            FieldType::Float => floats.value().map_or(Value::Null, float),
            FieldType::Duration => whole(ints.value()).map_or(Value::Null, Value::Duration),
            _ => whole(ints.value()).map_or(Value::Null, Value::Int),
        },
        AggregateFunction::Avg => match (&aggregate.ty, &aggregate.argument_ty) {
            (FieldType::Duration, _) => {
                whole(ints.value() / i128::from(count)).map_or(Value::Null, Value::Duration)
            }
            (_, Some(FieldType::Float)) => floats.mean().map_or(Value::Null, float),
            _ => ints.mean().map_or(Value::Null, float),
        },
    }
}

/// -0.0 is 0.0, and NaN null.
fn float(value: f64) -> Value {
    if value.is_nan() {
        Value::Null
    } else {
        Value::Float(value + 0.0)
    }
}

fn is_less(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match (a, b) {
        (ValueRef::Int(a), ValueRef::Int(b))
        | (ValueRef::Time(a), ValueRef::Time(b))
        | (ValueRef::Duration(a), ValueRef::Duration(b)) => a < b,
        (ValueRef::Float(a), ValueRef::Float(b)) => a < b,
        (ValueRef::Enum(a), ValueRef::Enum(b)) => a < b,
        _ => false,
    }
}
