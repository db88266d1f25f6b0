//! The files of the corpus, and what stands in a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What its cases are about; for readers alone.
    #[serde(rename = "about")]
    _about: String,
    /// Sections of the documentation, for all of its cases.
    #[serde(default)]
    docs: Vec<String>,
    /// Declarations that stand before the rules of each case.
    #[serde(default)]
    prelude: String,
    #[serde(default)]
    tables: BTreeMap<String, String>,
    /// Cases of the suite that the file is of that it doesn't have.
    #[serde(default)]
    left_out: Vec<LeftOut>,
    #[serde(default, rename = "case")]
    cases: Vec<Written>,
}

/// Cases of another suite that are no cases here.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// How many these are.
    pub cases: usize,
    /// Why they are none here.
    pub why: String,
}

/// A case as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    cite: String,
    #[serde(default)]
    differs: String,
    #[serde(default)]
    docs: Vec<String>,
    prelude: Option<String>,
    rules: String,
    #[serde(default)]
    tables: BTreeMap<String, String>,
    start: Option<String>,
    #[serde(default)]
    events: String,
    until: Option<String>,
    idle_ttl: Option<String>,
    #[serde(default)]
    by_source: bool,
    matches: Option<String>,
    #[serde(default)]
    late: Vec<String>,
    #[serde(default)]
    diagnostics: String,
    #[serde(default)]
    counted: BTreeMap<String, u64>,
}

/// One case of the corpus.
#[derive(Clone, Debug)]
pub struct Case {
    /// File (without its ending, from `tests/corpus`) and name in it: `language/for/half-open`.
    pub name: String,
    /// What is pinned down, in a sentence.
    pub about: String,
    /// Where the case comes from, if not from the language's own page.
    pub cite: String,
    /// How, and why, what is expected here differs from what is expected where the case comes from.
    pub differs: String,
    /// Sections of the documentation that it is a case of: `rules.md#for`.
    pub docs: Vec<String>,
    /// The rule file: declarations and rules.
    pub rules: String,
    /// The tables' files by their names in the rules.
    pub tables: BTreeMap<String, String>,
    /// From when the offsets of the case count, in RFC 3339.
    pub start: String,
    /// The history, a line an event.
    pub events: String,
    /// Where the clock goes at the end; `None`: it stays.
    pub until: Option<String>,
    /// The silence after which keys are forgotten.
    pub idle_ttl: Option<String>,
    /// Is each source a stream of its own? Else all events are one stream's.
    pub by_source: bool,
    /// The ids of the events that come too late for a rule.
    pub late: Vec<String>,
    /// All matches, a line a match; `None` where the rules don't compile.
    pub matches: Option<String>,
    /// All findings of the compiler, a line a finding.
    pub diagnostics: String,
    /// Counters of the engine that the case names.
    pub counted: BTreeMap<String, u64>,
}

/// Where the offsets of cases count from that say nothing else. It is a Thursday.
const START: &str = "2026-01-01T00:00:00Z";

/// The folder of the corpus.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// All cases, in the order of their files' names, and in the files' order.
///
/// # Panics
///
/// With the file, where one is no file of cases.
pub fn cases() -> Vec<Case> {
    let files = files().into_iter();
    files.flat_map(|(stem, file)| whole(&stem, file)).collect()
}

/// What is left out of other suites, with the file (`conformance/esper/operator-or`) that says so.
///
/// # Panics
///
/// With the file, where one is no file of cases.
pub fn left_out() -> Vec<(String, LeftOut)> {
    let files = files().into_iter();
    files
        .flat_map(|(stem, file)| {
            file.left_out
                .into_iter()
                .map(move |left| (stem.clone(), left))
        })
        .collect()
}

/// All files, by their paths in the folder without the ending.
fn files() -> Vec<(String, File)> {
    let mut paths = Vec::new();
    collect(&folder(), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        } else {
            assert!(
                path.extension().is_some_and(|ending| ending == "md"),
                "{}: no file of cases",
                path.display()
            );
        }
    }
}

fn read(path: &Path) -> (String, File) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let inside = path.strip_prefix(folder()).expect("the file is inside");
    let stem = inside.with_extension("");
    let stem = stem
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/");
    (stem, file)
}

/// The cases of a file.
fn whole(stem: &str, file: File) -> Vec<Case> {
    let File {
        docs,
        prelude,
        tables,
        cases,
        ..
    } = file;
    let whole = |case: Written| {
        let prelude = case.prelude.as_ref().unwrap_or(&prelude);
        let mut all = docs.clone();
        all.extend(case.docs);
        let mut held = tables.clone();
        held.extend(case.tables);
        Case {
            name: format!("{stem}/{}", case.name),
            about: case.about,
            cite: case.cite,
            differs: case.differs,
            docs: all,
            rules: format!("{prelude}\n{}", case.rules),
            tables: held,
            start: case.start.unwrap_or_else(|| START.to_owned()),
            events: case.events,
            until: case.until,
            idle_ttl: case.idle_ttl,
            by_source: case.by_source,
            late: case.late,
            matches: case.matches,
            diagnostics: case.diagnostics,
            counted: case.counted,
        }
    };
    cases.into_iter().map(whole).collect()
}
