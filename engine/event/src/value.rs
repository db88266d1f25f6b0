//! Types and values of an event's fields.

use core::fmt;
use core::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;
use std::sync::Arc;

/// The type of a field. Every value of the field is of this type, or null where the field is optional.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// True or false.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// 64-bit float. NaN is null, and -0.0 is 0.0.
    Float,
    /// UTF-8 text.
    Text,
    /// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
    Time,
    /// A span of time in nanoseconds.
    Duration,
    /// An IP address; IPv4 and its IPv6-mapped form are one address.
    Ip,
    /// One of the named variants; a value is the variant's place in the list.
    Enum(Arc<[Box<str>]>),
}

impl FieldType {
    /// Does a field of this type hold `value`? Null is held by each type; an enum code has to name a variant.
    pub fn admits(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (_, ValueRef::Null)
            | (Self::Bool, ValueRef::Bool(_))
            | (Self::Int, ValueRef::Int(_))
            | (Self::Float, ValueRef::Float(_))
            | (Self::Text, ValueRef::Text(_))
            | (Self::Time, ValueRef::Time(_))
            | (Self::Duration, ValueRef::Duration(_))
            | (Self::Ip, ValueRef::Ip(_)) => true,
            (Self::Enum(variants), ValueRef::Enum(code)) => usize::from(code) < variants.len(),
            _ => false,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Text => "text",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Ip => "ip",
            Self::Enum(variants) => return write!(f, "enum({})", variants.join(", ")),
        })
    }
}

/// A field's value, owned.
///
/// Equality is that of the contents: two floats are compared as numbers, so a NaN equals nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(Box<str>),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    /// An IP address.
    Ip(Ip),
    /// The variant's place in its [`FieldType::Enum`].
    Enum(u16),
}

impl Value {
    /// Is there no value?
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value without its ownership.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match *self {
            Self::Null => ValueRef::Null,
            Self::Bool(v) => ValueRef::Bool(v),
            Self::Int(v) => ValueRef::Int(v),
            Self::Float(v) => ValueRef::Float(v),
            Self::Text(ref v) => ValueRef::Text(v),
            Self::Time(v) => ValueRef::Time(v),
            Self::Duration(v) => ValueRef::Duration(v),
            Self::Ip(v) => ValueRef::Ip(v),
            Self::Enum(v) => ValueRef::Enum(v),
        }
    }
}

/// A field's value, borrowed from where it is kept. Each variant means what it means in [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    /// An IP address.
    Ip(Ip),
    /// The variant's place in its [`FieldType::Enum`].
    Enum(u16),
}

impl ValueRef<'_> {
    /// Is there no value?
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int(v) => Value::Int(v),
            Self::Float(v) => Value::Float(v),
            Self::Text(v) => Value::Text(v.into()),
            Self::Time(v) => Value::Time(v),
            Self::Duration(v) => Value::Duration(v),
            Self::Ip(v) => Value::Ip(v),
            Self::Enum(v) => Value::Enum(v),
        }
    }
}

/// An IP address in 16 bytes, in network order. An IPv4 address is kept IPv4-mapped (RFC 4291, 2.5.5.2), so that
/// one address has one form; addresses are ordered by these bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip([u8; 16]);

impl Ip {
    /// The address with these bytes.
    pub const fn from_octets(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The bytes, in network order.
    pub const fn octets(self) -> [u8; 16] {
        self.0
    }

    /// The address as the standard library has it: IPv4 where the bytes are IPv4-mapped.
    pub fn to_ip_addr(self) -> IpAddr {
        Ipv6Addr::from(self.0).to_canonical()
    }
}

impl From<Ipv4Addr> for Ip {
    fn from(address: Ipv4Addr) -> Self {
        Self(address.to_ipv6_mapped().octets())
    }
}

impl From<Ipv6Addr> for Ip {
    fn from(address: Ipv6Addr) -> Self {
        Self(address.octets())
    }
}

impl From<IpAddr> for Ip {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => v6.into(),
        }
    }
}

impl FromStr for Ip {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        text.parse::<IpAddr>().map(Self::from)
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_ip_addr().fmt(f)
    }
}

impl fmt::Debug for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ip({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        let plain: Ip = "192.0.2.1".parse().unwrap();
        let mapped: Ip = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(plain, mapped);
        assert_eq!(mapped.to_string(), "192.0.2.1");
        assert!(plain.to_ip_addr().is_ipv4());
        let v6: Ip = "2001:db8::1".parse().unwrap();
        assert_eq!(v6.to_string(), "2001:db8::1");
        assert_eq!(Ip::from_octets(v6.octets()), v6);
        assert!("2001:db8::g".parse::<Ip>().is_err());
    }

    #[test]
    fn types_admit_their_own_values_and_null() {
        let colour = FieldType::Enum(["red".into(), "green".into()].into());
        let samples = [
            (FieldType::Bool, Value::Bool(true)),
            (FieldType::Int, Value::Int(1)),
            (FieldType::Float, Value::Float(1.0)),
            (FieldType::Text, Value::Text("a".into())),
            (FieldType::Time, Value::Time(1)),
            (FieldType::Duration, Value::Duration(1)),
            (FieldType::Ip, Value::Ip(Ipv4Addr::LOCALHOST.into())),
            (colour.clone(), Value::Enum(1)),
        ];
        for (i, (ty, _)) in samples.iter().enumerate() {
            assert!(ty.admits(ValueRef::Null));
            for (j, (_, value)) in samples.iter().enumerate() {
                assert_eq!(ty.admits(value.as_ref()), i == j, "{ty} and {value:?}");
            }
        }
        assert!(!colour.admits(ValueRef::Enum(2)));
        assert_eq!(colour.to_string(), "enum(red, green)");
        for (_, value) in &samples {
            assert_eq!(value.as_ref().to_value(), *value);
        }
    }
}
