//! `mod`.

use super::scalar::{Args, Fault, Outcome, float, int};
use super::{Area, Function, Type, takes};

pub(super) const MOD: Function = Function {
    name: "mod",
    area: Area::Numbers,
    about: "The remainder of the division, with the sign of the first number: `a == div(a, b) * b + mod(a, b)`. By zero null, and counted.",
    signatures: &[
        takes(&[("a", Type::Int), ("b", Type::Int)], Type::Int, remainder),
        takes(
            &[("a", Type::Float), ("b", Type::Float)],
            Type::Float,
            of_floats,
        ),
        takes(
            &[("a", Type::Duration), ("b", Type::Duration)],
            Type::Duration,
            remainder,
        ),
    ],
    folds: false,
    examples: &[
        ("mod(7, 3)", "1"),
        ("mod(-7, 3)", "-1"),
        ("mod(5.5, 2.0)", "1.5"),
        ("mod(95s, 1m)", "35s"),
        ("mod(1, 0)", "null"),
        ("mod(-9223372036854775807 - 1, -1)", "0"),
    ],
};

fn remainder(a: Args<'_>) -> Outcome {
    if a.int(1) == 0 {
        return Err(Fault::Division);
    }
    // The one quotient that does not fit leaves nothing.
    int(a.int(0).wrapping_rem(a.int(1)))
}

fn of_floats(a: Args<'_>) -> Outcome {
    if a.float(1) == 0.0 {
        return Err(Fault::Division);
    }
    float(a.float(0) % a.float(1))
}
