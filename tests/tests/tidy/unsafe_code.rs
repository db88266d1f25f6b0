//! Where `unsafe` may stand, and how often.

use std::collections::BTreeMap;

use crate::source::{Source, Token};
use crate::tree::TREE;

/// The modules that may hold `unsafe`, each with how often the word stands there. The count only falls: whoever needs
/// one more says in review why no safe form will do, and raises it here; whoever drops one lowers it.
const TABLE: &[(&str, usize)] = &[
    // The batch view: archived numbers as native ones.
    ("engine/event/src/view/raw.rs", 3),
    // The global allocator, which the trait makes unsafe: calls of mimalloc, and nothing else.
    ("engine/heap/src/mimalloc.rs", 9),
    // Buffers that the kernel fills, and the ring that names them to it.
    ("io/data/src/driver/buffers.rs", 10),
    ("io/data/src/driver/uring.rs", 4),
    ("io/data/src/driver/uring_setup.rs", 3),
];

fn count(source: &Source) -> usize {
    let tokens = source.tokens.iter();
    tokens.filter(|token| token.is("unsafe")).count()
}

/// Compares the counts with the table.
fn changes(counts: &BTreeMap<&str, usize>, table: &[(&str, usize)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, limit) in table {
        let found = counts.get(path).copied().unwrap_or(0);
        if found < *limit {
            findings.push(format!(
                "{path}: `unsafe` stands there {found} times, and the table says {limit}: lower it in \
                 tests/tests/tidy/unsafe_code.rs, so that it stays so"
            ));
        } else if found > *limit {
            findings.push(format!(
                "{path}: `unsafe` stands there {found} times, and {limit} are allowed: find a safe form, or argue for \
                 a larger number in tests/tests/tidy/unsafe_code.rs"
            ));
        }
    }
    for (path, found) in counts {
        if *found > 0 && !table.iter().any(|(listed, _)| listed == path) {
            findings.push(format!(
                "{path}: `unsafe` stands there {found} times, outside of the modules that may hold it: move it to one \
                 of those in tests/tests/tidy/unsafe_code.rs, or find a safe form"
            ));
        }
    }
    findings
}

/// Does the file begin with `#![level(unsafe_code)]`?
fn has_level(source: &Source, level: &str) -> bool {
    let is_level = |attribute: &[Token]| {
        let words: Vec<&str> = attribute.iter().map(|token| &*token.text).collect();
        words.starts_with(&[level, "(", "unsafe_code"])
    };
    source.attributes().any(is_level)
}

#[test]
fn unsafe_stands_only_where_it_may() {
    let counts: BTreeMap<&str, usize> = TREE
        .sources
        .iter()
        .map(|source| (&*source.path, count(source)))
        .collect();
    crate::report(&changes(&counts, TABLE));
    assert!(counts.values().sum::<usize>() > 0, "nothing was counted");
}

#[test]
fn crates_refuse_unsafe_at_their_root() {
    let mut roots = 0;
    let mut findings = Vec::new();
    for package in &TREE.packages {
        let mut listed = TABLE.iter();
        let level = if listed.any(|(path, _)| package.owns(path, &TREE.packages)) {
            "deny"
        } else {
            "forbid"
        };
        let prefix = format!("{}/src/", package.folder);
        for source in TREE.sources_of(package) {
            let file = source.path.strip_prefix(&prefix);
            if !matches!(file, Some("lib.rs" | "main.rs")) {
                continue;
            }
            roots += 1;
            if !has_level(source, level) {
                findings.push(format!(
                    "{}: write `#![{level}(unsafe_code)]` behind the crate's documentation",
                    source.path
                ));
            }
        }
    }
    crate::report(&findings);
    assert!(
        roots >= TREE.packages.len() - 1,
        "only {roots} crates have a root"
    );
}

#[test]
fn a_change_of_the_count_is_found() {
    let source = Source::new(
        "a.rs",
        "// unsafe\nunsafe fn a() { \"unsafe\"; unsafe_code(); unsafe { b() } }",
    );
    assert_eq!(count(&source), 2);
    let found = |counts: &[(&'static str, usize)]| {
        let counts = counts.iter().copied().collect();
        changes(&counts, &[("a.rs", 2)]).len()
    };
    assert_eq!(found(&[("a.rs", 2), ("b.rs", 0)]), 0);
    assert_eq!(found(&[("a.rs", 3)]), 1);
    assert_eq!(found(&[("a.rs", 1)]), 1);
    assert_eq!(found(&[]), 1);
    assert_eq!(found(&[("a.rs", 2), ("b.rs", 1)]), 1);
}
