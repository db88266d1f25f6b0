//! Changes that mend findings.

use super::with_types;
use crate::ide::Analysis;
use crate::source::Span;

/// Applies the only fix at the cursor, and gives its title and the text.
fn mended(text: &str) -> (String, String) {
    let fixture = with_types(text);
    let at = fixture.at;
    let range = Span {
        source: at.source,
        start: at.offset,
        end: at.offset,
    };
    let fixes = fixture.analysis.fixes(range);
    let [fix] = &fixes[..] else {
        panic!("{text}: {fixes:?}");
    };
    let mut mended = fixture.text.clone();
    mended.replace_range(fix.edit.place.range(), &fix.edit.text);
    let sources = fixture.analysis.sources();
    let after =
        Analysis::new(sources.with_texts(|id, _| (id == at.source).then(|| mended.clone())));
    assert_eq!(after.diagnostics(), [], "{mended}");
    (fix.title.clone(), mended)
}

#[test]
fn suggestions_are_changes() {
    let cases = [
        (
            "rule r { on c: cpu where c.la$0od > 1 do log(\"x\") }",
            "Replace `laod` by `load`",
            "rule r { on c: cpu where c.load > 1 do log(\"x\") }",
        ),
        (
            "rule r { on c: cpu where c.load > 1 $0&& true == (c.core == 1) do log(\"x\") }",
            "Replace `&&` by `and`",
            "rule r { on c: cpu where c.load > 1 and true == (c.core == 1) do log(\"x\") }",
        ),
        (
            "rule r { on c: cp$0 where c.load > 1 do log(\"x\") }",
            "Replace `cp` by `cpu`",
            "rule r { on c: cpu where c.load > 1 do log(\"x\") }",
        ),
        (
            "rule r { match a: login or $0b: login -> c: cpu within 5m do log(\"x\") }",
            "Replace `b: login -> c: cpu` by `(b: login -> c: cpu)`",
            "rule r { match a: login or (b: login -> c: cpu) within 5m do log(\"x\") }",
        ),
    ];
    for (text, title, expected) in cases {
        assert_eq!(mended(text), (title.to_owned(), expected.to_owned()));
    }
}

#[test]
fn a_pattern_without_a_bound_gets_one() {
    let (title, text) =
        mended("rule r {\n    match a: login -> b$0: cpu // often\n    do log(\"x\")\n}\n");
    assert_eq!(title, "Bound the pattern by `within 5m`");
    assert_eq!(
        text,
        "rule r {\n    match a: login -> b: cpu\n    within 5m // often\n    do log(\"x\")\n}\n"
    );
    let (_, text) = mended("rule r { match a: login -> b$0: cpu do log(\"x\") }");
    assert_eq!(
        text,
        "rule r { match a: login -> b: cpu within 5m do log(\"x\") }"
    );
}

#[test]
fn elsewhere_there_is_nothing_to_mend() {
    let fixture = with_types("rule r { on c: cpu where c.laod > 1 do log(\"x\") }$0");
    let at = fixture.at;
    let range = Span {
        source: at.source,
        start: at.offset,
        end: at.offset,
    };
    assert_eq!(fixture.analysis.fixes(range), []);
}
