//! Matches as JSON.

use core::fmt::Display;
use std::collections::HashSet;
use std::io::Write;

use trapjaw_event::{BoundEvent, Event, FieldId, FieldType, Match, Registry, Value};

/// A name and the type of the values under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedType {
    /// The name.
    pub name: Box<str>,
    /// The type. Only of an enum does it matter here: its variants are the names of its values.
    pub ty: FieldType,
}

/// What the names of an action's arguments are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionNames {
    /// The action's name.
    pub name: Box<str>,
    /// Its arguments, in the order of [`ActionCall::args`](trapjaw_event::ActionCall::args).
    pub arguments: Vec<NamedType>,
}

/// What a match does not say of itself: the names of its rule. Made once a rule, and shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleNames {
    /// The rule's name.
    pub rule: Box<str>,
    /// The rule's version.
    pub version: Box<str>,
    /// The parts of its key, in the order of [`Match::key`].
    pub key: Vec<NamedType>,
    /// Its values, in the order of [`Match::values`].
    pub values: Vec<NamedType>,
    /// Its actions, by [`ActionCall::action`](trapjaw_event::ActionCall::action).
    pub actions: Vec<ActionNames>,
}

/// Appends a match as one JSON object without line breaks, and without one behind it.
///
/// Equal matches give equal bytes, in every release. The members stand in this order:
///
/// | member | value |
/// |---|---|
/// | `rule` | the rule's name |
/// | `version` | the rule's version |
/// | `id` | 32 hexadecimal digits |
/// | `kind` | `matched`, `raised`, `cleared`, `expired` or `timeout` |
/// | `time` | integer nanoseconds since the epoch |
/// | `key` | an object: the key's parts by name |
/// | `events` | an object: for each alias, in the order of its first event, an array of its events |
/// | `values` | an object: the rule's values by name, then the arguments of the match's actions |
///
/// An argument whose name is taken, by a value or an earlier action of the match, stands under `action.argument`
/// instead; is that taken too, under `action.argument#2`, and so on.
///
/// An event is an object of `type` (its wire name) and `time` (integer nanoseconds), then `source`, `id`, `subject` and
/// `severity` where it has them and they are not empty, then the fields that were kept, in the order of their
/// declaration, without nulls.
///
/// Values: bool, integer and text as they are; float as the shortest text that reads as the same float, with a fraction
/// or an exponent (`1.0`, `1e16`), infinite as null; time and duration as integer nanoseconds; ip as text; enum as the
/// variant's name (or its code, where `names` gives no such variant); null as null.
///
/// # Panics
///
/// If the match has an event or action that `registry` or `names` lack.
pub fn write_match(out: &mut Vec<u8>, matched: &Match, names: &RuleNames, registry: &Registry) {
    debug_assert_eq!(
        matched.key.len(),
        names.key.len(),
        "each part of the key has a name"
    );
    debug_assert_eq!(
        matched.values.len(),
        names.values.len(),
        "each value has a name"
    );
    out.extend_from_slice(b"{\"rule\":");
    text(out, &names.rule);
    out.extend_from_slice(b",\"version\":");
    text(out, &names.version);
    out.extend_from_slice(b",\"id\":\"");
    display(out, &matched.id);
    out.extend_from_slice(b"\",\"kind\":\"");
    display(out, &matched.kind);
    out.extend_from_slice(b"\",\"time\":");
    display(out, &matched.time);
    out.extend_from_slice(b",\"key\":");
    let mut members = Members::begin(out);
    for (named, part) in names.key.iter().zip(&matched.key) {
        value(members.member(&named.name), &named.ty, part);
    }
    members.end();
    out.extend_from_slice(b",\"events\":");
    events(out, &matched.events, registry);
    out.extend_from_slice(b",\"values\":");
    values(out, matched, names);
    out.push(b'}');
}

/// Appends an event as one JSON object, in the form in which [`write_match`] tells events.
///
/// # Panics
///
/// If `registry` lacks the event's type.
pub fn write_event(out: &mut Vec<u8>, told: &Event, registry: &Registry) {
    let fields = told.values.iter().cloned().zip(0..);
    let bound = BoundEvent {
        alias: "".into(),
        type_id: told.type_id,
        time: told.time,
        source: Some(told.source.clone()),
        id: told.id.clone(),
        subject: told.subject.clone(),
        severity: told.severity,
        fields: fields
            .map(|(value, index)| (FieldId::new(index), value))
            .collect(),
    };
    event(out, &bound, registry);
}

