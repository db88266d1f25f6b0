//! What literals mean: text to value, with everything that can be wrong about it.
//!
//! [`crate::syntax::parse`] decodes every literal once and reports what fails, so whoever reads the tree may pass over
//! an error silently.

use super::Literal;
use crate::syntax::SyntaxKind;
use std::net::IpAddr;

/// The value of a literal.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralValue {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `1_000`.
    Int(i64),
    /// `0.9`; always finite.
    Float(f64),
    /// `90%`, as the fraction: the float nearest to the decimal 0.90.
    Percent(f64),
    /// `5m30s`, in nanoseconds; a day has 24 hours.
    Duration(i64),
    /// `2026-01-31T12:00:00Z`, in nanoseconds since the Unix epoch.
    Time(i64),
    /// `10.0.0.1`, `ip"::1"`; an IPv4-mapped address is its IPv4 address.
    Ip(IpAddr),
    /// `10.0.0.0/8`, `ip"2001:db8::/32"`; the bits beyond the prefix are zero.
    Cidr {
        /// The network's first address.
        network: IpAddr,
        /// How many leading bits count.
        prefix: u8,
    },
    /// `/re/i`.
    Regex {
        /// The expression, with `\/` read as `/`.
        pattern: String,
        /// Whether the flag `i` is set.
        ignore_case: bool,
    },
}

/// What is wrong with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralErrorKind {
    /// The tokens form no literal; a syntax error says why.
    Malformed,
    /// An integer beyond 64 bits, or a float beyond the largest.
    OutOfRange,
    /// A duration with its units out of order, or beyond 64 bits of nanoseconds (292 years).
    Duration,
    /// No such instant, or one outside 1677 to 2262.
    Time,
    /// No such address, or network.
    Ip,
    /// A network with bits set beyond its prefix.
    HostBits,
    /// A regex flag other than `i`.
    RegexFlag,
}

/// Why a literal has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralError {
    kind: LiteralErrorKind,
    message: String,
    replacement: Option<String>,
}

impl LiteralError {
    fn new(kind: LiteralErrorKind, message: impl Into<String>) -> LiteralError {
        LiteralError {
            kind,
            message: message.into(),
            replacement: None,
        }
    }

    /// What is wrong, for code.
    pub fn kind(&self) -> LiteralErrorKind {
        self.kind
    }

    /// What to write instead, where that is plain.
    pub fn replacement(&self) -> Option<&str> {
        self.replacement.as_deref()
    }
}

impl std::fmt::Display for LiteralError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LiteralError {}

impl Literal {
    /// The literal's value.
    pub fn value(&self) -> Result<LiteralValue, LiteralError> {
        let malformed = || LiteralError::new(LiteralErrorKind::Malformed, "this is no literal");
        let token = self.token().ok_or_else(malformed)?;
        decode(token.kind(), token.text()).unwrap_or_else(|| Err(malformed()))
    }
}

/// The value of a token; none if its kind is no literal's.
pub(crate) fn decode(kind: SyntaxKind, text: &str) -> Option<Result<LiteralValue, LiteralError>> {
    Some(match kind {
        SyntaxKind::Null => Ok(LiteralValue::Null),
        SyntaxKind::Bool => Ok(LiteralValue::Bool(text == "true")),
        SyntaxKind::Int => int(text),
        SyntaxKind::Float => float(&text.replace('_', "")).map(LiteralValue::Float),
        // The decimal point is moved in the text: dividing by 100 would round a second time.
        SyntaxKind::Percent => float(&format!(
            "{}e-2",
            text.trim_end_matches('%').replace('_', "")
        ))
        .map(LiteralValue::Percent),
        SyntaxKind::Duration => duration(text).map(LiteralValue::Duration),
        SyntaxKind::Time => time(text),
        SyntaxKind::Ip => ip(
            text.trim_start_matches("ip").trim_matches('"'),
            text.starts_with("ip"),
        ),
        SyntaxKind::Regex => regex(text),
        _ => return None,
    })
}

fn int(text: &str) -> Result<LiteralValue, LiteralError> {
    let value = text.replace('_', "").parse().map_err(|_| {
        LiteralError::new(
            LiteralErrorKind::OutOfRange,
            format!("`{text}` is beyond the largest int, {}", i64::MAX),
        )
    })?;
    Ok(LiteralValue::Int(value))
}

