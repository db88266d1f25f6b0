//! What an aggregate over a window is worth: folded from scratch over all of its rows.

use core::cmp::Ordering;

use trapjaw_dsl::hir::{Aggregate, AggregateFunction};
use trapjaw_event::{Event, Value};

use super::eval::{self, Scope};

/// The value of `aggregate` over `scope.rows`.
pub(super) fn value(aggregate: &Aggregate, scope: Scope) -> Value {
    let counts = |row: &Event| {
        let filter = aggregate.filter.as_ref();
        filter.is_none_or(|filter| eval::holds(filter, at(scope, row)))
    };
    let rows: Vec<&Event> = scope
        .rows
        .iter()
        .copied()
        .filter(|row| counts(row))
        .collect();
    let Some(argument) = &aggregate.argument else {
        return Value::Int(rows.len() as i64);
    };
    let values: Vec<Value> = rows
        .into_iter()
        .map(|row| eval::eval(argument, at(scope, row)))
        .filter(|value| !value.is_null())
        .collect();
    match aggregate.function {
        AggregateFunction::Count => Value::Int(values.len() as i64),
        AggregateFunction::Sum => sum(&values),
        AggregateFunction::Avg => avg(&values),
        AggregateFunction::Min => best(&values, Ordering::Less),
        AggregateFunction::Max => best(&values, Ordering::Greater),
    }
}

/// The scope in which an argument or a filter is judged: one row, and no aggregates.
fn at<'a>(scope: Scope<'a>, row: &'a Event) -> Scope<'a> {
    Scope {
        event: row,
        rows: &[],
        ..scope
    }
}

fn best(values: &[Value], wanted: Ordering) -> Value {
    let mut best: Option<&Value> = None;
    for value in values {
        if best.is_none_or(|best| eval::order(value, best) == Some(wanted)) {
            best = Some(value);
        }
    }
    best.cloned().unwrap_or(Value::Null)
}

fn sum(values: &[Value]) -> Value {
    let narrow = |sum: i128| i64::try_from(sum).ok();
    match values.first() {
        Some(Value::Int(_)) => narrow(whole_sum(values)).map_or(Value::Null, Value::Int),
        Some(Value::Duration(_)) => narrow(whole_sum(values)).map_or(Value::Null, Value::Duration),
        Some(Value::Float(_)) => eval::float(float_sum(&floats(values))),
        _ => Value::Null,
    }
}

fn avg(values: &[Value]) -> Value {
    let count = values.len();
    match values.first() {
        Some(Value::Int(_)) => eval::float(whole_sum(values) as f64 / count as f64),
        // Integer division of Rust cuts toward zero, as is asked for.
        Some(Value::Duration(_)) => Value::Duration((whole_sum(values) / count as i128) as i64),
        Some(Value::Float(_)) => eval::float(float_sum(&floats(values)) / count as f64),
        _ => Value::Null,
    }
}

fn whole_sum(values: &[Value]) -> i128 {
    let whole = |value: &Value| match value {
        Value::Int(v) | Value::Duration(v) => i128::from(*v),
        other => panic!("the checker lets no sum of {other:?} pass"),
    };
    values.iter().map(whole).sum()
}

fn floats(values: &[Value]) -> Vec<f64> {
    let float = |value: &Value| match value {
        Value::Float(v) => *v,
        other => panic!("{other:?} among floats"),
    };
    values.iter().map(float).collect()
}

/// The exact sum, rounded once at the end to within one unit in the last place; NaN for inf - inf.
///
/// The sum so far is kept as numbers that don't overlap (Shewchuk, "Adaptive Precision Floating-Point Arithmetic",
/// 1997, grow-expansion). Finite numbers whose sum in the order given leaves the range of floats on the way
/// make an infinity.
fn float_sum(values: &[f64]) -> f64 {
    let plain: f64 = values.iter().sum();
    if !plain.is_finite() {
        return plain;
    }
    let mut parts: Vec<f64> = Vec::new();
    for &value in values {
        let mut carry = value;
        let mut next = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            let (high, low) = two_sum(carry, part);
            if low != 0.0 {
                next.push(low);
            }
            carry = high;
        }
        next.push(carry);
        parts = next;
    }
    // Smallest first.
    parts.iter().sum()
}

/// The rounded sum of two numbers, and what rounding took away (Knuth's `TwoSum`).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_sums_lose_nothing() {
        assert_eq!(float_sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(float_sum(&[0.1; 10]), 1.0);
        assert_eq!(float_sum(&[1e100, 1.0, -1e100, 1e-20]), 1.0);
        assert_eq!(float_sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(float_sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }

    #[test]
    fn an_int_sum_is_judged_by_its_total_alone() {
        let ints = |values: &[i64]| values.iter().copied().map(Value::Int).collect::<Vec<_>>();
        assert_eq!(sum(&ints(&[i64::MAX, 1, -1])), Value::Int(i64::MAX));
        assert_eq!(sum(&ints(&[i64::MAX, 1])), Value::Null);
        assert_eq!(
            avg(&ints(&[i64::MAX, i64::MAX])),
            Value::Float(i64::MAX as f64)
        );
        assert_eq!(sum(&[]), Value::Null);
        assert_eq!(
            avg(&[Value::Duration(-3), Value::Duration(0)]),
            Value::Duration(-1)
        );
    }
}
