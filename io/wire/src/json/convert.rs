//! JSON values as values of a field's type.

use std::borrow::Cow;

use jiff::Timestamp;
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{FieldType, Value, parse_duration};

use super::error::quoted;
use super::node::Node;

/// The value of this type that a JSON value stands for; null for null.
///
/// The error is what the value is instead, to be said behind the field's name.
pub(super) fn value(ty: &FieldType, node: &Node<'_>) -> Result<Value, String> {
    let value = match (ty, node) {
        (_, Node::Null) => Some(Value::Null),
        (FieldType::Bool, Node::Bool(value)) => Some(Value::Bool(*value)),
        (FieldType::Int, _) => integer(node).map(Value::Int),
        (FieldType::Float, Node::Int(value)) => Some(Value::Float(*value as f64)),
        // The sum with 0 turns -0 into 0.
        (FieldType::Float, Node::Float(value)) => Some(Value::Float(*value + 0.0)),
        (FieldType::Text, Node::Text(text)) => {
            if text.len() > MAX_TEXT {
                return Err(format!(
                    "is a text of {} bytes, at most {MAX_TEXT} are allowed",
                    text.len()
                ));
            }
            Some(Value::Text((&**text).into()))
        }
        (FieldType::Time, _) => time(node).map(Value::Time),
        (FieldType::Duration, Node::Text(text)) => parse_duration(text).map(Value::Duration),
        (FieldType::Duration, _) => integer(node).map(Value::Duration),
        (FieldType::Ip, Node::Text(text)) => text.parse().ok().map(Value::Ip),
        (FieldType::Enum(variants), Node::Text(text)) => variants
            .iter()
            .position(|variant| **variant == **text)
            .map(|code| Value::Enum(code as u16)),
        _ => None,
    };
    value.ok_or_else(|| instead(ty, node))
}

/// A value of a format that is not JSON, and whose rules for fields are those of JSON all the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number; of times and durations, nanoseconds.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
}

/// The value of this type that a scalar stands for; null for null. What may become what is said in the
/// [module](crate::json): a text reads as an address, a number without fraction as an int.
///
/// # Errors
///
/// What the scalar is instead, to be said behind the field's name: ``is "high", not a number``.
pub fn read_scalar(ty: &FieldType, scalar: Scalar<'_>) -> Result<Value, String> {
    let node = match scalar {
        Scalar::Null => Node::Null,
        Scalar::Bool(value) => Node::Bool(value),
        Scalar::Int(value) => Node::Int(value),
        Scalar::Float(value) => Node::Float(value),
        Scalar::Text(text) => Node::Text(Cow::Borrowed(text)),
    };
    value(ty, &node)
}

/// Nanoseconds since the epoch, from RFC 3339 or a whole number.
pub(super) fn time(node: &Node<'_>) -> Option<i64> {
    match node {
        Node::Text(text) => {
            let time: Timestamp = text.parse().ok()?;
            i64::try_from(time.as_nanosecond()).ok()
        }
        _ => integer(node),
    }
}

/// A number without fraction in the range of `i64`.
fn integer(node: &Node<'_>) -> Option<i64> {
    /// 2^63, the first float above all `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    match *node {
        Node::Int(value) => Some(value),
        Node::Float(value) if value.fract() == 0.0 && (-END..END).contains(&value) => {
            Some(value as i64)
        }
        _ => None,
    }
}

fn instead(ty: &FieldType, node: &Node<'_>) -> String {
    /// Variants that a reason lists.
    const MOST: usize = 8;
    let is = match node {
        Node::Text(text) => format!("is {}", quoted(text)),
        Node::Int(number) => format!("is {number}"),
        Node::Float(number) => format!("is {number:?}"),
        _ => format!("is {}", node.describe()),
    };
    match ty {
        FieldType::Enum(variants) if variants.len() > MOST => {
            format!("{is}, not one of its variants")
        }
        FieldType::Enum(variants) => format!("{is}, not one of {}", variants.join(", ")),
        _ => format!("{is}, not {}", wanted(ty)),
    }
}

fn wanted(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Bool => "true or false",
        FieldType::Int => "a whole number of 64 bits",
        FieldType::Float => "a number",
        FieldType::Text => "a text",
        FieldType::Time => "a time of RFC 3339 or whole nanoseconds",
        FieldType::Duration => "a duration such as `5m30s` or whole nanoseconds",
        FieldType::Ip => "an IP address",
        FieldType::Enum(_) => "a variant",
    }
}
