//! `time`.

use super::scalar::{int, parsed};
use super::{Area, Function, Type, takes};

pub(super) const TIME: Function = Function {
    name: "time",
    area: Area::Conversions,
    about: "The time that a text in RFC 3339 tells, with its zone. Any other text is null, and counted.",
    signatures: &[takes(&[("x", Type::Text)], Type::Time, |a| {
        parsed(instant(a.text(0)), int)
    })],
    folds: false,
    examples: &[
        (
            r#"time("2026-01-31T12:00:00+02:00")"#,
            "2026-01-31T10:00:00Z",
        ),
        (r#"time("2026-02-30T00:00:00Z")"#, "null"),
        (r#"time("yesterday")"#, "null"),
    ],
};

fn instant(text: &str) -> Option<i64> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(instant.as_nanosecond()).ok()
}