fn float(text: &str) -> Result<f64, LiteralError> {
    let value: f64 = text
        .parse()
        .map_err(|_| LiteralError::new(LiteralErrorKind::Malformed, "this is no number"))?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(LiteralError::new(
            LiteralErrorKind::OutOfRange,
            "this is beyond the largest float",
        ))
    }
}

/// The units of durations, longest first, with their nanoseconds.
const UNITS: [(&str, i64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

fn duration(text: &str) -> Result<i64, LiteralError> {
    let too_long = || {
        let message = format!("`{text}` is longer than the longest duration, 292 years");
        LiteralError::new(LiteralErrorKind::Duration, message)
    };
    let mut total = 0_i64;
    let mut units = UNITS.as_slice();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| c != '_' && !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let Some(at) = units.iter().position(|&(name, _)| name == unit) else {
            let message = format!(
                "`{unit}` is out of place in `{text}`: units go from days to nanoseconds, each once"
            );
            return Err(LiteralError::new(LiteralErrorKind::Duration, message));
        };
        let number: i64 = number.replace('_', "").parse().map_err(|_| too_long())?;
        let part = number.checked_mul(units[at].1).ok_or_else(too_long)?;
        total = total.checked_add(part).ok_or_else(too_long)?;
        units = &units[at + 1..];
        rest = tail;
    }
    Ok(total)
}

fn time(text: &str) -> Result<LiteralValue, LiteralError> {
    let error = |message: String| LiteralError::new(LiteralErrorKind::Time, message);
    let instant: jiff::Timestamp = text.parse().map_err(|_| {
        error(format!(
            "`{text}` is no instant; write it like `2026-01-31T12:00:00Z`, with a zone"
        ))
    })?;
    let nanoseconds = i64::try_from(instant.as_nanosecond()).map_err(|_| {
        error(format!(
            "`{text}` is outside the years that can be told, 1677 to 2262"
        ))
    })?;
    Ok(LiteralValue::Time(nanoseconds))
}

fn ip(text: &str, quoted: bool) -> Result<LiteralValue, LiteralError> {
    let error = |message: String| LiteralError::new(LiteralErrorKind::Ip, message);
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| error(format!("`{address}` is no IP address")))?;
    let Some(prefix) = prefix else {
        return Ok(LiteralValue::Ip(address.to_canonical()));
    };
    let width: u8 = if address.is_ipv4() { 32 } else { 128 };
    let bits = prefix
        .parse::<u8>()
        .ok()
        .filter(|&bits| bits <= width && !prefix.starts_with('+'));
    let bits = bits.ok_or_else(|| {
        error(format!(
            "`/{prefix}` is no prefix length: it goes from 0 to {width}"
        ))
    })?;
    let network = mask(address, bits);
    if network != address {
        let fixed = if quoted {
            format!("ip\"{network}/{bits}\"")
        } else {
            format!("{network}/{bits}")
        };
        return Err(LiteralError {
            kind: LiteralErrorKind::HostBits,
            message: format!("`{address}` has bits set beyond the first {bits}"),
            replacement: Some(fixed),
        });
    }
    // Addresses are compared in their canonical form, so a mapped network is its IPv4 network.
    match network.to_canonical() {
        v4 @ IpAddr::V4(_) if network.is_ipv6() && bits >= 96 => Ok(LiteralValue::Cidr {
            network: v4,
            prefix: bits - 96,
        }),
        _ => Ok(LiteralValue::Cidr {
            network,
            prefix: bits,
        }),
    }
}

