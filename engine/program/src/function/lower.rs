//! `lower`.

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const LOWER: Function = Function {
    name: "lower",
    area: Area::Texts,
    about: "The text in lower case, by Unicode's full mapping. To compare without regard to case there are `icontains`, `ilike` and the like.",
    signatures: &[takes(&[("x", Type::Text)], Type::Text, |a| {
        text(a.text(0).to_lowercase())
    })],
    folds: false,
    examples: &[(r#"lower("ÄRGER")"#, r#""ärger""#)],
};
