//! When windows start: at multiples of a step since the Unix epoch, or by the days of a time zone.
//!
//! In a time zone, a step of whole days goes from local midnight to local midnight, and days are counted from
//! 1970-01-01; so a day may have 23 or 25 hours. A shorter step is counted anew from each local midnight in time that
//! passes; where the day is no multiple of it, the last step ends with the day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Nanoseconds of a day on which no clock is changed.
const DAY: i64 = 86_400_000_000_000;

/// The starts of windows.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    step: i64,
    zone: Option<TimeZone>,
    /// A start and the next one: those of the instant that was asked for last, which is seldom another.
    last: (i64, i64),
    /// The same for days of the zone.
    day: (i64, i64, i64),
}

impl Grid {
    /// Starts so many nanoseconds apart, more than none. A zone that is not known, which the verifier refuses, is none.
    pub(crate) fn new(step: i64, zone: Option<&str>) -> Self {
        Self {
            step,
            zone: zone.and_then(|zone| TimeZone::get(zone).ok()),
            last: (0, 0),
            day: (0, 0, 0),
        }
    }

    /// The last start up to an instant, and the first one after it. Beyond the ends of time there are none: the
    /// ends are then given.
    #[inline]
    pub(crate) fn around(&mut self, instant: i64) -> (i64, i64) {
        if !(self.last.0..self.last.1).contains(&instant) {
            self.last = self.find(instant);
        }
        self.last
    }

    /// When a window of that length ends that starts there: in a zone, lengths of whole days from starts that are
    /// whole days apart are counted in local days.
    pub(crate) fn end(&mut self, start: i64, length: i64) -> i64 {
        if self.zone.is_none() || self.step % DAY != 0 || length % DAY != 0 {
            return start.saturating_add(length);
        }
        let (number, ..) = self.day_of(start);
        self.midnight(number.saturating_add(length / DAY))
    }

    /// The last start whose window, of that length, has ended by an instant.
    pub(crate) fn last_ended(&mut self, instant: i64, length: i64) -> i64 {
        if self.zone.is_none() || self.step % DAY != 0 || length % DAY != 0 {
            return self.find(instant.saturating_sub(length)).0;
        }
        let (number, ..) = self.day_of(instant);
        let days = self.step / DAY;
        let number = (number.saturating_sub(length / DAY)).div_euclid(days) * days;
        self.midnight(number)
    }

    fn find(&mut self, instant: i64) -> (i64, i64) {
        let step = self.step;
        if self.zone.is_none() {
            let start = instant.div_euclid(step);
            let next = start.saturating_add(1).saturating_mul(step);
            return (start.saturating_mul(step), next);
        }
        let (number, midnight, next_midnight) = self.day_of(instant);
        if step % DAY == 0 {
            let days = step / DAY;
            let first = number.div_euclid(days) * days;
            return (
                self.midnight(first),
                self.midnight(first.saturating_add(days)),
            );
        }
        let start = midnight + (instant - midnight) / step * step;
        (start, start.saturating_add(step).min(next_midnight))
    }

    /// The local day of an instant: its number since 1970-01-01, when it starts, and when the next one does.
    fn day_of(&mut self, instant: i64) -> (i64, i64, i64) {
        let (_, start, end) = self.day;
        if (start..end).contains(&instant) {
            return self.day;
        }
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let date = Timestamp::from_nanosecond(instant.into())
            .map_or(Date::ZERO, |instant| zone.to_datetime(instant).date());
        let mut number = epoch()
            .until(date)
            .map_or(0, |span| i64::from(span.get_days()));
        // Where clocks go back over midnight, an instant can show the date of the day that has ended.
        while self.midnight(number + 1) <= instant && self.midnight(number + 1) != i64::MAX {
            number += 1;
        }
        self.day = (number, self.midnight(number), self.midnight(number + 1));
        self.day
    }

