//! `clamp`.

use super::scalar::{Fault, float, int};
use super::{Area, Function, Type, takes};

pub(super) const CLAMP: Function = Function {
    name: "clamp",
    area: Area::Numbers,
    about: "The value, but not below `low` and not above `high`. Null, and counted, where `low` is above `high`.",
    signatures: &[
        takes(
            &[("x", Type::Int), ("low", Type::Int), ("high", Type::Int)],
            Type::Int,
            |a| between(a.int(0), a.int(1), a.int(2)).map_or(Err(Fault::Undefined), int),
        ),
        takes(
            &[
                ("x", Type::Float),
                ("low", Type::Float),
                ("high", Type::Float),
            ],
            Type::Float,
            |a| between(a.float(0), a.float(1), a.float(2)).map_or(Err(Fault::Undefined), float),
        ),
        takes(
            &[
                ("x", Type::Duration),
                ("low", Type::Duration),
                ("high", Type::Duration),
            ],
            Type::Duration,
            |a| between(a.int(0), a.int(1), a.int(2)).map_or(Err(Fault::Undefined), int),
        ),
    ],
    folds: false,
    examples: &[
        ("clamp(120, 0, 100)", "100"),
        ("clamp(-0.5, 0.0, 1.0)", "0"),
        ("clamp(90s, 1m, 2m)", "1m30s"),
        ("clamp(5, 3, 1)", "null"),
    ],
};

fn between<T: PartialOrd>(x: T, low: T, high: T) -> Option<T> {
    if low > high {
        None
    } else if x < low {
        Some(low)
    } else if x > high {
        Some(high)
    } else {
        Some(x)
    }
}
