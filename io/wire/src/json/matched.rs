//! Matches as JSON.

use core::ops::Range;
use std::borrow::Cow;
use std::io::Write;

use trapjaw_event::{
    BoundEvent, Event, EventType, Field, FieldType, Match, MatchId, MatchKind, Part, PartSink,
    Registry, Severity, TypeId, ValueRef,
};

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
    let mut writer = MatchWriter::new(out, names, registry);
    matched.tell(&mut writer);
    writer.finish();
}

/// Appends an event as one JSON object, in the form in which [`write_match`] tells events.
///
/// # Panics
///
/// If `registry` lacks the event's type.
pub fn write_event(out: &mut Vec<u8>, told: &Event, registry: &Registry) {
    let ty = registry.get(told.type_id);
    let envelope = Envelope {
        time: told.time,
        texts: [
            Some(&*told.source),
            told.id.as_deref(),
            told.subject.as_deref(),
        ],
        severity: told.severity,
    };
    envelope.write(out, ty);
    for (named, kept) in ty.fields.iter().zip(&told.values) {
        field(out, named, kept.as_ref());
    }
    out.push(b'}');
}

/// Appends an event that took part in a match, in the form in which [`write_match`] tells events.
///
/// # Panics
///
/// If `registry` lacks the event's type.
pub fn write_bound_event(out: &mut Vec<u8>, bound: &BoundEvent, registry: &Registry) {
    let ty = registry.get(bound.type_id);
    let envelope = Envelope {
        time: bound.time,
        texts: [&bound.source, &bound.id, &bound.subject].map(Option::as_deref),
        severity: bound.severity,
    };
    envelope.write(out, ty);
    for (id, kept) in &bound.fields {
        field(out, &ty.fields[id.index()], kept.as_ref());
    }
    out.push(b'}');
}

/// Writes a match as [`write_match`] does, part by part as they are told.
#[derive(Debug)]
pub struct MatchWriter<'a> {
    out: &'a mut Vec<u8>,
    names: &'a RuleNames,
    registry: &'a Registry,
    member: Member,
    /// Parts of the key, or values, that were told.
    told: usize,
    /// The type of the event whose fields come next, and the alias that it stands under.
    event: Option<(&'a EventType, usize)>,
    aliases: Vec<Alias>,
    /// The action whose arguments come next, and how many came.
    action: (usize, usize),
    /// The names that arguments stand under.
    arguments: Vec<Cow<'a, str>>,
}

/// The member of a match that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Key,
    Events,
    Values,
}

/// An alias and its events, in what is written.
#[derive(Debug)]
struct Alias {
    /// The name, as JSON.
    name: Range<usize>,
    /// Behind its last event.
    end: usize,
}

impl<'a> MatchWriter<'a> {
    /// Will append a match of the rule with these names.
    pub fn new(out: &'a mut Vec<u8>, names: &'a RuleNames, registry: &'a Registry) -> Self {
        Self {
            out,
            names,
            registry,
            member: Member::Key,
            told: 0,
            event: None,
            aliases: Vec::new(),
            action: (0, 0),
            arguments: Vec::new(),
        }
    }

    /// All parts were told.
    pub fn finish(mut self) {
        self.reach(Member::Values);
        debug_assert_eq!(self.told, self.names.values.len(), "each value has a name");
        self.out.extend_from_slice(b"}}");
    }

    fn head(&mut self, id: MatchId, kind: MatchKind, time: i64) {
        let out = &mut *self.out;
        out.extend_from_slice(b"{\"rule\":");
        text(out, &self.names.rule);
        out.extend_from_slice(b",\"version\":");
        text(out, &self.names.version);
        out.extend_from_slice(b",\"id\":\"");
        out.extend_from_slice(&hexadecimal(id));
        out.extend_from_slice(b"\",\"kind\":\"");
        out.extend_from_slice(kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"time\":");
        integer(out, time);
        out.extend_from_slice(b",\"key\":{");
    }

