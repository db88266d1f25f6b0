//! A batch from a peer.

use std::sync::LazyLock;

use trapjaw_event::{BatchBytes, BatchView, FieldId, SectionView, check};
use trapjaw_program::Code;
use trapjaw_program::sample::{self, Entropy};

use crate::verify_then_run::{means, slots};
use crate::world::{self, BINDINGS, REGISTRY};
use crate::{Outcome, XorShift};

/// Code for each type, by its id. A peer may put anything under a null: evaluation must not see it.
static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let mut random = XorShift::new(1);
    let choices: Vec<u8> = (0..CHOICES).map(|_| random.byte()).collect();
    let types = REGISTRY.iter().map(|(id, _)| id);
    types
        .map(|id| sample::code(&slots(id), &mut Entropy::new(&choices)))
        .collect()
});

/// Bytes that decide about a type's code: enough for some dozens of instructions.
const CHOICES: usize = 600;

/// Checks the bytes as a batch; what passes is read whole, through every accessor, evaluated, and built again.
pub fn batch(data: &[u8]) -> Outcome {
    let bytes = BatchBytes::copy_of(data);
    let Ok(view) = check(&bytes, &BINDINGS) else {
        return Outcome::Refused;
    };
    rows_in_order(view);
    view.sections().for_each(section);
    let rows = view.rows_in_order();
    let events: Vec<_> = rows
        .map(|(section, row)| view.section(section).event(row))
        .collect();
    assert_eq!(events.len(), view.rows() as usize);
    world::survives(&events);
    Outcome::Accepted
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
fn section(section: SectionView<'_>) {
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
        for row in 0..rows {
            let value = section.value(id, row);
            world::is_of(value, field);
            let is_there = column.is_some_and(|column| column.is_present(row));
            assert_eq!(is_there, !value.is_null());
            assert!(column.is_none_or(|column| column.value(row) == value));
        }
    }
    means(&CODES[section.type_id().index()], section);
}
