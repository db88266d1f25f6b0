//! What functions give, from their words in the reference: by name, and by the plainest way.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use trapjaw_dsl::hir::{Argument, Callee, Expr, Pattern};
use trapjaw_event::{FieldType, Ip, Value};

use super::eval::float;
use super::{format, matching};

/// The value of a call; null where an argument is null or there is no result.
pub(super) fn call(
    callee: Callee,
    arguments: &[Argument],
    ty: &FieldType,
    of: &dyn Fn(&Expr) -> Value,
) -> Value {
    let mut values = Vec::new();
    let mut regex = None;
    let mut zone = TimeZone::UTC;
    for argument in arguments {
        match argument {
            Argument::Value(expr) => values.push(of(expr)),
            Argument::Pattern(pattern) => regex = Some(pattern),
            Argument::Zone(named) => {
                let found = TimeZoneDatabase::bundled().get(named.name());
                zone = found.expect("the zone was found before");
            }
        }
    }
    if values.contains(&Value::Null) {
        return Value::Null;
    }
    let result = match regex {
        Some(regex) => of_pattern(callee.name(), regex, &values),
        None => numbers(callee.name(), &values)
            .or_else(|| texts(callee.name(), &values))
            .or_else(|| times(callee.name(), &values, &zone))
            .or_else(|| addresses(callee.name(), &values))
            .or_else(|| conversions(callee.name(), &values, ty)),
    };
    match result.unwrap_or_else(|| panic!("the oracle does not know {callee} of {values:?}")) {
        Value::Int(number) => match ty {
            FieldType::Time => Value::Time(number),
            FieldType::Duration => Value::Duration(number),
            _ => Value::Int(number),
        },
        value => value,
    }
}

/// A value that may not be there.
fn maybe<T>(value: Option<T>, of: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, of)
}

fn whole(value: Option<i128>) -> Value {
    maybe(
        value.and_then(|value| i64::try_from(value).ok()),
        Value::Int,
    )
}

fn text(value: impl Into<Box<str>>) -> Value {
    Value::Text(value.into())
}

/// A whole number behind an int, a time or a duration.
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Int(v) | Value::Time(v) | Value::Duration(v) => Some((*v).into()),
        _ => None,
    }
}

fn numbers(name: &str, values: &[Value]) -> Option<Value> {
    use Value::Float;
    if let [
        x @ (Value::Int(_) | Value::Duration(_) | Value::Time(_)),
        rest @ ..,
    ] = values
    {
        let x = number(x)?;
        let rest: Option<Vec<i128>> = rest.iter().map(number).collect();
        return Some(whole(match (name, &rest?[..]) {
            ("abs", []) => Some(x.abs()),
            ("sign", []) => Some(x.signum()),
            ("least", [y]) => Some(x.min(*y)),
            ("greatest", [y]) => Some(x.max(*y)),
            ("clamp", [low, high]) => (low <= high).then(|| x.clamp(*low, *high)),
            ("div", [y]) => (*y != 0).then(|| x / y),
            ("mod", [y]) => (*y != 0).then(|| x % y),
            ("pow", [y]) => power(x, *y),
            _ => return None,
        }));
    }
    Some(match (name, values) {
        ("abs", [Float(x)]) => float(if *x < 0.0 { -x } else { *x }),
        ("sign", [Float(x)]) => Value::Int(if *x > 0.0 {
            1
        } else if *x < 0.0 {
            -1
        } else {
            0
        }),
        ("least", [Float(x), Float(y)]) => float(if y < x { *y } else { *x }),
        ("greatest", [Float(x), Float(y)]) => float(if y > x { *y } else { *x }),
        ("clamp", [Float(x), Float(low), Float(high)]) => {
            if low <= high {
                float(x.clamp(*low, *high))
            } else {
                Value::Null
            }
        }
        ("floor", [Float(x)]) => float(x.floor()),
        ("ceil", [Float(x)]) => float(x.ceil()),
        ("trunc", [Float(x)]) => float(x.trunc()),
        ("round", [Float(x)]) => float(x.round()),
        ("round", [Float(x), Value::Int(digits)]) => rounded(*x, *digits),
        ("sqrt", [Float(x)]) => float(x.sqrt()),
        ("exp", [Float(x)]) => float(x.exp()),
        ("ln", [Float(x)]) if *x > 0.0 => float(x.ln()),
        ("log10", [Float(x)]) if *x > 0.0 => float(x.log10()),
        ("log2", [Float(x)]) if *x > 0.0 => float(x.log2()),
        ("ln" | "log10" | "log2", [Float(_)]) => Value::Null,
        ("pow", [Float(x), Float(y)]) => float(x.powf(*y)),
        ("mod", [Float(x), Float(y)]) => {
            if *y == 0.0 {
                Value::Null
            } else {
                float(x % y)
            }
        }
        _ => return None,
    })
}

