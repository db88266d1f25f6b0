//! `minute`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const MINUTE: Function = Function {
    name: "minute",
    area: Area::Times,
    about: "The minute of the hour, 0 to 59. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| {
            int(a.local(1).minute())
        }),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).minute())
        }),
    ],
    folds: false,
    examples: &[
        ("minute(2026-01-31T23:30:15.25Z)", "30"),
        (r#"minute(2026-01-31T23:30:15.25Z, "Asia/Kolkata")"#, "0"),
    ],
};
