//! Aggregates over what an element has bound.

use std::collections::HashSet;

use trapjaw_event::{FieldType, Value, ValueRef};
use trapjaw_program::{Aggregate, AggregateFunction};

use crate::sketch::Quantiles;
use crate::sum::{IntSum, Moments, Sum};

/// A value that can be told from others.
#[derive(PartialEq, Eq, Hash)]
enum Key<'v> {
    Word(u64),
    Text(&'v str),
    Ip([u8; 16]),
}

impl<'v> Key<'v> {
    fn of(value: ValueRef<'v>) -> Self {
        match value {
            ValueRef::Null => Self::Word(0),
            ValueRef::Bool(v) => Self::Word(v.into()),
            ValueRef::Int(v) | ValueRef::Time(v) | ValueRef::Duration(v) => Self::Word(v as u64),
            ValueRef::Enum(v) => Self::Word(v.into()),
            // Adding zero makes -0.0 the same as 0.0.
            ValueRef::Float(v) => Self::Word((v + 0.0).to_bits()),
            ValueRef::Text(v) => Self::Text(v),
            ValueRef::Ip(v) => Self::Ip(v.octets()),
        }
    }
}

/// The value of an aggregate over the arguments of events, oldest first. Nulls don't count; where the aggregate has no
/// argument, each value stands for an event.
pub(super) fn fold<'v>(aggregate: &Aggregate, values: impl Iterator<Item = ValueRef<'v>>) -> Value {
    let mut count = 0_i64;
    let mut ints = IntSum::default();
    let mut floats = Sum::default();
    let mut moments = Moments::default();
    let mut quantiles = Quantiles::default();
    let mut different = HashSet::new();
    let (mut first, mut last) = (ValueRef::Null, ValueRef::Null);
    let mut extreme: Option<ValueRef<'v>> = None;
    let least = aggregate.function == AggregateFunction::Min;
    for value in values {
        if value == ValueRef::Null {
            continue;
        }
        count += 1;
        last = value;
        if count == 1 {
            first = value;
        }
        let number = match value {
            ValueRef::Int(v) | ValueRef::Duration(v) => Some(v as f64),
            ValueRef::Float(v) => Some(v),
            _ => None,
        };
        match (aggregate.function, number) {
            (AggregateFunction::Stddev | AggregateFunction::StddevPop, Some(v)) => moments.push(v),
            (AggregateFunction::Quantile, Some(v)) => quantiles.push(v),
            (AggregateFunction::Distinct, _) => {
                different.insert(Key::of(value));
            }
            _ => {}
        }
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
        AggregateFunction::Distinct => Value::Int(different.len() as i64),
        // A pattern is no window: the checker lets no rate of one pass.
        AggregateFunction::Rate => Value::Null,
        _ if count == 0 => Value::Null,
        AggregateFunction::Min | AggregateFunction::Max => {
            extreme.map_or(Value::Null, ValueRef::to_value)
        }
        AggregateFunction::First => first.to_value(),
        AggregateFunction::Last => last.to_value(),
        AggregateFunction::Stddev => number(aggregate, moments.variance_sample().map(f64::sqrt)),
        AggregateFunction::StddevPop => {
            number(aggregate, moments.variance_population().map(f64::sqrt))
        }
        AggregateFunction::Quantile => {
            let fraction = aggregate.fraction.unwrap_or_default();
            number(aggregate, quantiles.quantile(fraction))
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

/// A number where a float is asked for, or a duration: then to the nearest nanosecond.
fn number(aggregate: &Aggregate, value: Option<f64>) -> Value {
    match value {
        None => Value::Null,
        Some(value) if aggregate.ty == FieldType::Float => float(value),
        Some(value) => Value::Duration(value.round() as i64),
    }
}

/// -0.0 is 0.0, and NaN null.
pub(super) fn float(value: f64) -> Value {
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
