//! `greatest`.

use super::scalar::{float, int};
use super::{Area, Function, Type, takes};

pub(super) const GREATEST: Function = Function {
    name: "greatest",
    area: Area::Numbers,
    about: "The largest of its arguments, of which there may be any number from two; null where one of them is null. The largest of a window is `max`.",
    signatures: &[
        takes(&[("a", Type::Int), ("b", Type::Int)], Type::Int, |a| {
            int(a.int(0).max(a.int(1)))
        }),
        takes(
            &[("a", Type::Float), ("b", Type::Float)],
            Type::Float,
            |a| float(a.float(0).max(a.float(1))),
        ),
        takes(&[("a", Type::Time), ("b", Type::Time)], Type::Time, |a| {
            int(a.int(0).max(a.int(1)))
        }),
        takes(
            &[("a", Type::Duration), ("b", Type::Duration)],
            Type::Duration,
            |a| int(a.int(0).max(a.int(1))),
        ),
    ],
    folds: true,
    examples: &[
        ("greatest(7, 3, 5)", "7"),
        ("greatest(0.5, 7.25)", "7.25"),
        ("greatest(1m, 45s)", "1m"),
    ],
};
