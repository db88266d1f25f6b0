//! `second`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const SECOND: Function = Function {
    name: "second",
    area: Area::Times,
    about: "The second of the minute, 0 to 59.",
    signatures: &[takes(&[("t", Type::Time)], Type::Int, |a| {
        int(a.local(1).second())
    })],
    folds: false,
    examples: &[("second(2026-01-31T23:30:15.25Z)", "15")],
};
