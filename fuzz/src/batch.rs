//! A batch from a peer.

use std::sync::Arc;

use trapjaw_engine::{Config, Lockstep, Origin};
use trapjaw_event::{
    BatchBuilder, BatchBytes, BatchView, ColumnData, FieldId, Match, SectionView, check,
};
use trapjaw_program::sample::Entropy;

use crate::Outcome;
use crate::verify_then_run::{means, sampled};
use crate::world::{self, BINDINGS, REGISTRY, RULES};

/// Bytes that decide about the code that a section is evaluated with.
const CHOICES: usize = 300;

/// Checks the bytes as a batch; what passes is read whole, through every accessor, and evaluated, and built again.
///
/// A peer may put anything under a null, and choose among forms of a column. What rules find in the batch must be what
/// they find in the same events in the form that we build.
pub fn batch(data: &[u8]) -> Outcome {
    let bytes = BatchBytes::copy_of(data);
    let Ok(view) = check(&bytes, &BINDINGS) else {
        return Outcome::Refused;
    };
    rows_in_order(view);
    let choices = world::stretched(data, CHOICES);
    let choices = &choices[data.len()..];
    view.sections().for_each(|one| section(one, choices));
    let rows = view.rows_in_order();
    let events: Vec<_> = rows
        .map(|(section, row)| view.section(section).event(row))
        .collect();
    assert_eq!(events.len(), view.rows() as usize);
    world::survives(&events);
    if !events.is_empty() {
        let mut builder = BatchBuilder::new(Arc::clone(&REGISTRY));
        // Without dictionaries a batch may grow beyond what fits: then there is nothing to compare with.
        if events.iter().all(|event| builder.push(event).is_ok()) {
            let bytes = builder.finish();
            let bindings = world::identity();
            let built = check(&bytes, &bindings).expect("what was built is sound");
            assert_eq!(found(view), found(built), "{events:#?}");
        }
    }
    Outcome::Accepted
}

/// What rules find in a batch.
fn found(batch: BatchView<'_>) -> Vec<Match> {
    let mut found = Vec::new();
    let mut lockstep = Lockstep::new(&RULES, Config::default(), 1);
    let origin = Origin {
        stream: 7,
        sequence: 1,
    };
    lockstep.batch(batch, origin, &mut |one| found.push(one));
    found
}

/// Each row stands once in the order, and those of one section in theirs.
fn rows_in_order(view: BatchView<'_>) {
    let mut next = vec![0; view.section_count()];
    for (section, row) in view.rows_in_order() {
        assert_eq!(row, next[section]);
        next[section] += 1;
    }
    let rows: Vec<usize> = view.sections().map(SectionView::rows).collect();
    assert_eq!(next, rows);
}

/// Columns and rows say the same.
fn section(section: SectionView<'_>, choices: &[u8]) {
    let ty = REGISTRY.get(section.type_id());
    let rows = section.rows();
    assert!(rows > 0);
    assert_eq!(section.times().len(), rows);
    for row in 0..rows {
        let event = section.event(row);
        assert_eq!(event.time, section.times()[row]);
        assert_eq!(&*event.source, section.source().get(row));
        assert_eq!(event.severity, section.severity_at(row));
        for (column, text) in [
            (section.id(), &event.id),
            (section.subject(), &event.subject),
        ] {
            let is_there = column.is_some_and(|column| column.is_present(row));
            assert_eq!(is_there, text.is_some());
        }
    }
    for (index, field) in ty.fields.iter().enumerate() {
        let id = FieldId::from_index(index).expect("a type's fields have ids");
        let column = section.column(id);
        if let Some(column) = column {
            let truth = match column.data {
                ColumnData::Bool(words) => Some(words),
                _ => None,
            };
            for words in [column.validity, truth].into_iter().flatten() {
                assert_eq!(words.len(), rows.div_ceil(64));
                let behind = words
                    .last()
                    .map_or(0, |last| last.unbounded_shr(((rows - 1) % 64 + 1) as u32));
                assert_eq!(behind, 0, "bits behind the last row");
            }
        }
        for row in 0..rows {
            let value = section.value(id, row);
            world::is_of(value, field);
            let is_there = column.is_some_and(|column| column.is_present(row));
            assert_eq!(is_there, !value.is_null());
            assert!(column.is_none_or(|column| column.value(row) == value));
        }
    }
    let code = sampled(section.type_id(), &mut Entropy::new(choices));
    means(&code, section);
}
