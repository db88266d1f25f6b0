//! The formatter over random rule files: what it has laid out stays, and means the same.
//!
//! `TRAPJAW_CASES` says how many (500 unless told), `TRAPJAW_SEED` with which number they begin.

use trapjaw_dsl::format::{WIDTH, format};
use trapjaw_dsl::source::SourceMap;
use trapjaw_tests::generate::Case;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn formatted(text: &str) -> String {
    let mut sources = SourceMap::new();
    let id = sources.add("rules.trap", text);
    format(id, text).unwrap_or_else(|errors| panic!("{errors:?}\nin\n{text}"))
}

/// The meaning of each rule, by name.
fn meaning(case: &Case, text: &str) -> Vec<(String, u128)> {
    let sources = case.sources_with(text);
    let compiled =
        trapjaw_dsl::compile(&sources).unwrap_or_else(|errors| panic!("{errors:?}\nin\n{text}"));
    let rules = compiled.program.rules.iter();
    rules
        .map(|rule| (rule.name.to_string(), rule.meaning))
        .collect()
}

/// A blank for each line end, and a comma wherever only a line end separates.
fn on_one_line(text: &str) -> String {
    let formatted = formatted(text);
    let commas = formatted.replace("{\n", "{ ").replace(",\n}", " }");
    commas.replace('\n', " ")
}

#[test]
fn what_is_laid_out_stays_and_means_the_same() {
    let first = number("TRAPJAW_SEED", 1);
    let mut broken = 0;
    for seed in first..first + number("TRAPJAW_CASES", 500) {
        let case = Case::new(seed);
        let text = case.text();
        let once = formatted(&text);
        assert_eq!(once, formatted(&once), "seed {seed}");
        let wanted = meaning(&case, &text);
        assert_eq!(meaning(&case, &once), wanted, "seed {seed}");
        let flat = on_one_line(&text);
        let again = formatted(&flat);
        assert_eq!(again, formatted(&again), "seed {seed}, on one line");
        assert_eq!(meaning(&case, &again), wanted, "seed {seed}, on one line");
        broken += usize::from(again.lines().count() > 3);
        assert!(
            again.lines().all(|line| line.len() <= 4 * WIDTH),
            "seed {seed}"
        );
    }
    assert!(broken > 0, "no file was long enough to be broken");
}
