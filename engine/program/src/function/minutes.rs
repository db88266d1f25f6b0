//! `minutes`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const MINUTES: Function = Function {
    name: "minutes",
    area: Area::Times,
    about: "A duration in minutes, as a float.",
    signatures: &[takes(&[("d", Type::Duration)], Type::Float, |a| {
        float(a.int(0) as f64 / 6e10)
    })],
    folds: false,
    examples: &[("minutes(90s)", "1.5")],
};
