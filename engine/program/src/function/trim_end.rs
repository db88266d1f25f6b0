//! `trim_end`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const TRIM_END: Function = Function {
    name: "trim_end",
    area: Area::Texts,
    about: "The text without white space at its end.",
    signatures: &[takes(&[("x", Type::Text)], Type::Text, |a| {
        text(a.text(0).trim_end())
    })],
    folds: false,
    examples: &[(r#"trim_end(" a  ")"#, r#"" a""#)],
};
