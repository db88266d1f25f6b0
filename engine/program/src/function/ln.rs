//! `ln`.

use super::scalar::logarithm;
use super::{Area, Function, Type, takes};

pub(super) const LN: Function = Function {
    name: "ln",
    area: Area::Numbers,
    about: "The natural logarithm. Of zero and of negative numbers null, and counted.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        logarithm(a.float(0), f64::ln)
    })],
    folds: false,
    examples: &[("ln(1.0)", "0"), ("ln(0.0)", "null")],
};
