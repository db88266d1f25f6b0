//! `log10`.

use super::scalar::logarithm;
use super::{Area, Function, Type, takes};

pub(super) const LOG10: Function = Function {
    name: "log10",
    area: Area::Numbers,
    about: "The logarithm to the base 10. Of zero and of negative numbers null, and counted.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        logarithm(a.float(0), f64::log10)
    })],
    folds: false,
    examples: &[("log10(1000.0)", "3"), ("log10(-1.0)", "null")],
};
