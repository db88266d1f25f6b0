//! `capture`.

use super::scalar::{Args, Outcome, found};
use super::{Area, Function, Type, takes};

pub(super) const CAPTURE: Function = Function {
    name: "capture",
    area: Area::Texts,
    about: "What a group of the regular expression took in its leftmost match: the group of this number, 0 being the whole match, or of this name. Null where there is no match or the group took no part, which is not counted.",
    signatures: &[
        takes(
            &[
                ("x", Type::Text),
                ("pattern", Type::Pattern),
                ("group", Type::Int),
            ],
            Type::Text,
            numbered,
        ),
        takes(
            &[
                ("x", Type::Text),
                ("pattern", Type::Pattern),
                ("group", Type::Text),
            ],
            Type::Text,
            named,
        ),
    ],
    folds: false,
    examples: &[
        (
            r#"capture("sshd[4711]: failed", /\[([0-9]+)\]/, 1)"#,
            r#""4711""#,
        ),
        (
            r#"capture("user=ann ok", /user=(?<name>[a-z]+)/, "name")"#,
            r#""ann""#,
        ),
        (r#"capture("none", /([0-9]+)/, 1)"#, "null"),
    ],
};

fn numbered(a: Args<'_>) -> Outcome {
    let group = usize::try_from(a.int(2)).ok();
    found(group.and_then(|group| a.pattern(1).capture(a.text(0), group)))
}

fn named(a: Args<'_>) -> Outcome {
    let pattern = a.pattern(1);
    let group = pattern.group(a.text(2));
    found(group.and_then(|group| pattern.capture(a.text(0), group)))
}
