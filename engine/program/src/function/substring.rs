//! `substring`.

use super::scalar::{Args, Outcome, text};
use super::{Area, Function, Type, takes};

pub(super) const SUBSTRING: Function = Function {
    name: "substring",
    area: Area::Texts,
    about: "The characters from `start` on, the first being 0, at most `count` of them. A `start` below zero counts from the end. What lies outside of the text is not there.",
    signatures: &[
        takes(&[("x", Type::Text), ("start", Type::Int)], Type::Text, rest),
        takes(
            &[
                ("x", Type::Text),
                ("start", Type::Int),
                ("count", Type::Int),
            ],
            Type::Text,
            part,
        ),
    ],
    folds: false,
    examples: &[
        (r#"substring("trapjaw", 4)"#, r#""jaw""#),
        (r#"substring("trapjaw", 0, 4)"#, r#""trap""#),
        (r#"substring("trapjaw", -3, 2)"#, r#""ja""#),
        (r#"substring("é", 5)"#, r#""""#),
        (r#"substring("abc", 1, -1)"#, r#""""#),
    ],
};

fn rest(a: Args<'_>) -> Outcome {
    text(from(a.text(0), a.int(1)))
}

fn part(a: Args<'_>) -> Outcome {
    let rest = from(a.text(0), a.int(1));
    let count = usize::try_from(a.int(2)).unwrap_or(0);
    text(
        rest.char_indices()
            .nth(count)
            .map_or(rest, |(end, _)| &rest[..end]),
    )
}

/// What begins with the character at `start`.
fn from(x: &str, start: i64) -> &str {
    let at = if start >= 0 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        x.char_indices().nth(start).map_or(x.len(), |(at, _)| at)
    } else {
        let back = usize::try_from(start.unsigned_abs() - 1).unwrap_or(usize::MAX);
        x.char_indices().nth_back(back).map_or(0, |(at, _)| at)
    };
    &x[at..]
}
