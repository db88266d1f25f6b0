//! `month`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const MONTH: Function = Function {
    name: "month",
    area: Area::Times,
    about: "The month of a time, 1 to 12. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| int(a.local(1).month())),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).month())
        }),
    ],
    folds: false,
    examples: &[
        ("month(2026-01-31T23:30:15.25Z)", "1"),
        (r#"month(2026-01-31T23:30:15.25Z, "Asia/Tokyo")"#, "2"),
    ],
};
