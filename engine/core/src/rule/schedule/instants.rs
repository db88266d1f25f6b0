//! The instants of a schedule: multiples of a period, or times of a calendar as clocks in a zone show them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trapjaw_program::{Calendar, Zone};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// Which instants.
#[derive(Debug)]
pub(super) enum Instants {
    /// The multiples of so many nanoseconds since the Unix epoch.
    Every(i64),
    /// Those at which clocks in the zone show a time of the calendar. Of a time that is shown twice it is the first;
    /// for one that is skipped it is the first instant after it, once. But where the calendar has each hour of a day,
    /// each showing is one, and what is skipped is not made up for.
    At(Calendar, Zone),
}

impl Instants {
    /// The first after `time`.
    pub(super) fn after(&self, time: i64) -> Option<i64> {
        match self {
            Self::Every(period) => time
                .div_euclid(*period)
                .checked_add(1)?
                .checked_mul(*period),
            Self::At(calendar, zone) => {
                let mut from = time.div_euclid(SECOND) + 1;
                while from <= i64::MAX / SECOND {
                    let stretch = Stretch::around(from, zone.time_zone());
                    if let Some(first) = stretch.first(calendar, from) {
                        return first.checked_mul(SECOND);
                    }
                    from = stretch.end;
                }
                None
            }
        }
    }

    /// The last up to and with `time`.
    pub(super) fn last(&self, time: i64) -> Option<i64> {
        match self {
            Self::Every(period) => time.div_euclid(*period).checked_mul(*period),
            Self::At(calendar, zone) => {
                let mut until = time.div_euclid(SECOND);
                while until >= i64::MIN / SECOND {
                    let stretch = Stretch::around(until, zone.time_zone());
                    if let Some(last) = stretch.last(calendar, until) {
                        return last.checked_mul(SECOND);
                    }
                    until = stretch.start.checked_sub(1)?;
                }
                None
            }
        }
    }

    /// How many are in `[from, to)`.
    pub(super) fn count(&self, from: i64, to: i64) -> u64 {
        match self {
            Self::Every(period) => {
                let before = |time: i64| time.saturating_sub(1).div_euclid(*period);
                before(to).abs_diff(before(from))
            }
            Self::At(calendar, zone) => {
                let before = |time: i64| time.saturating_sub(1).div_euclid(SECOND) + 1;
                let (mut from, to) = (before(from), before(to));
                let mut count = 0;
                while from < to {
                    let stretch = Stretch::around(from, zone.time_zone());
                    count += stretch.count(calendar, from, to);
                    from = stretch.end;
                }
                count
            }
        }
    }
}

/// A stretch of time in which clocks run evenly, in seconds: what they show is what passes, plus `offset`.
struct Stretch {
    start: i64,
    /// The first second that is no longer in it.
    end: i64,
    offset: i64,
    /// What `offset` was until then.
    before: i64,
}

impl Stretch {
    /// The one that a second is in.
    fn around(second: i64, zone: &TimeZone) -> Self {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let offset = |second| i64::from(zone.to_offset(at(second)).seconds());
        let start = zone.preceding(at(second + 1)).next();
        let start = start.map(|change| change.timestamp().as_second());
        let end = zone.following(at(second)).next();
        let own = offset(second);
        Self {
            // Clocks are not looked at where 64 bits of nanoseconds tell no time.
            start: start.unwrap_or(i64::MIN / SECOND - 1),
            end: end.map_or(i64::MAX / SECOND + 1, |change| {
                change.timestamp().as_second()
            }),
            offset: own,
            before: start.map_or(own, |start| offset(start - 1)),
        }
    }

    /// The first of its instants from a second in it on.
    fn first(&self, calendar: &Calendar, from: i64) -> Option<i64> {
        if from <= self.start && self.makes_up(calendar) {
            return Some(self.start);
        }
        let from = from.max(self.news(calendar)) + self.offset;
        let first = calendar.first(from, self.end + self.offset)?;
        Some(first - self.offset)
    }

    /// The last of its instants up to and with a second in it.
    fn last(&self, calendar: &Calendar, until: i64) -> Option<i64> {
        let from = self.news(calendar) + self.offset;
        let last = calendar.last(from, until + 1 + self.offset);
        let last = last.map(|last| last - self.offset);
        last.or_else(|| self.makes_up(calendar).then_some(self.start))
    }

    /// How many of its instants are in `[from, to)`; `from` is in it.
    fn count(&self, calendar: &Calendar, from: i64, to: i64) -> u64 {
        let news = from.max(self.news(calendar)) + self.offset;
        let to = to.min(self.end) + self.offset;
        let shown = calendar.count(news.min(to), to);
        // It may be made up for at an instant that is one anyway.
        let made_up = from <= self.start
            && self.makes_up(calendar)
            && calendar.first(news, news + 1).is_none();
        shown + u64::from(made_up)
    }

    /// From when on clocks show what they have not shown before, as far as the calendar cares.
    fn news(&self, calendar: &Calendar) -> i64 {
        let again = (self.before - self.offset).max(0);
        self.start + if calendar.is_hourly() { 0 } else { again }
    }

    /// Have clocks skipped a time of the calendar at its start, which is made up for then?
    fn makes_up(&self, calendar: &Calendar) -> bool {
        let skipped = (self.start + self.before, self.start + self.offset);
        !calendar.is_hourly()
            && skipped.0 < skipped.1
            && calendar.first(skipped.0, skipped.1).is_some()
    }
}

#[cfg(test)]
mod tests;
