//! One bad batch for each kind of error, built by hand, and good ones at the edges.

use std::sync::Arc;

use super::{BatchErrorKind as Kind, check};
use crate::batch::{
    Batch, BatchBytes, Column, ColumnData, Dictionary, Section, SeverityColumn, Text, TextColumn,
    Texts,
};
use crate::limits::{MAX_BATCH, MAX_ROWS, MAX_SECTIONS, MAX_TEXT};
use crate::{Binding, EventType, Field, FieldId, FieldType, Ip, Registry, Severity, TypeId, Value};

const ROWS: usize = 3;

/// Fields of each type, in the order of [`good`]'s columns.
fn bindings() -> Vec<Option<Arc<Binding>>> {
    let mut registry = Registry::new();
    let colours = FieldType::Enum(["red".into(), "green".into()].into());
    let fields = vec![
        Field::new("bool", FieldType::Bool),
        Field::new("int", FieldType::Int),
        Field::new("float", FieldType::Float),
        Field::new("time", FieldType::Time),
        Field::new("duration", FieldType::Duration),
        Field::new("enum", colours),
        Field::new("plain", FieldType::Text),
        Field::new("dict", FieldType::Text).optional(),
        Field::new("ip", FieldType::Ip),
    ];
    let fields = fields.into_iter().map(|field| Field {
        name: format!("{}_", field.name).into(),
        ..field
    });
    let id = registry
        .add(EventType::new("all", fields.collect()))
        .unwrap();
    vec![None, Some(Arc::new(Binding::identity(&registry, id)))]
}

fn texts(list: &[&str]) -> Texts {
    let mut texts = Texts {
        offsets: vec![0],
        ..Texts::default()
    };
    for text in list {
        texts.bytes.push_str(text);
        texts.offsets.push(texts.bytes.len() as u32);
    }
    texts
}

fn plain(list: &[&str]) -> Text {
    Text::Plain(texts(list))
}

fn column(data: ColumnData) -> Column {
    Column {
        validity: vec![],
        data,
    }
}

fn section() -> Section {
    let dict = Text::Dict(Dictionary {
        codes: vec![1, 0, 1],
        values: texts(&["bär", "ant"]),
    });
    Section {
        schema: 1,
        rows: ROWS as u32,
        time: vec![10, 20, 30],
        source: plain(&["here", "", "über"]),
        id: Some(TextColumn {
            validity: vec![0b011],
            text: plain(&["1", "2", ""]),
        }),
        subject: None,
        severity: Some(SeverityColumn {
            validity: vec![0b110],
            codes: vec![0, 4, 1],
        }),
        columns: vec![
            column(ColumnData::Bool(vec![0b101])),
            column(ColumnData::Int(vec![1, -2, i64::MAX])),
            column(ColumnData::Float(vec![0.0, f64::INFINITY, -1.5])),
            column(ColumnData::Time(vec![1, 2, 3])),
            column(ColumnData::Duration(vec![-1, 0, 1])),
            column(ColumnData::Enum(vec![0, 1, 0])),
            column(ColumnData::Text(plain(&["", "a longer text", "ß"]))),
            Column {
                validity: vec![0b100],
                data: ColumnData::Text(dict),
            },
            column(ColumnData::Ip(vec![[7; 16]; ROWS])),
        ],
    }
}

fn batch() -> Batch {
    Batch {
        order: vec![],
        sections: vec![section()],
    }
}

fn kind_of(bytes: &[u8]) -> Option<Kind> {
    check(bytes, &bindings()).err().map(super::BatchError::kind)
}

/// The error that the good batch gives after a change, with its text.
fn after(change: impl FnOnce(&mut Batch)) -> (Option<Kind>, String) {
    let mut batch = batch();
    change(&mut batch);
    match check(&batch.to_bytes(), &bindings()) {
        Ok(_) => (None, String::new()),
        Err(error) => (Some(error.kind()), error.to_string()),
    }
}

