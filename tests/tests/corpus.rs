//! Every case of `tests/corpus`, before every evaluator. `TRAPJAW_CORPUS=text` runs those alone whose name holds the
//! text.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use trapjaw_tests::corpus::{cases, verdict};

#[test]
fn every_case_holds() {
    let only = std::env::var("TRAPJAW_CORPUS").unwrap_or_default();
    let cases = cases();
    let (mut run, mut failed) = (0, Vec::new());
    for case in cases.iter().filter(|case| case.name.contains(&only)) {
        run += 1;
        if let Err(why) = verdict(case) {
            let about = if case.about.is_empty() {
                String::new()
            } else {
                format!("  # {}\n", case.about)
            };
            failed.push(format!("{}\n{about}{why}", case.name));
        }
    }
    assert!(run > 0, "no case's name holds `{only}`");
    assert!(
        failed.is_empty(),
        "{} of {run} cases fail (`-` is expected, `+` is told):\n\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn there_are_many_cases_and_each_has_a_name_of_its_own() {
    let cases = cases();
    assert!(cases.len() >= 750, "only {} cases", cases.len());
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(&case.name), "{} stands twice", case.name);
    }
}
