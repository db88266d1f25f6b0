//! A file is one idea.

use crate::source::Source;
use crate::tree::TREE;

/// Code lines at which a file is split.
const MAX_LINES: usize = 500;
/// Code lines above which to ask what second idea a file holds.
const ASK_ABOVE: usize = 300;

/// Is it a file of tests alone? Those may grow.
fn is_test(source: &Source) -> bool {
    // `tests` at the front is the folder of a crate, whose own sources count as any other's.
    let inside = source.path.strip_prefix("tests/").unwrap_or(&source.path);
    source.stem() == "tests" || inside.split('/').any(|part| part == "tests")
}

#[test]
fn files_are_not_too_long() {
    let mut counted = 0;
    let mut findings = Vec::new();
    for source in TREE.sources.iter().filter(|source| !is_test(source)) {
        counted += 1;
        let lines = source.code_lines();
        if lines > MAX_LINES {
            findings.push(format!(
                "{}: {lines} lines of code, where {MAX_LINES} is the most: a file is one idea, so move the second one \
                 to a file of its own",
                source.path
            ));
        } else if lines > ASK_ABOVE {
            println!(
                "{}: {lines} lines of code. What second idea does it hold?",
                source.path
            );
        }
    }
    crate::report(&findings);
    assert!(counted >= 100, "only {counted} files were counted");
}

#[test]
fn tests_are_told_from_code() {
    let test = |path: &str| is_test(&Source::new(path, ""));
    assert!(!test("tests/src/oracle/mod.rs") && !test("dsl/src/hir.rs"));
    assert!(test("tests/src/oracle/tests.rs") && test("tests/tests/tidy/size.rs"));
    assert!(test("io/wire/tests/golden.rs") && test("dsl/src/syntax/tests/mod.rs"));
}