/// A power by multiplying; beyond 64 bits it can stop.
fn power(x: i128, y: i128) -> Option<i128> {
    if y < 0 {
        return None;
    }
    if x.abs() <= 1 {
        let even = y % 2 == 0;
        return Some(if y == 0 || x == -1 && even { 1 } else { x });
    }
    let mut product = 1_i128;
    for _ in 0..y {
        product *= x;
        i64::try_from(product).ok()?;
    }
    Some(product)
}

/// As the reference does it in floats: scaled, rounded, scaled back.
fn rounded(x: f64, digits: i64) -> Value {
    let scale = 10_f64.powi(digits.unsigned_abs().min(400) as i32);
    if digits >= 0 {
        let scaled = x * scale;
        let has_digits = digits <= 22 && scaled.abs() < 9_007_199_254_740_992.0;
        float(if has_digits {
            scaled.round() / scale
        } else {
            x
        })
    } else if scale.is_finite() {
        float((x / scale).round() * scale)
    } else {
        float(0.0)
    }
}

fn texts(name: &str, values: &[Value]) -> Option<Value> {
    use Value::{Int, Text};
    let [Text(x), rest @ ..] = values else {
        return None;
    };
    let characters: Vec<char> = x.chars().collect();
    let cut = |start: i64, count: usize| {
        let start = if start < 0 {
            (characters.len() as i64).saturating_add(start).max(0)
        } else {
            start
        };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let taken = characters.iter().skip(start).take(count);
        text(taken.collect::<String>())
    };
    Some(match (name, rest) {
        ("lower", []) => text(x.to_lowercase()),
        ("upper", []) => text(x.to_uppercase()),
        ("trim", []) => text(x.trim()),
        ("trim_start", []) => text(x.trim_start()),
        ("trim_end", []) => text(x.trim_end()),
        ("length", []) => Int(characters.len() as i64),
        ("hash", []) => Int(xxhash_rust::xxh3::xxh3_64(x.as_bytes()) as i64),
        ("substring", [Int(start)]) => cut(*start, usize::MAX),
        ("substring", [Int(start), Int(count)]) => {
            cut(*start, usize::try_from(*count).unwrap_or(0))
        }
        ("replace", [Text(part), Text(_)]) if part.is_empty() => text(&**x),
        ("replace", [Text(part), Text(with)]) => {
            text(x.split(&**part).collect::<Vec<_>>().join(with))
        }
        ("split", [Text(separator), Int(index)]) => {
            let parts: Vec<&str> = if separator.is_empty() {
                vec![&**x]
            } else {
                x.split(&**separator).collect()
            };
            let from_end = i128::from(*index) + parts.len() as i128;
            let index = if *index < 0 {
                from_end
            } else {
                i128::from(*index)
            };
            let index = usize::try_from(index).ok();
            maybe(index.and_then(|index| parts.get(index).copied()), text)
        }
        ("concat", [Text(other)]) => text(format!("{x}{other}")),
        ("position", [Text(part)]) => {
            let part: Vec<char> = part.chars().collect();
            let mut places = 0..=characters.len();
            let place = places.find(|&place| characters[place..].starts_with(&part));
            maybe(place, |place| Int(place as i64))
        }
        _ => return None,
    })
}

fn of_pattern(name: &str, regex: &Pattern, values: &[Value]) -> Option<Value> {
    use Value::{Int, Text};
    Some(match (name, values) {
        ("replace", [Text(x), Text(with)]) => text(matching::replace(regex, x, with)),
        ("capture", [Text(x), Int(group)]) => {
            let group = usize::try_from(*group).ok().filter(|group| *group < 1_000);
            maybe(
                group.and_then(|group| matching::capture(regex, x, group)),
                text,
            )
        }
        ("capture", [Text(x), Text(group)]) => {
            let group = regex.group(group);
            maybe(
                group.and_then(|group| matching::capture(regex, x, group)),
                text,
            )
        }
        _ => return None,
    })
}

