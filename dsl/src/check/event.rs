//! Event types: declarations to the registry.

use super::declare::{Declared, beyond_limit};
use super::expr::{Checker, Place, Subject};
use super::names::Names;
use super::table;
use super::{Outcome, Reported, SourceItem};
use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, names as codes},
    did_you_mean,
};
use crate::resolve::Target;
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::{AstNode, EventItem, FieldDecl, Item, StringLiteral, TypeExpr};
use std::collections::{HashMap, HashSet};
use trapjaw_event::limits::MAX_NAME;
use trapjaw_event::{ENVELOPE, EventType, Field, FieldId, FieldType, RegistryError, Value};

/// The types of fields that are single words.
const TYPES: [(&str, FieldType); 7] = [
    ("bool", FieldType::Bool),
    ("int", FieldType::Int),
    ("float", FieldType::Float),
    ("text", FieldType::Text),
    ("time", FieldType::Time),
    ("duration", FieldType::Duration),
    ("ip", FieldType::Ip),
];

/// How other languages call them.
const FOREIGN_TYPES: [(&str, &str); 11] = [
    ("string", "text"),
    ("str", "text"),
    ("varchar", "text"),
    ("boolean", "bool"),
    ("integer", "int"),
    ("long", "int"),
    ("i64", "int"),
    ("double", "float"),
    ("f64", "float"),
    ("timestamp", "time"),
    ("datetime", "time"),
];

/// Declares the event types of all files, and what else has a name among them.
pub(super) fn declare_all(
    places: &[SourceItem],
    sources: &SourceMap,
    names: &mut Names,
    findings: &mut Vec<Diagnostic>,
) {
    let mut declared = Declared::new("type");
    let mut on_the_wire = Declared::new("type on the wire called");
    for place in places {
        match &place.item {
            Item::Event(item) => declare(
                item,
                place,
                names,
                [&mut declared, &mut on_the_wire],
                findings,
            ),
            Item::Table(item) => {
                table::declare(item, place, sources, names, &mut declared, findings);
            }
            _ => {}
        }
    }
}

fn declare(
    item: &EventItem,
    place: &SourceItem,
    names: &mut Names,
    [declared, on_the_wire]: [&mut Declared; 2],
    findings: &mut Vec<Diagnostic>,
) {
    let Some(name) = item.name() else { return };
    let span = place.span(&name);
    let text = name.text();
    let first = declared.declare(&text, span, findings);
    if !place.sound {
        names.lost_types.insert(text);
        return;
    }
    let mut fields = Fields::new(place.source, findings);
    item.fields().for_each(|field| fields.declare(&field));
    let Fields {
        declared: fields,
        whole,
        names: field_places,
        variants,
        ..
    } = fields;
    if !first {
        return;
    }
    if text.len() > MAX_NAME {
        names.lost_types.insert(text);
        return;
    }
    let wire_name = item.cloud_type();
    let wire_span = wire_name.as_ref().map_or(span, |wire| place.span(wire));
    let wire_name = wire_name
        .and_then(|wire| wire.plain_text())
        .unwrap_or_else(|| text.clone());
    if !on_the_wire.declare(&wire_name, wire_span, findings) {
        names.lost_types.insert(text);
        return;
    }
    let ty = EventType {
        wire_name: wire_name.into(),
        ..EventType::new(&text, fields)
    };
    match names.registry.add(ty) {
        Ok(id) => {
            if !whole {
                names.partial.insert(id);
            }
            names.declare(span, Target::EventType(id));
            let fields = &names.registry.get(id).fields;
            for (place, field) in fields.iter().enumerate() {
                let target = Target::Field(id, FieldId::new(place as u16));
                names.declare(field_places[&*field.name], target);
            }
            for (ty, code, place) in variants {
                names.declare(place, Target::Variant(ty, code));
            }
        }
        Err(error) => {
            names.lost_types.insert(text);
            findings.extend(refused(&error, span));
        }
    }
}

