//! Time zones by their names.

use super::super::Outcome;
use super::Checker;
use crate::diagnostic::{Diagnostic, codes::types::UNKNOWN_ZONE, did_you_mean};
use crate::source::Span;
use trapjaw_program::Zone;

impl Checker<'_> {
    /// The zone of a name that stands, in quotes, at `span`.
    pub(in crate::check) fn zone(&mut self, name: &str, span: Span) -> Outcome<Zone> {
        if let Some(zone) = Zone::by_name(name) {
            return Ok(zone);
        }
        let names = Zone::names();
        self.refuse(match meant(name, &names) {
            Some(meant) => no_zone(name, span).with_suggestion(
                span,
                format!("\"{meant}\""),
                format!("did you mean `{meant}`?"),
            ),
            None => unknown_zone(name, span),
        })
    }
}

fn no_zone(name: &str, span: Span) -> Diagnostic {
    let message = format!("there is no time zone `{name}`");
    Diagnostic::error(UNKNOWN_ZONE, span, message)
}

/// There is no such zone; `span` is not its name alone.
pub(super) fn unknown_zone(name: &str, span: Span) -> Diagnostic {
    no_zone(name, span).with_help(match meant(name, &Zone::names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a zone has a name like `Europe/Berlin`, or is `UTC`".to_owned(),
    })
}

/// The zone that a name may stand for: `Berlin` is how many think of `Europe/Berlin`.
fn meant<'n>(name: &str, names: &'n [String]) -> Option<&'n str> {
    let place = name.replace(' ', "_");
    let of_place = names.iter().find(|known| {
        let last = known.rsplit_once('/').map(|(_, place)| place);
        last.is_some_and(|last| last.eq_ignore_ascii_case(&place))
    });
    let of_place = of_place.map(String::as_str);
    of_place.or_else(|| did_you_mean(name, names.iter().map(String::as_str)))
}
