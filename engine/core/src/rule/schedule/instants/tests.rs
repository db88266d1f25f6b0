use jiff::civil::DateTime;
use trapjaw_program::{Calendar, Zone};

use super::*;

fn calendar(minutes: u64, hours: u32) -> Calendar {
    Calendar {
        minutes,
        hours,
        ..Calendar::ALWAYS
    }
}

fn time(text: &str) -> i64 {
    let at: Timestamp = text.parse().expect("a time");
    at.as_nanosecond() as i64
}

fn shown(nanoseconds: i64) -> String {
    Timestamp::from_nanosecond(nanoseconds.into())
        .expect("a time")
        .to_string()
}

/// All instants in `[from, to)`, forwards; backwards and counted they are the same.
fn all(calendar: Calendar, zone: &str, from: &str, to: &str) -> Vec<String> {
    let instants = Instants::At(calendar, Zone::by_name(zone).expect("a zone"));
    let (from, to) = (time(from), time(to));
    let next = |time| instants.after(time).filter(|&next| next < to);
    let found: Vec<i64> = core::iter::successors(next(from - 1), |&at| next(at)).collect();
    let before = |time| instants.last(time).filter(|&last| last >= from);
    let mut back: Vec<i64> = core::iter::successors(before(to - 1), |&at| before(at - 1)).collect();
    back.reverse();
    assert_eq!(found, back);
    assert_eq!(instants.count(from, to), found.len() as u64);
    found.into_iter().map(shown).collect()
}

#[test]
fn a_time_that_is_skipped_is_made_up_for_once() {
    // Clocks in Berlin go from 01:59:59 to 03:00 at 01:00 UTC.
    let half_hours = calendar(1 << 0 | 1 << 30, 1 << 2);
    assert_eq!(
        all(
            half_hours,
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z"
        ),
        [
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:00:00Z",
            "2026-03-30T00:30:00Z"
        ]
    );
    // It is made up for at an instant that is one anyway.
    let both = calendar(1, 1 << 2 | 1 << 3);
    assert_eq!(
        all(
            both,
            "Europe/Berlin",
            "2026-03-29T00:00:00Z",
            "2026-03-29T12:00:00Z"
        ),
        ["2026-03-29T01:00:00Z"]
    );
}

#[test]
fn a_time_that_is_shown_twice_is_the_first() {
    // Clocks in Berlin go from 02:59:59 to 02:00 at 01:00 UTC.
    let half_past_two = calendar(1 << 30, 1 << 2);
    assert_eq!(
        all(
            half_past_two,
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "2026-10-26T12:00:00Z"
        ),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
}

#[test]
fn each_hour_follows_the_time_that_passes() {
    let hourly = calendar(1 << 30, (1 << 24) - 1);
    assert_eq!(
        all(
            hourly,
            "Europe/Berlin",
            "2026-10-24T23:00:00Z",
            "2026-10-25T03:00:00Z"
        ),
        [
            "2026-10-24T23:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:30:00Z"
        ]
    );
    assert_eq!(
        all(
            hourly,
            "Europe/Berlin",
            "2026-03-29T00:00:00Z",
            "2026-03-29T02:00:00Z"
        ),
        ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]
    );
}

#[test]
fn clocks_that_go_back_over_midnight() {
    // In Newfoundland clocks went back from 00:01 to 23:01 of the day before, at 02:31 UTC.
    let midnight = calendar(1, 1);
    assert_eq!(
        all(
            midnight,
            "America/St_Johns",
            "2010-11-06T12:00:00Z",
            "2010-11-08T12:00:00Z"
        ),
        ["2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"]
    );
    let always = Calendar::ALWAYS;
    let minutes = all(
        always,
        "America/St_Johns",
        "2010-11-07T00:00:00Z",
        "2010-11-07T06:00:00Z",
    );
    assert_eq!(minutes.len(), 360);
}

#[test]
fn a_day_that_is_skipped() {
    // Samoa had no 30th of December 2011.
    let nine = calendar(1, 1 << 9);
    let found = all(
        nine,
        "Pacific/Apia",
        "2011-12-29T00:00:00Z",
        "2011-12-31T00:00:00Z",
    );
    let zone = Zone::by_name("Pacific/Apia").expect("a zone");
    let local: Vec<DateTime> = found.iter().map(|at| zone.local(time(at))).collect();
    let local: Vec<String> = local.iter().map(DateTime::to_string).collect();
    assert_eq!(
        local,
        [
            "2011-12-29T09:00:00",
            "2011-12-31T00:00:00",
            "2011-12-31T09:00:00"
        ]
    );
}

#[test]
fn time_has_ends() {
    let instants = Instants::At(Calendar::ALWAYS, Zone::utc());
    assert_eq!(instants.after(i64::MAX), None);
    assert_eq!(instants.after(i64::MAX - 1), None);
    assert_eq!(instants.last(i64::MIN), None);
    assert!(
        instants
            .after(i64::MIN)
            .is_some_and(|first| first < i64::MIN + 60 * SECOND)
    );
    let number = instants.count(i64::MIN, i64::MAX);
    assert_eq!(number, (i64::MAX as u64 / 60_000_000_000) * 2 + 1);
    let seldom = Calendar {
        days: Some(1 << 29),
        months: 1 << 2,
        ..calendar(1, 1)
    };
    let seldom = Instants::At(seldom, Zone::by_name("Europe/Berlin").expect("a zone"));
    assert_eq!(
        seldom.after(time("2096-03-01T00:00:00Z")).map(shown),
        Some("2104-02-28T23:00:00Z".into())
    );
}
