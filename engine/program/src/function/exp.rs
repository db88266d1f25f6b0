//! `exp`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const EXP: Function = Function {
    name: "exp",
    area: Area::Numbers,
    about: "e to the power of the number.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        float(a.float(0).exp())
    })],
    folds: false,
    examples: &[("exp(0.0)", "1"), ("exp(-1.0)", "0.36787944117144233")],
};