fn instant(time: i64) -> Timestamp {
    Timestamp::from_nanosecond(time.into()).expect("64 bits lie within the years")
}

/// An instant as nanoseconds, where it is one.
fn nanoseconds(instant: Result<Timestamp, jiff::Error>) -> Value {
    whole(instant.ok().map(Timestamp::as_nanosecond))
}

fn times(name: &str, values: &[Value], zone: &TimeZone) -> Option<Value> {
    use Value::{Duration, Float, Int, Text, Time};
    let spans = [
        ("days", 8.64e13),
        ("hours", 3.6e12),
        ("minutes", 6e10),
        ("seconds", 1e9),
        ("milliseconds", 1e6),
    ];
    let (time, rest) = match values {
        [Duration(span)] => {
            let (_, unit) = spans.into_iter().find(|(unit, _)| *unit == name)?;
            return Some(float(*span as f64 / unit));
        }
        [Int(seconds)] if name == "from_unix" => {
            return Some(whole(Some(i128::from(*seconds) * 1_000_000_000)));
        }
        [Float(seconds)] if name == "from_unix" => {
            let nanoseconds = (seconds * 1e9).round();
            let fits = nanoseconds.abs() < 1e30;
            return Some(whole(fits.then_some(nanoseconds as i128)));
        }
        [Time(time), rest @ ..] => (*time, rest),
        _ => return None,
    };
    let zoned = instant(time).to_zoned(zone.clone());
    // What clocks show, by its digits.
    let shown = |directive: &str| {
        let digits = zoned.strftime(directive).to_string();
        Int(digits.trim().parse().expect("these are digits"))
    };
    Some(match (name, rest) {
        ("year", []) => shown("%Y"),
        ("month", []) => shown("%m"),
        ("day", []) => shown("%d"),
        ("hour", []) => shown("%H"),
        ("minute", []) => shown("%M"),
        ("second", []) => shown("%S"),
        ("weekday", []) => shown("%u"),
        ("day_of_year", []) => shown("%j"),
        ("week", []) => shown("%V"),
        ("date", []) => text(zoned.strftime("%Y-%m-%d").to_string()),
        ("time_of_day", []) => {
            let parts = ["%H", "%M", "%S", "%N"].map(&shown);
            let [hour, minute, second, rest] = parts.map(|part| number(&part).unwrap_or_default());
            whole(Some(
                ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + rest,
            ))
        }
        ("unix", []) => float(time as f64 / 1e9),
        ("truncate", [Duration(step)]) if *step > 0 => {
            let steps = i128::from(time).div_euclid((*step).into());
            whole(Some(steps * i128::from(*step)))
        }
        ("truncate", [Duration(_)]) => Value::Null,
        ("truncate", [Text(part)]) => start(time, zone, part),
        ("format", [Text(layout)]) => text(zoned.strftime(&**layout).to_string()),
        _ => return None,
    })
}

/// The start of a part of the calendar: the day is found by going back a day at a time.
fn start(time: i64, zone: &TimeZone, part: &str) -> Value {
    let shown = zone.to_datetime(instant(time));
    let clock = match part {
        "second" => Some(0),
        "minute" => Some(i128::from(shown.second())),
        "hour" => Some(i128::from(shown.minute()) * 60 + i128::from(shown.second())),
        _ => None,
    };
    if let Some(seconds) = clock {
        let back = seconds * 1_000_000_000 + i128::from(shown.subsec_nanosecond());
        return whole(Some(i128::from(time) - back));
    }
    let begins = |date: Date| match part {
        "day" => true,
        "week" => date.weekday() == jiff::civil::Weekday::Monday,
        "month" => date.day() == 1,
        "quarter" => date.day() == 1 && [1, 4, 7, 10].contains(&date.month()),
        "year" => date.day_of_year() == 1,
        other => panic!("no part {other}"),
    };
    let mut date = shown.date();
    while !begins(date) {
        date = date.yesterday().expect("the years begin long before");
    }
    let midnight = DateTime::from_parts(date, jiff::civil::Time::midnight());
    nanoseconds(zone.to_timestamp(midnight))
}

