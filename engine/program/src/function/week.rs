//! `week`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const WEEK: Function = Function {
    name: "week",
    area: Area::Times,
    about: "The week of the year, 1 to 53, by ISO 8601: weeks begin on Monday, and the first has the year's first Thursday. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| {
            int(a.local(1).iso_week_date().week())
        }),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).iso_week_date().week())
        }),
    ],
    folds: false,
    examples: &[
        ("week(2026-01-01T00:00:00Z)", "1"),
        ("week(2027-01-01T00:00:00Z)", "53"),
    ],
};
