//! The event types and values that targets share.

use std::sync::{Arc, LazyLock};

use trapjaw_dsl::compile;
use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{
    BatchBuilder, BatchBytes, Binding, BuildError, DeclaredField, DeclaredType, Event, Field,
    FieldType, Registry, Severity, TypeId, Value, ValueRef, bind, check,
};
use trapjaw_program::sample::{self, Entropy};
use trapjaw_program::{Const, Kind, RuleSet, Table, Verified};

use crate::XorShift;

/// Types and rules. `all` has a required and an optional field of each field type, `few` two fields; between them the
/// rules read most columns and have every kind of state.
const RULES_TEXT: &str = r#"
event all {
    flag: bool, count: int, load: float, host: text, at: time, span: duration, address: ip,
    phase: enum(started, failed, rolled_back)
    maybe_flag: bool?, maybe_count: int?, maybe_load: float?, maybe_host: text?, maybe_at: time?,
    maybe_span: duration?, maybe_address: ip?, maybe_phase: enum(started, failed, rolled_back)?
    order_id: text? = "data.order.id"
}
event few { host: text, load: float? }

rule flags { on e: all where e.maybe_flag or not e.flag do log("{e.host}") }
rule no_flags { on e: all where not (e.maybe_flag and e.maybe_load > 0.5) by e.maybe_host for 1s keep 1s do log("{e.id}") }
rule texts { on e: all where e.maybe_host == "host-" or e.order_id contains "a" by e.host, e.maybe_count do log("{e.at}") }
rule sums { on e: all by e.phase over 10s having sum(e.maybe_count) > 1 or max(e.maybe_load) > 0.5
    emit few { host: e.host, load: e.maybe_load } do log("{avg(e.load)}") on clear do log("no more") }
rule minutes { on e: all where e.maybe_phase != failed by e.maybe_address over 1m tumbling
    having count(where e.maybe_flag) < 5 do log("{min(e.maybe_span)}") }
rule silence { on f: few where f.load > 0.0 by f.host absent 5s do log("{f.host}", load: f.load) }
"#;

/// The rules, compiled.
pub(crate) static RULES: LazyLock<Arc<Verified<RuleSet>>> =
    LazyLock::new(|| Arc::new(compiled(RULES_TEXT)));

/// The tables that sampled code looks things up in.
pub(crate) static TABLES: LazyLock<Vec<Arc<Table>>> = LazyLock::new(sample::tables);

/// The types.
pub(crate) static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::clone(&RULES.registry));

/// Rules that have to compile.
pub(crate) fn compiled(text: &str) -> Verified<RuleSet> {
    let mut sources = SourceMap::new();
    sources.add("fuzz.trap", text);
    match compile(&sources) {
        Ok(compiled) => compiled.program,
        Err(found) => panic!("{}\n{text}", render(&found, &sources, Style::Plain)),
    }
}

/// What a connection has declared, by number: both types as they are, then `few` as an older and newer peer has it,
/// nothing, and `all` without its optional fields.
pub(crate) static BINDINGS: LazyLock<Vec<Option<Arc<Binding>>>> = LazyLock::new(|| {
    let column = |name: &str, ty, optional| DeclaredField {
        name: name.into(),
        ty,
        optional,
    };
    let other_few = DeclaredType {
        wire_name: "few".into(),
        fields: vec![
            column("unknown", FieldType::Int, true),
            column("load", FieldType::Float, false),
            column("host", FieldType::Text, false),
        ],
    };
    let mut required = DeclaredType::from(REGISTRY.get(all()));
    required.fields.retain(|field| !field.optional);
    let bound = |declared| {
        Some(Arc::new(
            bind(&REGISTRY, declared).expect("the declaration is sound"),
        ))
    };
    let mut bindings = identity();
    bindings.extend([bound(&other_few), None, bound(&required)]);
    bindings
});

/// The type with all kinds of fields.
pub(crate) fn all() -> TypeId {
    REGISTRY.by_name("all").expect("it is registered")
}

/// Bindings for what is built here.
pub(crate) fn identity() -> Vec<Option<Arc<Binding>>> {
    let ids = REGISTRY.iter().map(|(id, _)| id);
    ids.map(|id| Some(Arc::new(Binding::identity(&REGISTRY, id))))
        .collect()
}

