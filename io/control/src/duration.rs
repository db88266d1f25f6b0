//! Durations as people write them: `5m30s`.

use core::fmt;
use std::time::Duration;

/// The units, the longest first, with their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("w", 7 * 86_400_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads whole numbers with units `w d h m s ms us ns`, in this order and each at most once.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut nanoseconds: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let &(_, size) = units.find(|(name, _)| *name == unit)?;
        nanoseconds = number
            .parse::<u64>()
            .ok()?
            .checked_mul(size)
            .and_then(|part| nanoseconds.checked_add(part))?;
        rest = behind;
    }
    (!text.is_empty()).then(|| Duration::from_nanos(nanoseconds))
}

/// Shows nanoseconds so that they read as the same duration: `5m30s`. Negative ones have a `-` in front.
pub(crate) fn shown(nanoseconds: i64) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        if nanoseconds == 0 {
            return f.write_str("0s");
        }
        if nanoseconds < 0 {
            f.write_str("-")?;
        }
        let mut rest = nanoseconds.unsigned_abs();
        // Weeks are for those who write them: 1w reads worse than 7d to everybody else.
        for (unit, size) in &UNITS[1..] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_the_same() {
        for nanoseconds in [1, 999, 1_000, 330_000_000_000, 90_061_001_001_001, i64::MAX] {
            let text = shown(nanoseconds).to_string();
            assert_eq!(
                parse(&text),
                Some(Duration::from_nanos(nanoseconds as u64)),
                "{text}"
            );
        }
        assert_eq!(shown(330_000_000_000).to_string(), "5m30s");
        assert_eq!(shown(-1_500_000_000).to_string(), "-1s500ms");
        assert_eq!(shown(0).to_string(), "0s");
        assert_eq!(parse("1w"), Some(Duration::from_hours(168)));
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "5",
            "s",
            "5 s",
            "5s5m",
            "5s5s",
            "1.5s",
            "-1s",
            "5x",
            "99999999999w",
            "5S",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
