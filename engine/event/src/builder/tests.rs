//! What the builder takes, refuses and keeps.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{BatchBuilder, BuildError, Head, Row};
use crate::limits::{MAX_BATCH, MAX_ROWS, MAX_SECTIONS, MAX_TEXT};
use crate::{
    BatchBytes, BatchView, Binding, ColumnData, Event, EventType, Field, FieldId, FieldType,
    Registry, Severity, TextView, TypeId, Value, ValueRef, check,
};

fn registry() -> Arc<Registry> {
    let mut registry = Registry::new();
    let colours = FieldType::Enum(["red".into(), "green".into()].into());
    let fields = vec![
        Field::new("host", FieldType::Text),
        Field::new("load", FieldType::Float),
        Field::new("limit", FieldType::Float).optional(),
        Field::new("colour", colours).optional(),
    ];
    registry.add(EventType::new("cpu", fields)).unwrap();
    registry.add(EventType::new("tick", vec![])).unwrap();
    registry.into()
}

fn cpu(host: &str, load: f64) -> Event {
    Event {
        type_id: TypeId::new(0),
        time: 1,
        source: "test".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![
            Value::Text(host.into()),
            Value::Float(load),
            Value::Null,
            Value::Null,
        ],
    }
}

fn tick() -> Event {
    Event {
        type_id: TypeId::new(1),
        values: vec![],
        ..cpu("", 0.0)
    }
}

fn bindings(registry: &Registry) -> Vec<Option<Arc<Binding>>> {
    registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect()
}