/// Checks what is promised of each event, and that it comes back from a batch as it went in.
pub(crate) fn survives(events: &[Event]) {
    let mut builder = BatchBuilder::new(Arc::clone(&REGISTRY));
    let mut start = 0;
    for (at, event) in events.iter().enumerate() {
        fits(event);
        match builder.push(event) {
            Ok(()) => {}
            Err(BuildError::Full) => {
                same(&builder.finish(), &events[start..at]);
                start = at;
                builder.push(event).expect("an event fits an empty batch");
            }
            Err(error) => panic!("{error}: {event:?}"),
        }
    }
    if !builder.is_empty() {
        same(&builder.finish(), &events[start..]);
    }
}

fn same(bytes: &BatchBytes, events: &[Event]) {
    let bindings = identity();
    let view = check(bytes, &bindings).expect("what was built is sound");
    let rows = view.rows_in_order();
    let read: Vec<Event> = rows
        .map(|(section, row)| view.section(section).event(row))
        .collect();
    assert_eq!(read, events);
}

/// Has the event a value of the right type for each field?
fn fits(event: &Event) {
    let ty = REGISTRY.get(event.type_id);
    assert_eq!(event.values.len(), ty.fields.len());
    for (value, field) in event.values.iter().zip(&ty.fields) {
        is_of(value.as_ref(), field);
    }
}

/// Is it a value that the field may have, in its one form?
pub(crate) fn is_of(value: ValueRef<'_>, field: &Field) {
    assert!(field.ty.admits(value), "{value:?} in {field:?}");
    assert!(field.optional || !value.is_null(), "null in {field:?}");
    if let ValueRef::Float(float) = value {
        assert!(
            !float.is_nan() && float.to_bits() != (-0.0_f64).to_bits(),
            "{float}"
        );
    }
}

/// The bytes, and then many more that they decide: choices that don't run dry.
pub(crate) fn stretched(data: &[u8], more: usize) -> Vec<u8> {
    // FNV-1a: all bytes have a say in what follows.
    let hash = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut random = XorShift::new(hash);
    let mut bytes = data.to_vec();
    bytes.extend((0..more).map(|_| random.byte()));
    bytes
}

/// An event of the type `all`.
pub(crate) fn event(entropy: &mut Entropy<'_>) -> Event {
    let type_id = all();
    let fields = &REGISTRY.get(type_id).fields;
    let text = |entropy: &mut Entropy<'_>| match sample::value(Kind::Text, entropy) {
        Const::Text(text) => text,
        other => unreachable!("a text was asked for: {other:?}"),
    };
    let some = |entropy: &mut Entropy<'_>| entropy.below(3) > 0;
    Event {
        type_id,
        time: int(entropy),
        source: text(entropy),
        id: some(entropy).then(|| text(entropy)),
        subject: some(entropy).then(|| text(entropy)),
        severity: some(entropy)
            .then(|| entropy.pick(&Severity::ALL))
            .flatten(),
        values: fields.iter().map(|field| value(field, entropy)).collect(),
    }
}

fn int(entropy: &mut Entropy<'_>) -> i64 {
    match sample::value(Kind::Int, entropy) {
        Const::Int(int) => int,
        other => unreachable!("an int was asked for: {other:?}"),
    }
}

fn value(field: &Field, entropy: &mut Entropy<'_>) -> Value {
    if field.optional && entropy.below(3) == 0 {
        return Value::Null;
    }
    if let FieldType::Enum(names) = &field.ty {
        return Value::Enum(entropy.below(names.len()) as u16);
    }
    match (&field.ty, sample::value(Kind::of(&field.ty), entropy)) {
        (FieldType::Time, Const::Int(int)) => Value::Time(int),
        (FieldType::Duration, Const::Int(int)) => Value::Duration(int),
        (_, Const::Int(int)) => Value::Int(int),
        (_, Const::Bool(bool)) => Value::Bool(bool),
        (_, Const::Float(float)) => Value::Float(float),
        (_, Const::Text(text)) => Value::Text(text),
        (_, Const::Ip(ip)) => Value::Ip(ip),
        (ty, other) => unreachable!("{ty} was asked for: {other:?}"),
    }
}
