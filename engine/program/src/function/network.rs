//! `network`.

use super::scalar::{Args, Fault, Outcome, address};
use super::{Area, Function, Type, takes};

pub(super) const NETWORK: Function = Function {
    name: "network",
    area: Area::Addresses,
    about: "The first address of the network in which an address lies: its first `bits` bits, the others zero. With two numbers the first is for IPv4 and the second for IPv6. Null, and counted, for more bits than the address has. As a key it gathers neighbours: `by network(l.ip, 24, 64)`.",
    signatures: &[
        takes(&[("a", Type::Ip), ("bits", Type::Int)], Type::Ip, |a| {
            masked(a, a.int(1))
        }),
        takes(
            &[("a", Type::Ip), ("v4", Type::Int), ("v6", Type::Int)],
            Type::Ip,
            by_version,
        ),
    ],
    folds: false,
    examples: &[
        ("network(10.1.2.3, 8)", "10.0.0.0"),
        ("network(192.0.2.77, 24, 64)", "192.0.2.0"),
        (
            r#"network(ip"2001:db8:1:2:3::4", 24, 64)"#,
            r#"ip"2001:db8:1:2::""#,
        ),
        ("network(10.1.2.3, 33)", "null"),
    ],
};

fn by_version(a: Args<'_>) -> Outcome {
    let v4 = a.ip(0).to_ip_addr().is_ipv4();
    masked(a, a.int(if v4 { 1 } else { 2 }))
}

fn masked(a: Args<'_>, bits: i64) -> Outcome {
    let ip = a.ip(0);
    let width = if ip.to_ip_addr().is_ipv4() { 32 } else { 128 };
    if !(0..=width).contains(&bits) {
        return Err(Fault::Undefined);
    }
    // IPv4 addresses are the last 32 of 128 bits; those before them stay.
    let free = (width - bits) as u32;
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    address((u128::from_be_bytes(ip.octets()) & mask).to_be_bytes())
}
