//! `is_private`.

use core::net::IpAddr;

use super::scalar::{Args, Outcome, truth};
use super::{Area, Function, Type, takes};

pub(super) const IS_PRIVATE: Function = Function {
    name: "is_private",
    area: Area::Addresses,
    about: "Is the address one of those that are not routed on the internet: private (RFC 1918), shared (RFC 6598), link-local, loopback, or unique local (RFC 4193)?",
    signatures: &[takes(&[("a", Type::Ip)], Type::Bool, private)],
    folds: false,
    examples: &[
        ("is_private(192.168.1.7)", "true"),
        ("is_private(100.64.0.1)", "true"),
        ("is_private(8.8.8.8)", "false"),
        (r#"is_private(ip"fd00::1")"#, "true"),
        (r#"is_private(ip"2001:db8::1")"#, "false"),
    ],
};

fn private(a: Args<'_>) -> Outcome {
    truth(match a.ip(0).to_ip_addr() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && second & 0xC0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    })
}
