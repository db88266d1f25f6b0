//! `truncate`.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::scalar::{Args, Fault, Outcome, fits};
use super::{Area, Function, Type, takes};

pub(super) const TRUNCATE: Function = Function {
    name: "truncate",
    area: Area::Times,
    about: "The start of the part of the calendar in which a time lies: its `second`, `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` or `year`, in UTC where no zone is named. With a duration instead of a part: the last multiple of it since 1970-01-01T00:00:00Z.",
    signatures: &[
        takes(
            &[("t", Type::Time), ("part", Type::Unit)],
            Type::Time,
            start,
        ),
        takes(
            &[
                ("t", Type::Time),
                ("part", Type::Unit),
                ("zone", Type::Zone),
            ],
            Type::Time,
            start,
        ),
        takes(
            &[("t", Type::Time), ("step", Type::Duration)],
            Type::Time,
            multiple,
        ),
    ],
    folds: false,
    examples: &[
        (
            r#"truncate(2026-01-31T23:30:15.25Z, "day")"#,
            "2026-01-31T00:00:00Z",
        ),
        (
            r#"truncate(2026-01-31T23:30:15.25Z, "month", "Europe/Berlin")"#,
            "2026-01-31T23:00:00Z",
        ),
        (
            r#"truncate(2026-01-31T23:30:15.25Z, "week")"#,
            "2026-01-26T00:00:00Z",
        ),
        (
            "truncate(2026-01-31T23:30:15.25Z, 15m)",
            "2026-01-31T23:30:00Z",
        ),
        ("truncate(2026-01-31T23:30:15.25Z, 0s)", "null"),
        ("truncate(1969-12-31T23:59:59Z, 1m)", "1969-12-31T23:59:00Z"),
    ],
};

fn multiple(a: Args<'_>) -> Outcome {
    let (time, step) = (a.int(0), a.int(1));
    if step <= 0 {
        return Err(Fault::Undefined);
    }
    fits(time.checked_sub(time.rem_euclid(step)))
}

fn start(a: Args<'_>) -> Outcome {
    let zone = a.zone(2);
    let shown = zone.local(a.int(0));
    let within = a.int(0).rem_euclid(60_000_000_000);
    let (date, time) = (shown.date(), shown.time());
    let first = |month| Date::new(date.year(), month, 1).ok();
    let date = match a.text(1) {
        // Offsets of zones are whole seconds, and the day's start may be no whole hour: these are counted back.
        "second" => return fits(a.int(0).checked_sub(within % 1_000_000_000)),
        "minute" => return back(a.int(0), i64::from(time.second()), time),
        "hour" => {
            return back(
                a.int(0),
                i64::from(time.minute()) * 60 + i64::from(time.second()),
                time,
            );
        }
        "day" => Some(date),
        "week" => date
            .checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days())
            .ok(),
        "month" => first(date.month()),
        "quarter" => first((date.month() - 1) / 3 * 3 + 1),
        "year" => first(1),
        _ => return Err(Fault::Undefined),
    };
    let start = date.map(|date| DateTime::from_parts(date, Time::midnight()));
    fits(start.and_then(|start| zone.instant(start)))
}

/// So many seconds, and what is no whole second, before an instant.
fn back(instant: i64, seconds: i64, shown: Time) -> Outcome {
    let nanoseconds = seconds * 1_000_000_000 + i64::from(shown.subsec_nanosecond());
    fits(instant.checked_sub(nanoseconds))
}
