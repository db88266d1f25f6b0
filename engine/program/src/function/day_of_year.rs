//! `day_of_year`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const DAY_OF_YEAR: Function = Function {
    name: "day_of_year",
    area: Area::Times,
    about: "The day of the year, 1 to 366. In UTC where no zone is named.",
    signatures: &[
        takes(&[("t", Type::Time)], Type::Int, |a| {
            int(a.local(1).day_of_year())
        }),
        takes(&[("t", Type::Time), ("zone", Type::Zone)], Type::Int, |a| {
            int(a.local(1).day_of_year())
        }),
    ],
    folds: false,
    examples: &[("day_of_year(2026-01-31T23:30:15.25Z)", "31")],
};
