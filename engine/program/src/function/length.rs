//! `length`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const LENGTH: Function = Function {
    name: "length",
    area: Area::Texts,
    about: "How many characters the text has (Unicode scalar values).",
    signatures: &[takes(&[("x", Type::Text)], Type::Int, |a| {
        int(a.text(0).chars().count() as i64)
    })],
    folds: false,
    examples: &[(r#"length("größe")"#, "5"), (r#"length("")"#, "0")],
};
