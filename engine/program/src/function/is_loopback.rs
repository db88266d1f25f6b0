//! `is_loopback`.

use super::scalar::truth;
use super::{Area, Function, Type, takes};

pub(super) const IS_LOOPBACK: Function = Function {
    name: "is_loopback",
    area: Area::Addresses,
    about: "Is it an address of the machine itself?",
    signatures: &[takes(&[("a", Type::Ip)], Type::Bool, |a| {
        truth(a.ip(0).to_ip_addr().is_loopback())
    })],
    folds: false,
    examples: &[
        ("is_loopback(127.0.0.1)", "true"),
        (r#"is_loopback(ip"::1")"#, "true"),
        ("is_loopback(10.0.0.1)", "false"),
    ],
};
