//! `replace`.

use trapjaw_event::limits::MAX_TEXT;

use super::scalar::{Args, Fault, Outcome, text};
use super::{Area, Function, Type, takes};

pub(super) const REPLACE: Function = Function {
    name: "replace",
    area: Area::Texts,
    about: "The text with `with` in place of each `part`, which is a text or a regular expression. What a regular expression matches is replaced by `with` as it stands. An empty `part` is nowhere. Null, and counted, where the result is longer than a text can be.",
    signatures: &[
        takes(
            &[
                ("x", Type::Text),
                ("part", Type::Text),
                ("with", Type::Text),
            ],
            Type::Text,
            plain,
        ),
        takes(
            &[
                ("x", Type::Text),
                ("part", Type::Pattern),
                ("with", Type::Text),
            ],
            Type::Text,
            matched,
        ),
    ],
    folds: false,
    examples: &[
        (r#"replace("a-b-c", "-", "+")"#, r#""a+b+c""#),
        (r#"replace("id 12 of 90", /[0-9]+/, "_")"#, r#""id _ of _""#),
        (r#"replace("ab", "", "x")"#, r#""ab""#),
    ],
};

fn plain(a: Args<'_>) -> Outcome {
    let (x, part, with) = (a.text(0), a.text(1), a.text(2));
    if part.is_empty() {
        return text(x);
    }
    // The length is known before the text is made: it may be far beyond any text's.
    let count = x.matches(part).count();
    if x.len() - count * part.len() + count * with.len() > MAX_TEXT {
        return Err(Fault::Overflow);
    }
    text(x.replace(part, with))
}

fn matched(a: Args<'_>) -> Outcome {
    let replaced = a.pattern(1).replace(a.text(0), a.text(2), MAX_TEXT);
    replaced.map_or(Err(Fault::Overflow), text)
}
