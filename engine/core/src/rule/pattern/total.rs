//! What events come to that many matches have bound: their number and their sum, exactly.

use trapjaw_event::{FieldType, Value, ValueRef};
use trapjaw_program::{Aggregate, AggregateFunction};

use super::fold::float;
use crate::exact::ExactSum;

/// An event, as an aggregate counts it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    /// It is one.
    One,
    /// Nanoseconds, where it is a duration.
    Whole(i64),
    Float(f64),
}

impl Counted {
    /// Nulls don't count.
    pub(super) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => None,
            ValueRef::Int(value) | ValueRef::Duration(value) => Some(Self::Whole(value)),
            ValueRef::Float(value) => Some(Self::Float(value)),
            _ => Some(Self::One),
        }
    }
}

/// What events come to. 128 bits hold the sum of as many ints as can be there.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    events: i128,
    whole: i128,
    floats: ExactSum,
}

impl Total {
    /// So many times the same event.
    pub(super) fn add(&mut self, event: Counted, times: i32) {
        self.events += i128::from(times);
        match event {
            Counted::One => {}
            Counted::Whole(value) => self.whole += i128::from(value) * i128::from(times),
            Counted::Float(value) => self.floats.add(value, times),
        }
    }

    /// All events of another one, or, for -1, without them.
    pub(super) fn absorb(&mut self, other: &Self, sign: i64) {
        self.events += i128::from(sign) * other.events;
        self.whole += i128::from(sign) * other.whole;
        self.floats.absorb(&other.floats, sign);
    }

    pub(super) fn copy(&mut self, other: &Self) {
        self.events = other.events;
        self.whole = other.whole;
        self.floats.copy(&other.floats);
    }

    pub(super) fn reset(&mut self) {
        self.events = 0;
        self.whole = 0;
        self.floats.reset();
    }

    /// The value of an aggregate of many matches; null of any other.
    pub(super) fn value(&mut self, aggregate: &Aggregate) -> Value {
        let whole = |value: i128| i64::try_from(value).ok();
        match (aggregate.function, &aggregate.ty) {
            (AggregateFunction::Count, _) => whole(self.events).map_or(Value::Null, Value::Int),
            _ if self.events == 0 => Value::Null,
            (AggregateFunction::Sum, FieldType::Float) => {
                self.floats.over(1.0).map_or(Value::Null, float)
            }
            (AggregateFunction::Sum, FieldType::Duration) => {
                whole(self.whole).map_or(Value::Null, Value::Duration)
            }
            (AggregateFunction::Sum, _) => whole(self.whole).map_or(Value::Null, Value::Int),
            (AggregateFunction::Avg, FieldType::Duration) => {
                whole(self.whole / self.events).map_or(Value::Null, Value::Duration)
            }
            (AggregateFunction::Avg, _) => match aggregate.argument_ty {
                Some(FieldType::Float) => {
                    let mean = self.floats.over(self.events as f64);
                    mean.map_or(Value::Null, float)
                }
                _ => float(self.whole as f64 / self.events as f64),
            },
            _ => Value::Null,
        }
    }
}