/// The address with all but its first `bits` bits zero.
fn mask(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

fn regex(text: &str) -> Result<LiteralValue, LiteralError> {
    let (pattern, flags) = text
        .trim_start_matches('/')
        .rsplit_once('/')
        .unwrap_or((text, ""));
    if !matches!(flags, "" | "i") {
        let message = format!("`{flags}`: the only flag of a regex is `i`, once");
        return Err(LiteralError::new(LiteralErrorKind::RegexFlag, message));
    }
    Ok(LiteralValue::Regex {
        pattern: pattern.replace("\\/", "/"),
        ignore_case: flags == "i",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use SyntaxKind::{Duration, Float, Int, Ip, Percent, Regex, Time};

    fn value(kind: SyntaxKind, text: &str) -> LiteralValue {
        decode(kind, text).expect("a literal's kind").expect(text)
    }

    fn error(kind: SyntaxKind, text: &str) -> LiteralErrorKind {
        decode(kind, text)
            .expect("a literal's kind")
            .expect_err(text)
            .kind()
    }

    #[test]
    fn numbers() {
        assert_eq!(value(Int, "1_000"), LiteralValue::Int(1_000));
        assert_eq!(
            value(Int, "9223372036854775807"),
            LiteralValue::Int(i64::MAX)
        );
        assert_eq!(
            error(Int, "9223372036854775808"),
            LiteralErrorKind::OutOfRange
        );
        assert_eq!(value(Float, "1_0.5e-1"), LiteralValue::Float(1.05));
        assert_eq!(error(Float, "1e999"), LiteralErrorKind::OutOfRange);
        assert_eq!(value(Percent, "90%"), LiteralValue::Percent(0.9));
        assert_eq!(value(Percent, "99.9%"), LiteralValue::Percent(0.999));
        // 0.07 * 100 rounds away from 7: only a move of the point gives the decimal back.
        assert_eq!(value(Percent, "7%"), LiteralValue::Percent(0.07));
    }

    #[test]
    fn durations() {
        assert_eq!(
            value(Duration, "5m30s"),
            LiteralValue::Duration(330_000_000_000)
        );
        assert_eq!(
            value(Duration, "1d2h3m4s5ms6us7ns"),
            LiteralValue::Duration(93_784_005_006_007)
        );
        assert_eq!(
            value(Duration, "1_000ms"),
            LiteralValue::Duration(1_000_000_000)
        );
        assert_eq!(value(Duration, "0s"), LiteralValue::Duration(0));
        assert_eq!(error(Duration, "30s5m"), LiteralErrorKind::Duration);
        assert_eq!(error(Duration, "5m5m"), LiteralErrorKind::Duration);
        assert_eq!(error(Duration, "106752d"), LiteralErrorKind::Duration);
        assert_eq!(
            error(Duration, "99999999999999999999s"),
            LiteralErrorKind::Duration
        );
    }

    #[test]
    fn times() {
        assert_eq!(
            value(Time, "1970-01-01T00:00:01Z"),
            LiteralValue::Time(1_000_000_000)
        );
        assert_eq!(
            value(Time, "1970-01-01T01:00:00.5+01:00"),
            LiteralValue::Time(500_000_000)
        );
        assert_eq!(error(Time, "2026-02-30T00:00:00Z"), LiteralErrorKind::Time);
        assert_eq!(error(Time, "2026-01-31T12:00:00"), LiteralErrorKind::Time);
        assert_eq!(error(Time, "2300-01-01T00:00:00Z"), LiteralErrorKind::Time);
    }

    #[test]
    fn addresses() {
        let cidr = |text: &str, prefix| LiteralValue::Cidr {
            network: text.parse().expect(text),
            prefix,
        };
        assert_eq!(
            value(Ip, "10.0.0.1"),
            LiteralValue::Ip([10, 0, 0, 1].into())
        );
        assert_eq!(value(Ip, "10.0.0.0/8"), cidr("10.0.0.0", 8));
        assert_eq!(value(Ip, "0.0.0.0/0"), cidr("0.0.0.0", 0));
        assert_eq!(value(Ip, "ip\"2001:db8::/32\""), cidr("2001:db8::", 32));
        assert_eq!(
            value(Ip, "ip\"::ffff:10.0.0.1\""),
            LiteralValue::Ip([10, 0, 0, 1].into())
        );
        assert_eq!(value(Ip, "ip\"::ffff:10.0.0.0/104\""), cidr("10.0.0.0", 8));
        assert_eq!(error(Ip, "10.0.0.256"), LiteralErrorKind::Ip);
        assert_eq!(error(Ip, "10.0.0.0/33"), LiteralErrorKind::Ip);
        assert_eq!(error(Ip, "ip\"x\""), LiteralErrorKind::Ip);
        let host = decode(Ip, "10.1.0.0/8")
            .expect("an address")
            .expect_err("host bits");
        assert_eq!(
            (host.kind(), host.replacement()),
            (LiteralErrorKind::HostBits, Some("10.0.0.0/8"))
        );
    }

    #[test]
    fn regexes() {
        let regex = |pattern: &str, ignore_case| LiteralValue::Regex {
            pattern: pattern.into(),
            ignore_case,
        };
        assert_eq!(value(Regex, r"/^a\/b\d+$/"), regex(r"^a/b\d+$", false));
        assert_eq!(value(Regex, "/x/i"), regex("x", true));
        assert_eq!(error(Regex, "/x/g"), LiteralErrorKind::RegexFlag);
    }
}
