//! `time_of_day`.

use super::scalar::{Args, Outcome, int};
use super::{Area, Function, Type, takes};

pub(super) const TIME_OF_DAY: Function = Function {
    name: "time_of_day",
    area: Area::Times,
    about: r#"The time that clocks show, as a duration since they last showed 00:00: `time_of_day(c.time, "Europe/Berlin") between 8h and 18h`. In UTC where no zone is named."#,
    signatures: &[
        takes(&[("t", Type::Time)], Type::Duration, shown),
        takes(
            &[("t", Type::Time), ("zone", Type::Zone)],
            Type::Duration,
            shown,
        ),
    ],
    folds: false,
    examples: &[
        ("time_of_day(2026-01-31T23:30:15.25Z)", "23h30m15s250ms"),
        (
            r#"time_of_day(2026-01-31T07:05:00Z, "Europe/Berlin")"#,
            "8h5m",
        ),
    ],
};

fn shown(a: Args<'_>) -> Outcome {
    let shown = a.local(1);
    let seconds =
        (i64::from(shown.hour()) * 60 + i64::from(shown.minute())) * 60 + i64::from(shown.second());
    int(seconds * 1_000_000_000 + i64::from(shown.subsec_nanosecond()))
}
