//! Random events of a registry that has each type of field.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use trapjaw_event::{Event, EventType, Field, FieldType, Ip, Registry, Severity, TypeId, Value};

/// Three types: one with a field of each type twice, required and optional; one with two texts; one without fields.
pub(crate) fn registry() -> Registry {
    let colours = FieldType::Enum(["red".into(), "green".into(), "blue".into()].into());
    let types = [
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
        FieldType::Time,
        FieldType::Duration,
        FieldType::Ip,
        colours,
    ];
    let mut all = Vec::new();
    for (i, ty) in types.into_iter().enumerate() {
        all.push(Field::new(&format!("required_{i}"), ty.clone()));
        all.push(Field::new(&format!("optional_{i}"), ty).optional());
    }
    let texts = vec![
        Field::new("a", FieldType::Text),
        Field::new("b", FieldType::Text).optional(),
    ];
    let mut registry = Registry::new();
    for ty in [
        EventType::new("all", all),
        EventType::new("texts", texts),
        EventType::new("bare", vec![]),
    ] {
        registry.add(ty).unwrap();
    }
    registry
}

/// Often from a few texts, so that dictionaries form; sometimes anything.
fn text() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        8 => select(vec!["", "a", "host-1", "host-2", "größer", "a text of some length"]).prop_map(Box::from),
        1 => any::<String>().prop_map(Box::from),
    ]
}

fn value(ty: &FieldType) -> BoxedStrategy<Value> {
    match ty {
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Int => any::<i64>().prop_map(Value::Int).boxed(),
        FieldType::Float => {
            let special = select(vec![
                0.0,
                -0.0,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MIN_POSITIVE,
            ]);
            prop_oneof![any::<f64>(), special]
                .prop_map(Value::Float)
                .boxed()
        }
        FieldType::Text => text().prop_map(Value::Text).boxed(),
        FieldType::Time => any::<i64>().prop_map(Value::Time).boxed(),
        FieldType::Duration => any::<i64>().prop_map(Value::Duration).boxed(),
        FieldType::Ip => any::<std::net::IpAddr>()
            .prop_map(|ip| Value::Ip(Ip::from(ip)))
            .boxed(),
        FieldType::Enum(variants) => (0..variants.len() as u16).prop_map(Value::Enum).boxed(),
    }
}

fn field(field: &Field) -> BoxedStrategy<Value> {
    match (&field.ty, field.optional) {
        // NaN is null, so that the optional field may have it and the required one may not.
        (FieldType::Float, true) => {
            prop_oneof![4 => value(&field.ty), 1 => Just(Value::Null), 1 => Just(Value::Float(f64::NAN))].boxed()
        }
        (ty, true) => prop_oneof![2 => value(ty), 1 => Just(Value::Null)].boxed(),
        (ty, false) => value(ty),
    }
}

pub(crate) fn event(registry: &Registry) -> BoxedStrategy<Event> {
    let of = |(id, ty): (TypeId, &EventType)| {
        let values = ty.fields.iter().map(field).collect::<Vec<_>>();
        (
            any::<i64>(),
            text(),
            option::weighted(0.3, text()),
            option::weighted(0.3, text()),
            severity(),
            values,
        )
            .prop_map(
                move |(time, source, id_, subject, severity, values)| Event {
                    type_id: id,
                    time,
                    source,
                    id: id_,
                    subject,
                    severity,
                    values,
                },
            )
            .boxed()
    };
    proptest::strategy::Union::new(registry.iter().map(of).collect::<Vec<_>>()).boxed()
}

fn severity() -> impl Strategy<Value = Option<Severity>> {
    option::weighted(0.3, select(Severity::ALL.to_vec()))
}

/// The event as a batch gives it back.
pub(crate) fn normal(mut event: Event) -> Event {
    for value in &mut event.values {
        match value {
            Value::Float(float) if float.is_nan() => *value = Value::Null,
            Value::Float(float) if *float == 0.0 => *float = 0.0,
            _ => {}
        }
    }
    event
}
