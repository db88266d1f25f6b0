//! The tables of the page on other suites are those of the corpus.

use std::fs;

use trapjaw_tests::corpus::conformance::Conformance;

use crate::page::{page, root};

#[test]
fn the_tables_are_those_of_the_corpus() {
    let found = Conformance::count();
    let expressed: usize = found.files.values().map(|count| count.expressed()).sum();
    assert!(
        expressed >= 250,
        "only {expressed} cases are of other suites"
    );
    let tables = found.tables();
    let mut shown = page("docs/src/conformance.md");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        let before = shown.between("tables").to_owned();
        let old = format!("<!-- tables -->\n{before}<!-- end of tables -->");
        let new = format!("<!-- tables -->\n{tables}<!-- end of tables -->");
        shown.text = shown.text.replace(&old, &new);
        fs::write(root().join(&shown.path), &shown.text).expect("the page can be written");
    }
    assert!(
        shown.between("tables") == tables,
        "docs/src/conformance.md differs from the corpus: write it anew with\n  \
         UPDATE=1 cargo test -p trapjaw-tests --test docs"
    );
}
