//! How values read in interpolated text.

use core::fmt::Write;

use trapjaw_event::{FieldType, Value};

/// Units of a duration with their nanoseconds, largest first.
const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The text of a value of type `ty`; `digits` after the point where it is a float and they are given.
pub(super) fn value(value: &Value, ty: &FieldType, digits: Option<u8>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => match digits {
            Some(digits) => format!("{v:.*}", usize::from(digits)),
            None => v.to_string(),
        },
        Value::Text(v) => v.to_string(),
        Value::Time(v) => jiff::Timestamp::from_nanosecond((*v).into())
            .expect("64-bit nanoseconds lie within the years 1677 to 2262")
            .to_string(),
        Value::Duration(v) => duration(*v),
        Value::Ip(v) => v.to_ip_addr().to_string(),
        Value::Enum(v) => super::eval::variants(ty)[usize::from(*v)].to_string(),
    }
}

/// `5m30s`: each unit that isn't zero, `0s` where all are.
pub(super) fn duration(nanoseconds: i64) -> String {
    let mut text = String::new();
    let mut rest = nanoseconds.unsigned_abs();
    for (unit, length) in UNITS {
        if rest >= length {
            write!(text, "{}{unit}", rest / length).expect("a string takes all");
        }
        rest %= length;
    }
    match (nanoseconds, text) {
        (0, _) => "0s".into(),
        (..0, text) => format!("-{text}"),
        (_, text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        let cases = [
            (0, "0s"),
            (330_000_000_000, "5m30s"),
            (1_500_000_000, "1s500ms"),
            (-90_000_000_000, "-1m30s"),
            (86_400_000_000_001, "1d1ns"),
            (i64::MIN, "-106751d23h47m16s854ms775us808ns"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn values_read_as_the_language_page_says() {
        let level = FieldType::Enum(["low".into(), "high".into()].into());
        let cases = [
            (Value::Null, FieldType::Int, None, "null"),
            (Value::Bool(true), FieldType::Bool, None, "true"),
            (Value::Int(-7), FieldType::Int, None, "-7"),
            (Value::Float(0.95), FieldType::Float, None, "0.95"),
            (Value::Float(1.0), FieldType::Float, None, "1"),
            (Value::Float(0.955), FieldType::Float, Some(2), "0.95"),
            (Value::Float(3.0), FieldType::Float, Some(2), "3.00"),
            (Value::Text("a".into()), FieldType::Text, None, "a"),
            (
                Value::Time(1_500_000_000),
                FieldType::Time,
                None,
                "1970-01-01T00:00:01.5Z",
            ),
            (
                Value::Ip("10.0.0.1".parse().unwrap()),
                FieldType::Ip,
                None,
                "10.0.0.1",
            ),
            (
                Value::Ip("::1".parse().unwrap()),
                FieldType::Ip,
                None,
                "::1",
            ),
            (Value::Enum(1), level, None, "high"),
        ];
        for (case, ty, digits, text) in cases {
            assert_eq!(value(&case, &ty, digits), text);
        }
    }
}
