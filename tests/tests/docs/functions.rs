//! The reference of functions is made from their table: `UPDATE=1 cargo test -p trapjaw-tests --test docs` writes it anew.

use std::fmt::Write as _;
use std::fs;

use trapjaw_program::function::{ALL, Area, Function, Signature};

use crate::page::root;

const HEAD: &str = "\
# Functions

Each of these gives one value from the values of one event. Aggregates, which give one value from many events, are told
of in [Windows](windows.md#aggregates).

- A function of an argument that is null is null.
- Where there is no result, it is null; where that is said below, it is counted (`trapjaw_faults_total`).
- An int is taken as float where a float is wanted. A function that takes a `float` and an `int` is told by its types.
- A `zone` is the name of a time zone in the IANA database, like `\"Europe/Berlin\"`; the database is part of the program,
  so that results don't depend on the machine. A `zone`, a `unit` and a `format` are constants. A `regex` is written
  `/like this/`, or as a constant text.
- Of constants alone, the value is computed when the rules are loaded; one that has none is an error.

This page is made from the sources by a test, which also computes the examples.
";

/// As it is called, with what it gives.
fn signature(function: &Function, signature: &Signature) -> String {
    let parameters: Vec<String> = (signature.parameters.iter())
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    let more = if function.folds { ", ..." } else { "" };
    let parameters = parameters.join(", ");
    format!(
        "{}({parameters}{more}) -> {}",
        function.name, signature.result
    )
}

fn section(page: &mut String, function: &Function) {
    let lines = |lines: Vec<String>| format!("```text\n{}\n```", lines.join("\n"));
    let signatures = function.signatures.iter();
    let signatures = lines(signatures.map(|one| signature(function, one)).collect());
    let examples = function.examples.iter();
    let examples = lines(
        examples
            .map(|(call, result)| format!("{call} == {result}"))
            .collect(),
    );
    let examples = examples.replace("== null", "is null");
    let (name, about) = (function.name, function.about);
    write!(
        page,
        "\n### `{name}`\n\n{signatures}\n\n{about}\n\n{examples}\n"
    )
    .expect("a text grows");
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (area, title) in Area::ALL {
        let functions = || ALL.iter().filter(|function| function.area == area);
        let names: Vec<String> = functions()
            .map(|function| format!("[`{0}`](#{0})", function.name))
            .collect();
        write!(page, "\n## {title}\n\n{}\n", names.join(" ")).expect("a text grows");
        functions().for_each(|function| section(&mut page, function));
    }
    page
}

#[test]
fn the_reference_lists_every_function_as_the_table_does() {
    let path = root().join("docs/src/functions.md");
    let page = page();
    assert!(ALL.len() >= 60);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, &page).expect("the page can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/src/functions.md differs from the table of functions: write it anew with\n  \
         UPDATE=1 cargo test -p trapjaw-tests --test docs"
    );
}