    /// Ends the members before `member`, and begins it.
    fn reach(&mut self, member: Member) {
        self.end_event();
        if self.member == Member::Key && member > Member::Key {
            debug_assert_eq!(
                self.told,
                self.names.key.len(),
                "each part of the key has a name"
            );
            self.out.extend_from_slice(b"},\"events\":{");
            self.member = Member::Events;
        }
        if self.member == Member::Events && member > Member::Events {
            if !self.aliases.is_empty() {
                self.out.push(b']');
            }
            self.out.extend_from_slice(b"},\"values\":{");
            self.member = Member::Values;
            self.told = 0;
        }
    }

    fn key(&mut self, part: ValueRef<'_>) {
        let named = &self.names.key[self.told];
        self.told += 1;
        name(self.out, &named.name);
        value(self.out, &named.ty, part);
    }

    fn event(&mut self, alias: &str, ty: TypeId, envelope: &Envelope<'_>) {
        self.reach(Member::Events);
        let ty = self.registry.get(ty);
        let alias = self.alias(alias);
        if !self.out.ends_with(b"[") {
            self.out.push(b',');
        }
        envelope.write(self.out, ty);
        self.event = Some((ty, alias));
    }

    /// The place of an alias among those that there are, which it is given if it has none.
    fn alias(&mut self, alias: &str) -> usize {
        let out = &mut *self.out;
        let start = out.len();
        if !self.aliases.is_empty() {
            out.extend_from_slice(b"],");
        }
        let name = out.len();
        text(out, alias);
        let name = name..out.len();
        let known = |known: &Alias| out[known.name.clone()] == out[name.clone()];
        if let Some(place) = self.aliases.iter().position(known) {
            out.truncate(start);
            return place;
        }
        out.extend_from_slice(b":[");
        let end = out.len();
        self.aliases.push(Alias { name, end });
        self.aliases.len() - 1
    }

    /// Ends the event that is being written, and puts it where its alias has its events.
    fn end_event(&mut self) {
        let Some((_, alias)) = self.event.take() else {
            return;
        };
        self.out.push(b'}');
        let (ends, later) = self.aliases[alias..]
            .split_first_mut()
            .expect("the alias of an event has a place");
        let Some(last) = later.last() else {
            ends.end = self.out.len();
            return;
        };
        let length = self.out.len() - last.end;
        self.out[ends.end..].rotate_right(length);
        ends.end += length;
        for alias in later {
            alias.name = alias.name.start + length..alias.name.end + length;
            alias.end += length;
        }
    }

    fn value(&mut self, of_rule: ValueRef<'_>) {
        self.reach(Member::Values);
        let named = &self.names.values[self.told];
        self.told += 1;
        name(self.out, &named.name);
        value(self.out, &named.ty, of_rule);
    }

    fn argument(&mut self, argument: ValueRef<'_>) {
        let (action, place) = self.action;
        self.action.1 += 1;
        let action = &self.names.actions[action];
        let named = &action.arguments[place];
        let free = self.free_name(&action.name, &named.name);
        name(self.out, &free);
        value(self.out, &named.ty, argument);
        self.arguments.push(free);
    }

