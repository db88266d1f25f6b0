//! What users meet is documented. (The page of errors, and what the pages say, have tests of their own.)

use trapjaw_program::AggregateFunction;

use crate::tree::TREE;

/// The commands with which a new user begins.
const COMMANDS: [&str; 2] = ["cargo run --release -- demo", "cargo test --workspace"];

/// The page with the table of functions.
const FUNCTIONS: &str = "docs/src/windows.md";

/// Has a table of the page a row that begins with the function, as code, with its brackets?
fn documents(page: &str, function: &str) -> bool {
    let call = format!("`{function}(");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let mut names = rows.filter_map(|row| row.split(" | ").next());
    names.any(|names| names.contains(&call))
}

#[test]
fn the_readme_has_the_two_commands() {
    let readme = TREE.text("README.md").unwrap_or_default();
    for command in COMMANDS {
        let found = readme.lines().any(|line| line.trim() == command);
        assert!(
            found,
            "README.md has no line `{command}`, to be copied as it is"
        );
    }
}

#[test]
fn every_function_of_rules_is_documented() {
    let page = TREE.text(FUNCTIONS).unwrap_or_default();
    let missing = AggregateFunction::ALL
        .iter()
        .filter(|(_, name)| !documents(&page, name));
    let findings: Vec<String> = missing
        .map(|(_, name)| {
            format!("{FUNCTIONS}: no row of a table begins with `{name}(...)`: say what it takes and gives")
        })
        .collect();
    crate::report(&findings);
    assert!(AggregateFunction::ALL.len() >= 5);
}

#[test]
fn a_missing_function_is_found() {
    let page = "The sum, `sum(x)`:\n\n| `min(x)` `max(x)` | least |\n| `avg` | `count()` |\n";
    assert!(documents(page, "min") && documents(page, "max"));
    for missing in ["sum", "avg", "count"] {
        assert!(!documents(page, missing), "{missing}");
    }
}
