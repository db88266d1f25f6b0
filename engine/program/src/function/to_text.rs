//! `text`.

use trapjaw_event::format;

use super::scalar::text;
use super::{Area, Function, Type, takes};

pub(super) const TEXT: Function = Function {
    name: "text",
    area: Area::Conversions,
    about: "The value as interpolation shows it without a format; but null stays null. `text(c.phase)` is the name of an enum's value.",
    signatures: &[
        takes(&[("x", Type::Bool)], Type::Text, |a| {
            text(a.truth(0).to_string())
        }),
        takes(&[("x", Type::Int)], Type::Text, |a| {
            text(a.int(0).to_string())
        }),
        takes(&[("x", Type::Float)], Type::Text, |a| {
            text(format::Float(a.float(0)).to_string())
        }),
        takes(&[("x", Type::Time)], Type::Text, |a| {
            text(format::Time(a.int(0)).to_string())
        }),
        takes(&[("x", Type::Duration)], Type::Text, |a| {
            text(format::Duration(a.int(0)).to_string())
        }),
        takes(&[("x", Type::Ip)], Type::Text, |a| {
            text(a.ip(0).to_string())
        }),
    ],
    folds: false,
    examples: &[
        ("text(12)", r#""12""#),
        ("text(0.50)", r#""0.5""#),
        ("text(5m30s)", r#""5m30s""#),
        (r#"text(ip"2001:db8::1")"#, r#""2001:db8::1""#),
    ],
};