fn after_column(index: usize, change: impl FnOnce(&mut Column)) -> Option<Kind> {
    let (kind, text) = after(|batch| change(&mut batch.sections[0].columns[index]));
    if kind.is_some() {
        assert!(
            text.starts_with(&format!("section 0, column {index}: ")),
            "{text}"
        );
    }
    kind
}

fn after_text(change: impl FnOnce(&mut Texts)) -> Option<Kind> {
    after_column(6, |column| match &mut column.data {
        ColumnData::Text(Text::Plain(texts)) => change(texts),
        other => panic!("{other:?}"),
    })
}

fn after_dict(change: impl FnOnce(&mut Dictionary)) -> Option<Kind> {
    after_column(7, |column| match &mut column.data {
        ColumnData::Text(Text::Dict(dictionary)) => change(dictionary),
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_good_batch_reads_as_it_was_written() {
    let bindings = bindings();
    let bytes = batch().to_bytes();
    let view = check(&bytes, &bindings).unwrap();
    assert_eq!(
        (view.rows(), view.section_count(), view.order()),
        (3, 1, &[][..])
    );
    let section = view.section(0);
    assert_eq!(section.times(), [10, 20, 30]);
    let event = section.event(1);
    assert_eq!(
        (event.type_id, event.time, &*event.source),
        (TypeId::new(0), 20, "")
    );
    assert_eq!(
        (event.id.as_deref(), event.subject, event.severity),
        (Some("2"), None, Some(Severity::Critical))
    );
    assert_eq!(
        event.values,
        [
            Value::Bool(false),
            Value::Int(-2),
            Value::Float(f64::INFINITY),
            Value::Time(2),
            Value::Duration(0),
            Value::Enum(1),
            Value::Text("a longer text".into()),
            Value::Null,
            Value::Ip(Ip::from_octets([7; 16])),
        ]
    );
    assert_eq!(section.event(0).severity, None);
    assert_eq!(section.event(2).id, None);
    assert_eq!(
        section.value(FieldId::new(7), 2).to_value(),
        Value::Text("ant".into())
    );
    assert!(section.column(FieldId::new(9)).is_none());
}

#[test]
fn bytes_that_are_no_archive() {
    let bytes = batch().to_bytes();
    let mut shifted = vec![0; 8];
    shifted.extend_from_slice(&bytes);
    assert_eq!(
        kind_of(&BatchBytes::copy_of(&shifted)[8..]),
        Some(Kind::Align)
    );
    assert_eq!(
        kind_of(&BatchBytes::copy_of(&vec![0; MAX_BATCH + 1])),
        Some(Kind::Size)
    );
    assert_eq!(kind_of(&BatchBytes::copy_of(&[0])), Some(Kind::Archive));
    assert_eq!(
        kind_of(&BatchBytes::copy_of(&[0xff; 64])),
        Some(Kind::Archive)
    );
    let at = bytes
        .windows(6)
        .position(|window| window == "longer".as_bytes())
        .unwrap();
    let mut no_utf8 = bytes.to_vec();
    no_utf8[at] = 0xff;
    assert_eq!(kind_of(&BatchBytes::copy_of(&no_utf8)), Some(Kind::Archive));
}

#[test]
fn an_archive_with_room_for_more() {
    let bytes = batch().to_bytes();
    for gap in [8, 16, 1_024] {
        let mut longer = vec![0; gap];
        longer.extend_from_slice(&bytes);
        assert_eq!(
            kind_of(&BatchBytes::copy_of(&longer)),
            Some(Kind::Extent),
            "{gap} bytes before"
        );
    }
}

#[test]
fn sections_and_rows() {
    let many = |count, rows| Batch {
        order: (0..count)
            .flat_map(|section| vec![section as u8; rows])
            .collect(),
        sections: vec![
            Section {
                rows: rows as u32,
                time: vec![0; rows],
                ..bare(rows)
            };
            count
        ],
    };
    let bindings = vec![None, Some(Arc::new(bare_binding()))];
    let kind = |batch: Batch| {
        check(&batch.to_bytes(), &bindings)
            .err()
            .map(super::BatchError::kind)
    };
    assert_eq!(kind(Batch::default()), None);
    assert_eq!(kind(many(MAX_SECTIONS, 1)), None);
    assert_eq!(kind(many(MAX_SECTIONS + 1, 1)), Some(Kind::Sections));
    assert_eq!(kind(many(2, MAX_ROWS / 2)), None);
    assert_eq!(kind(many(2, MAX_ROWS / 2 + 1)), Some(Kind::Rows));
    assert_eq!(kind(many(2, 0)), Some(Kind::Rows));
    let reordered = |order: &[u8]| {
        kind(Batch {
            order: order.to_vec(),
            ..many(2, 2)
        })
    };
    assert_eq!(reordered(&[1, 0, 0, 1]), None);
    assert_eq!(reordered(&[1, 0, 0, 0]), Some(Kind::Order));
    assert_eq!(reordered(&[1, 0, 0]), Some(Kind::Order));
    assert_eq!(reordered(&[1, 0, 0, 1, 2]), Some(Kind::Order));
    assert_eq!(reordered(&[]), Some(Kind::Order));
    assert_eq!(
        after(|batch| batch.order = vec![0; ROWS]).0,
        Some(Kind::Order),
        "empty for one section"
    );
}

/// A section without fields.
fn bare(rows: usize) -> Section {
    Section {
        schema: 1,
        source: plain(&vec![""; rows]),
        ..Section::default()
    }
}

fn bare_binding() -> Binding {
    let mut registry = Registry::new();
    let id = registry.add(EventType::new("bare", vec![])).unwrap();
    Binding::identity(&registry, id)
}

#[test]
fn what_was_not_declared() {
    for schema in [0, 2, u32::MAX] {
        let (kind, text) = after(|batch| batch.sections[0].schema = schema);
        assert_eq!(kind, Some(Kind::Schema));
        assert!(text.starts_with("section 0: "), "{text}");
    }
    assert_eq!(
        after(|batch| batch.sections[0].columns.truncate(8)).0,
        Some(Kind::Columns)
    );
    assert_eq!(
        after(|batch| batch.sections[0]
            .columns
            .push(column(ColumnData::Int(vec![0; ROWS]))))
        .0,
        Some(Kind::Columns)
    );
    for index in 0..9 {
        // An int column has the bytes of a time column: the kind alone tells.
        let other = if index == 1 {
            ColumnData::Time(vec![0; ROWS])
        } else {
            ColumnData::Int(vec![0; ROWS])
        };
        assert_eq!(
            after_column(index, |column| column.data = other),
            Some(Kind::Kind)
        );
    }
}

#[test]
fn columns_of_another_length() {
    for (index, short) in [
        (1, ColumnData::Int(vec![0; 2])),
        (2, ColumnData::Float(vec![0.0; 4])),
        (3, ColumnData::Time(vec![])),
        (4, ColumnData::Duration(vec![0; 2])),
        (5, ColumnData::Enum(vec![0; 4])),
        (6, ColumnData::Text(plain(&["a", "b"]))),
        (
            7,
            ColumnData::Text(Text::Dict(Dictionary {
                codes: vec![0; 2],
                values: texts(&["a"]),
            })),
        ),
        (8, ColumnData::Ip(vec![[0; 16]; 2])),
    ] {
        assert_eq!(
            after_column(index, |column| column.data = short),
            Some(Kind::Length),
            "column {index}"
        );
    }
    let (kind, text) = after(|batch| batch.sections[0].time.truncate(2));
    assert_eq!(kind, Some(Kind::Length));
    assert!(text.starts_with("section 0, `time`: "), "{text}");
    assert_eq!(
        after(|batch| batch.sections[0].source = plain(&[])).0,
        Some(Kind::Length)
    );
    assert_eq!(
        after(|batch| batch.sections[0].rows = 2).0,
        Some(Kind::Length)
    );
}

#[test]
fn bitmaps() {
    for bits in [vec![], vec![0, 0], vec![0b1000], vec![1 << 63]] {
        assert_eq!(
            after_column(0, |column| column.data = ColumnData::Bool(bits.clone())),
            Some(Kind::Bitmap)
        );
        if !bits.is_empty() {
            assert_eq!(
                after_column(7, |column| column.validity = bits),
                Some(Kind::Bitmap)
            );
        }
    }
    assert_eq!(
        after_column(7, |column| column.validity = vec![]),
        None,
        "all present"
    );
    assert_eq!(
        after_column(1, |column| column.validity = vec![0b111]),
        None,
        "all present, spelt out"
    );
    assert_eq!(
        after_column(1, |column| column.validity = vec![0b101]),
        Some(Kind::Null)
    );
    assert_eq!(
        after(|batch| batch.sections[0].id = Some(TextColumn {
            validity: vec![8],
            text: plain(&["", "", ""])
        }))
        .0,
        Some(Kind::Bitmap)
    );
}

#[test]
fn values_out_of_range() {
    assert_eq!(
        after_column(2, |column| column.data =
            ColumnData::Float(vec![0.0, f64::NAN, 0.0])),
        Some(Kind::Float)
    );
    assert_eq!(
        after_column(2, |column| column.data =
            ColumnData::Float(vec![0.0, 0.0, -0.0])),
        Some(Kind::Float)
    );
    assert_eq!(
        after_column(5, |column| column.data = ColumnData::Enum(vec![0, 2, 0])),
        Some(Kind::Enum)
    );
    let severity = SeverityColumn {
        validity: vec![],
        codes: vec![0, 5, 0],
    };
    assert_eq!(
        after(|batch| batch.sections[0].severity = Some(severity)).0,
        Some(Kind::Severity)
    );
    assert_eq!(
        after_dict(|dictionary| dictionary.codes[1] = 2),
        Some(Kind::Dictionary)
    );
    assert_eq!(
        after_dict(|dictionary| dictionary.values = texts(&[])),
        Some(Kind::Dictionary)
    );
    assert_eq!(
        after_dict(|dictionary| dictionary.values = texts(&vec![""; 65_536])),
        None
    );
    assert_eq!(
        after_dict(|dictionary| dictionary.values = texts(&vec![""; 65_537])),
        Some(Kind::Dictionary)
    );
}

#[test]
fn offsets_of_texts() {
    let offsets = |offsets: [u32; 4]| after_text(|texts| texts.offsets = offsets.to_vec());
    assert_eq!(offsets([0, 3, 3, 15]), None);
    assert_eq!(offsets([1, 3, 3, 15]), Some(Kind::Offsets));
    assert_eq!(offsets([0, 3, 2, 15]), Some(Kind::Offsets));
    assert_eq!(offsets([0, 3, 3, 13]), Some(Kind::Offsets));
    assert_eq!(offsets([0, 3, 3, 16]), Some(Kind::Offsets));
    assert_eq!(offsets([0, 3, u32::MAX, 15]), Some(Kind::Offsets));
    assert_eq!(offsets([0, 3, 14, 15]), Some(Kind::Boundary), "inside of ß");
    assert_eq!(
        after_text(|texts| texts.offsets.clear()),
        Some(Kind::Length)
    );
    assert_eq!(
        after_dict(|dictionary| dictionary.values.offsets.clear()),
        Some(Kind::Offsets)
    );
    let long =
        |bytes| after_text(|texts| *texts = super::tests::texts(&["", &"x".repeat(bytes), "y"]));
    assert_eq!(long(MAX_TEXT), None);
    assert_eq!(long(MAX_TEXT + 1), Some(Kind::Text));
}

#[test]
fn each_kind_has_a_code_and_a_reason_of_its_own() {
    let mut seen = std::collections::HashSet::new();
    for kind in Kind::ALL {
        assert!(kind.code().starts_with("E_BATCH_"));
        assert!(
            seen.insert(kind.code().to_owned()) && seen.insert(kind.to_string()),
            "{kind:?}"
        );
    }
}
