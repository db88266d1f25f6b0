//! `date`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const DATE: Function = Function {
    name: "date",
    area: Area::Times,
    about: "The date of a time as a text: `2026-01-31`. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Text, |a| {
            text(a.local(1).date().to_string())
        }),
        takes(
            &[("t", Type::Time), ("zone", Type::Zone)],
            Type::Text,
            |a| text(a.local(1).date().to_string()),
        ),
    ],
    folds: false,
    examples: &[
        ("date(2026-01-31T23:30:15.25Z)", r#""2026-01-31""#),
        (
            r#"date(2026-01-31T23:30:15.25Z, "Asia/Tokyo")"#,
            r#""2026-02-01""#,
        ),
    ],
};
