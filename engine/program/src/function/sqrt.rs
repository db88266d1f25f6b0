//! `sqrt`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const SQRT: Function = Function {
    name: "sqrt",
    area: Area::Numbers,
    about: "The square root. Of a negative number null, and counted.",
    signatures: &[takes(&[("x", Type::Float)], Type::Float, |a| {
        float(a.float(0).sqrt())
    })],
    folds: false,
    examples: &[("sqrt(2.25)", "1.5"), ("sqrt(-1.0)", "null")],
};
