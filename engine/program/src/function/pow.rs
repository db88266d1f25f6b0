//! `pow`.

use super::scalar::{Args, Fault, Outcome, fits, float, int};
use super::{Area, Function, Type, takes};

pub(super) const POW: Function = Function {
    name: "pow",
    area: Area::Numbers,
    about: "The first number to the power of the second. Of ints with an exponent that is not negative an int, null where it does not fit; otherwise a float.",
    signatures: &[
        takes(&[("x", Type::Int), ("y", Type::Int)], Type::Int, of_ints),
        takes(
            &[("x", Type::Float), ("y", Type::Float)],
            Type::Float,
            |a| float(a.float(0).powf(a.float(1))),
        ),
    ],
    folds: false,
    examples: &[
        ("pow(2, 10)", "1024"),
        ("pow(2.0, 0.5)", "1.4142135623730951"),
        ("pow(2, 63)", "null"),
        ("pow(2, -1)", "null"),
        ("pow(1, 5000000000)", "1"),
        ("pow(-1.0, 0.5)", "null"),
    ],
};

fn of_ints(a: Args<'_>) -> Outcome {
    let (x, y) = (a.int(0), a.int(1));
    match (x, u32::try_from(y)) {
        _ if y < 0 => Err(Fault::Undefined),
        // Whatever the exponent, these stay as small as they are.
        (-1..=1, _) if y > 0 => int(if x == -1 && y % 2 == 0 { 1 } else { x }),
        (_, Ok(y)) => fits(x.checked_pow(y)),
        (_, Err(_)) => Err(Fault::Overflow),
    }
}
