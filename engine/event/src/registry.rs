//! The event types that a running engine knows.

use core::fmt;
use std::collections::{HashMap, HashSet};

use crate::limits::{MAX_FIELDS, MAX_NAME, MAX_PATH, MAX_TYPES, MAX_VARIANTS};
use crate::schema::ENVELOPE;
use crate::{EventType, Field, FieldType, TypeId};

/// All event types, numbered in the order they were added. Types are only ever added: an id stays what it is.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    types: Vec<EventType>,
    by_name: HashMap<Box<str>, TypeId>,
    by_wire_name: HashMap<Box<str>, TypeId>,
}

impl Registry {
    /// A registry without types.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type and gives it the next id.
    ///
    /// # Errors
    ///
    /// Refuses what [`RegistryError`] lists; the registry is then as before.
    pub fn add(&mut self, ty: EventType) -> Result<TypeId, RegistryError> {
        let id = TypeId::from_index(self.types.len())
            .filter(|id| id.index() < MAX_TYPES)
            .ok_or(RegistryError::TooManyTypes)?;
        checked_name(&ty.name)?;
        checked_name(&ty.wire_name)?;
        if self.by_name.contains_key(&ty.name) {
            return Err(RegistryError::DuplicateType(ty.name));
        }
        if self.by_wire_name.contains_key(&ty.wire_name) {
            return Err(RegistryError::DuplicateWireName(ty.wire_name));
        }
        if ty.lateness < 0 {
            return Err(RegistryError::NegativeLateness(ty.lateness));
        }
        checked_fields(&ty.fields)?;
        self.by_name.insert(ty.name.clone(), id);
        self.by_wire_name.insert(ty.wire_name.clone(), id);
        self.types.push(ty);
        Ok(id)
    }

    /// Lets events of a type be late by so many nanoseconds; see [`EventType::lateness`].
    pub fn set_lateness(&mut self, id: TypeId, lateness: i64) -> Result<(), RegistryError> {
        if lateness < 0 {
            return Err(RegistryError::NegativeLateness(lateness));
        }
        self.types[id.index()].lateness = lateness;
        Ok(())
    }

    /// The type with this id.
    ///
    /// # Panics
    ///
    /// If the id is not of this registry.
    pub fn get(&self, id: TypeId) -> &EventType {
        &self.types[id.index()]
    }

    /// The type with this name in rules.
    pub fn by_name(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type with this `CloudEvents` `type`.
    pub fn by_wire_name(&self, wire_name: &str) -> Option<TypeId> {
        self.by_wire_name.get(wire_name).copied()
    }

    /// All types with their ids, in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (TypeId, &EventType)> {
        self.types
            .iter()
            .enumerate()
            .map(|(index, ty)| (TypeId::new(index as u32), ty))
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Are there no types?
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

fn checked_name(name: &str) -> Result<(), RegistryError> {
    if name.is_empty() || name.len() > MAX_NAME {
        Err(RegistryError::NameLength(name.len()))
    } else {
        Ok(())
    }
}

fn checked_fields(fields: &[Field]) -> Result<(), RegistryError> {
    if fields.len() > MAX_FIELDS {
        return Err(RegistryError::TooManyFields(fields.len()));
    }
    let mut names = HashSet::with_capacity(fields.len());
    for field in fields {
        checked_name(&field.name)?;
        if ENVELOPE.contains(&&*field.name) {
            return Err(RegistryError::ReservedField(field.name.clone()));
        }
        if !names.insert(&field.name) {
            return Err(RegistryError::DuplicateField(field.name.clone()));
        }
        if let FieldType::Enum(variants) = &field.ty {
            checked_variants(&field.name, variants)?;
        }
        if let Some(path) = &field.path {
            if path.is_empty() || path.len() > MAX_PATH {
                return Err(RegistryError::PathLength(field.name.clone(), path.len()));
            }
            path.iter().try_for_each(|step| checked_name(step))?;
        }
    }
    Ok(())
}

fn checked_variants(field: &str, variants: &[Box<str>]) -> Result<(), RegistryError> {
    if variants.is_empty() || variants.len() > MAX_VARIANTS {
        return Err(RegistryError::VariantCount(field.into(), variants.len()));
    }
    let mut seen = HashSet::with_capacity(variants.len());
    for variant in variants {
        checked_name(variant)?;
        if !seen.insert(variant) {
            return Err(RegistryError::DuplicateVariant(
                field.into(),
                variant.clone(),
            ));
        }
    }
    Ok(())
}

/// Why a type was not added to a [`Registry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// There are [`MAX_TYPES`] types already.
    TooManyTypes,
    /// More than [`MAX_FIELDS`] fields: this many.
    TooManyFields(usize),
    /// A name is empty or longer than [`MAX_NAME`] bytes: this many.
    NameLength(usize),
    /// A type of this name is there already.
    DuplicateType(Box<str>),
    /// A type of this wire name is there already.
    DuplicateWireName(Box<str>),
    /// Two fields have this name.
    DuplicateField(Box<str>),
    /// A field has this name, which is the envelope's (see [`ENVELOPE`]).
    ReservedField(Box<str>),
    /// The enum of this field has no variants or more than [`MAX_VARIANTS`]: this many.
    VariantCount(Box<str>, usize),
    /// The enum of this field has this variant twice.
    DuplicateVariant(Box<str>, Box<str>),
    /// The path of this field has no steps or more than [`MAX_PATH`]: this many.
    PathLength(Box<str>, usize),
    /// The lateness is below 0.
    NegativeLateness(i64),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyTypes => write!(f, "more than {MAX_TYPES} event types"),
            Self::TooManyFields(count) => {
                write!(f, "{count} fields, at most {MAX_FIELDS} are allowed")
            }
            Self::NameLength(0) => f.write_str("a name is empty"),
            Self::NameLength(bytes) => write!(
                f,
                "a name has {bytes} bytes, at most {MAX_NAME} are allowed"
            ),
            Self::DuplicateType(name) => write!(f, "event type `{name}` is declared twice"),
            Self::DuplicateWireName(name) => {
                write!(f, "two event types have the wire name `{name}`")
            }
            Self::DuplicateField(name) => write!(f, "field `{name}` is declared twice"),
            Self::ReservedField(name) => {
                write!(f, "field name `{name}` is reserved for the envelope")
            }
            Self::VariantCount(field, count) => {
                write!(
                    f,
                    "the enum of field `{field}` has {count} variants, 1 to {MAX_VARIANTS} are allowed"
                )
            }
            Self::DuplicateVariant(field, variant) => {
                write!(
                    f,
                    "the enum of field `{field}` has the variant `{variant}` twice"
                )
            }
            Self::PathLength(field, steps) => {
                write!(
                    f,
                    "the path of field `{field}` has {steps} steps, 1 to {MAX_PATH} are allowed"
                )
            }
            Self::NegativeLateness(ns) => write!(f, "lateness of {ns} ns is negative"),
        }
    }
}

