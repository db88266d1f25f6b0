//! `least`.

use super::scalar::{float, int};
use super::{Area, Function, Type, takes};

pub(super) const LEAST: Function = Function {
    name: "least",
    area: Area::Numbers,
    about: "The smallest of its arguments, of which there may be any number from two; null where one of them is null. The smallest of a window is `min`.",
    signatures: &[
        takes(&[("a", Type::Int), ("b", Type::Int)], Type::Int, |a| {
            int(a.int(0).min(a.int(1)))
        }),
        takes(
            &[("a", Type::Float), ("b", Type::Float)],
            Type::Float,
            |a| float(a.float(0).min(a.float(1))),
        ),
        takes(&[("a", Type::Time), ("b", Type::Time)], Type::Time, |a| {
            int(a.int(0).min(a.int(1)))
        }),
        takes(
            &[("a", Type::Duration), ("b", Type::Duration)],
            Type::Duration,
            |a| int(a.int(0).min(a.int(1))),
        ),
    ],
    folds: true,
    examples: &[
        ("least(7, 3, 5)", "3"),
        ("least(0.5, 7.25)", "0.5"),
        ("least(1m, 45s)", "45s"),
    ],
};
