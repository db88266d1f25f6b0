//! `int`.

use super::scalar::{int, parsed, whole};
use super::{Area, Function, Type, takes};

pub(super) const INT: Function = Function {
    name: "int",
    area: Area::Conversions,
    about: "A whole number: of a float without its digits after the point, of a text that is one (`-12`), of `true` 1 and of `false` 0. What is none is null, and counted.",
    signatures: &[
        takes(&[("x", Type::Float)], Type::Int, |a| {
            whole(a.float(0).trunc())
        }),
        takes(&[("x", Type::Text)], Type::Int, |a| {
            parsed(a.text(0).parse::<i64>().ok(), int)
        }),
        takes(&[("x", Type::Bool)], Type::Int, |a| int(a.truth(0))),
    ],
    folds: false,
    examples: &[
        ("int(-2.9)", "-2"),
        (r#"int("42")"#, "42"),
        ("int(true)", "1"),
        (r#"int("4 2")"#, "null"),
        ("int(1e300)", "null"),
    ],
};
