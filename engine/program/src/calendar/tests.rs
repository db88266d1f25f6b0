use super::*;

/// 1970-01-01 was a Thursday; 59 days later it is March.
const MARCH: i64 = 59 * DAY;
const YEAR: i64 = 365 * DAY;

fn at(minutes: &[u32], hours: &[u32]) -> Calendar {
    let bits = |all: &[u32]| all.iter().map(|bit| 1_u64 << bit).sum::<u64>();
    Calendar {
        minutes: bits(minutes),
        hours: bits(hours) as u32,
        ..Calendar::ALWAYS
    }
}

fn on_weekday(day: usize, which: u8) -> Calendar {
    let mut weekdays = [0; 7];
    weekdays[day] = which;
    Calendar {
        weekdays: Some(weekdays),
        ..at(&[0], &[0])
    }
}

fn all(calendar: &Calendar, from: i64, to: i64) -> Vec<i64> {
    let next = |after: i64| calendar.first(after, to);
    core::iter::successors(next(from), |&time| next(time + 1)).collect()
}

fn days(calendar: &Calendar, from: i64, to: i64) -> Vec<i64> {
    let times = all(calendar, from, to);
    times.into_iter().map(|time| time / DAY).collect()
}

#[test]
fn times_of_a_day() {
    let calendar = at(&[0, 30], &[9, 17]);
    let hours = [9 * 60, 9 * 60 + 30, 17 * 60, 17 * 60 + 30];
    assert_eq!(all(&calendar, 0, DAY), hours.map(|minute| minute * 60));
    // From a second after one on, the next; up to one, not that one.
    assert_eq!(calendar.first(32_401, DAY), Some(34_200));
    assert_eq!(calendar.first(32_401, 34_200), None);
    assert_eq!(calendar.last(0, 34_200), Some(32_400));
    assert_eq!(calendar.last(32_401, 34_200), None);
    assert_eq!(calendar.last(-DAY, 0), Some(17 * 3_600 + 1_800 - DAY));
}

#[test]
fn days_of_months() {
    let of = |days| Calendar {
        days: Some(days),
        ..at(&[0], &[0])
    };
    assert_eq!(days(&of(1 << 31), 0, 100 * DAY), [30, 89]);
    assert_eq!(days(&of(Calendar::LAST_DAY), 0, 100 * DAY), [30, 58, 89]);
    let february = Calendar {
        months: 1 << 2,
        ..of(1 << 29)
    };
    assert_eq!(days(&february, 0, 8 * YEAR), [2 * 365 + 59, 6 * 365 + 60]);
    assert_eq!(february.last(0, 8 * YEAR), Some((6 * 365 + 60) * DAY));
}

#[test]
fn weekdays_of_months() {
    // The 5th of January 1970 was its first Monday, and the 29th its fifth Thursday.
    assert_eq!(days(&on_weekday(1, 1), 0, 20 * DAY), [4, 11, 18]);
    assert_eq!(days(&on_weekday(1, 1 << 2), 0, MARCH), [11, 39]);
    assert_eq!(days(&on_weekday(4, 1 << 5), 0, MARCH), [28]);
    assert_eq!(
        days(&on_weekday(5, Calendar::LAST_WEEKDAY), 0, MARCH),
        [29, 57]
    );
}

#[test]
fn a_day_that_either_picks_is_one() {
    let both = Calendar {
        days: Some(1 << 13),
        ..on_weekday(5, 1)
    };
    assert_eq!(days(&both, 0, 16 * DAY), [1, 8, 12, 15]);
}

#[test]
fn what_is_counted_is_what_is_found() {
    let hourly = at(&[5, 59], &(0..24).collect::<Vec<_>>());
    let calendars = [
        at(&[0, 30], &[0, 23]),
        hourly,
        on_weekday(3, 1 << 4),
        Calendar::ALWAYS,
    ];
    for calendar in calendars {
        for (from, to) in [
            (0, 3 * DAY),
            (299, 301),
            (300, 301),
            (-DAY, 86_399),
            (61, 40 * DAY),
        ] {
            let found = all(&calendar, from, to);
            assert_eq!(calendar.count(from, to), found.len() as u64, "{calendar}");
            assert_eq!(calendar.last(from, to), found.last().copied());
        }
    }
    assert!(hourly.is_hourly());
    assert!(!calendars[0].is_hourly());
}

#[test]
fn what_never_comes_is_no_calendar() {
    let fault = |change: fn(&mut Calendar)| {
        let mut calendar = at(&[0], &[0]);
        change(&mut calendar);
        calendar.fault()
    };
    assert_eq!(fault(|_| {}), None);
    let never = fault(|it| (it.days, it.months) = (Some(1 << 30), 1 << 2));
    assert_eq!(never, Some("it picks no day that there is"));
    // Once in 40 years or so: the fifth Sunday of a February.
    let seldom = fault(|it| (it.months, it.weekdays) = (1 << 2, Some([1 << 5, 0, 0, 0, 0, 0, 0])));
    assert_eq!(seldom, None);
    for broken in [
        fault(|it| it.minutes = 0),
        fault(|it| it.minutes = 1 << 60),
        fault(|it| it.hours = 1 << 24),
        fault(|it| it.days = Some(0)),
        fault(|it| it.months = 1),
        fault(|it| it.weekdays = Some([0; 7])),
        fault(|it| it.weekdays = Some([1 << 7; 7])),
    ] {
        assert!(broken.is_some());
    }
}

#[test]
fn shown_as_an_expression() {
    let calendar = Calendar {
        days: Some(0b1110 | Calendar::LAST_DAY),
        weekdays: Some([0, 1, 1, 1 | 1 << 2, 0, Calendar::LAST_WEEKDAY, 0]),
        ..at(&[0, 15, 16], &[9])
    };
    assert_eq!(calendar.to_string(), "0,15-16 9 1-3,L * 1-3,3#2,5L");
    assert_eq!(Calendar::ALWAYS.to_string(), "* * * * *");
}
