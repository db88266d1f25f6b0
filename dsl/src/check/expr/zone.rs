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
        let error = Diagnostic::error(
            UNKNOWN_ZONE,
            span,
            format!("there is no time zone `{name}`"),
        );
        let names = Zone::names();
        self.refuse(match meant(name, &names) {
            Some(meant) => error.with_suggestion(
                span,
                format!("\"{meant}\""),
                format!("did you mean `{meant}`?"),
            ),
            None => error.with_help("a zone has a name like `Europe/Berlin`, or is `UTC`"),
        })
    }
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
