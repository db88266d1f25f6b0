//! `ip`.

use trapjaw_event::Ip;

use super::scalar::{address, parsed};
use super::{Area, Function, Type, takes};

pub(super) const IP: Function = Function {
    name: "ip",
    area: Area::Conversions,
    about: "The address that a text tells. Any other text is null, and counted.",
    signatures: &[takes(&[("x", Type::Text)], Type::Ip, |a| {
        parsed(a.text(0).parse().ok(), |ip: Ip| address(ip.octets()))
    })],
    folds: false,
    examples: &[
        (r#"ip("10.0.0.1")"#, "10.0.0.1"),
        (r#"ip("::ffff:10.0.0.1")"#, "10.0.0.1"),
        (r#"ip("10.0.0")"#, "null"),
    ],
};
