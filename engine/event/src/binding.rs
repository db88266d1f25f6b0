//! How the columns that a peer declares map to a registered type's fields: worked out once a declaration, by name.

use core::fmt;
use std::collections::HashSet;

use crate::limits::{MAX_FIELDS, MAX_VARIANTS};
use crate::{EventType, FieldId, FieldType, Registry, TypeId};

/// A column that a peer declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// The field's name.
    pub name: Box<str>,
    /// The type of its values. For an enum: the variants that the peer knows, in order.
    pub ty: FieldType,
    /// May the peer send null?
    pub optional: bool,
}

/// An event type as a peer declares it: what its sections' columns are, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredType {
    /// The type's name on the wire.
    pub wire_name: Box<str>,
    /// The columns, in the order in which sections hold them.
    pub fields: Vec<DeclaredField>,
}

impl From<&EventType> for DeclaredType {
    /// The declaration of a peer that knows the type just as it is registered.
    fn from(ty: &EventType) -> Self {
        let fields = ty.fields.iter().map(|field| DeclaredField {
            name: field.name.clone(),
            ty: field.ty.clone(),
            optional: field.optional,
        });
        Self {
            wire_name: ty.wire_name.clone(),
            fields: fields.collect(),
        }
    }
}

/// Where the fields of a registered type are found in a declared type's sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    type_id: TypeId,
    /// By [`FieldId`]: the column that holds the field.
    columns: Vec<Option<u16>>,
    declared: Vec<DeclaredField>,
    ignored: usize,
}

impl Binding {
    /// Matches a declaration's columns to the registered type's fields.
    ///
    /// Declared fields that the type does not have are ignored and counted. Optional fields that are not declared read
    /// as null. An enum's declared variants have to be the registered ones or a first part of them, so that codes mean
    /// the same on both sides.
    ///
    /// # Errors
    ///
    /// When a required field is missing or declared optional, when a type differs, or when the declaration is bad in
    /// itself; see [`BindError`].
    pub fn bind(registry: &Registry, declared: &DeclaredType) -> Result<Self, BindError> {
        let type_id = registry
            .by_wire_name(&declared.wire_name)
            .ok_or_else(|| BindError::UnknownType(declared.wire_name.clone()))?;
        checked_declaration(declared)?;
        let ty = registry.get(type_id);
        let mut columns = vec![None; ty.fields.len()];
        let mut ignored = 0;
        for (index, column) in declared.fields.iter().enumerate() {
            let Some((id, field)) = ty.field(&column.name) else {
                ignored += 1;
                continue;
            };
            if !agrees(&field.ty, &column.ty) {
                return Err(BindError::OtherType {
                    field: column.name.clone(),
                    registered: field.ty.clone(),
                    declared: column.ty.clone(),
                });
            }
            if column.optional && !field.optional {
                return Err(BindError::OptionalRequired(column.name.clone()));
            }
            columns[id.index()] = Some(index as u16);
        }
        for (field, column) in ty.fields.iter().zip(&columns) {
            if column.is_none() && !field.optional {
                return Err(BindError::MissingRequired(field.name.clone()));
            }
        }
        Ok(Self {
            type_id,
            columns,
            declared: declared.fields.clone(),
            ignored,
        })
    }

    /// The binding of batches that are built here, from this registry: each field in its own place.
    ///
    /// # Panics
    ///
    /// If the id is not of this registry.
    pub fn identity(registry: &Registry, type_id: TypeId) -> Self {
        let declared = DeclaredType::from(registry.get(type_id)).fields;
        Self {
            type_id,
            columns: (0..declared.len() as u16).map(Some).collect(),
            declared,
            ignored: 0,
        }
    }

    /// The registered type.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The place of a field's column in a section; `None` where the declaration lacks it, so that all its values are
    /// null.
    pub fn column_of(&self, field: FieldId) -> Option<usize> {
        self.columns
            .get(field.index())
            .copied()
            .flatten()
            .map(usize::from)
    }

