//! `milliseconds`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const MILLISECONDS: Function = Function {
    name: "milliseconds",
    area: Area::Times,
    about: "A duration in milliseconds, as a float.",
    signatures: &[takes(&[("d", Type::Duration)], Type::Float, |a| {
        float(a.int(0) as f64 / 1e6)
    })],
    folds: false,
    examples: &[("milliseconds(1500us)", "1.5")],
};
