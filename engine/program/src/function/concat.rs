//! `concat`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const CONCAT: Function = Function {
    name: "concat",
    area: Area::Texts,
    about: r#"One text after the other; there may be any number from two. Null where one of them is null: interpolation (`"{a}{b}"`) writes `null` instead."#,
    signatures: &[takes(
        &[("a", Type::Text), ("b", Type::Text)],
        Type::Text,
        |a| text([a.text(0), a.text(1)].concat()),
    )],
    folds: true,
    examples: &[(r#"concat("a", "-", "b")"#, r#""a-b""#)],
};
