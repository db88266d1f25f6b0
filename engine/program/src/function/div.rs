//! `div`.

use super::scalar::{Args, Fault, Outcome, fits};
use super::{Area, Function, Type, takes};

pub(super) const DIV: Function = Function {
    name: "div",
    area: Area::Numbers,
    about: "The quotient without its digits after the point: `div(-7, 2)` is -3. By zero null, and counted. `/` gives the whole quotient as a float.",
    signatures: &[
        takes(&[("a", Type::Int), ("b", Type::Int)], Type::Int, quotient),
        takes(
            &[("a", Type::Duration), ("b", Type::Duration)],
            Type::Int,
            quotient,
        ),
    ],
    folds: false,
    examples: &[
        ("div(7, 2)", "3"),
        ("div(-7, 2)", "-3"),
        ("div(1h, 25m)", "2"),
        ("div(1, 0)", "null"),
    ],
};

fn quotient(a: Args<'_>) -> Outcome {
    if a.int(1) == 0 {
        return Err(Fault::Division);
    }
    fits(a.int(0).checked_div(a.int(1)))
}