impl core::error::Error for RegistryError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldId;

    fn text(name: &str) -> Field {
        Field::new(name, FieldType::Text)
    }

    #[test]
    fn types_are_found_by_either_name() {
        let mut registry = Registry::new();
        let cpu = EventType {
            wire_name: "com.example.cpu".into(),
            ..EventType::new("cpu", vec![text("host")])
        };
        let id = registry.add(cpu.clone()).unwrap();
        assert_eq!(registry.by_name("cpu"), Some(id));
        assert_eq!(registry.by_wire_name("com.example.cpu"), Some(id));
        assert_eq!(registry.by_wire_name("cpu"), None);
        assert_eq!(registry.get(id), &cpu);
        assert_eq!(
            registry.get(id).field("host").map(|(id, _)| id),
            Some(FieldId::new(0))
        );
        assert!(registry.get(id).field("load").is_none());
        assert_eq!(
            registry
                .iter()
                .map(|(id, ty)| (id.get(), &*ty.name))
                .collect::<Vec<_>>(),
            [(0, "cpu")]
        );
    }

    #[test]
    fn what_breaks_a_limit_is_refused_and_changes_nothing() {
        let of = |field: Field| EventType::new("x", vec![field]);
        let variants =
            |names: &[&str]| FieldType::Enum(names.iter().map(|&name| name.into()).collect());
        let long = "n".repeat(MAX_NAME + 1);
        let cases = [
            (
                EventType::new("known", vec![]),
                RegistryError::DuplicateType("known".into()),
            ),
            (
                EventType {
                    wire_name: "known".into(),
                    ..EventType::new("x", vec![])
                },
                RegistryError::DuplicateWireName("known".into()),
            ),
            (EventType::new("", vec![]), RegistryError::NameLength(0)),
            (
                EventType::new(&long, vec![]),
                RegistryError::NameLength(MAX_NAME + 1),
            ),
            (of(text(&long)), RegistryError::NameLength(MAX_NAME + 1)),
            (
                of(text("time")),
                RegistryError::ReservedField("time".into()),
            ),
            (
                EventType::new("x", vec![text("a"), text("a")]),
                RegistryError::DuplicateField("a".into()),
            ),
            (
                EventType::new("x", vec![text("a"); MAX_FIELDS + 1]),
                RegistryError::TooManyFields(MAX_FIELDS + 1),
            ),
            (
                of(Field::new("a", variants(&[]))),
                RegistryError::VariantCount("a".into(), 0),
            ),
            (
                of(Field::new("a", variants(&["v", "v"]))),
                RegistryError::DuplicateVariant("a".into(), "v".into()),
            ),
            (
                of(Field {
                    path: Some([].into()),
                    ..text("a")
                }),
                RegistryError::PathLength("a".into(), 0),
            ),
            (
                EventType {
                    lateness: -1,
                    ..EventType::new("x", vec![])
                },
                RegistryError::NegativeLateness(-1),
            ),
        ];
        for (ty, error) in cases {
            let mut registry = Registry::new();
            registry.add(EventType::new("known", vec![])).unwrap();
            assert_eq!(registry.add(ty), Err(error));
            assert_eq!(registry.len(), 1);
            assert_eq!(registry.by_name("x"), None);
        }
    }

    #[test]
    fn the_number_of_types_is_bounded() {
        let mut registry = Registry::new();
        for i in 0..MAX_TYPES {
            registry
                .add(EventType::new(&format!("t{i}"), vec![]))
                .unwrap();
        }
        assert_eq!(
            registry.add(EventType::new("more", vec![])),
            Err(RegistryError::TooManyTypes)
        );
    }
}