fn addresses(name: &str, values: &[Value]) -> Option<Value> {
    use Value::{Bool, Int};
    let [Value::Ip(ip), rest @ ..] = values else {
        return None;
    };
    let address = ip.to_ip_addr();
    let within = |networks: &[&str]| {
        networks.iter().any(|network| {
            let (first, bits) = network.split_once('/').expect("a network has a prefix");
            let first: Ip = first.parse().expect("an address");
            let bits: usize = bits.parse().expect("a length");
            first.to_ip_addr().is_ipv4() == address.is_ipv4() && masked(*ip, bits) == Some(first)
        })
    };
    Some(match (name, rest) {
        ("ip_version", []) => Int(if address.is_ipv4() { 4 } else { 6 }),
        ("is_loopback", []) => Bool(within(&["127.0.0.0/8", "::1/128"])),
        ("is_private", []) => Bool(within(&[
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "127.0.0.0/8",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ])),
        ("network", [Int(bits)]) => {
            let bits = usize::try_from(*bits).ok();
            maybe(bits.and_then(|bits| masked(*ip, bits)), Value::Ip)
        }
        ("network", [Int(v4), Int(v6)]) => {
            let bits = if address.is_ipv4() { *v4 } else { *v6 };
            let bits = usize::try_from(bits).ok();
            maybe(bits.and_then(|bits| masked(*ip, bits)), Value::Ip)
        }
        _ => return None,
    })
}

/// The address with its bits beyond the first so many cleared one by one.
fn masked(ip: Ip, bits: usize) -> Option<Ip> {
    let mut octets = ip.octets();
    let from = if ip.to_ip_addr().is_ipv4() { 96 } else { 0 };
    if from + bits > 128 {
        return None;
    }
    for bit in from + bits..128 {
        octets[bit / 8] &= !(0x80 >> (bit % 8));
    }
    Some(Ip::from_octets(octets))
}

fn conversions(name: &str, values: &[Value], ty: &FieldType) -> Option<Value> {
    use Value::{Bool, Float, Int, Text};
    Some(match (name, values) {
        ("int", [Float(x)]) => {
            let digits = x.trunc();
            whole((digits.abs() < 1e30).then_some(digits as i128))
        }
        ("int", [Text(x)]) => whole(x.parse().ok()),
        ("int", [Bool(x)]) => Int((*x).into()),
        ("float", [Int(x)]) => float(*x as f64),
        ("float", [Text(x)]) => {
            let letters = x.chars().any(|c| c.is_alphabetic() && !"eE".contains(c));
            match x.parse::<f64>() {
                Ok(value) if !letters && value.is_finite() => float(value),
                _ => Value::Null,
            }
        }
        ("bool", [Text(x)]) => match &**x {
            "true" => Bool(true),
            "false" => Bool(false),
            _ => Value::Null,
        },
        ("time", [Text(x)]) => nanoseconds(x.parse()),
        ("duration", [Text(x)]) => maybe(trapjaw_event::parse_duration(x), Value::Duration),
        ("ip", [Text(x)]) => maybe(x.parse().ok(), Value::Ip),
        ("text", [value]) => text(format::value(value, ty, None)),
        ("format", [Float(x), Text(layout)]) => {
            let digits = layout.trim_matches(['.', '%']).parse().ok();
            let (x, unit) = match layout.strip_suffix('%') {
                Some(_) => (x * 100.0 + 0.0, "%"),
                None => (*x, ""),
            };
            text(format::value(&Float(x), ty, digits) + unit)
        }
        ("format", [Value::Duration(x), Text(layout)]) => {
            let unit = layout.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
            let digits = layout
                .trim_matches(|c: char| !c.is_ascii_digit())
                .parse()
                .ok();
            let length = [
                ("ns", 1.0),
                ("us", 1e3),
                ("ms", 1e6),
                ("s", 1e9),
                ("m", 6e10),
                ("h", 3.6e12),
                ("d", 8.64e13),
            ];
            let (_, length) = length.into_iter().find(|(name, _)| *name == unit)?;
            text(format::value(&Float(*x as f64 / length), ty, digits) + unit)
        }
        _ => return None,
    })
}
