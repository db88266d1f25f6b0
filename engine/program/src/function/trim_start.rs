//! `trim_start`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const TRIM_START: Function = Function {
    name: "trim_start",
    area: Area::Texts,
    about: "The text without white space at its start.",
    signatures: &[takes(&[("x", Type::Text)], Type::Text, |a| {
        text(a.text(0).trim_start())
    })],
    folds: false,
    examples: &[(r#"trim_start("  a ")"#, r#""a ""#)],
};