/// Says how late the events of each type may be. That may be a constant, so constants are to be declared before.
pub(super) fn declare_lateness(
    places: &[SourceItem],
    names: &mut Names,
    findings: &mut Vec<Diagnostic>,
) {
    for place in places.iter().filter(|place| place.sound) {
        let Item::Event(item) = &place.item else {
            continue;
        };
        let Some((name, expr)) = item.name().zip(item.lateness()) else {
            continue;
        };
        let mut checker = Checker::new(names, place.source, Subject::None, findings);
        checker.place = Place::Constant;
        let checked = checker.constant(&expr, &FieldType::Duration, "the lateness");
        let Ok(Value::Duration(lateness)) = checked else {
            continue;
        };
        let Some(id) = names.registry.by_name(&name.text()) else {
            continue;
        };
        if names.registry.set_lateness(id, lateness).is_err() {
            let shown = trapjaw_event::format::Duration(lateness);
            let message = format!("the lateness must not be negative, and this is {shown}");
            let span = place.span(&expr);
            findings.push(Diagnostic::error(bounds::NOT_POSITIVE, span, message));
        }
    }
}

/// Why the registry takes a type not: a limit, or a name that is too long and reported already.
fn refused(error: &RegistryError, span: Span) -> Option<Diagnostic> {
    let too_long = matches!(error, RegistryError::NameLength(length) if *length > 0);
    (!too_long).then(|| Diagnostic::error(bounds::BEYOND_LIMIT, span, error.to_string()))
}

/// A value of an enum: the type, its place in it, and where it stands.
pub(super) type VariantPlace = (FieldType, u16, Span);

/// The fields of one type.
pub(super) struct Fields<'f> {
    source: SourceId,
    names: HashMap<String, Span>,
    declared: Vec<Field>,
    /// The values of enums.
    variants: Vec<VariantPlace>,
    /// Whether all fields could be declared.
    whole: bool,
    findings: &'f mut Vec<Diagnostic>,
}

impl<'f> Fields<'f> {
    pub(super) fn new(source: SourceId, findings: &'f mut Vec<Diagnostic>) -> Self {
        Fields {
            source,
            names: HashMap::new(),
            declared: Vec::new(),
            variants: Vec::new(),
            whole: true,
            findings,
        }
    }

    /// The type of a field, and whether null is allowed; of one whose name is new, and not too long.
    pub(super) fn typed(
        &mut self,
        name: &str,
        span: Span,
        ty: Option<TypeExpr>,
    ) -> Outcome<(FieldType, bool)> {
        self.named(name, span)?;
        self.field_type(ty)
    }

    fn named(&mut self, name: &str, span: Span) -> Outcome<()> {
        if let Some(&first) = self.names.get(name) {
            let message = format!("there is a field `{name}` already");
            let error = Diagnostic::error(codes::DUPLICATE_FIELD, span, message);
            self.findings.push(
                error
                    .with_primary_label("declared again")
                    .with_label(first, "declared here"),
            );
            return Err(Reported);
        }
        self.names.insert(name.to_owned(), span);
        if name.len() > MAX_NAME {
            self.whole = false;
            self.findings
                .push(beyond_limit(span, "bytes in a name", MAX_NAME));
            return Err(Reported);
        }
        Ok(())
    }

    fn declare(&mut self, field: &FieldDecl) {
        let Some(path) = field.path() else { return };
        let span = Span::new(self.source, path.syntax().text_range());
        let name = path.text();
        if self.named(&name, span).is_err() {
            return;
        }
        if ENVELOPE.contains(&&*name) {
            self.reserved(field, &name, span);
            return;
        }
        let mut steps: Option<Box<[Box<str>]>> = name
            .contains('.')
            .then(|| path.segments().map(|step| step.text().into()).collect());
        if let Some(place) = field.place() {
            match self.path_in_data(&place) {
                Ok(path) => steps = Some(path),
                Err(Reported) => self.whole = false,
            }
        }
        let Ok((ty, optional)) = self.field_type(field.ty()) else {
            self.whole = false;
            return;
        };
        self.declared.push(Field {
            name: name.into(),
            ty,
            optional,
            path: steps,
        });
    }

