//! Schedules by calendar, by trying each minute.
//!
//! A cron expression is read as it stands, item by item. Clocks are those of the last decades: they differ from UTC by
//! whole minutes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const MINUTE: i64 = 60_000_000_000;

/// The instants in `(before, after]`.
pub(super) fn instants(cron: &str, zone: &TimeZone, before: i64, after: i64) -> Vec<i64> {
    let cron = cron.to_uppercase();
    let minutes = before.div_euclid(MINUTE) + 1..=after.div_euclid(MINUTE);
    let instants = minutes.map(|minute| minute * MINUTE);
    instants.filter(|&at| is_instant(&cron, zone, at)).collect()
}

fn is_instant(cron: &str, zone: &TimeZone, at: i64) -> bool {
    let instant = Timestamp::from_nanosecond(at.into()).expect("times have 64 bits");
    let shown = zone.to_datetime(instant);
    if is_hourly(cron) {
        return is_picked(cron, shown);
    }
    let showings = zone.to_ambiguous_timestamp(shown);
    let is_first = showings.compatible().is_ok_and(|first| first == instant);
    is_picked(cron, shown) && is_first || {
        // What was skipped since a minute ago.
        let before = zone.to_datetime(instant - 1.minute());
        let next = |time: &DateTime| Some(*time + 1.minute());
        let skipped = core::iter::successors(next(&before), next).take_while(|time| *time < shown);
        skipped.into_iter().any(|time| is_picked(cron, time))
    }
}

/// Is each hour of a day asked for?
fn is_hourly(cron: &str) -> bool {
    let hours = cron
        .split_whitespace()
        .nth(1)
        .expect("there are five fields");
    (0..24).all(|hour| in_field(hours, hour, (0, 23), &[]))
}

/// Does the expression ask for this minute?
fn is_picked(cron: &str, time: DateTime) -> bool {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = fields[..] else {
        panic!("there are five fields");
    };
    let by_day = in_field(days, time.day(), (1, 31), &[])
        || days.split(',').any(|item| item == "L") && time.day() == time.days_in_month();
    let by_weekday = weekdays.split(',').any(|item| on_weekday(item, time));
    in_field(minutes, time.minute(), (0, 59), &[])
        && in_field(hours, time.hour(), (0, 23), &[])
        && in_field(months, time.month(), (1, 12), &MONTHS)
        && match (days, weekdays) {
            ("*", _) => by_weekday,
            (_, "*") => by_day,
            _ => by_day || by_weekday,
        }
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn on_weekday(item: &str, time: DateTime) -> bool {
    let weekday = time.weekday().to_sunday_zero_offset();
    let is_on = |item| {
        let also = if weekday == 0 { 7 } else { weekday };
        in_field(item, weekday, (0, 7), &WEEKDAYS) || in_field(item, also, (0, 7), &WEEKDAYS)
    };
    if let Some((day, nth)) = item.split_once('#') {
        let nth: i8 = nth.parse().expect("the checker has read it");
        return is_on(day) && (time.day() - 1) / 7 + 1 == nth;
    }
    match item.strip_suffix('L') {
        Some(day) => is_on(day) && time.day() + 7 > time.days_in_month(),
        None => is_on(item),
    }
}

/// Is a value among those of a list of numbers, ranges and steps? `names` stand for numbers from the first on.
fn in_field(field: &str, value: i8, (first, last): (i8, i8), names: &[&str]) -> bool {
    let number = |text: &str| -> Option<i8> {
        let named = names.iter().position(|name| *name == text);
        named
            .map(|place| place as i8 + first)
            .or_else(|| text.parse().ok())
    };
    field.split(',').any(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (Some(first), Some(last)),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        let step: usize = step.parse().expect("the checker has read it");
        // `L` is no number.
        let Some((from, to)) = from.zip(to) else {
            return false;
        };
        (from..=to).step_by(step).any(|each| each == value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cron: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap().as_nanosecond() as i64;
        let found = instants(cron, &zone, time(from) - 1, time(to));
        let shown = |at: i64| Timestamp::from_nanosecond(at.into()).unwrap().to_string();
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn items_of_fields() {
        let in_minutes = |field| (0..60).filter(move |&it| in_field(field, it, (0, 59), &[]));
        assert_eq!(in_minutes("*/20,7").collect::<Vec<_>>(), [0, 7, 20, 40]);
        assert_eq!(in_minutes("5-9/2").collect::<Vec<_>>(), [5, 7, 9]);
        assert!(in_field("MAR-MAY", 4, (1, 12), &MONTHS));
        assert!(!in_field("MAR-MAY", 6, (1, 12), &MONTHS));
    }

    #[test]
    fn weekdays_of_months() {
        let days = |cron| found(cron, "UTC", "2026-02-01T00:00:00Z", "2026-02-28T23:59:00Z");
        assert_eq!(days("0 0 * * FRI#2"), ["2026-02-13T00:00:00Z"]);
        assert_eq!(days("0 0 * * 7L"), ["2026-02-22T00:00:00Z"]);
        assert_eq!(days("0 0 L * *"), ["2026-02-28T00:00:00Z"]);
        assert_eq!(days("0 0 13 * TUEL").len(), 2);
    }

    #[test]
    fn clocks_that_are_changed() {
        let spring = found(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-29T12:00:00Z",
        );
        assert_eq!(spring, ["2026-03-29T01:00:00Z"]);
        let autumn = found(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "2026-10-25T12:00:00Z",
        );
        assert_eq!(autumn, ["2026-10-25T00:30:00Z"]);
    }
}
