//! `duration`.

use trapjaw_event::parse_duration;

use super::scalar::{int, parsed};
use super::{Area, Function, Type, takes};

pub(super) const DURATION: Function = Function {
    name: "duration",
    area: Area::Conversions,
    about: "The duration that a text tells as the language writes it (`5m30s`), also with a sign before it. Any other text is null, and counted. A number of seconds is `n * 1s`.",
    signatures: &[takes(&[("x", Type::Text)], Type::Duration, |a| {
        parsed(parse_duration(a.text(0)), int)
    })],
    folds: false,
    examples: &[
        (r#"duration("1h5m")"#, "1h5m"),
        (r#"duration("-250ms")"#, "-250ms"),
        (r#"duration("5")"#, "null"),
    ],
};
