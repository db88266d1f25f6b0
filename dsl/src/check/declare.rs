//! Names that are declared once.

use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, names as codes},
};
use crate::source::Span;
use std::collections::HashMap;
use trapjaw_event::limits::MAX_NAME;

/// The names of one kind of thing, each with the place that declared it.
pub(super) struct Declared {
    /// What the names stand for: "rule".
    what: &'static str,
    places: HashMap<String, Span>,
}

impl Declared {
    pub(super) fn new(what: &'static str) -> Declared {
        Declared {
            what,
            places: HashMap::new(),
        }
    }

    /// Takes a name in; reports one that is there already, or too long. Tells whether it is the first of its name.
    pub(super) fn declare(
        &mut self,
        name: &str,
        place: Span,
        findings: &mut Vec<Diagnostic>,
    ) -> bool {
        if name.len() > MAX_NAME {
            findings.push(beyond_limit(place, "bytes in a name", MAX_NAME));
        }
        if let Some(&first) = self.places.get(name) {
            let message = format!("there is a {} `{name}` already", self.what);
            findings.push(
                Diagnostic::error(codes::DUPLICATE_NAME, place, message)
                    .with_primary_label("declared again")
                    .with_label(first, "declared here"),
            );
            return false;
        }
        self.places.insert(name.to_owned(), place);
        true
    }

    /// Where the name is declared.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.places.get(name).copied()
    }
}

/// More than `limit` of something: "bytes in a name".
pub(super) fn beyond_limit(place: Span, what: &str, limit: usize) -> Diagnostic {
    Diagnostic::error(
        bounds::BEYOND_LIMIT,
        place,
        format!("there are at most {limit} {what}"),
    )
}
