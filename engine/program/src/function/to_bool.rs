//! `bool`.

use super::scalar::{parsed, truth};
use super::{Area, Function, Type, takes};

pub(super) const BOOL: Function = Function {
    name: "bool",
    area: Area::Conversions,
    about: "What the texts `true` and `false` say; any other text is null, and counted.",
    signatures: &[takes(&[("x", Type::Text)], Type::Bool, |a| {
        parsed(a.text(0).parse().ok(), truth)
    })],
    folds: false,
    examples: &[(r#"bool("true")"#, "true"), (r#"bool("yes")"#, "null")],
};
