//! Durations as people write them.

/// Units by falling length, with their nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("w", 7 * 24 * 3_600 * 1_000_000_000),
    ("d", 24 * 3_600 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The nanoseconds of a text such as `5m30s` or `-250ms`: whole numbers with the units `w d h m s ms us ns`, in this
/// order, each at most once. `None` if it is none, or more than an `i64` holds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    let mut units = &UNITS[..];
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, behind) = behind.split_at(letters);
        let place = units.iter().position(|(name, _)| *name == unit)?;
        // Eight numbers of 63 bits times 50 bits can't overflow 127.
        let number = i128::from(number.parse::<i64>().ok()?);
        total += number * units[place].1;
        units = &units[place + 1..];
        rest = behind;
    }
    i64::try_from(sign * total).ok()
}

#[cfg(test)]
mod tests {
    use super::parse_duration as parse;

    #[test]
    fn units_add_up() {
        assert_eq!(parse("5m30s"), Some(330_000_000_000));
        assert_eq!(parse("1w2d3h4m5s6ms7us8ns"), Some(788_645_006_007_008));
        assert_eq!(parse("0s"), Some(0));
        assert_eq!(parse("-1ms"), Some(-1_000_000));
        assert_eq!(parse("90m"), Some(5_400_000_000_000));
        assert_eq!(parse("9223372036854775807ns"), Some(i64::MAX));
        assert_eq!(parse("-9223372036s854775807ns"), Some(-i64::MAX));
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in [
            "",
            "-",
            "5",
            "s",
            "5 s",
            "1.5s",
            "5s5m",
            "5s5s",
            "5S",
            "+5s",
            "5µs",
            "5y",
            "--5s",
            "5m-3s",
            "9223372036854775808ns",
            "9223372036854775807w",
            "9223372037s",
            "99999999999999999999s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
