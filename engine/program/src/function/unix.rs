//! `unix`.

use super::scalar::float;
use super::{Area, Function, Type, takes};

pub(super) const UNIX: Function = Function {
    name: "unix",
    area: Area::Times,
    about: "The seconds since 1970-01-01T00:00:00Z as a float; digits after the point are parts of a second.",
    signatures: &[takes(&[("t", Type::Time)], Type::Float, |a| {
        float(a.int(0) as f64 / 1e9)
    })],
    folds: false,
    examples: &[("unix(1970-01-01T00:01:00.5Z)", "60.5")],
};
