//! `ceil`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const CEIL: Function = Function {
    name: "ceil",
    area: Area::Numbers,
    about: "The smallest whole number that is not below the number, as a float.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        float(a.float(0).ceil())
    })],
    folds: false,
    examples: &[("ceil(2.1)", "3"), ("ceil(-2.7)", "-2")],
};
