//! The language's pages and the corpus: each section that says how rules behave has cases, and each section that a case
//! names is there.

use std::collections::{BTreeMap, BTreeSet};

use trapjaw_tests::corpus::cases;

use crate::links::anchors;
use crate::page::page;

/// The pages that say what rules mean.
const PAGES: [&str; 6] = [
    "language.md",
    "rules.md",
    "windows.md",
    "tables.md",
    "time.md",
    "patterns.md",
];

/// Sections without behaviour of their own, or whose behaviour no rule can tell.
const WITHOUT: [&str; 11] = [
    // The beginnings of pages, and of parts of them.
    "language.md#the-language",
    "windows.md#windows",
    "tables.md#tables",
    "time.md#time-and-order",
    "patterns.md#patterns",
    "patterns.md#examples",
    // A picture of what other sections say.
    "patterns.md#as-a-picture",
    // What it costs is measured and planned, not told.
    "patterns.md#under-a-flood",
    "windows.md#what-they-cost",
    // A reload is no matter of one history: `io/control/tests/control/reload.rs`.
    "tables.md#reload",
    // Identities are hashes: `engine/program/tests/program/meaning.rs` and `examples` hold them.
    "time.md#identity-of-a-match",
];

#[test]
fn every_section_has_cases() {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for section in cases().into_iter().flat_map(|case| case.docs) {
        *named.entry(section).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for page_name in PAGES {
        let page = page(format!("docs/src/{page_name}"));
        for anchor in anchors(&page) {
            let section = format!("{page_name}#{anchor}");
            let without = WITHOUT.contains(&&*section);
            let count = named.get(&section).copied().unwrap_or_default();
            if (count > 0) == without {
                wrong.push(format!("{section}: {count}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "sections without cases, or with cases though they are to have none:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_section_that_a_case_names_is_there() {
    let mut pages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases() {
        assert!(!case.docs.is_empty(), "{} is of no section", case.name);
        for section in &case.docs {
            let Some((name, anchor)) = section.split_once('#') else {
                panic!("{}: `{section}` is no section", case.name);
            };
            let known = pages
                .entry(name.to_owned())
                .or_insert_with(|| anchors(&page(format!("docs/src/{name}"))).collect());
            let name = &case.name;
            assert!(known.contains(anchor), "{name}: there is no {section}");
        }
    }
}
