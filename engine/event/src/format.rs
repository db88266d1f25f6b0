//! Values as text: what interpolation, listings and diagnostics print.

use core::fmt;

/// A time as RFC 3339 in UTC, like `2026-01-31T12:00:00.5Z`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub i64);

/// A duration by its units, largest first, like `5m30s` or `1d2h`; zero is `0s`.
#[derive(Clone, Copy, Debug)]
pub struct Duration(pub i64);

/// The shortest decimal that reads back as the float.
#[derive(Clone, Copy, Debug)]
pub struct Float(pub f64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            // Every i64 of nanoseconds lies within the years 1677 to 2262.
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 7] = [
            ("d", 86_400_000_000_000),
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (name, size) in UNITS {
            if rest >= size {
                write!(f, "{}{name}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero makes -0.0 read as 0.0.
        let value = self.0 + 0.0;
        match f.precision() {
            Some(digits) => write!(f, "{value:.digits$}"),
            None => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_by_their_units() {
        let text = |ns| Duration(ns).to_string();
        assert_eq!(text(0), "0s");
        assert_eq!(text(330_000_000_000), "5m30s");
        assert_eq!(text(-1_500_000_000), "-1s500ms");
        assert_eq!(text(93_600_000_000_001), "1d2h1ns");
        assert_eq!(text(i64::MIN), "-106751d23h47m16s854ms775us808ns");
    }

    #[test]
    fn times_and_floats() {
        assert_eq!(
            Time(1_769_860_800_500_000_000).to_string(),
            "2026-01-31T12:00:00.5Z"
        );
        assert_eq!(Time(i64::MIN).to_string(), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(Float(0.95).to_string(), "0.95");
        assert_eq!(Float(-0.0).to_string(), "0");
        assert_eq!(format!("{:.2}", Float(1.0 / 3.0)), "0.33");
    }
}
