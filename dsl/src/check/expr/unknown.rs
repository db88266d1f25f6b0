//! What is said of names that mean nothing, or too much.

use super::super::limits::MAX_FINDINGS;
use super::super::names::TypeName;
use super::super::{Outcome, Reported};
use super::field::FieldReading;
use super::{Checker, Place};
use crate::diagnostic::{Diagnostic, codes::names as codes, did_you_mean};
use crate::source::Span;
use trapjaw_event::{FieldType, TypeId};

impl Checker<'_> {
    pub(super) fn not_shared<T>(&mut self, name: &str, why: String, span: Span) -> Outcome<T> {
        let message = format!("not all types of the event have the field `{name}`");
        self.refuse(Diagnostic::error(codes::FIELD_NOT_SHARED, span, message).with_note(why))
    }

    pub(super) fn ambiguous<T>(
        &mut self,
        name: &str,
        span: Span,
        [field, constant, variant]: [bool; 3],
    ) -> Outcome<T> {
        let readings = [
            (field, "a field"),
            (constant, "a constant"),
            (variant, "a value of the enum"),
        ];
        let readings: Vec<&str> = readings
            .iter()
            .filter(|(reads, _)| *reads)
            .map(|(_, what)| *what)
            .collect();
        let message = format!("`{name}` can be read as {}", readings.join(" and as "));
        let mut error = Diagnostic::error(codes::AMBIGUOUS_NAME, span, message);
        if constant && let Some(place) = self.names.later_constant(name) {
            error = error.with_label(place, "the constant");
        }
        if let Some(binding) = self
            .binding()
            .filter(|binding| field && !binding.alias.is_empty())
        {
            error = error.with_suggestion(
                span,
                format!("{}.{name}", binding.alias),
                "if the field is meant",
            );
        }
        if constant || variant {
            error = error.with_help(
                "if the field is not meant, give the constant or the field another name",
            );
        }
        self.refuse(error)
    }

    pub(super) fn unknown_field<T>(&mut self, name: &str, span: Span) -> Outcome<T> {
        let Some(binding) = self.binding() else {
            return Err(Reported);
        };
        let type_name = |id: &TypeId| format!("`{}`", self.names.registry.get(*id).name);
        let message = match &binding.types[..] {
            _ if binding.any => format!("an event of any type has no field `{name}`"),
            [only] => format!("{} has no field `{name}`", type_name(only)),
            [a, b] => format!(
                "{} and {} have no field `{name}`",
                type_name(a),
                type_name(b)
            ),
            _ => format!("none of the event's types has a field `{name}`"),
        };
        let mut error = Diagnostic::error(codes::UNKNOWN_FIELD, span, message);
        let known = self.field_names();
        if let Some(meant) = did_you_mean(name, known.iter().copied()) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        } else if known.len() < 16 {
            error = error.with_note(format!("it has the fields {}", known.join(", ")));
        }
        self.refuse(error)
    }

    /// `first.path`, where `first` is not the event.
    pub(super) fn no_fields<T>(&mut self, first: &str, span: Span, path: &str) -> Outcome<T> {
        let known = self.names.constants.contains_key(first)
            || !matches!(self.field_reading(first), FieldReading::None);
        if known {
            let message = format!("`{first}` has no fields");
            return self.refuse(Diagnostic::error(codes::NO_FIELDS, span, message));
        }
        // Beyond the limit nothing is told, so nothing need be looked for.
        if !self.names.complete || self.findings.len() > MAX_FINDINGS {
            return Err(Reported);
        }
        let mut error = Diagnostic::error(
            codes::UNKNOWN_NAME,
            span,
            format!("nothing is called `{first}` here"),
        );
        if let Some(meant) = self.meant_alias(first) {
            error = error.with_suggestion(span, &*meant, format!("did you mean `{meant}`?"));
        } else if self.bound.is_some() {
            error = error.with_note(match &self.aliases()[..] {
                [] => "no element of the pattern has a name".to_owned(),
                aliases => format!("the pattern has {}", aliases.join(", ")),
            });
        } else if let Some(binding) = self.binding() {
            let alias = &binding.alias;
            error = error.with_note(format!("the rule's event is called `{alias}`"));
            let meant = did_you_mean(first, [alias.as_str()]).is_some();
            if meant || !matches!(self.field_reading(path), FieldReading::None) {
                error = error.with_suggestion(span, alias.clone(), format!("write `{alias}`"));
            }
        }
        self.refuse(error)
    }

    pub(super) fn unknown_name<T>(
        &mut self,
        name: &str,
        expected: Option<&FieldType>,
        span: Span,
    ) -> Outcome<T> {
        let is_event = self.binding().is_some_and(|binding| binding.alias == name);
        if is_event || self.aliases().contains(&name) {
            let message = format!("`{name}` is the whole event, and no value");
            let error = Diagnostic::error(codes::EVENT_AS_VALUE, span, message);
            let help = format!("take one of its fields: `{name}.time`");
            return self.refuse(error.with_help(help));
        }
        if let Some(place) = self.names.later_constant(name) {
            let message = format!("the value of `{name}` is not known yet");
            let error = Diagnostic::error(codes::CONST_USED_EARLY, span, message);
            return self.refuse(
                error
                    .with_label(place, "declared here")
                    .with_help("declare it above"),
            );
        }
        if !self.names.complete || self.findings.len() > MAX_FINDINGS {
            return Err(Reported);
        }
        let mut error = Diagnostic::error(
            codes::UNKNOWN_NAME,
            span,
            format!("nothing is called `{name}` here"),
        );
        let variants: &[Box<str>] = match expected {
            Some(FieldType::Enum(variants)) => variants,
            _ => &[],
        };
        let constants = self.names.constants.keys().map(String::as_str);
        let mut known: Vec<&str> = constants
            .chain(variants.iter().map(|variant| &**variant))
            .collect();
        known.extend(self.field_names());
        // Constants come out of a hash table.
        known.sort_unstable();
        if let Some(meant) = did_you_mean(name, known) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        } else if let Some(owner) = self.owner_of(name) {
            error = error.with_suggestion(span, format!("{owner}.{name}"), "say whose");
        } else if expected == Some(&FieldType::Text) {
            error = error.with_suggestion(span, format!("\"{name}\""), "texts stand in quotes");
        } else if !variants.is_empty() {
            error = error.with_note(format!(
                "the values of the enum are {}",
                variants.join(", ")
            ));
        } else if let (TypeName::Known(_), Some(binding)) =
            (self.names.event_type(name), self.binding())
        {
            error = error.with_note(match &*binding.alias {
                "" => "it is an event type".to_owned(),
                alias => format!("it is an event type; the rule's event is called `{alias}`"),
            });
        } else if self.place == Place::Constant {
            error = error.with_note("only constants can be named here");
        }
        self.refuse(error)
    }
}
