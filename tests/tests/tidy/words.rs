//! What does not stand in code: work left undone, tests left out, exceptions without a reason, names without a meaning.

use crate::source::{Kind, Source, Token, closing};
use crate::tree::TREE;

/// Macros that are for the time of writing only.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Names that say nothing of what is inside.
const MEANINGLESS: &[&str] = &[
    "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils",
];

fn unfinished(source: &Source) -> Vec<String> {
    let pairs = source.tokens.windows(2);
    let macros =
        pairs.filter(|pair| pair[1].is("!") && UNFINISHED.iter().any(|word| pair[0].is(word)));
    macros
        .map(|pair| {
            format!(
                "{}:{}: `{}!` is for the time of writing: finish it",
                source.path, pair[0].line, pair[0].text
            )
        })
        .collect()
}

fn ignored_tests(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for attribute in source.attributes() {
        let is_ignored = attribute.first().is_some_and(|first| first.is("ignore"))
            || (attribute.first().is_some_and(|first| first.is("cfg_attr"))
                && attribute
                    .windows(2)
                    .any(|pair| pair[0].is(",") && pair[1].is("ignore")));
        if is_ignored {
            let line = attribute[0].line;
            findings.push(format!(
                "{}:{line}: an ignored test is no test: mend it, or delete it",
                source.path
            ));
        }
    }
    for (at, line) in source.text.lines().enumerate() {
        let comment = ["///", "//!"]
            .iter()
            .find_map(|start| line.trim_start().strip_prefix(start));
        let fence = comment.and_then(|comment| comment.trim_start().strip_prefix("```"));
        if fence.is_some_and(|fence| fence.split(',').any(|word| word.trim() == "ignore")) {
            let path = &source.path;
            findings.push(format!(
                "{path}:{}: an ignored example is no example: make it run, or mark it `text`",
                at + 1
            ));
        }
    }
    findings
}

fn exceptions_without_reason(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for attribute in source.attributes() {
        for (at, token) in attribute.iter().enumerate() {
            let opens = attribute.get(at + 1).is_some_and(|next| next.is("("));
            if !opens || !(token.is("allow") || token.is("expect")) {
                continue;
            }
            let inside = &attribute[at + 1..closing(attribute, at + 1)];
            let has_reason = inside.windows(3).any(|three| {
                three[0].is("reason")
                    && three[1].is("=")
                    && three[2].kind == Kind::Literal
                    && three[2].text.len() > 2
            });
            if !has_reason {
                findings.push(format!(
                    "{}:{}: an exception from a lint needs a reason: `#[{}(..., reason = \"...\")]`",
                    source.path, token.line, token.text
                ));
            }
        }
    }
    findings
}

fn meaningless_modules(source: &Source) -> Vec<String> {
    let inline = source.tokens.windows(2);
    let inline = inline
        .filter(|pair| pair[0].is("mod"))
        .map(|pair| &*pair[1].text);
    let path = source
        .path
        .strip_suffix(".rs")
        .unwrap_or(&source.path)
        .split('/');
    let names = inline.chain(path).filter(|name| MEANINGLESS.contains(name));
    names
        .map(|name| {
            format!(
                "{}: the name `{name}` says nothing: a module is a noun from the domain",
                source.path
            )
        })
        .collect()
}

/// Looks at all files, and checks that the check finds what is wrong and passes what is right.
fn over_the_tree(
    check: fn(&Source) -> Vec<String>,
    wrong: &[(&str, &str)],
    right: &[(&str, &str)],
) {
    for (path, text) in wrong {
        assert_eq!(
            check(&Source::new(*path, *text)).len(),
            1,
            "in {path}: {text}"
        );
    }
    for (path, text) in right {
        assert_eq!(check(&Source::new(*path, *text)), Vec::<String>::new());
    }
    assert!(
        TREE.sources.len() >= 150,
        "only {} files were seen",
        TREE.sources.len()
    );
    let findings: Vec<String> = TREE.sources.iter().flat_map(check).collect();
    crate::report(&findings);
}

#[test]
fn nothing_is_left_undone() {
    let wrong = [
        ("a.rs", "fn a() { todo!() }"),
        ("a.rs", "unimplemented ! ()"),
        ("a.rs", "dbg!(x)"),
    ];
    let right = [("a.rs", "fn todo() { \"todo!\" } // todo!()")];
    over_the_tree(unfinished, &wrong, &right);
}

#[test]
fn no_test_is_ignored() {
    let wrong = [
        ("a.rs", "#[test]\n#[ignore]\nfn a() {}"),
        ("a.rs", "#[ignore = \"slow\"]"),
        ("a.rs", "#[cfg_attr(miri, ignore)]"),
        ("a.rs", "/// ```ignore\n/// a\n/// ```"),
    ];
    let right = [(
        "a.rs",
        "fn ignore(a: [u8; 1]) { /* #[ignore] */ }\n/// ```text\n",
    )];
    over_the_tree(ignored_tests, &wrong, &right);
}

#[test]
fn every_exception_has_a_reason() {
    let wrong = [
        ("a.rs", "#[allow(dead_code)]\nfn a() {}"),
        ("a.rs", "#![expect(clippy::all)]"),
        ("a.rs", "#[cfg_attr(loom, allow(unused, reason = \"\"))]"),
    ];
    let right = [(
        "a.rs",
        "#[allow(dead_code, reason = \"a reason\")]\nfn a() { b.expect(\"c\") }",
    )];
    over_the_tree(exceptions_without_reason, &wrong, &right);
}

#[test]
fn modules_have_names_of_the_field() {
    let wrong = [
        ("a/utils.rs", ""),
        ("a/src/common/mod.rs", ""),
        ("a.rs", "mod helpers {}"),
    ];
    let right = [("a/window.rs", "fn helper() { common::manager() }")];
    over_the_tree(meaningless_modules, &wrong, &right);
}

/// The reason that is asked for is a text, not a name.
#[test]
fn tokens_of_attributes_are_told_apart() {
    let source = Source::new("a.rs", "#[allow(a, reason = \"b\")]");
    let attribute: Vec<&Token> = source
        .attributes()
        .next()
        .expect("one attribute")
        .iter()
        .collect();
    assert_eq!(
        attribute.last().map(|token| token.kind),
        Some(Kind::Punctuation)
    );
    assert_eq!(attribute[attribute.len() - 2].kind, Kind::Literal);
}
