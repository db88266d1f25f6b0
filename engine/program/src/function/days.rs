//! `days`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const DAYS: Function = Function {
    name: "days",
    area: Area::Times,
    about: "A duration in days, as a float.",
    signatures: &[takes(&[("d", Type::Duration)], Type::Float, |a| {
        float(a.int(0) as f64 / 8.64e13)
    })],
    folds: false,
    examples: &[("days(36h)", "1.5")],
};
