//! Which cases of other suites the corpus has: `tests/corpus/conformance/SUITE/FILE.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::case::{cases, left_out};

/// The folder, as the names of its cases begin.
const FOLDER: &str = "conformance/";

/// What there is of a suite, or of a file of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Cases that expect what the suite expects.
    pub equal: usize,
    /// Cases that expect something else, and say why.
    pub different: usize,
    /// Cases of the suite that are no cases here.
    pub left_out: usize,
}

impl Count {
    /// The cases that are here.
    #[must_use]
    pub const fn expressed(self) -> usize {
        self.equal + self.different
    }

    const fn and(self, other: Self) -> Self {
        Self {
            equal: self.equal + other.equal,
            different: self.different + other.different,
            left_out: self.left_out + other.left_out,
        }
    }
}

/// Cases by suite and by what is said of them.
type Reasons = BTreeMap<(String, String), usize>;

/// All that is counted.
#[derive(Clone, Debug, Default)]
pub struct Conformance {
    /// By suite and file.
    pub files: BTreeMap<(String, String), Count>,
    /// Why cases expect something else.
    pub differences: Reasons,
    /// Why cases are left out.
    pub left_out: Reasons,
}

/// Suite and file of what is in the folder.
fn place(name: &str) -> Option<(String, String)> {
    let mut parts = name.strip_prefix(FOLDER)?.split('/');
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

impl Conformance {
    /// Counts the corpus.
    ///
    /// # Panics
    ///
    /// With the file, where one is no file of cases.
    #[must_use]
    pub fn count() -> Self {
        let mut found = Self::default();
        for case in cases() {
            let Some(place) = place(&case.name) else {
                continue;
            };
            let suite = place.0.clone();
            let count = found.files.entry(place).or_default();
            if case.differs.is_empty() {
                count.equal += 1;
            } else {
                count.different += 1;
                *found.differences.entry((suite, case.differs)).or_default() += 1;
            }
        }
        for (stem, left) in left_out() {
            let Some(place) = place(&stem) else { continue };
            let suite = place.0.clone();
            found.files.entry(place).or_default().left_out += left.cases;
            *found.left_out.entry((suite, left.why)).or_default() += left.cases;
        }
        found
    }

    /// The tables of the page.
    ///
    /// # Panics
    ///
    /// Never: a text grows.
    #[must_use]
    pub fn tables(&self) -> String {
        let mut text = String::from(
            "| suite | file | cases | expressed | equal | different by design | left out |\n|---|---|---:|---:|---:|---:|---:|\n",
        );
        let mut row = |suite: &str, file: &str, count: Count| {
            let expressed = count.expressed();
            let cases = expressed + count.left_out;
            let (equal, different, left) = (count.equal, count.different, count.left_out);
            writeln!(
                text,
                "| {suite} | {file} | {cases} | {expressed} | {equal} | {different} | {left} |"
            )
            .expect("a text grows");
        };
        let mut suites: BTreeMap<&str, Count> = BTreeMap::new();
        for ((suite, file), count) in &self.files {
            row(suite, file, *count);
            let sum = suites.entry(suite).or_default();
            *sum = sum.and(*count);
        }
        for (suite, count) in &suites {
            row(&format!("**{suite}**"), "all", *count);
        }
        let all = suites
            .values()
            .fold(Count::default(), |sum, count| sum.and(*count));
        row("**all**", "", all);
        for (title, reasons) in [
            ("different by design", &self.differences),
            ("left out", &self.left_out),
        ] {
            writeln!(text, "\n| suite | cases | {title}: why |\n|---|---:|---|")
                .expect("a text grows");
            for ((suite, why), cases) in reasons {
                writeln!(text, "| {suite} | {cases} | {why} |").expect("a text grows");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_add_up() {
        let key = |suite: &str, name: &str| (suite.to_owned(), name.to_owned());
        let count = |equal, different, left_out| Count {
            equal,
            different,
            left_out,
        };
        let found = Conformance {
            files: [
                (key("x", "a"), count(2, 1, 0)),
                (key("x", "b"), count(1, 0, 4)),
            ]
            .into(),
            differences: [(key("x", "so"), 1)].into(),
            left_out: [(key("x", "no"), 4)].into(),
        };
        let tables = found.tables();
        for row in [
            "| x | a | 3 | 3 | 2 | 1 | 0 |",
            "| x | b | 5 | 1 | 1 | 0 | 4 |",
            "| **x** | all | 8 | 4 | 3 | 1 | 4 |",
            "| **all** |  | 8 | 4 | 3 | 1 | 4 |",
            "| x | 1 | so |",
            "| x | 4 | no |",
        ] {
            assert!(tables.lines().any(|line| line == row), "{row} in\n{tables}");
        }
    }

    #[test]
    fn cases_of_a_suite_say_which_they_are() {
        let of_suites = cases()
            .into_iter()
            .filter(|case| place(&case.name).is_some());
        for case in of_suites {
            assert!(!case.cite.is_empty(), "{} cites nothing", case.name);
        }
    }
}