    fn free_name(&self, action: &str, argument: &'a str) -> Cow<'a, str> {
        let is_free = |name: &str| {
            self.names.values.iter().all(|value| &*value.name != name)
                && self.arguments.iter().all(|taken| taken != name)
        };
        if is_free(argument) {
            return argument.into();
        }
        let qualified = format!("{action}.{argument}");
        if is_free(&qualified) {
            return qualified.into();
        }
        let mut numbered = (2..).map(|count| format!("{qualified}#{count}"));
        let free = numbered.find(|name| is_free(name));
        free.expect("there are more numbers than names").into()
    }
}

impl PartSink for MatchWriter<'_> {
    fn part(&mut self, part: Part<'_>) {
        match part {
            Part::Head { id, kind, time, .. } => self.head(id, kind, time),
            Part::Key(value) => self.key(value),
            Part::Event {
                alias,
                type_id,
                time,
                source,
                id,
                subject,
                severity,
            } => {
                let envelope = Envelope {
                    time,
                    texts: [source, id, subject],
                    severity,
                };
                self.event(alias, type_id, &envelope);
            }
            Part::Field(id, value) => {
                if let Some((ty, _)) = self.event {
                    field(self.out, &ty.fields[id.index()], value);
                }
            }
            Part::Value(value) => self.value(value),
            Part::Action(action) => {
                self.reach(Member::Values);
                self.action = (action as usize, 0);
            }
            Part::Argument(value) => self.argument(value),
        }
    }
}

/// What an event has beside its type and fields.
struct Envelope<'a> {
    time: i64,
    /// Source, id and subject.
    texts: [Option<&'a str>; 3],
    severity: Option<Severity>,
}

impl Envelope<'_> {
    /// Begins the event's object.
    fn write(&self, out: &mut Vec<u8>, ty: &EventType) {
        out.extend_from_slice(b"{\"type\":");
        text(out, &ty.wire_name);
        out.extend_from_slice(b",\"time\":");
        integer(out, self.time);
        for (name, value) in [&b",\"source\":"[..], b",\"id\":", b",\"subject\":"]
            .iter()
            .zip(self.texts)
        {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.extend_from_slice(name);
                text(out, value);
            }
        }
        if let Some(severity) = self.severity {
            out.extend_from_slice(b",\"severity\":");
            text(out, severity.as_str());
        }
    }
}

/// A field of an event, unless it is null.
fn field(out: &mut Vec<u8>, named: &Field, kept: ValueRef<'_>) {
    if kept != ValueRef::Null {
        name(out, &named.name);
        value(out, &named.ty, kept);
    }
}

/// Begins a member of the innermost object; its value is to be written next.
fn name(out: &mut Vec<u8>, name: &str) {
    if !out.ends_with(b"{") {
        out.push(b',');
    }
    text(out, name);
    out.push(b':');
}

fn value(out: &mut Vec<u8>, ty: &FieldType, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Bool(value) => {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
        ValueRef::Int(value) | ValueRef::Time(value) | ValueRef::Duration(value) => {
            integer(out, value);
        }
        ValueRef::Float(value) => float(out, value),
        ValueRef::Text(value) => text(out, value),
        ValueRef::Ip(value) => write!(out, "\"{value}\"").expect("a vector takes all bytes"),
        ValueRef::Enum(code) => match ty {
            FieldType::Enum(variants) if let Some(variant) = variants.get(usize::from(code)) => {
                text(out, variant);
            }
            _ => integer(out, code.into()),
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

fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// An identity's 32 digits.
fn hexadecimal(id: MatchId) -> [u8; 32] {
    core::array::from_fn(|place| HEX[(id.0 >> (124 - 4 * place)) as usize & 15])
}

/// A JSON text: `"`, `\` and control characters are escaped, nothing else is.
fn text(out: &mut Vec<u8>, text: &str) {
    let is_escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    out.push(b'"');
    let mut rest = text.as_bytes();
    // Most have nothing to escape, and a look at all bytes without a way out is a loop over vectors.
    if rest.iter().fold(false, |any, &byte| any | is_escaped(byte)) {
        while let Some(at) = rest.iter().position(|&byte| is_escaped(byte)) {
            let (plain, escaped) = rest.split_at(at);
            out.extend_from_slice(plain);
            match escaped[0] {
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
                byte => {
                    out.extend_from_slice(b"\\u00");
                    out.extend_from_slice(&[
                        HEX[usize::from(byte >> 4)],
                        HEX[usize::from(byte & 15)],
                    ]);
                }
            }
            rest = &escaped[1..];
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
