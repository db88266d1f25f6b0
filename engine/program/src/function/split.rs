//! `split`.

use super::scalar::{Args, Outcome, found};
use super::{Area, Function, Type, takes};

pub(super) const SPLIT: Function = Function {
    name: "split",
    area: Area::Texts,
    about: "The part at `index`, the first being 0, of the text parted at each `separator`. An `index` below zero counts from the end. Null where there is no such part, which is not counted. An empty separator parts nothing.",
    signatures: &[takes(
        &[
            ("x", Type::Text),
            ("separator", Type::Text),
            ("index", Type::Int),
        ],
        Type::Text,
        part,
    )],
    folds: false,
    examples: &[
        (r#"split("a,b,c", ",", 1)"#, r#""b""#),
        (r#"split("web-1.example.com", ".", 0)"#, r#""web-1""#),
        (r#"split("a/b/c", "/", -1)"#, r#""c""#),
        (r#"split("a,b", ",", 2)"#, "null"),
    ],
};

fn part(a: Args<'_>) -> Outcome {
    let (x, separator, index) = (a.text(0), a.text(1), a.int(2));
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    found(match index {
        0 | -1 if separator.is_empty() => Some(x),
        _ if separator.is_empty() => None,
        0.. => x.split(separator).nth(place(index.unsigned_abs())),
        _ => x.rsplit(separator).nth(place(index.unsigned_abs() - 1)),
    })
}
