//! The builder's bytes are those of a batch whose columns are made one by one, each from its definition.

mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use rows::{event, normal, registry};
use trapjaw_event::batch::{
    Batch, Column, ColumnData, Dictionary, Section, SeverityColumn, Text, TextColumn, Texts,
};
use trapjaw_event::{BatchBuilder, Event, FieldType, Registry, Severity, TypeId, Value};

fn batch(registry: &Registry, events: &[Event]) -> Batch {
    let mut types: Vec<TypeId> = Vec::new();
    let mut order = Vec::new();
    for event in events {
        let known = types.iter().position(|id| *id == event.type_id);
        order.push(known.unwrap_or(types.len()) as u8);
        if known.is_none() {
            types.push(event.type_id);
        }
    }
    if types.len() < 2 {
        order.clear();
    }
    let of = |id: &TypeId| {
        let rows = events.iter().filter(|event| event.type_id == *id);
        section(registry, *id, &rows.collect::<Vec<_>>())
    };
    Batch {
        order,
        sections: types.iter().map(of).collect(),
    }
}

fn section(registry: &Registry, id: TypeId, rows: &[&Event]) -> Section {
    let fields = registry.get(id).fields.iter().enumerate();
    Section {
        schema: id.get(),
        rows: rows.len() as u32,
        time: rows.iter().map(|row| row.time).collect(),
        source: text(&each(rows, |row| Some(&*row.source)), true),
        id: envelope(&each(rows, |row| row.id.as_deref()), false),
        subject: envelope(&each(rows, |row| row.subject.as_deref()), true),
        severity: severity(&each(rows, |row| row.severity)),
        columns: fields
            .map(|(index, field)| column(&field.ty, &each(rows, |row| &row.values[index])))
            .collect(),
    }
}

fn each<'a, T>(rows: &[&'a Event], part: impl Fn(&'a Event) -> T) -> Vec<T> {
    rows.iter().map(|row| part(row)).collect()
}

/// Nothing where all are present, else a bit for each.
fn validity(present: &[bool]) -> Vec<u64> {
    if present.iter().all(|present| *present) {
        return Vec::new();
    }
    bits(present)
}

fn bits(set: &[bool]) -> Vec<u64> {
    let word = |rows: &[bool]| {
        let bits = rows.iter().enumerate();
        bits.map(|(row, set)| u64::from(*set) << row).sum()
    };
    set.chunks(64).map(word).collect()
}

/// A dictionary where each text stands for two rows or more on average, and where texts of the column may repeat.
fn text(rows: &[Option<&str>], may_repeat: bool) -> Text {
    let mut codes = HashMap::new();
    let mut distinct = Vec::new();
    for row in rows.iter().flatten() {
        codes.entry(*row).or_insert_with(|| {
            distinct.push(*row);
            distinct.len() as u16 - 1
        });
    }
    if may_repeat && !distinct.is_empty() && distinct.len() * 2 <= rows.len() {
        return Text::Dict(Dictionary {
            codes: rows
                .iter()
                .map(|row| row.map_or(0, |row| codes[row]))
                .collect(),
            values: texts(&distinct),
        });
    }
    let rows = rows.iter().map(|row| row.unwrap_or_default());
    Text::Plain(texts(&rows.collect::<Vec<_>>()))
}

fn texts(all: &[&str]) -> Texts {
    let ends = all.iter().scan(0, |end, text| {
        *end += text.len() as u32;
        Some(*end)
    });
    Texts {
        offsets: [0].into_iter().chain(ends).collect(),
        bytes: all.concat(),
    }
}

fn envelope(rows: &[Option<&str>], may_repeat: bool) -> Option<TextColumn> {
    let present = rows.iter().map(Option::is_some).collect::<Vec<_>>();
    present.contains(&true).then(|| TextColumn {
        validity: validity(&present),
        text: text(rows, may_repeat),
    })
}

fn severity(rows: &[Option<Severity>]) -> Option<SeverityColumn> {
    let present = rows.iter().map(Option::is_some).collect::<Vec<_>>();
    present.contains(&true).then(|| SeverityColumn {
        validity: validity(&present),
        codes: rows
            .iter()
            .map(|row| row.map_or(0, Severity::code))
            .collect(),
    })
}

fn column(ty: &FieldType, rows: &[&Value]) -> Column {
    /// The values of one type, and its default where there is none.
    macro_rules! values {
        ($kind:ident, $zero:expr) => {
            rows.iter()
                .map(|row| {
                    if let Value::$kind(value) = row {
                        *value
                    } else {
                        $zero
                    }
                })
                .collect()
        };
    }
    let present = rows.iter().map(|row| !row.is_null()).collect::<Vec<_>>();
    let data = match ty {
        FieldType::Bool => {
            let set: Vec<bool> = values!(Bool, false);
            ColumnData::Bool(bits(&set))
        }
        FieldType::Int => ColumnData::Int(values!(Int, 0)),
        FieldType::Float => ColumnData::Float(values!(Float, 0.0)),
        FieldType::Time => ColumnData::Time(values!(Time, 0)),
        FieldType::Duration => ColumnData::Duration(values!(Duration, 0)),
        FieldType::Enum(_) => ColumnData::Enum(values!(Enum, 0)),
        FieldType::Ip => ColumnData::Ip(
            rows.iter()
                .map(|row| {
                    if let Value::Ip(ip) = row {
                        ip.octets()
                    } else {
                        [0; 16]
                    }
                })
                .collect(),
        ),
        FieldType::Text => {
            let texts = rows.iter().map(|row| match row {
                Value::Text(text) => Some(&**text),
                _ => None,
            });
            ColumnData::Text(text(&texts.collect::<Vec<_>>(), true))
        }
    };
    Column {
        validity: validity(&present),
        data,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_columns_are_the_same_bytes(batches in vec(vec(event(&registry()), 0..200), 1..4)) {
        let registry = Arc::new(registry());
        let mut builder = BatchBuilder::new(Arc::clone(&registry));
        for events in batches {
            for event in &events {
                builder.push(event).unwrap();
            }
            let events = events.into_iter().map(normal).collect::<Vec<_>>();
            let expected = batch(&registry, &events).to_bytes();
            prop_assert!(*builder.finish() == *expected);
        }
    }
}
