//! Time zones, from the database that is built in.

use core::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database by its name, as `Europe/Berlin`. The database is part of the program, so that no
/// result depends on the machine. There is no zone whose name is not in it.
#[derive(Clone, Debug)]
pub struct Zone {
    name: Box<str>,
    zone: TimeZone,
}

impl Zone {
    /// The zone of this name; the case of its letters does not matter.
    pub fn by_name(name: &str) -> Option<Self> {
        let zone = match name {
            "UTC" => TimeZone::UTC,
            _ => DATABASE.get(name).ok()?,
        };
        let name = zone.iana_name().unwrap_or(name).into();
        Some(Self { name, zone })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".into(),
            zone: TimeZone::UTC,
        }
    }

    /// The names of all zones, in order.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = DATABASE.available().map(|name| name.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// Its name as the database writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone as the library of times has it.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What clocks in the zone show at an instant.
    pub fn local(&self, nanoseconds: i64) -> DateTime {
        self.zone.to_datetime(timestamp(nanoseconds))
    }

    /// The first instant at which clocks in the zone show this or, if they never do, the first after it; `None` beyond
    /// the years that a time can tell.
    pub fn instant(&self, local: DateTime) -> Option<i64> {
        let instant = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        i64::try_from(instant.as_nanosecond()).ok()
    }
}

/// An instant as the library of times has it.
pub(crate) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into())
        .expect("64-bit nanoseconds lie within the years 1677 to 2262")
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_name() {
        let berlin = Zone::by_name("europe/berlin").unwrap();
        assert_eq!(berlin.name(), "Europe/Berlin");
        assert_eq!(Zone::by_name("Europe/Berlin"), Some(berlin));
        assert_eq!(Zone::by_name("UTC"), Some(Zone::utc()));
        assert_eq!(Zone::by_name("Europe/Nowhere"), None);
        assert!(Zone::names().iter().any(|name| name == "Asia/Tokyo"));
    }
}
