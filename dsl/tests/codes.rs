//! Every diagnostic code with its examples: what is wrong is told with that code and no other, and what is right is
//! told nothing.

use trapjaw_dsl::diagnostic::{Code, Style, codes, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::{check_with_warnings, compile};

/// Codes of what the checker finds; those below are about syntax, and tested beside the parser.
fn entries() -> impl Iterator<Item = &'static codes::Entry> {
    codes::entries().filter(|entry| entry.code.number() >= 100)
}

fn sources(text: &str) -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("rules.trap", text);
    for (path, file) in codes::example_files(text) {
        sources.add_table(path, file);
    }
    sources
}

fn found(text: &str) -> (Vec<Code>, String) {
    let sources = sources(text);
    let checked = check_with_warnings(&sources);
    let found = match checked.rules {
        Some(_) => compile(&sources).map_or_else(|findings| findings, |it| it.warnings),
        None => checked.diagnostics,
    };
    let mut codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
    codes.dedup();
    (codes, render(&found, &sources, Style::Plain))
}

#[test]
fn wrong_examples_get_their_code_and_no_other() {
    for entry in entries() {
        for example in entry.examples {
            let (codes, shown) = found(example.wrong);
            assert_eq!(codes, [entry.code], "{}\n{shown}", example.wrong);
        }
    }
}

#[test]
fn right_examples_compile_without_a_finding() {
    for entry in entries() {
        for example in entry.examples {
            let (codes, shown) = found(example.right);
            assert_eq!(codes, [], "{}: {}\n{shown}", entry.code, example.right);
            assert!(
                compile(&sources(example.right)).is_ok(),
                "{}: {}",
                entry.code,
                example.right
            );
        }
    }
}

#[test]
fn every_code_has_an_example_but_for_faults_of_the_compiler() {
    for entry in entries() {
        assert_eq!(
            entry.examples.is_empty(),
            entry.code == codes::internal::NOT_VERIFIED,
            "{}",
            entry.code
        );
    }
}

/// What people see: a change here is a change of the language's manners.
#[test]
fn wrong_examples_as_they_are_shown() {
    for (area, name) in [
        (1, "names"),
        (2, "types"),
        (3, "rules"),
        (4, "bounds"),
        (5, "patterns"),
        (6, "tables"),
    ] {
        let of_area = entries().filter(|entry| entry.code.number() / 100 == area);
        let shown: Vec<String> = of_area
            .flat_map(|entry| entry.examples.iter().map(|example| found(example.wrong).1))
            .collect();
        insta::assert_snapshot!(name, shown.join("\n"));
    }
}
