//! `seconds`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const SECONDS: Function = Function {
    name: "seconds",
    area: Area::Times,
    about: "A duration in seconds, as a float.",
    signatures: &[takes(&[("d", Type::Duration)], Type::Float, |a| {
        float(a.int(0) as f64 / 1e9)
    })],
    folds: false,
    examples: &[("seconds(1500ms)", "1.5")],
};
