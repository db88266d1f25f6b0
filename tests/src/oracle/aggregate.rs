//! What an aggregate over a window is worth: folded from scratch over all of its rows.

use core::cmp::Ordering;

use trapjaw_dsl::hir::{Aggregate, AggregateFunction};
use trapjaw_event::{Event, Value};

use super::eval::{self, Scope};

/// The value of `aggregate` over `scope.rows`, which span `scope.length`.
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
        return match aggregate.function {
            AggregateFunction::Rate => per_second(rows.len() as f64, scope.length),
            _ => Value::Int(rows.len() as i64),
        };
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
        AggregateFunction::Stddev => deviation(&values, 1),
        AggregateFunction::StddevPop => deviation(&values, 0),
        AggregateFunction::First => values.first().cloned().unwrap_or(Value::Null),
        AggregateFunction::Last => values.last().cloned().unwrap_or(Value::Null),
        AggregateFunction::Distinct => distinct(&values),
        AggregateFunction::Quantile => quantile(
            &values,
            aggregate.fraction.expect("a quantile has a fraction"),
        ),
        AggregateFunction::Rate => {
            let sum = match sum_of_numbers(&values) {
                sum if sum.is_nan() => return Value::Null,
                sum => sum,
            };
            per_second(sum, scope.length)
        }
    }
}

/// The scope in which an argument or a filter is judged: one row, and no aggregates.
fn at<'a>(scope: Scope<'a>, row: &'a Event) -> Scope<'a> {
    Scope {
        event: row,
        rows: &[],
        length: None,
        ..scope
    }
}

/// Over so many nanoseconds; a window of no length has no rate.
fn per_second(sum: f64, length: Option<i64>) -> Value {
    length.map_or(Value::Null, |length| {
        eval::float(sum / (length as f64 / 1e9))
    })
}

/// 0 for no values.
fn sum_of_numbers(values: &[Value]) -> f64 {
    match values.first() {
        None => 0.0,
        Some(Value::Float(_)) => float_sum(&floats(values)),
        Some(_) => whole_sum(values) as f64,
    }
}

/// A value that is made as a float of values of this type.
fn alike(values: &[Value], value: f64) -> Value {
    match values.first() {
        Some(Value::Duration(_)) => Value::Duration(value.round() as i64),
        _ => eval::float(value),
    }
}

/// The standard deviation, of so many degrees of freedom less than there are values.
fn deviation(values: &[Value], lost: usize) -> Value {
    if values.len() <= lost {
        return Value::Null;
    }
    let numbers = numbers(values);
    // Squares of what is larger are beyond floats.
    if numbers.iter().any(|number| number.abs() >= 2f64.powi(490)) {
        return Value::Null;
    }
    // From the first one: a mean is rounded where it is large beside the spread.
    let distances: Vec<f64> = numbers.iter().map(|number| number - numbers[0]).collect();
    let mean = float_sum(&distances) / distances.len() as f64;
    let squares: Vec<f64> = distances
        .iter()
        .map(|distance| (distance - mean).powi(2))
        .collect();
    let variance = float_sum(&squares) / (numbers.len() - lost) as f64;
    alike(values, variance.sqrt())
}

fn distinct(values: &[Value]) -> Value {
    let mut different: Vec<&Value> = Vec::new();
    for value in values {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    Value::Int(different.len() as i64)
}

/// What stands for the value of the quantile's rank: the least one such that `fraction` of all are not above it.
fn quantile(values: &[Value], fraction: f64) -> Value {
    let mut numbers = numbers(values);
    numbers.sort_by(f64::total_cmp);
    let exact = fraction * numbers.len() as f64;
    // A fraction like 0.07 is not exact.
    let rank = if (exact - exact.round()).abs() <= 1e-9 * exact.round().max(1.0) {
        exact.round()
    } else {
        exact.ceil()
    };
    let place = (rank as usize).clamp(1, numbers.len().max(1)) - 1;
    numbers
        .get(place)
        .map_or(Value::Null, |&number| alike(values, bucket(number)))
}

/// What stands for a value among those near it: each octave has 64 buckets of one width, and of a bucket [l, u) the
/// value 2lu / (l + u) is told.
fn bucket(value: f64) -> f64 {
    let magnitude = value.abs();
    if magnitude < f64::MIN_POSITIVE {
        return 0.0;
    }
    if magnitude.is_infinite() {
        return value;
    }
    let mut octave = magnitude.log2().floor() as i32;
    // Logarithms are rounded.
    while magnitude / 2f64.powi(octave) >= 2.0 {
        octave += 1;
    }
    while magnitude / 2f64.powi(octave) < 1.0 {
        octave -= 1;
    }
    let place = ((magnitude / 2f64.powi(octave) - 1.0) * 64.0).floor();
    // In 64ths of the octave's start l is 64 + place, u one more. Written so that it is one float and no other.
    let lower = 64.0 + place;
    let told = lower / 64.0 * 2f64.powi(octave) * (2.0 * (lower + 1.0) / (2.0 * lower + 1.0));
    told.copysign(value)
}

fn numbers(values: &[Value]) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::Float(v) => *v,
        Value::Int(v) | Value::Duration(v) => *v as f64,
        other => panic!("{other:?} among numbers"),
    };
    values.iter().map(number).collect()
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
    fn a_bucket_tells_a_value_within_one_percent() {
        for value in [1.0, 1.01, 1.99, 2.0, -3.7, 1e-300, 1e300, 0.1, 1_023.999] {
            assert!(
                (bucket(value) / value - 1.0).abs() <= 1.0 / 129.0 + 1e-12,
                "{value}"
            );
        }
        assert_eq!(bucket(0.0), 0.0);
        assert_eq!(bucket(1.0), 130.0 / 129.0);
        assert_eq!(bucket(f64::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn quantiles_take_the_nearest_rank_above() {
        let values: Vec<Value> = [4.0, 1.0, 2.0, 8.0].map(Value::Float).into();
        let tells =
            |fraction, value| assert_eq!(quantile(&values, fraction), Value::Float(bucket(value)));
        tells(0.0, 1.0);
        tells(0.25, 1.0);
        tells(0.26, 2.0);
        tells(0.5, 2.0);
        tells(1.0, 8.0);
        assert_eq!(quantile(&[], 0.5), Value::Null);
    }

    #[test]
    fn deviations_of_samples_and_of_the_whole() {
        let values: Vec<Value> = [2, 4, 4, 4, 5, 5, 7, 9].map(Value::Int).into();
        assert_eq!(deviation(&values, 0), Value::Float(2.0));
        assert_eq!(deviation(&values, 1), Value::Float((32.0f64 / 7.0).sqrt()));
        assert_eq!(deviation(&values[..1], 1), Value::Null);
        assert_eq!(deviation(&[], 0), Value::Null);
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
