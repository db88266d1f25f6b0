//! How severe an event is.

use core::fmt;
use core::str::FromStr;

/// An event's severity, in rising order. On the wire it is its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Severity {
    /// Of interest only.
    Info = 0,
    /// Below medium.
    Low = 1,
    /// Between low and high.
    Medium = 2,
    /// Above medium.
    High = 3,
    /// The most severe.
    Critical = 4,
}

impl Severity {
    /// All severities, by code.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The names of all severities, by code.
    pub const NAMES: [&'static str; 5] = ["info", "low", "medium", "high", "critical"];

    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The code on the wire: the place in [`ALL`](Self::ALL).
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The severity with this code.
    pub const fn from_code(code: u8) -> Option<Self> {
        if (code as usize) < Self::ALL.len() {
            Some(Self::ALL[code as usize])
        } else {
            None
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(name: &str) -> Result<Self, UnknownSeverity> {
        let code = Self::NAMES
            .iter()
            .position(|known| *known == name)
            .ok_or(UnknownSeverity)?;
        Ok(Self::ALL[code])
    }
}

/// The text is none of [`Severity::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSeverity;

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a severity; severities are {}",
            Severity::NAMES.join(", ")
        )
    }
}

impl core::error::Error for UnknownSeverity {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back() {
        for (code, severity) in (0u8..).zip(Severity::ALL) {
            assert_eq!(severity.code(), code);
            assert_eq!(Severity::from_code(code), Some(severity));
            assert_eq!(severity.as_str().parse(), Ok(severity));
        }
        assert_eq!(Severity::from_code(5), None);
        assert_eq!("fatal".parse::<Severity>(), Err(UnknownSeverity));
        assert!(Severity::Info < Severity::Critical);
    }
}
