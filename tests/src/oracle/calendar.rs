//! Which windows an instant is in, where these start by the clock: since the Unix epoch, or by a zone's days.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use trapjaw_dsl::hir::{Clause, Rule};

const DAY: i64 = 86_400_000_000_000;

/// End and start of each window that the instant is in.
pub(super) fn windows_around(rule: &Rule, instant: i64) -> Vec<(i64, i64)> {
    let (length, step) = match rule.clause {
        Clause::Tumbling { length } => (length, length),
        Clause::Hopping { length, every } => (length, every),
        _ => panic!("only windows that start by the clock are asked for"),
    };
    let mut windows = match &rule.zone {
        None => since_epoch(instant, length, step),
        Some(zone) => {
            let zone = TimeZone::get(zone).expect("the checker has found it");
            let tumbling = matches!(rule.clause, Clause::Tumbling { .. });
            in_zone(&zone, instant, (length, step), tumbling)
        }
    };
    windows.retain(|(end, start)| (*start..*end).contains(&instant));
    windows
}

fn since_epoch(instant: i64, length: i64, step: i64) -> Vec<(i64, i64)> {
    let newest = instant.div_euclid(step);
    let oldest = newest - length / step - 1;
    let starts = (oldest..=newest).map(|number| number.saturating_mul(step));
    starts
        .map(|start| (start.saturating_add(length), start))
        .collect()
}

/// A day's starts are its midnight and each step after it, or with steps of whole days the midnights of those days whose
/// number since 1970-01-01 is a multiple.
fn in_zone(
    zone: &TimeZone,
    instant: i64,
    (length, step): (i64, i64),
    tumbling: bool,
) -> Vec<(i64, i64)> {
    let date = Timestamp::from_nanosecond(instant.into())
        .expect("a time of these centuries")
        .to_zoned(zone.clone())
        .date();
    let today = i64::from((date - epoch()).get_days());
    let days = |length: i64| (length + DAY - 1) / DAY;
    let mut starts: Vec<i64> = Vec::new();
    for number in today - days(length) - days(step) - 1..=today + days(step) + 1 {
        let (midnight, next) = (midnight(zone, number), midnight(zone, number + 1));
        if step % DAY == 0 {
            starts.extend((number % (step / DAY) == 0).then_some(midnight));
        } else {
            let first = ((instant - length - midnight) / step).max(0);
            let day = (first..).map(|count| midnight + count * step);
            starts.extend(day.take_while(|start| *start < next && *start <= instant + step));
        }
    }
    let whole_days = step % DAY == 0 && length % DAY == 0;
    let mut windows = Vec::new();
    for (place, &start) in starts.iter().enumerate() {
        let end = if tumbling {
            // The last start of all is beyond the instant.
            starts.get(place + 1).copied().unwrap_or(i64::MAX)
        } else if whole_days {
            let date = Timestamp::from_nanosecond(start.into())
                .expect("a time of these centuries")
                .to_zoned(zone.clone())
                .date();
            midnight(zone, i64::from((date - epoch()).get_days()) + length / DAY)
        } else {
            start + length
        };
        windows.push((end, start));
    }
    windows
}

fn midnight(zone: &TimeZone, number: i64) -> i64 {
    let date = epoch() + Span::new().days(number);
    let start = date
        .to_zoned(zone.clone())
        .expect("a day of these centuries");
    i64::try_from(start.timestamp().as_nanosecond()).expect("a time of these centuries")
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}
