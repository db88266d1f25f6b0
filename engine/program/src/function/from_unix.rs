//! `from_unix`.

use super::scalar::{fits, whole};
use super::{Area, Function, Type, takes};

pub(super) const FROM_UNIX: Function = Function {
    name: "from_unix",
    area: Area::Times,
    about: "The time so many seconds after 1970-01-01T00:00:00Z; null, and counted, beyond the years that a time can tell. Milliseconds are `from_unix(ms / 1000)`.",
    signatures: &[
        takes(&[("seconds", Type::Int)], Type::Time, |a| {
            fits(a.int(0).checked_mul(1_000_000_000))
        }),
        takes(&[("seconds", Type::Float)], Type::Time, |a| {
            whole((a.float(0) * 1e9).round())
        }),
    ],
    folds: false,
    examples: &[
        ("from_unix(1769902215)", "2026-01-31T23:30:15Z"),
        ("from_unix(0.5)", "1970-01-01T00:00:00.5Z"),
        ("from_unix(10000000000)", "null"),
    ],
};
