//! `trunc`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const TRUNC: Function = Function {
    name: "trunc",
    area: Area::Numbers,
    about: "The number without its digits after the point, as a float.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        float(a.float(0).trunc())
    })],
    folds: false,
    examples: &[("trunc(2.7)", "2"), ("trunc(-2.7)", "-2")],
};
