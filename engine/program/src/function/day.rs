//! `day`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const DAY: Function = Function {
    name: "day",
    area: Area::Times,
    about: "The day of the month, 1 to 31. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| int(a.local(1).day())),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).day())
        }),
    ],
    folds: false,
    examples: &[
        ("day(2026-01-31T23:30:15.25Z)", "31"),
        (r#"day(2026-01-31T23:30:15.25Z, "Asia/Tokyo")"#, "1"),
    ],
};