    /// How many fields the registered type has.
    pub fn field_count(&self) -> usize {
        self.columns.len()
    }

    /// The columns of a section, in order.
    pub fn declared(&self) -> &[DeclaredField] {
        &self.declared
    }

    /// How many declared columns no field of the type reads.
    pub fn ignored(&self) -> usize {
        self.ignored
    }
}

/// Matches a declaration to a registered type: [`Binding::bind`].
///
/// # Errors
///
/// See [`BindError`].
pub fn bind(registry: &Registry, declared: &DeclaredType) -> Result<Binding, BindError> {
    Binding::bind(registry, declared)
}

/// Is the declaration good in itself? Peers write it, so nothing in it is sure.
fn checked_declaration(declared: &DeclaredType) -> Result<(), BindError> {
    if declared.fields.len() > MAX_FIELDS {
        return Err(BindError::TooManyFields(declared.fields.len()));
    }
    let mut names = HashSet::with_capacity(declared.fields.len());
    for field in &declared.fields {
        if !names.insert(&field.name) {
            return Err(BindError::DuplicateField(field.name.clone()));
        }
        if let FieldType::Enum(variants) = &field.ty
            && (variants.is_empty() || variants.len() > MAX_VARIANTS)
        {
            return Err(BindError::VariantCount(field.name.clone(), variants.len()));
        }
    }
    Ok(())
}

fn agrees(registered: &FieldType, declared: &FieldType) -> bool {
    match (registered, declared) {
        (FieldType::Enum(all), FieldType::Enum(known)) => all.starts_with(known),
        _ => registered == declared,
    }
}

/// Why a declaration does not fit the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindError {
    /// No registered type has this wire name.
    UnknownType(Box<str>),
    /// This field is required and not declared.
    MissingRequired(Box<str>),
    /// This field is required, but declared as possibly null.
    OptionalRequired(Box<str>),
    /// A field is declared with another type than it is registered with.
    OtherType {
        /// The field's name.
        field: Box<str>,
        /// Its type in the registry.
        registered: FieldType,
        /// Its type in the declaration.
        declared: FieldType,
    },
    /// This field is declared twice.
    DuplicateField(Box<str>),
    /// More than [`MAX_FIELDS`] fields are declared: this many.
    TooManyFields(usize),
    /// The enum of this field has no variants or more than [`MAX_VARIANTS`]: this many.
    VariantCount(Box<str>, usize),
}

impl BindError {
    /// The stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownType(_) => "E_SCHEMA_UNKNOWN_TYPE",
            Self::MissingRequired(_) => "E_SCHEMA_MISSING_FIELD",
            Self::OptionalRequired(_) => "E_SCHEMA_OPTIONAL_FIELD",
            Self::OtherType { .. } => "E_SCHEMA_FIELD_TYPE",
            Self::DuplicateField(_) => "E_SCHEMA_DUPLICATE_FIELD",
            Self::TooManyFields(_) => "E_SCHEMA_TOO_MANY_FIELDS",
            Self::VariantCount(..) => "E_SCHEMA_VARIANTS",
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(name) => write!(f, "no event type has the wire name `{name}`"),
            Self::MissingRequired(name) => write!(f, "field `{name}` is required but not declared"),
            Self::OptionalRequired(name) => {
                write!(f, "field `{name}` is required but declared optional")
            }
            Self::OtherType {
                field,
                registered,
                declared,
            } => {
                write!(
                    f,
                    "field `{field}` is {registered}, but declared {declared}"
                )
            }
            Self::DuplicateField(name) => write!(f, "field `{name}` is declared twice"),
            Self::TooManyFields(count) => write!(
                f,
                "{count} fields declared, at most {MAX_FIELDS} are allowed"
            ),
            Self::VariantCount(name, count) => {
                write!(
                    f,
                    "the enum of field `{name}` has {count} variants, 1 to {MAX_VARIANTS} are allowed"
                )
            }
        }
    }
}

