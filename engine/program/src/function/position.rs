//! `position`.

use super::scalar::{Args, Outcome, int};
use super::{Area, Function, Type, takes};

pub(super) const POSITION: Function = Function {
    name: "position",
    area: Area::Texts,
    about: "How many characters stand before the first `part` in the text; null where it is not in it, which is not counted.",
    signatures: &[takes(
        &[("x", Type::Text), ("part", Type::Text)],
        Type::Int,
        first,
    )],
    folds: false,
    examples: &[
        (r#"position("trapjaw", "jaw")"#, "4"),
        (r#"position("trapjaw", "ant")"#, "null"),
    ],
};

fn first(a: Args<'_>) -> Outcome {
    let x = a.text(0);
    match x.find(a.text(1)) {
        Some(at) => int(x[..at].chars().count() as i64),
        None => Ok(None),
    }
}
