//! Days and times of a calendar, as a cron expression picks them.
//!
//! Times here are those that clocks on a wall show: local seconds, counted as if each day since 1970-01-01 had 86,400.
//! Which instants they are is a matter of a time zone, and of whoever asks.

use core::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Seconds of a day of the calendar.
const DAY: i64 = 86_400;

/// Minutes of a day of the calendar.
const MINUTES: u32 = 1_440;

/// After so many days weekdays fall on the same dates again: 400 years.
const CYCLE: i64 = 146_097;

/// Which minutes of which days: `0 9 * * 1-5`, minutes to weekdays.
///
/// Where both days and weekdays are picked, a day that either picks is one (POSIX, crontab).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Minutes of an hour, one a bit.
    pub minutes: u64,
    /// Hours of a day, one a bit.
    pub hours: u32,
    /// Days of a month, one a bit from bit 1 on; bit 0 is the last, whichever that is. `None` for `*`.
    pub days: Option<u32>,
    /// Months of a year, one a bit from bit 1 on.
    pub months: u16,
    /// By weekday from Sunday on: bit 0 for each, bits 1 to 5 for the first to fifth of a month, bit 6 for the last.
    /// `None` for `*`.
    pub weekdays: Option<[u8; 7]>,
}

impl Calendar {
    /// Each minute.
    pub const ALWAYS: Self = Self {
        minutes: (1 << 60) - 1,
        hours: Self::ALL_HOURS,
        days: None,
        months: Self::ALL_MONTHS,
        weekdays: None,
    };
    /// Of [`days`](Self::days): the last of a month.
    pub const LAST_DAY: u32 = 1;
    /// Of [`weekdays`](Self::weekdays): the last of a month.
    pub const LAST_WEEKDAY: u8 = 1 << 6;
    const ALL_HOURS: u32 = (1 << 24) - 1;
    const ALL_MONTHS: u16 = ((1 << 12) - 1) << 1;

    /// Why it is no calendar: something is picked that there is not, or nothing is.
    pub fn fault(&self) -> Option<&'static str> {
        let weekdays = self.weekdays.unwrap_or([1; 7]);
        if self.minutes >> 60 != 0 || self.minutes == 0 {
            Some("its minutes are not among 0 to 59")
        } else if self.hours >> 24 != 0 || self.hours == 0 {
            Some("its hours are not among 0 to 23")
        } else if self.days == Some(0) {
            Some("it has no days")
        } else if self.months & !Self::ALL_MONTHS != 0 || self.months == 0 {
            Some("its months are not among 1 to 12")
        } else if weekdays == [0; 7] || weekdays.iter().any(|of| of >> 7 != 0) {
            Some("its weekdays are none, or not those of a month")
        } else if self.first(0, CYCLE * DAY).is_none() {
            Some("it picks no day that there is")
        } else {
            None
        }
    }

    /// Does it pick each hour of its days? Then it follows the time that passes, and not what clocks show.
    pub fn is_hourly(&self) -> bool {
        self.hours == Self::ALL_HOURS
    }

    /// The first of its local times in `[from, to)`.
    pub fn first(&self, from: i64, to: i64) -> Option<i64> {
        let mut day = from.div_euclid(DAY);
        let mut minute = (from.rem_euclid(DAY) as u32).div_ceil(60);
        while day.saturating_mul(DAY) < to {
            let date = date(day);
            if self.has_month(date) {
                if self.has_day(date)
                    && let Some(minute) = self.minute_from(minute)
                {
                    return Some(day * DAY + i64::from(minute) * 60).filter(|&time| time < to);
                }
                day += 1;
            } else {
                day += i64::from(date.days_in_month() - date.day()) + 1;
            }
            minute = 0;
        }
        None
    }

    /// The last of its local times in `[from, to)`.
    pub fn last(&self, from: i64, to: i64) -> Option<i64> {
        let newest = to.checked_sub(1)?;
        let mut day = newest.div_euclid(DAY);
        let mut minute = newest.rem_euclid(DAY) as u32 / 60;
        while (day + 1).saturating_mul(DAY) > from {
            let date = date(day);
            if self.has_month(date) {
                if self.has_day(date)
                    && let Some(minute) = self.minute_to(minute)
                {
                    return Some(day * DAY + i64::from(minute) * 60).filter(|&time| time >= from);
                }
                day -= 1;
            } else {
                day -= i64::from(date.day());
            }
            minute = MINUTES - 1;
        }
        None
    }

    /// How many of its local times are in `[from, to)`.
    pub fn count(&self, from: i64, to: i64) -> u64 {
        let mut count = 0;
        let mut day = from.div_euclid(DAY);
        while day.saturating_mul(DAY) < to {
            let date = date(day);
            if self.has_month(date) && self.has_day(date) {
                let of_day = |time: i64| (time - day * DAY).clamp(0, DAY) as u32;
                count += self.minutes_before(of_day(to).div_ceil(60))
                    - self.minutes_before(of_day(from).div_ceil(60));
            }
            day += 1;
        }
        count
    }

    fn has_month(&self, date: Date) -> bool {
        self.months >> date.month() & 1 == 1
    }

    /// Is this day of a month among those that it picks?
    fn has_day(&self, date: Date) -> bool {
        let by_day = self.days.map(|days| {
            days >> date.day() & 1 == 1
                || days & Self::LAST_DAY != 0 && date.day() == date.days_in_month()
        });
        let by_weekday = self.weekdays.map(|weekdays| {
            let of = weekdays[date.weekday().to_sunday_zero_offset() as usize];
            let is_last = date.day() + 7 > date.days_in_month();
            of & 1 != 0
                || of >> ((date.day() + 6) / 7) & 1 == 1
                || of & Self::LAST_WEEKDAY != 0 && is_last
        });
        match (by_day, by_weekday) {
            (Some(by_day), Some(by_weekday)) => by_day || by_weekday,
            (one, other) => one.or(other).unwrap_or(true),
        }
    }

    /// The first of its minutes of a day from this one on.
    fn minute_from(&self, minute: u32) -> Option<u32> {
        let hours = (minute / 60..24).filter(|hour| self.hours >> hour & 1 == 1);
        let mut minutes = hours.map(|hour| {
            let least = minute.saturating_sub(hour * 60);
            (hour, self.minutes & u64::MAX << least)
        });
        minutes.find_map(|(hour, left)| (left != 0).then(|| hour * 60 + left.trailing_zeros()))
    }

    /// The last of its minutes of a day up to and with this one.
    fn minute_to(&self, minute: u32) -> Option<u32> {
        let hours = (0..=minute / 60).rev();
        let hours = hours.filter(|hour| self.hours >> hour & 1 == 1);
        let mut minutes = hours.map(|hour| {
            let most = (minute - hour * 60).min(59);
            (hour, self.minutes & u64::MAX >> (63 - most))
        });
        minutes.find_map(|(hour, left)| (left != 0).then(|| hour * 60 + 63 - left.leading_zeros()))
    }

    /// How many of its minutes of a day are before this one.
    fn minutes_before(&self, minute: u32) -> u64 {
        let hours = (self.hours & ((1_u64 << (minute / 60)) - 1) as u32).count_ones();
        let whole = u64::from(hours) * u64::from(self.minutes.count_ones());
        let is_on = minute < MINUTES && self.hours >> (minute / 60) & 1 == 1;
        let rest = self.minutes & ((1 << (minute % 60)) - 1);
        whole
            + if is_on {
                u64::from(rest.count_ones())
            } else {
                0
            }
    }
}