/// Appends an event that took part in a match, in the form in which [`write_match`] tells events.
///
/// # Panics
///
/// If `registry` lacks the event's type.
pub fn write_bound_event(out: &mut Vec<u8>, bound: &BoundEvent, registry: &Registry) {
    event(out, bound, registry);
}

fn events(out: &mut Vec<u8>, events: &[BoundEvent], registry: &Registry) {
    let mut seen = HashSet::new();
    let aliases = events
        .iter()
        .map(|event| &*event.alias)
        .filter(|alias| seen.insert(*alias));
    let aliases: Vec<&str> = aliases.collect();
    let mut members = Members::begin(out);
    for alias in aliases {
        let out = members.member(alias);
        out.push(b'[');
        let mut first = true;
        for bound in events.iter().filter(|event| &*event.alias == alias) {
            if !core::mem::take(&mut first) {
                out.push(b',');
            }
            event(out, bound, registry);
        }
        out.push(b']');
    }
    members.end();
}

fn event(out: &mut Vec<u8>, event: &BoundEvent, registry: &Registry) {
    let ty = registry.get(event.type_id);
    let mut members = Members::begin(out);
    text(members.member("type"), &ty.wire_name);
    display(members.member("time"), &event.time);
    for (name, value) in [
        ("source", &event.source),
        ("id", &event.id),
        ("subject", &event.subject),
    ] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            text(members.member(name), value);
        }
    }
    if let Some(severity) = event.severity {
        text(members.member("severity"), severity.as_str());
    }
    for (id, kept) in event.fields.iter().filter(|(_, kept)| !kept.is_null()) {
        let field = &ty.fields[id.index()];
        value(members.member(&field.name), &field.ty, kept);
    }
    members.end();
}

fn values(out: &mut Vec<u8>, matched: &Match, names: &RuleNames) {
    let mut taken: HashSet<Box<str>> = HashSet::new();
    let mut members = Members::begin(out);
    for (named, of_rule) in names.values.iter().zip(&matched.values) {
        taken.insert(named.name.clone());
        value(members.member(&named.name), &named.ty, of_rule);
    }
    for call in &matched.actions {
        let action = &names.actions[call.action as usize];
        debug_assert_eq!(
            call.args.len(),
            action.arguments.len(),
            "each argument has a name"
        );
        for (named, argument) in action.arguments.iter().zip(&call.args) {
            let name = free_name(&taken, &action.name, &named.name);
            value(members.member(&name), &named.ty, argument);
            taken.insert(name);
        }
    }
    members.end();
}

fn free_name(taken: &HashSet<Box<str>>, action: &str, argument: &str) -> Box<str> {
    if !taken.contains(argument) {
        return argument.into();
    }
    let qualified = format!("{action}.{argument}");
    if !taken.contains(&*qualified) {
        return qualified.into();
    }
    (2..=taken.len() + 2)
        .map(|count| format!("{qualified}#{count}"))
        .find(|name| !taken.contains(&**name))
        .expect("one name more is tried than are taken")
        .into()
}

fn value(out: &mut Vec<u8>, ty: &FieldType, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => display(out, value),
        Value::Int(value) | Value::Time(value) | Value::Duration(value) => display(out, value),
        Value::Float(value) => float(out, *value),
        Value::Text(value) => text(out, value),
        Value::Ip(value) => {
            out.push(b'"');
            display(out, value);
            out.push(b'"');
        }
        Value::Enum(code) => match ty {
            FieldType::Enum(variants) if let Some(variant) = variants.get(usize::from(*code)) => {
                text(out, variant);
            }
            _ => display(out, code),
        },
    }
}

/// The standard library's shortest form that reads back, which has kept its bytes; float formatters of other crates
/// change theirs with their versions. Golden tests hold it fast.
fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        write!(out, "{value:?}").expect("a vector takes all bytes");
    } else {
        out.extend_from_slice(b"null");
    }
}

fn display(out: &mut Vec<u8>, value: &impl Display) {
    write!(out, "{value}").expect("a vector takes all bytes");
}

/// A JSON text: `"`, `\` and control characters are escaped, nothing else is.
fn text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, escaped) = rest.split_at(at);
        out.extend_from_slice(plain);
        match escaped[0] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        rest = &escaped[1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes an object's members with the commas between them.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Members<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Begins a member; its value is to be written next.
    fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if !core::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        text(self.out, name);
        self.out.push(b':');
        self.out
    }

    fn end(self) {
        self.out.push(b'}');
    }
}
