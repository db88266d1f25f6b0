//! One event as a row.

use crate::{Severity, TypeId, Value};

/// One event with its envelope ([CloudEvents 1.0] plus severity) and its fields, owned.
///
/// This is the form in which events come out of JSON and go into a [`BatchBuilder`](crate::BatchBuilder); evaluation
/// reads columns instead.
///
/// [CloudEvents 1.0]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's type.
    pub type_id: TypeId,
    /// When it happened: nanoseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// What it came from (`CloudEvents` `source`).
    pub source: Box<str>,
    /// With `source`, what identifies the event (`CloudEvents` `id`).
    pub id: Option<Box<str>>,
    /// What it is about, within `source` (`CloudEvents` `subject`).
    pub subject: Option<Box<str>>,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// A value for each field of the type, in the type's order.
    pub values: Vec<Value>,
}
