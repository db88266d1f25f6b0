//! `floor`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const FLOOR: Function = Function {
    name: "floor",
    area: Area::Numbers,
    about: "The largest whole number that is not above the number, as a float. `int(floor(x))` is an int.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        float(a.float(0).floor())
    })],
    folds: false,
    examples: &[("floor(2.7)", "2"), ("floor(-2.1)", "-3")],
};