/// The date of a day since 1970-01-01.
fn date(day: i64) -> Date {
    // What lies beyond what dates can tell is not asked for: times have 64 bits of nanoseconds.
    let midnight = Timestamp::from_second(day.saturating_mul(DAY));
    Offset::UTC.to_datetime(midnight.unwrap_or_default()).date()
}

/// As a cron expression, in one way: numbers and ranges, `*` for what is all.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |bits: u64, range: core::ops::RangeInclusive<u32>| {
            let is_all = range.clone().all(|value| bits >> value & 1 == 1);
            if is_all {
                "*".into()
            } else {
                ranges(bits, range)
            }
        };
        let minutes = numbers(self.minutes, 0..=59);
        let hours = numbers(self.hours.into(), 0..=23);
        let months = numbers(self.months.into(), 1..=12);
        let days = self.days.map_or("*".into(), |days| {
            let listed = ranges(days.into(), 1..=31);
            let last = (days & Self::LAST_DAY != 0).then(|| "L".to_owned());
            list(Some(listed).into_iter().chain(last))
        });
        let weekdays = self.weekdays.map_or("*".into(), |weekdays| {
            let each = (0_u64..)
                .zip(weekdays)
                .map(|(day, of)| u64::from(of & 1) << day);
            let mut parts = vec![ranges(each.sum(), 0..=6)];
            for (day, of) in weekdays.into_iter().enumerate() {
                let nth = (1..=5).filter(|nth| of >> nth & 1 == 1);
                parts.extend(nth.map(|nth| format!("{day}#{nth}")));
                parts.extend((of & Self::LAST_WEEKDAY != 0).then(|| format!("{day}L")));
            }
            list(parts)
        });
        write!(f, "{minutes} {hours} {days} {months} {weekdays}")
    }
}

/// The bits that are set, as numbers and ranges.
fn ranges(bits: u64, range: core::ops::RangeInclusive<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in range.filter(|value| bits >> value & 1 == 1) {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == value => *end = value,
            _ => runs.push((value, value)),
        }
    }
    list(runs.into_iter().map(|(start, end)| match end - start {
        0 => start.to_string(),
        _ => format!("{start}-{end}"),
    }))
}

fn list(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests;
