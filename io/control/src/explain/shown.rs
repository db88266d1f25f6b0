//! Values, events and clauses as people read them.

use trapjaw_dsl::hir;
use trapjaw_event::{Event, Registry, format};

use crate::table::plain;

/// An event's type and what it holds.
pub(super) fn event_text(registry: &Registry, event: &Event) -> String {
    let ty = registry.get(event.type_id);
    let mut text = ty.name.to_string();
    for (field, value) in ty.fields.iter().zip(&event.values) {
        if !value.is_null() {
            text.extend([" ", &field.name, "=", &plain(&field.ty, value)]);
        }
    }
    text
}

/// The rule's state clause, as rules write it.
pub(super) fn clause(rule: &hir::Rule) -> String {
    let d = |nanoseconds: i64| format::Duration(nanoseconds);
    match &rule.clause {
        hir::Clause::Each if rule.pattern.is_some() => "match".to_owned(),
        hir::Clause::Each => "each event".to_owned(),
        hir::Clause::Sustained { duration, .. } => format!("for {}", d(*duration)),
        hir::Clause::Sliding { length, .. } => format!("over {}", d(*length)),
        hir::Clause::Tumbling { length } => format!("over {} tumbling", d(*length)),
        hir::Clause::Hopping { length, every } => {
            format!("over {} every {}", d(*length), d(*every))
        }
        hir::Clause::Counted { count, .. } => format!("over {count} events"),
        hir::Clause::Batched { count } => format!("over {count} events tumbling"),
        hir::Clause::Session { gap } => format!("over session {}", d(*gap)),
        hir::Clause::All { .. } => "over all".to_owned(),
        hir::Clause::Absent { duration, .. } => format!("absent {}", d(*duration)),
        hir::Clause::Every { period, .. } => format!("every {}", d(*period)),
        hir::Clause::At { .. } => "at".to_owned(),
    }
}

/// The name that is nearest to one, if it is near at all.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|known| (steps(name, known), known));
    let near = near.filter(|(steps, _)| *steps <= name.len().div_ceil(3));
    near.min_by_key(|(steps, _)| *steps).map(|(_, known)| known)
}

/// How many letters have to be put in, taken out or changed to make one of the other (Levenshtein, 1966).
fn steps(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = core::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