    fn reserved(&mut self, field: &FieldDecl, name: &str, span: Span) {
        let message = format!("`{name}` is a field of every event's envelope");
        let mut error = Diagnostic::error(codes::RESERVED_FIELD, span, message)
            .with_primary_label("can't be declared")
            .with_help("give the field another name, and say where it is found in the data");
        if let Some(ty) = field.ty().filter(|_| field.place().is_none()) {
            let whole = Span::new(self.source, field.syntax().text_range());
            let replacement = format!("event_{name}: {} = \"data.{name}\"", ty.syntax().text());
            error = error.with_suggestion(whole, replacement, "for example");
        }
        self.findings.push(error);
    }

    /// `"data.order.id"`: the steps, with `data` as the first.
    fn path_in_data(&mut self, place: &StringLiteral) -> Outcome<Box<[Box<str>]>> {
        let text = place.plain_text().ok_or(Reported)?;
        match text.strip_prefix("data.") {
            Some(path) if path.split('.').all(|step| !step.is_empty()) => {
                Ok(text.split('.').map(Box::from).collect())
            }
            _ => {
                let span = Span::new(self.source, place.syntax().text_range());
                let message = "the place of a field is written `\"data.a.b\"`";
                let mut error = Diagnostic::error(codes::FIELD_PLACE, span, message);
                if !text.is_empty() && !text.starts_with("data") {
                    error = error.with_suggestion(
                        span,
                        format!("\"data.{text}\""),
                        "begin in the data",
                    );
                }
                self.findings.push(error);
                Err(Reported)
            }
        }
    }

    /// The type, and whether null is allowed.
    fn field_type(&mut self, ty: Option<TypeExpr>) -> Outcome<(FieldType, bool)> {
        let ty = ty.ok_or(Reported)?;
        if ty.is_enum() {
            return Ok((self.enumeration(&ty), ty.is_optional()));
        }
        let name = ty.name().ok_or(Reported)?;
        let text = name.text();
        if let Some((_, known)) = TYPES.iter().find(|(known, _)| *known == text) {
            return Ok((known.clone(), ty.is_optional()));
        }
        let span = Span::new(self.source, name.syntax().text_range());
        let foreign = FOREIGN_TYPES
            .iter()
            .find(|(foreign, _)| text.eq_ignore_ascii_case(foreign));
        let meant = foreign
            .map(|(_, ours)| *ours)
            .or_else(|| did_you_mean(&text, TYPES.map(|(name, _)| name)));
        let mut error = Diagnostic::error(
            codes::UNKNOWN_FIELD_TYPE,
            span,
            format!("there is no type `{text}`"),
        )
        .with_help("the types are bool, int, float, text, time, duration, ip and enum(...)");
        if let Some(meant) = meant {
            error = error.with_suggestion(span, meant, format!("write `{meant}`"));
        }
        self.findings.push(error);
        Err(Reported)
    }

    fn enumeration(&mut self, ty: &TypeExpr) -> FieldType {
        let mut variants: Vec<Box<str>> = Vec::new();
        let mut places = Vec::new();
        let mut known = HashSet::new();
        for variant in ty.variants() {
            let span = Span::new(self.source, variant.syntax().text_range());
            let text = variant.text();
            if !known.insert(text.clone()) {
                let message = format!("`{text}` is a value of this enum already");
                let error = Diagnostic::error(codes::DUPLICATE_VARIANT, span, message);
                self.findings.push(error);
            } else if text.len() > MAX_NAME {
                let error = beyond_limit(span, "bytes in a name", MAX_NAME);
                self.findings.push(error);
            } else {
                variants.push(text.into());
                places.push(span);
            }
        }
        let ty = FieldType::Enum(variants.into());
        let codes = (0_u16..).zip(places);
        self.variants
            .extend(codes.map(|(code, place)| (ty.clone(), code, place)));
        ty
    }

    /// Where a field is named, and where the values of enums stand.
    pub(super) fn places(self) -> (HashMap<String, Span>, Vec<VariantPlace>) {
        (self.names, self.variants)
    }
}
