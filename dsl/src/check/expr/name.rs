//! Names in expressions.

use super::super::names::{Constant, TypeName};
use super::super::{Outcome, Reported};
use super::{Binding, Checker, Place, Subject};
use crate::diagnostic::{Diagnostic, codes::names as codes, did_you_mean};
use crate::hir::{Envelope, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, FieldExpr, NameExpr};
use trapjaw_event::{FieldType, Severity, Value};

/// What a name is among the fields of the rule's event.
enum FieldReading {
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
    /// A bare name.
    pub(super) fn bare_name(
        &mut self,
        expr: &NameExpr,
        expected: Option<&FieldType>,
    ) -> Outcome<Expr> {
        let name = expr.text();
        let span = self.span(expr);
        if name.is_empty() {
            return Err(Reported);
        }
        let field = self.field_reading(&name);
        let constant = self.names.constants.get(&name);
        let variant = variant(&name, expected);
        let readings = [
            !matches!(field, FieldReading::None),
            constant.is_some(),
            variant.is_some(),
        ];
        if readings.iter().filter(|&&reads| reads).count() > 1 {
            // A field of which nothing is known may not be there at all.
            if matches!(field, FieldReading::Lost) {
                return Err(Reported);
            }
            return self.ambiguous(&name, span, readings);
        }
        if let Some(code) = variant {
            let ty = expected.cloned().ok_or(Reported)?;
            return Ok(Expr {
                kind: ExprKind::Const(Value::Enum(code)),
                ty,
                span,
            });
        }
        match constant {
            Some(Constant::Known(value, ty)) => {
                return Ok(Expr {
                    kind: ExprKind::Const(value.clone()),
                    ty: ty.clone(),
                    span,
                });
            }
            Some(Constant::Lost) => return Err(Reported),
            None => {}
        }
        match field {
            FieldReading::Known(kind, ty) => Ok(Expr { kind, ty, span }),
            FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(&name, why, span),
            FieldReading::None => self.unknown_name(&name, expected, span),
        }
    }

    /// `a.b`, and so on: a field of the rule's event.
    pub(super) fn field(&mut self, expr: &FieldExpr) -> Outcome<Expr> {
        let span = self.span(expr);
        let (base, path) = flatten(expr).ok_or(Reported)?;
        let ast::Expr::Name(first) = &base else {
            // What is wrong with what stands before the point comes first.
            self.expr(&base, None)?;
            let message = "only the rule's event has fields";
            return self.refuse(Diagnostic::error(
                codes::NO_FIELDS,
                self.span(&base),
                message,
            ));
        };
        let (first_name, first_span) = (first.text(), self.span(first));
        let binding = match &self.subject {
            Subject::Lost => return Err(Reported),
            Subject::None => None,
            Subject::Event(binding) => Some(binding),
        };
        let whole = format!("{first_name}.{path}");
        let name = if binding.is_some_and(|binding| binding.alias == first_name) {
            &path
        } else {
            &whole
        };
        match self.field_reading(name) {
            FieldReading::Known(kind, ty) => Ok(Expr { kind, ty, span }),
            FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(name, why, span),
            FieldReading::None if name == &path => {
                let last = expr.field().map_or(span, |field| self.span(&field));
                self.unknown_field(&path, last)
            }
            FieldReading::None => self.no_fields(&first_name, first_span, &path),
        }
    }

    /// Whether the expression is a bare name that means nothing unless its place expects an enum.
    pub(super) fn waits_for_type(&self, expr: &ast::Expr) -> bool {
        match expr {
            ast::Expr::Paren(paren) => paren
                .inner()
                .is_some_and(|inner| self.waits_for_type(&inner)),
            ast::Expr::Name(expr) => {
                let name = expr.text();
                matches!(self.field_reading(&name), FieldReading::None)
                    && !self.names.constants.contains_key(&name)
            }
            _ => false,
        }
    }

    /// Refuses a bare name that was read without knowing that a value of `ty` stands beside it, if it is one.
    pub(super) fn refuse_second_reading(
        &mut self,
        expr: &ast::Expr,
        ty: &FieldType,
    ) -> Outcome<()> {
        let ast::Expr::Name(expr) = expr else {
            return Ok(());
        };
        let name = expr.text();
        if variant(&name, Some(ty)).is_none() || self.waits_for_type(&ast::Expr::Name(expr.clone()))
        {
            return Ok(());
        }
        let constant = self.names.constants.contains_key(&name);
        let field = !matches!(self.field_reading(&name), FieldReading::None);
        self.ambiguous(&name, self.span(expr), [field, constant, true])
    }

