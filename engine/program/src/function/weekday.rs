//! `weekday`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const WEEKDAY: Function = Function {
    name: "weekday",
    area: Area::Times,
    about: "The day of the week, from 1 for Monday to 7 for Sunday. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| {
            int(a.local(1).weekday().to_monday_one_offset())
        }),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).weekday().to_monday_one_offset())
        }),
    ],
    folds: false,
    examples: &[
        ("weekday(2026-01-31T23:30:15.25Z)", "6"),
        (r#"weekday(2026-01-31T23:30:15.25Z, "Asia/Tokyo")"#, "7"),
    ],
};