fn read<T>(builder: &mut BatchBuilder, read: impl FnOnce(BatchView<'_>) -> T) -> T {
    let bindings = bindings(&builder.registry);
    read(check(&builder.finish(), &bindings).unwrap())
}

#[test]
fn what_does_not_fit_the_type_is_refused_and_changes_nothing() {
    let with = |field: usize, value: Value| {
        let mut event = cpu("a", 1.0);
        event.values[field] = value;
        event
    };
    let missing = |field: &str| BuildError::MissingRequired(field.into());
    let other = |field: &str, ty: &FieldType| BuildError::OtherType {
        field: field.into(),
        ty: ty.clone(),
    };
    let registry = registry();
    let colours = &registry.get(TypeId::new(0)).fields[3].ty;
    let long = "x".repeat(MAX_TEXT + 1);
    let cases = [
        (
            Event {
                type_id: TypeId::new(2),
                ..tick()
            },
            BuildError::UnknownType(TypeId::new(2)),
        ),
        (
            Event {
                type_id: TypeId::new(1),
                ..cpu("a", 1.0)
            },
            BuildError::FieldCount {
                expected: 0,
                given: 4,
            },
        ),
        (with(0, Value::Null), missing("host")),
        (with(1, Value::Float(f64::NAN)), missing("load")),
        (with(1, Value::Int(1)), other("load", &FieldType::Float)),
        (with(3, Value::Enum(2)), other("colour", colours)),
        (
            with(0, Value::Text(long.as_str().into())),
            BuildError::TextLength(MAX_TEXT + 1),
        ),
        (
            Event {
                id: Some(long.as_str().into()),
                ..tick()
            },
            BuildError::TextLength(MAX_TEXT + 1),
        ),
    ];
    let mut builder = BatchBuilder::new(registry.clone());
    builder.push(&cpu("a", 1.0)).unwrap();
    let before = builder.size.bytes();
    for (event, error) in cases {
        assert_eq!(builder.push(&event), Err(error));
        assert_eq!((builder.rows(), builder.size.bytes()), (1, before));
    }
    read(&mut builder, |view| {
        assert_eq!(view.section(0).event(0), cpu("a", 1.0));
    });
}

#[test]
fn floats_are_normalised() {
    let mut builder = BatchBuilder::new(registry());
    let values = [
        ValueRef::Text("a"),
        ValueRef::Float(-0.0),
        ValueRef::Float(f64::NAN),
        ValueRef::Null,
    ];
    let row = Row {
        type_id: TypeId::new(0),
        time: 5,
        source: "s",
        id: Some("i"),
        subject: Some("t"),
        severity: Some(Severity::High),
        values: &values,
    };
    builder.push_row(&row).unwrap();
    read(&mut builder, |view| {
        let section = view.section(0);
        let ColumnData::Float([zero]) = section.column(FieldId::new(1)).unwrap().data else {
            panic!()
        };
        assert_eq!(zero.to_bits(), 0);
        let event = section.event(0);
        assert_eq!(event.values[2], Value::Null);
        assert_eq!(
            (event.id.as_deref(), event.subject.as_deref()),
            (Some("i"), Some("t"))
        );
        assert_eq!((event.severity, event.time), (Some(Severity::High), 5));
    });
}

#[test]
fn types_keep_their_order_across_sections_and_batches() {
    let mut builder = BatchBuilder::new(registry());
    for _ in 0..3 {
        let events = [tick(), cpu("a", 1.0), cpu("b", 2.0), tick(), cpu("a", 3.0)];
        for event in &events {
            builder.push(event).unwrap();
        }
        read(&mut builder, |view| {
            assert_eq!(view.order(), [0, 1, 1, 0, 1]);
            let rows = view
                .rows_in_order()
                .map(|(section, row)| view.section(section).event(row));
            assert!(rows.eq(events));
        });
        builder.push(&cpu("z", 0.0)).unwrap();
        read(&mut builder, |view| {
            assert!(view.order().is_empty(), "one section needs no order");
            assert!(view.rows_in_order().eq([(0, 0)]));
        });
        assert!(builder.is_empty());
        read(&mut builder, |view| {
            assert_eq!((view.rows(), view.section_count()), (0, 0));
        });
    }
}

#[test]
fn the_form_of_a_text_column_follows_its_texts() {
    let mut builder = BatchBuilder::new(registry());
    for row in 0..100 {
        builder.push(&cpu(&format!("host-{row}"), 1.0)).unwrap();
    }
    read(&mut builder, |view| {
        let section = view.section(0);
        assert!(
            matches!(section.source(), TextView::Dict(text) if text.values.len() == 1 && text.get(99) == "test")
        );
        let host = section.column(FieldId::new(0)).unwrap();
        assert!(matches!(host.data, ColumnData::Text(text) if text.get(99) == "host-99"));
        assert!(host.validity.is_none());
    });
}

#[test]
fn a_batch_is_full_at_its_limits() {
    let mut builder = BatchBuilder::new(registry());
    for _ in 0..MAX_ROWS {
        assert!(!builder.is_full());
        builder.push(&tick()).unwrap();
    }
    assert!(builder.is_full());
    assert_eq!(builder.push(&tick()), Err(BuildError::Full));
    read(&mut builder, |view| {
        assert_eq!(view.rows() as usize, MAX_ROWS);
    });

    // Each another text, so that no dictionary makes them small.
    let mut letters = 'a'..;
    let mut large = || cpu(&String::from(letters.next().unwrap()).repeat(MAX_TEXT), 1.0);
    let mut count = 0;
    while builder.push(&large()).is_ok() {
        count += 1;
    }
    assert_eq!(
        count,
        MAX_BATCH / MAX_TEXT,
        "the overhead does not cost a row"
    );
    assert_eq!(builder.push(&large()), Err(BuildError::Full));
    assert!(builder.push(&tick()).is_ok(), "a small one still fits");
    let bytes = builder.finish();
    assert!(bytes.len() > count * MAX_TEXT && bytes.len() <= MAX_BATCH);
    assert_eq!(
        check(&bytes, &bindings(&builder.registry)).unwrap().rows() as usize,
        count + 1
    );

    let whole: Box<str> = "x".repeat(MAX_TEXT).into();
    let too_large = Event {
        source: whole.clone(),
        id: Some(whole.clone()),
        subject: Some(whole),
        ..large()
    };
    assert_eq!(builder.push(&too_large), Err(BuildError::TooLarge));
}

#[test]
fn a_batch_has_a_largest_number_of_types() {
    let mut registry = Registry::new();
    for i in 0..=MAX_SECTIONS {
        registry
            .add(EventType::new(&format!("t{i}"), vec![]))
            .unwrap();
    }
    let mut builder = BatchBuilder::new(registry.into());
    let of = |id: usize| Event {
        type_id: TypeId::from_index(id).unwrap(),
        ..tick()
    };
    for id in 0..MAX_SECTIONS {
        builder.push(&of(id)).unwrap();
    }
    assert_eq!(builder.push(&of(MAX_SECTIONS)), Err(BuildError::Full));
    builder.push(&of(0)).unwrap();
    read(&mut builder, |view| {
        assert_eq!(
            (view.section_count(), view.rows() as usize),
            (MAX_SECTIONS, MAX_SECTIONS + 1)
        );
    });
}

#[test]
fn the_buffer_is_used_again() {
    let mut builder = BatchBuilder::new(registry());
    let mut bytes = BatchBytes::default();
    builder.push(&cpu("a", 1.0)).unwrap();
    builder.push(&tick()).unwrap();
    builder.finish_into(&mut bytes);
    let place = bytes.as_ptr();
    builder.push(&cpu("a", 1.0)).unwrap();
    builder.finish_into(&mut bytes);
    assert_eq!(bytes.as_ptr(), place);
    builder.push(&cpu("a", 1.0)).unwrap();
    assert_eq!(
        *builder.finish(),
        *bytes,
        "nothing of the last batch is left"
    );
}

/// Values for four fields and one more, of any type and most of them right ones, with texts around the largest size.
fn values() -> impl Strategy<Value = Vec<Value>> {
    let text = prop_oneof![
        20 => select(vec!["", "a", "host-1", "host-22", "eightby.", "sixteen bytes, 2", "more than sixteen bytes"])
            .prop_map(str::to_owned),
        4 => "[a-z0-9]{0,20}",
        1 => (MAX_TEXT - 200..MAX_TEXT + 2).prop_map(|length| "x".repeat(length)),
    ];
    let float = prop_oneof![Just(-0.0), Just(f64::NAN), any::<f64>()].prop_map(Value::Float);
    let text = text.prop_map(|text| Value::Text(text.into()));
    let wrong = select(vec![
        Value::Null,
        Value::Int(1),
        Value::Float(f64::NAN),
        Value::Enum(1),
        Value::Enum(2),
    ]);
    let or_wrong = move |right: BoxedStrategy<Value>| prop_oneof![15 => right, 1 => wrong.clone()];
    let colour = select(vec![Value::Enum(0), Value::Enum(1), Value::Null]);
    (
        or_wrong(text.boxed()),
        or_wrong(any::<f64>().prop_map(Value::Float).boxed()),
        or_wrong(float.boxed()),
        or_wrong(colour.boxed()),
        0..40,
    )
        .prop_map(|(host, load, limit, colour, count)| {
            let mut values = vec![host, load, limit, colour];
            match count {
                0 => values.truncate(3),
                1 => values.push(Value::Null),
                2..9 => values.clear(),
                _ => {}
            }
            values
        })
}

/// Events of both types, and of one that is unknown; an event without values is most often one of the type that has no fields.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = || option::weighted(0.2, select(vec!["", "i-1", "a subject of some length"]));
    let event = (
        values(),
        text(),
        text(),
        0..40_u32,
        option::weighted(0.1, 0..3_u8),
    );
    vec(
        event.prop_map(|(values, id, subject, other, severity)| Event {
            type_id: TypeId::new(match other {
                0 => 2,
                1 => 1,
                2 => 0,
                _ => u32::from(values.is_empty()),
            }),
            id: id.map(Box::from),
            subject: subject.map(Box::from),
            severity: severity.and_then(Severity::from_code),
            values,
            ..tick()
        }),
        0..100,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_of_a_row_end_the_same(events in events()) {
        let (mut short, mut close) = (BatchBuilder::new(registry()), BatchBuilder::new(registry()));
        for event in &events {
            let head = Head::from(event);
            let values = event.values.iter().map(Value::as_ref);
            let closely = close
                .place_of_any(event.type_id, head, values.clone())
                .map(|(place, size)| close.put(place, size, &head, values));
            prop_assert_eq!(short.push(event), closely);
            prop_assert_eq!((short.rows(), short.size.bytes()), (close.rows(), close.size.bytes()));
        }
        prop_assert!(*short.finish() == *close.finish());
    }
}
