//! `upper`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const UPPER: Function = Function {
    name: "upper",
    area: Area::Texts,
    about: "The text in upper case, by Unicode's full mapping.",
    signatures: &[takes(&[("x", Type::Text)], Type::Text, |a| {
        text(a.text(0).to_uppercase())
    })],
    folds: false,
    examples: &[(r#"upper("straße")"#, r#""STRASSE""#)],
};
