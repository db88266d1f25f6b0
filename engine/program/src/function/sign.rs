//! `sign`.

use super::scalar::{Args, Outcome, int};
use super::{Area, Function, Type, takes};

pub(super) const SIGN: Function = Function {
    name: "sign",
    area: Area::Numbers,
    about: "-1 below zero, 0 at zero, 1 above.",
    signatures: &[
        takes(&[("x", Type::Int)], Type::Int, |a| int(a.int(0).signum())),
        takes(&[("x", Type::Float)], Type::Int, of_float),
        takes(&[("x", Type::Duration)], Type::Int, |a| {
            int(a.int(0).signum())
        }),
    ],
    folds: false,
    examples: &[("sign(-7)", "-1"), ("sign(0.0)", "0"), ("sign(5m)", "1")],
};

fn of_float(a: Args<'_>) -> Outcome {
    let x = a.float(0);
    int(i64::from(x > 0.0) - i64::from(x < 0.0))
}
