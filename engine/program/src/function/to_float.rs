//! `float`.

use super::scalar::{float, parsed};
use super::{Area, Function, Type, takes};

pub(super) const FLOAT: Function = Function {
    name: "float",
    area: Area::Conversions,
    about: "A number: of an int, or of a text that is one (`-1.5e3`). What is none is null, and counted.",
    signatures: &[
        takes(&[("x", Type::Int)], Type::Float, |a| float(a.int(0) as f64)),
        takes(&[("x", Type::Text)], Type::Float, |a| {
            parsed(number(a.text(0)), float)
        }),
    ],
    folds: false,
    examples: &[
        (r#"float("2.50")"#, "2.5"),
        (r#"float("-1e3")"#, "-1000"),
        (r#"float("1,5")"#, "null"),
        (r#"float("nan")"#, "null"),
    ],
};

/// A number by its digits: the names of what is no number, and of what is beyond all, are none.
fn number(text: &str) -> Option<f64> {
    let digits = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse()
        .ok()
        .filter(|number: &f64| digits && number.is_finite())
}
