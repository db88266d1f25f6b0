//! `trim`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const TRIM: Function = Function {
    name: "trim",
    area: Area::Texts,
    about: "The text without white space at both ends.",
    signatures: &[takes(&[("x", Type::Text)], Type::Text, |a| {
        text(a.text(0).trim())
    })],
    folds: false,
    examples: &[(r#"trim("  a b\n")"#, r#""a b""#)],
};
