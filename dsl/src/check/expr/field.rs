//! What a name is among the fields of the rule's event.

use super::super::{Outcome, Reported};
use super::{Binding, Checker, Subject};
use crate::hir::{Envelope, Expr, ExprKind};
use crate::source::Span;
use trapjaw_event::{FieldType, Severity};

/// What a name is among the fields of the rule's event.
pub(super) enum FieldReading {
    /// No field.
    None,
    /// A field of which nothing is known, or no field of a type that lacks some.
    Lost,
    /// A field of some of the types, or with different types: what is wrong with it.
    NotShared(String),
    /// A field.
    Known(ExprKind, FieldType),
}

impl Checker<'_> {
    pub(super) fn binding(&self) -> Option<&Binding> {
        match &self.subject {
            Subject::Event(binding) => Some(binding),
            Subject::None | Subject::Lost | Subject::Clock | Subject::Bound => None,
        }
    }

    pub(super) fn field_reading(&self, name: &str) -> FieldReading {
        let binding = match &self.subject {
            Subject::None => return FieldReading::None,
            Subject::Lost => return FieldReading::Lost,
            Subject::Clock if name == "now" => {
                return FieldReading::Known(ExprKind::Envelope(Envelope::Time), FieldType::Time);
            }
            Subject::Clock => return FieldReading::None,
            Subject::Event(binding) => binding,
            Subject::Bound => return self.key_reading(name),
        };
        if let Some(envelope) = Envelope::by_name(name) {
            return FieldReading::Known(ExprKind::Envelope(envelope), envelope_type(envelope));
        }
        if binding.any {
            return FieldReading::None;
        }
        let registry = &self.names.registry;
        let mut ids = Vec::with_capacity(binding.types.len());
        let mut shared: Option<&FieldType> = None;
        let mut differs = None;
        let mut lacking = Vec::new();
        let mut lost = false;
        for &id in &binding.types {
            let ty = registry.get(id);
            match ty.field(name) {
                None => {
                    lost |= self.names.partial.contains(&id);
                    lacking.push(format!("`{}`", ty.name));
                }
                Some((field_id, field)) => {
                    match shared {
                        Some(first) if *first != field.ty => {
                            differs = Some(format!(
                                "it is {first} in one type, and {} in `{}`",
                                field.ty, ty.name
                            ));
                        }
                        _ => shared = Some(&field.ty),
                    }
                    ids.push(field_id);
                }
            }
        }
        match shared {
            _ if lost => FieldReading::Lost,
            None => FieldReading::None,
            Some(_) if !lacking.is_empty() => {
                FieldReading::NotShared(format!("{} has no such field", lacking.join(", ")))
            }
            Some(ty) => match differs {
                Some(why) => FieldReading::NotShared(why),
                None => FieldReading::Known(ExprKind::Field(ids.into()), ty.clone()),
            },
        }
    }

    /// A field of the event, by its name, that is asked for at `span`.
    pub(in crate::check) fn field_named(&mut self, name: &str, span: Span) -> Outcome<Expr> {
        match self.field_reading(name) {
            FieldReading::Known(kind, ty) => Ok(Expr { kind, ty, span }),
            FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(name, why, span),
            FieldReading::None => self.unknown_field(name, span),
        }
    }

    /// The names of all fields that the event has.
    pub(super) fn field_names(&self) -> Vec<&str> {
        let Some(binding) = self.binding() else {
            return Vec::new();
        };
        let mut names: Vec<&str> = Envelope::ALL.iter().map(|(_, name)| *name).collect();
        if let Some(first) = binding.types.first().filter(|_| !binding.any) {
            names.extend(
                self.names
                    .registry
                    .get(*first)
                    .fields
                    .iter()
                    .map(|field| &*field.name),
            );
        }
        names.retain(|name| matches!(self.field_reading(name), FieldReading::Known(..)));
        names
    }
}

/// The type of an envelope field.
fn envelope_type(envelope: Envelope) -> FieldType {
    match envelope {
        Envelope::Type | Envelope::Source | Envelope::Id | Envelope::Subject => FieldType::Text,
        Envelope::Time => FieldType::Time,
        Envelope::Severity => FieldType::Enum(Severity::NAMES.map(Box::from).into()),
    }
}