    /// When a local day starts, by its number.
    fn midnight(&self, number: i64) -> i64 {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let span = Span::new().try_days(number);
        let date = span.and_then(|span| epoch().checked_add(span));
        let start = date.and_then(|date| date.to_zoned(zone));
        let beyond = if number < 0 { i64::MIN } else { i64::MAX };
        start.map_or(beyond, |start| {
            i64::try_from(start.timestamp().as_nanosecond()).unwrap_or(beyond)
        })
    }
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let time: Timestamp = text.parse().expect("a time");
        i64::try_from(time.as_nanosecond()).expect("a time of these centuries")
    }

    fn shown(instant: i64) -> String {
        Timestamp::from_nanosecond(instant.into())
            .expect("a time")
            .to_string()
    }

    fn around(step: i64, zone: Option<&str>, time: &str) -> [String; 2] {
        let (start, next) = Grid::new(step, zone).around(at(time));
        [shown(start), shown(next)]
    }

    const HOUR: i64 = DAY / 24;
    const BERLIN: Option<&str> = Some("Europe/Berlin");

    #[test]
    fn steps_since_the_epoch() {
        let mut grid = Grid::new(10, None);
        let cases = [
            (0, (0, 10)),
            (9, (0, 10)),
            (10, (10, 20)),
            (-1, (-10, 0)),
            (-10, (-10, 0)),
        ];
        for (instant, expected) in cases {
            assert_eq!(grid.around(instant), expected);
        }
        assert_eq!(grid.around(i64::MAX), (i64::MAX / 10 * 10, i64::MAX));
        assert_eq!(grid.end(-10, 25), 15);
        assert_eq!(grid.last_ended(15, 25), -10);
        assert_eq!(grid.last_ended(14, 25), -20);
    }

    #[test]
    fn local_days_have_23_and_25_hours() {
        let spring = ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"];
        assert_eq!(around(DAY, BERLIN, "2026-03-29T00:30:00Z"), spring);
        assert_eq!(around(DAY, BERLIN, "2026-03-29T21:59:59Z"), spring);
        let autumn = ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"];
        assert_eq!(around(DAY, BERLIN, "2026-10-25T22:59:59Z"), autumn);
        let mut grid = Grid::new(DAY, BERLIN);
        let start = at("2026-03-28T23:00:00Z");
        assert_eq!(shown(grid.end(start, DAY)), "2026-03-29T22:00:00Z");
        assert_eq!(shown(grid.end(start, 7 * DAY)), "2026-04-04T22:00:00Z");
        assert_eq!(grid.last_ended(at("2026-03-29T22:00:00Z"), DAY), start);
        assert!(grid.last_ended(at("2026-03-29T21:59:59Z"), DAY) < start);
    }

    #[test]
    fn shorter_steps_begin_anew_at_midnight() {
        let six = |time| around(6 * HOUR, BERLIN, time);
        // The clock goes from 2 to 3: six hours after midnight it is 7.
        assert_eq!(
            six("2026-03-29T05:00:00Z"),
            ["2026-03-29T05:00:00Z", "2026-03-29T11:00:00Z"]
        );
        assert_eq!(
            six("2026-03-29T20:00:00Z"),
            ["2026-03-29T17:00:00Z", "2026-03-29T22:00:00Z"]
        );
        assert_eq!(
            six("2026-03-30T01:00:00Z"),
            ["2026-03-29T22:00:00Z", "2026-03-30T04:00:00Z"]
        );
        let seven = around(7 * HOUR, Some("UTC"), "2026-01-01T22:00:00Z");
        assert_eq!(seven, ["2026-01-01T21:00:00Z", "2026-01-02T00:00:00Z"]);
    }

    #[test]
    fn starts_go_on_wherever_clocks_are_changed() {
        // At midnight in Sao Paulo and Havana; by half an hour on Lord Howe Island; a day left out in Apia.
        let zones = [
            "America/Sao_Paulo",
            "America/Havana",
            "Australia/Lord_Howe",
            "Pacific/Apia",
        ];
        for zone in zones {
            for step in [DAY, 7 * DAY, 5 * HOUR, HOUR / 2] {
                let mut grid = Grid::new(step, Some(zone));
                let (mut start, until) = (at("2011-01-01T00:00:00Z"), at("2012-02-01T00:00:00Z"));
                start = grid.around(start).1;
                while start < until {
                    let (found, next) = Grid::new(step, Some(zone)).around(start);
                    assert_eq!(found, start, "{zone}: {} is a start", shown(start));
                    assert!(next > start && next - start <= step + 2 * HOUR);
                    assert_eq!(grid.around(next - 1), (start, next), "{zone}");
                    start = next;
                }
            }
        }
    }
}
