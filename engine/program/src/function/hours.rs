//! `hours`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const HOURS: Function = Function {
    name: "hours",
    area: Area::Times,
    about: "A duration in hours, as a float.",
    signatures: &[takes(&[("d", Type::Duration)], Type::Float, |a| {
        float(a.int(0) as f64 / 3.6e12)
    })],
    folds: false,
    examples: &[("hours(90m)", "1.5")],
};
