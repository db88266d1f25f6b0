//! `abs`.

use super::scalar::{fits, float};
use super::{Area, Function, Type, takes};

pub(super) const ABS: Function = Function {
    name: "abs",
    area: Area::Numbers,
    about: "How far a number, or a duration, is from zero.",
    signatures: &[
        takes(&[("x", Type::Int)], Type::Int, |a| {
            fits(a.int(0).checked_abs())
        }),
        takes(&[("x", Type::Float)], Type::Float, |a| {
            float(a.float(0).abs())
        }),
        takes(&[("x", Type::Duration)], Type::Duration, |a| {
            fits(a.int(0).checked_abs())
        }),
    ],
    folds: false,
    examples: &[
        ("abs(-5)", "5"),
        ("abs(-2.5)", "2.5"),
        ("abs(-90s)", "1m30s"),
        ("abs(-9223372036854775807 - 1)", "null"),
    ],
};
