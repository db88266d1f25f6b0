//! What event types declare: their fields, and where each is found in JSON.

use crate::{FieldId, FieldType};

/// The names of the envelope. A field can't have one of them, so that a name means one thing in a rule.
pub const ENVELOPE: [&str; 6] = ["type", "source", "id", "subject", "time", "severity"];

/// A field of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, by which rules and columns speak of it.
    pub name: Box<str>,
    /// The type of its values.
    pub ty: FieldType,
    /// May it be null?
    pub optional: bool,
    /// Its place in the JSON `data`, one object key a step; `None`: directly under its name.
    pub path: Option<Box<[Box<str>]>>,
}

impl Field {
    /// A required field at its default place.
    pub fn new(name: &str, ty: FieldType) -> Self {
        Self {
            name: name.into(),
            ty,
            optional: false,
            path: None,
        }
    }

    /// The same field, but null is allowed.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

/// A type of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The name in rules.
    pub name: Box<str>,
    /// The name on the wire and in JSON: the `CloudEvents` `type`.
    pub wire_name: Box<str>,
    /// The fields. A [`FieldId`] is a place in this list.
    pub fields: Vec<Field>,
    /// How late an event may come behind the newest one, in nanoseconds; 0: rules see events as they arrive.
    pub lateness: i64,
}

impl EventType {
    /// A type whose wire name is its name, without lateness.
    pub fn new(name: &str, fields: Vec<Field>) -> Self {
        Self {
            name: name.into(),
            wire_name: name.into(),
            fields,
            lateness: 0,
        }
    }

    /// The field with this name, and its place.
    pub fn field(&self, name: &str) -> Option<(FieldId, &Field)> {
        let index = self.fields.iter().position(|field| &*field.name == name)?;
        Some((FieldId::from_index(index)?, &self.fields[index]))
    }
}
