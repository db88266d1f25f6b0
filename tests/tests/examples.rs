//! Each folder of `examples/` is replayed: what it expects is what comes out, byte for byte, whatever the number of
//! shards and however the events are cut into batches. `UPDATE=1 cargo test -p trapjaw-tests --test examples` writes
//! anew what they expect.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml::Table;
use trapjaw_control::replay::{Options, Summary, replay};
use trapjaw_data::names::rule_names;
use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_program::{RuleSet, Verified};
use trapjaw_wire::json::write_match;

/// Files that an example may have.
const FILES: [&str; 5] = [
    "hosts.csv",
    "events.ndjson",
    "expected.ndjson",
    "replay.toml",
    "rules.trap",
];

/// A folder of `examples/`.
struct Example {
    folder: PathBuf,
    rules: Arc<Verified<RuleSet>>,
    until: Option<i64>,
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All examples, by name.
fn examples() -> Vec<Example> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let entries = fs::read_dir(root).expect("there is a folder of examples");
    let folders = entries.map(|entry| entry.expect("an entry can be read").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(Example::open).collect()
}

impl Example {
    fn open(folder: PathBuf) -> Self {
        let path = folder.join("rules.trap");
        let text = read(&path);
        let mut sources = SourceMap::new();
        sources.add(path.display().to_string(), text);
        for path in trapjaw_dsl::table_files(&sources) {
            let text = read(Path::new(&path));
            sources.add_table(path, text);
        }
        let compiled = trapjaw_dsl::compile(&sources);
        let compiled = compiled
            .unwrap_or_else(|findings| panic!("{}", render(&findings, &sources, Style::Plain)));
        assert!(
            compiled.warnings.is_empty(),
            "{}",
            render(&compiled.warnings, &sources, Style::Plain)
        );
        let settings = fs::read_to_string(folder.join("replay.toml")).unwrap_or_default();
        let settings: Table = settings.parse().expect("replay.toml is TOML");
        assert!(
            settings.keys().all(|key| key == "until"),
            "{}: replay.toml holds `until` alone",
            folder.display()
        );
        let until = settings.get("until").map(|until| {
            let time: jiff::Timestamp = until
                .as_str()
                .and_then(|text| text.parse().ok())
                .expect("`until` is a time of RFC 3339 in quotes");
            i64::try_from(time.as_nanosecond()).expect("a time of these centuries")
        });
        Self {
            folder,
            rules: Arc::new(compiled.program),
            until,
        }
    }

    /// The lines that a replay prints.
    fn replayed(&self, shards: u32, batch: usize) -> (String, Summary) {
        let path = self.folder.join("events.ndjson");
        let events = read(&path);
        let options = Options {
            until: self.until,
            shards,
            batch,
            ..Options::default()
        };
        let names: Vec<_> = self.rules.rules.iter().map(rule_names).collect();
        let mut out = Vec::new();
        let summary = replay(
            &self.rules,
            events.as_bytes(),
            options,
            |found| {
                let names = &names[found.rule.index()];
                write_match(&mut out, &found, names, &self.rules.registry);
                out.push(b'\n');
                Ok(())
            },
            |line, refusal| panic!("{}:{line}: {refusal}", path.display()),
        );
        let out = String::from_utf8(out).expect("matches are told in UTF-8");
        (out, summary.expect("bytes can be read"))
    }

    fn expected(&self) -> String {
        read(&self.folder.join("expected.ndjson"))
    }
}

#[test]
fn examples_give_what_they_expect() {
    let examples = examples();
    assert!(
        examples.len() >= 10,
        "only {} examples were found",
        examples.len()
    );
    let update = std::env::var_os("UPDATE").is_some_and(|update| update == "1");
    for example in &examples {
        let folder = &example.folder;
        if update {
            let (found, _) = example.replayed(1, 4_096);
            fs::write(folder.join("expected.ndjson"), found).expect("the file can be written");
        }
        let expected = example.expected();
        let events = fs::read_to_string(folder.join("events.ndjson")).expect("read before");
        for shards in [1, 2] {
            for batch in [1, 7, 4_096] {
                let (found, summary) = example.replayed(shards, batch);
                let how = format!("{folder:?} with {shards} shards and batches of {batch}");
                assert_eq!(found, expected, "{how}");
                assert_eq!(summary.events, events.lines().count() as u64, "{how}");
            }
        }
        // A rule that stays silent shows nothing.
        let told: BTreeSet<String> = expected.lines().map(rule_of).collect();
        let rules = example.rules.rules.iter();
        let names: BTreeSet<String> = rules.map(|rule| rule.name.to_string()).collect();
        assert_eq!(told, names, "{folder:?}");
    }
}

/// The rule of a match.
fn rule_of(line: &str) -> String {
    let found: Value = serde_json::from_str(line).expect("a line is JSON");
    found["rule"].as_str().expect("a match has a rule").into()
}

#[test]
fn examples_hold_their_files_and_no_others() {
    for example in examples() {
        let entries = fs::read_dir(&example.folder).expect("a folder can be read");
        for entry in entries {
            let name = entry.expect("an entry can be read").file_name();
            let name = name.to_str().expect("a name in UTF-8");
            assert!(FILES.contains(&name), "{:?} holds {name}", example.folder);
        }
    }
}
