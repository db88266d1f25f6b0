//! `year`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const YEAR: Function = Function {
    name: "year",
    area: Area::Times,
    about: "The year of a time. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| int(a.local(1).year())),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).year())
        }),
    ],
    folds: false,
    examples: &[
        ("year(2026-01-31T23:30:15.25Z)", "2026"),
        (r#"year(2026-12-31T23:30:00Z, "Europe/Berlin")"#, "2027"),
    ],
};
