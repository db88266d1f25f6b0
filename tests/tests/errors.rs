//! The page `docs/errors.md` lists every code that users can meet. It is made from the registries, so it can't lag
//! behind: `UPDATE=1 cargo test -p trapjaw-tests --test errors` writes it anew.
#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use trapjaw_dsl::diagnostic::codes::{Entry, entries};
use trapjaw_wire::Code;

const HEAD: &str = "\
# Errors

Every error that Trapjaw reports has a code. A code never changes its meaning, and the number of one that is dropped is
never given again; so scripts and alerts may rely on them. The text beside a code may change.

This page is made from the sources by a test.
";

const RULES: &str = "
## In rule files

`trapjaw check` and the loading of rules report these. Most come with an example: first a file that gets the code, then
the same file mended.
";

const WIRE: &str = "
## On the wire

The binary protocol sends these in a NACK, by number; HTTP and NDJSON give them by name.

| number | name | meaning |
|---|---|---|
";

/// A file of rules, fenced.
fn fenced(text: &str) -> String {
    format!("```trap\n{}\n```\n", text.trim_end())
}

/// A text as Markdown that shows it as it is, except that what stands in backticks stays code.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        if !in_code && matches!(c, '\\' | '*' | '_' | '<' | '[' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn section(page: &mut String, entry: &Entry) {
    let Entry {
        code,
        title,
        explanation,
        examples,
    } = entry;
    let (title, explanation) = (escaped(title), escaped(explanation));
    write!(page, "\n### {code}: {title}\n\n{explanation}\n").expect("a text grows");
    for example in *examples {
        let (wrong, right) = (fenced(example.wrong), fenced(example.right));
        write!(page, "\n{wrong}\n{right}").expect("a text grows");
    }
}

fn page() -> String {
    let mut page = format!("{HEAD}{RULES}");
    for entry in entries() {
        section(&mut page, entry);
    }
    page.push_str(WIRE);
    for code in Code::ALL {
        let (number, name, about) = (*code as u16, code.name(), escaped(code.about()));
        writeln!(page, "| {number} | `{name}` | {about} |").expect("a text grows");
    }
    page
}

#[test]
fn the_page_lists_every_code_as_the_registries_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    let page = page();
    assert!(entries().count() >= 25 && Code::ALL.len() >= 13);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, &page).expect("the page can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(page.lines())
        .position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(page.lines().count())) + 1;
    assert!(
        committed == page,
        "docs/errors.md differs from the registries at line {line}: write it anew with\n  \
         UPDATE=1 cargo test -p trapjaw-tests --test errors"
    );
}

#[test]
fn texts_are_shown_as_they_are() {
    assert_eq!(
        escaped(r"\n and `\n` a_b `a_b`"),
        r"\\n and `\n` a\_b `a_b`"
    );
}
