//! What functions take and give, a row at a time.

use jiff::civil::DateTime;
use trapjaw_event::Ip;
use trapjaw_event::limits::MAX_TEXT;

use crate::matcher::Pattern;
use crate::zone::{Zone, timestamp};

/// An argument of one row; it is not null. Times and durations are `Int`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the kinds' own names")]
pub enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Ip(Ip),
    Pattern(&'a Pattern),
    Zone(&'a Zone),
}

/// A result of one row. A float is never NaN.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the kinds' own names")]
pub enum Made {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
    Ip(Ip),
}

/// Why an operation on values that are there has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The result does not fit: an int beyond 64 bits, a text beyond its limit, a time beyond its years.
    Overflow,
    /// A division by zero.
    Division,
    /// There is no such thing: the root of a negative number, infinity minus infinity, the 30th of February.
    Undefined,
    /// A text, or a number, that does not say what it is converted to.
    Conversion,
}

impl Fault {
    /// All of them, with their names in metrics.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Overflow, "overflow"),
        (Self::Division, "division_by_zero"),
        (Self::Undefined, "undefined"),
        (Self::Conversion, "conversion"),
    ];
}

/// The result of a function for one row: a value, null that is no fault (there was nothing to find), or null by a fault,
/// which is counted.
pub type Outcome = Result<Option<Made>, Fault>;

/// The arguments of one row. What the parameters of a signature say is there; a signature may end early, and what is
/// missing then has a default.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(pub &'a [Scalar<'a>]);

/// Verified code has no argument of the wrong kind.
#[cold]
fn mismatch() -> ! {
    unreachable!("the verifier has checked the arguments' kinds")
}

impl<'a> Args<'a> {
    pub(super) fn truth(self, index: usize) -> bool {
        match self.0[index] {
            Scalar::Bool(value) => value,
            _ => mismatch(),
        }
    }

    pub(super) fn int(self, index: usize) -> i64 {
        match self.0[index] {
            Scalar::Int(value) => value,
            _ => mismatch(),
        }
    }

    pub(super) fn float(self, index: usize) -> f64 {
        match self.0[index] {
            Scalar::Float(value) => value,
            _ => mismatch(),
        }
    }

    pub(super) fn text(self, index: usize) -> &'a str {
        match self.0[index] {
            Scalar::Text(value) => value,
            _ => mismatch(),
        }
    }

    pub(super) fn ip(self, index: usize) -> Ip {
        match self.0[index] {
            Scalar::Ip(value) => value,
            _ => mismatch(),
        }
    }

    pub(super) fn pattern(self, index: usize) -> &'a Pattern {
        match self.0[index] {
            Scalar::Pattern(value) => value,
            _ => mismatch(),
        }
    }

    /// What clocks show at the time that is the first argument, in the zone at `index`, in UTC where there is none.
    pub(super) fn local(self, index: usize) -> DateTime {
        match self.0.get(index) {
            Some(Scalar::Zone(zone)) => zone.local(self.int(0)),
            None => jiff::tz::TimeZone::UTC.to_datetime(timestamp(self.int(0))),
            Some(_) => mismatch(),
        }
    }

    /// The zone at `index`, UTC where there is none.
    pub(super) fn zone(self, index: usize) -> Zone {
        match self.0.get(index) {
            Some(Scalar::Zone(zone)) => (*zone).clone(),
            None => Zone::utc(),
            Some(_) => mismatch(),
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a kernel gives what it returns")]
pub(super) fn truth(value: bool) -> Outcome {
    Ok(Some(Made::Bool(value)))
}

#[allow(clippy::unnecessary_wraps, reason = "a kernel gives what it returns")]
pub(super) fn int(value: impl Into<i64>) -> Outcome {
    Ok(Some(Made::Int(value.into())))
}

/// A whole number, or none where it does not fit.
pub(super) fn fits(value: Option<i64>) -> Outcome {
    match value {
        Some(value) => int(value),
        None => Err(Fault::Overflow),
    }
}

/// A float: NaN is undefined, and there is one zero.
pub(super) fn float(value: f64) -> Outcome {
    if value.is_nan() {
        Err(Fault::Undefined)
    } else {
        Ok(Some(Made::Float(value + 0.0)))
    }
}

/// The whole number that a float stands for, once it has been rounded; none where it does not fit.
pub(super) fn whole(value: f64) -> Outcome {
    // 2^63 is a float, and the first that does not fit.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    if fits {
        int(value as i64)
    } else {
        Err(Fault::Overflow)
    }
}

pub(super) fn text(value: impl Into<String>) -> Outcome {
    let value = value.into();
    if value.len() > MAX_TEXT {
        return Err(Fault::Overflow);
    }
    Ok(Some(Made::Text(value.into())))
}

/// A text that may not have been found.
pub(super) fn found(value: Option<&str>) -> Outcome {
    value.map_or(Ok(None), text)
}

#[allow(clippy::unnecessary_wraps, reason = "a kernel gives what it returns")]
pub(super) fn address(octets: [u8; 16]) -> Outcome {
    Ok(Some(Made::Ip(Ip::from_octets(octets))))
}

/// What a text says; what says nothing is a bad conversion.
pub(super) fn parsed<T>(value: Option<T>, give: impl FnOnce(T) -> Outcome) -> Outcome {
    value.map_or(Err(Fault::Conversion), give)
}

/// The logarithm of what has one.
pub(super) fn logarithm(x: f64, of: fn(f64) -> f64) -> Outcome {
    if x > 0.0 {
        float(of(x))
    } else {
        Err(Fault::Undefined)
    }
}
