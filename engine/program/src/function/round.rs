//! `round`.

use super::scalar::{Args, Outcome, float};
use super::{Area, Function, Type, takes};

pub(super) const ROUND: Function = Function {
    name: "round",
    area: Area::Numbers,
    about: "The number rounded to whole ones, or to so many digits after the point (before the point where `digits` is negative); halves go away from zero. As a float.",
    signatures: &[
        takes(&[("x", Type::Float)], Type::Float, |a| {
            float(a.float(0).round())
        }),
        takes(
            &[("x", Type::Float), ("digits", Type::Int)],
            Type::Float,
            digits,
        ),
    ],
    folds: false,
    examples: &[
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("round(1234.0, -2)", "1200"),
        ("round(0.1, 400)", "0.1"),
    ],
};

/// Beyond so many digits after the point a float has none, and its powers of ten no exact value.
const MOST: i64 = 22;

fn digits(a: Args<'_>) -> Outcome {
    let (x, digits) = (a.float(0), a.int(1));
    if digits >= 0 {
        let scale = 10_f64.powi(digits.min(MOST) as i32);
        let scaled = x * scale;
        // A number so large has no digits to lose.
        if digits > MOST || !scaled.is_finite() || scaled.abs() >= 2_f64.powi(53) {
            return float(x);
        }
        float(scaled.round() / scale)
    } else {
        let scale = 10_f64.powi(digits.max(-400).abs() as i32);
        if scale.is_finite() {
            float((x / scale).round() * scale)
        } else {
            float(0.0)
        }
    }
}