impl core::error::Error for BindError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    fn colours(names: &[&str]) -> FieldType {
        FieldType::Enum(names.iter().map(|&name| name.into()).collect())
    }

    fn registry() -> Registry {
        let mut registry = Registry::new();
        let fields = vec![
            Field::new("host", FieldType::Text),
            Field::new("load", FieldType::Float).optional(),
            Field::new("colour", colours(&["red", "green"])).optional(),
        ];
        registry.add(EventType::new("cpu", fields)).unwrap();
        registry
    }

    fn declare(fields: &[(&str, FieldType, bool)]) -> Result<Binding, BindError> {
        let fields = fields.iter().map(|(name, ty, optional)| DeclaredField {
            name: (*name).into(),
            ty: ty.clone(),
            optional: *optional,
        });
        bind(
            &registry(),
            &DeclaredType {
                wire_name: "cpu".into(),
                fields: fields.collect(),
            },
        )
    }

    #[test]
    fn columns_are_matched_by_name() {
        let binding = declare(&[
            ("rack", FieldType::Int, false),
            ("load", FieldType::Float, false),
            ("host", FieldType::Text, false),
        ])
        .unwrap();
        assert_eq!(binding.type_id(), TypeId::new(0));
        assert_eq!(binding.column_of(FieldId::new(0)), Some(2));
        assert_eq!(binding.column_of(FieldId::new(1)), Some(1));
        assert_eq!(
            binding.column_of(FieldId::new(2)),
            None,
            "optional and not declared: null"
        );
        assert_eq!(binding.column_of(FieldId::new(3)), None, "no such field");
        assert_eq!(binding.ignored(), 1);
        assert_eq!(binding.declared().len(), 3);
    }

    #[test]
    fn the_identity_is_the_binding_of_its_own_declaration() {
        let registry = registry();
        let id = TypeId::new(0);
        let bound = bind(&registry, &DeclaredType::from(registry.get(id))).unwrap();
        assert_eq!(bound, Binding::identity(&registry, id));
    }

    #[test]
    fn enums_agree_on_a_first_part() {
        let host = ("host", FieldType::Text, false);
        for known in [&["red"][..], &["red", "green"]] {
            assert!(declare(&[host.clone(), ("colour", colours(known), true)]).is_ok());
        }
        for other in [&["green"][..], &["green", "red"], &["red", "green", "blue"]] {
            let refused = declare(&[host.clone(), ("colour", colours(other), true)]).unwrap_err();
            assert_eq!(refused.code(), "E_SCHEMA_FIELD_TYPE");
            assert!(
                refused
                    .to_string()
                    .starts_with("field `colour` is enum(red, green), but declared enum(")
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_code() {
        let host = ("host", FieldType::Text, false);
        let cases = [
            (declare(&[]), "E_SCHEMA_MISSING_FIELD"),
            (
                declare(&[("host", FieldType::Text, true)]),
                "E_SCHEMA_OPTIONAL_FIELD",
            ),
            (
                declare(&[("host", FieldType::Int, false)]),
                "E_SCHEMA_FIELD_TYPE",
            ),
            (
                declare(&[host.clone(), host.clone()]),
                "E_SCHEMA_DUPLICATE_FIELD",
            ),
            (
                declare(&vec![host.clone(); MAX_FIELDS + 1]),
                "E_SCHEMA_TOO_MANY_FIELDS",
            ),
            (
                declare(&[host, ("other", colours(&[]), true)]),
                "E_SCHEMA_VARIANTS",
            ),
            (
                bind(
                    &registry(),
                    &DeclaredType {
                        wire_name: "disk".into(),
                        fields: vec![],
                    },
                ),
                "E_SCHEMA_UNKNOWN_TYPE",
            ),
        ];
        for (result, code) in cases {
            let error = result.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    }
}