    fn binding(&self) -> Option<&Binding> {
        match &self.subject {
            Subject::Event(binding) => Some(binding),
            Subject::None | Subject::Lost => None,
        }
    }

    fn field_reading(&self, name: &str) -> FieldReading {
        let binding = match &self.subject {
            Subject::None => return FieldReading::None,
            Subject::Lost => return FieldReading::Lost,
            Subject::Event(binding) => binding,
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

    /// The names of all fields that the event has.
    fn field_names(&self) -> Vec<&str> {
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

    fn not_shared<T>(&mut self, name: &str, why: String, span: Span) -> Outcome<T> {
        let message = format!("not all types of the event have the field `{name}`");
        self.refuse(Diagnostic::error(codes::FIELD_NOT_SHARED, span, message).with_note(why))
    }

    fn ambiguous<T>(
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
        if let Some(binding) = self.binding().filter(|_| field) {
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

    fn unknown_field<T>(&mut self, name: &str, span: Span) -> Outcome<T> {
        let Some(binding) = self.binding() else {
            return Err(Reported);
        };
        let types: Vec<String> = binding
            .types
            .iter()
            .map(|&id| format!("`{}`", self.names.registry.get(id).name))
            .collect();
        let whose = if binding.any {
            "an event of any type".to_owned()
        } else {
            types.join(" and ")
        };
        let message = format!("{whose} has no field `{name}`");
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
    fn no_fields<T>(&mut self, first: &str, span: Span, path: &str) -> Outcome<T> {
        let known = self.names.constants.contains_key(first)
            || !matches!(self.field_reading(first), FieldReading::None);
        if known {
            let message = format!("`{first}` has no fields");
            return self.refuse(Diagnostic::error(codes::NO_FIELDS, span, message));
        }
        if !self.names.complete {
            return Err(Reported);
        }
        let mut error = Diagnostic::error(
            codes::UNKNOWN_NAME,
            span,
            format!("nothing is called `{first}` here"),
        );
        if let Some(binding) = self.binding() {
            let alias = &binding.alias;
            error = error.with_note(format!("the rule's event is called `{alias}`"));
            let meant = did_you_mean(first, [alias.as_str()]).is_some();
            if meant || !matches!(self.field_reading(path), FieldReading::None) {
                error = error.with_suggestion(span, alias.clone(), format!("write `{alias}`"));
            }
        }
        self.refuse(error)
    }

    fn unknown_name<T>(
        &mut self,
        name: &str,
        expected: Option<&FieldType>,
        span: Span,
    ) -> Outcome<T> {
        if let Some(binding) = self.binding().filter(|binding| binding.alias == name) {
            let message = format!("`{name}` is the whole event, and no value");
            let error = Diagnostic::error(codes::EVENT_AS_VALUE, span, message);
            let help = format!("take one of its fields: `{}.time`", binding.alias);
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
        if !self.names.complete {
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
            error = error.with_note(format!(
                "it is an event type; the rule's event is called `{}`",
                binding.alias
            ));
        } else if self.place == Place::Constant {
            error = error.with_note("only constants can be named here");
        }
        self.refuse(error)
    }
}

/// The code of a value of the expected enum.
fn variant(name: &str, expected: Option<&FieldType>) -> Option<u16> {
    let Some(FieldType::Enum(variants)) = expected else {
        return None;
    };
    variants
        .iter()
        .position(|variant| **variant == *name)
        .and_then(|code| u16::try_from(code).ok())
}

/// The type of an envelope field.
fn envelope_type(envelope: Envelope) -> FieldType {
    match envelope {
        Envelope::Type | Envelope::Source | Envelope::Id | Envelope::Subject => FieldType::Text,
        Envelope::Time => FieldType::Time,
        Envelope::Severity => FieldType::Enum(Severity::NAMES.map(Box::from).into()),
    }
}

/// What stands at the beginning of `a.b.c`, and the names behind it.
fn flatten(expr: &FieldExpr) -> Option<(ast::Expr, String)> {
    let mut path = expr.field()?.text();
    let mut base = expr.base()?;
    while let ast::Expr::Field(inner) = &base {
        path = format!("{}.{path}", inner.field()?.text());
        base = inner.base()?;
    }
    Some((base, path))
}
