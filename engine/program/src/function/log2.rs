//! `log2`.

use super::scalar::logarithm;
use super::{Area, Function, Type, takes};

pub(super) const LOG2: Function = Function {
    name: "log2",
    area: Area::Numbers,
    about: "The logarithm to the base 2. Of zero and of negative numbers null, and counted.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        logarithm(a.float(0), f64::log2)
    })],
    folds: false,
    examples: &[("log2(8.0)", "3"), ("log2(0.0)", "null")],
};
