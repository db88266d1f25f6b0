//! `ip_version`.

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const IP_VERSION: Function = Function {
    name: "ip_version",
    area: Area::Addresses,
    about: "4 or 6.",
    signatures: &[takes(&[("a", Type::Ip)], Type::Int, |a| {
        int(if a.ip(0).to_ip_addr().is_ipv4() { 4 } else { 6 })
    })],
    folds: false,
    examples: &[
        ("ip_version(10.0.0.1)", "4"),
        (r#"ip_version(ip"2001:db8::1")"#, "6"),
    ],
};
