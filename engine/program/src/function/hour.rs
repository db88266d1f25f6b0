//! `hour`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const HOUR: Function = Function {
    name: "hour",
    area: Area::Times,
    about: "The hour of the day, 0 to 23. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| int(a.local(1).hour())),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).hour())
        }),
    ],
    folds: false,
    examples: &[
        ("hour(2026-01-31T23:30:15.25Z)", "23"),
        (r#"hour(2026-01-31T23:30:15.25Z, "America/New_York")"#, "18"),
    ],
};
