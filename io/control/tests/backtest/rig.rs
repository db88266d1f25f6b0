//! Files of events, and what rules make of them.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use trapjaw_control::backtest::{Ended, backtest};
use trapjaw_control::recorded::{InputError, Recording};
use trapjaw_control::replay::{Options, Summary, replay};
use trapjaw_control::rules::{Loaded, compile_only};
use trapjaw_data::names::rule_names;
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::Match;
use trapjaw_wire::json::write_match;

/// What came of a recording.
pub(crate) struct Told {
    /// A line a match.
    pub(crate) matches: String,
    pub(crate) refused: Vec<String>,
    pub(crate) summary: Summary,
    pub(crate) input: Option<InputError>,
}

pub(crate) fn rules(text: &str) -> Loaded {
    let mut sources = SourceMap::new();
    sources.add("rules.trap", text);
    compile_only(sources).unwrap_or_else(|error| panic!("{error}"))
}

fn writer(rules: &Loaded) -> impl Fn(&mut Vec<u8>, &Match) {
    let names: Vec<_> = rules.rules.rules.iter().map(rule_names).collect();
    move |out, found| {
        write_match(
            out,
            found,
            &names[found.rule.index()],
            &rules.rules.registry,
        );
        out.push(b'\n');
    }
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).expect("matches are text")
}

/// What becomes of files; `ty` is the type of rows that name none.
pub(crate) fn told_as(rules: &Loaded, files: &[PathBuf], ty: Option<&str>) -> Told {
    let recording = Recording::new(files, ty).expect("the files are there");
    let (mut out, mut refused) = (Vec::new(), Vec::new());
    let write = writer(rules);
    let ended = backtest(
        &rules.rules,
        recording,
        Options::default(),
        |found| {
            write(&mut out, &found);
            Ok(())
        },
        None,
        |file, number, why| {
            let file = file.map_or(String::new(), |file| {
                let name = Path::new(file).file_name().expect("it is a file");
                format!("{}: ", name.display())
            });
            refused.push(format!("{file}{number}: {why}"));
        },
    );
    let Ended { summary, input } = ended.expect("memory takes everything");
    Told {
        matches: text(out),
        refused,
        summary,
        input,
    }
}

pub(crate) fn told(rules: &Loaded, files: &[PathBuf]) -> Told {
    told_as(rules, files, None)
}

/// What becomes of lines, read one after the other.
pub(crate) fn plainly(rules: &Loaded, lines: &[u8]) -> (String, Summary) {
    let mut out = Vec::new();
    let write = writer(rules);
    let summary = replay(
        &rules.rules,
        lines,
        Options::default(),
        |found| {
            write(&mut out, &found);
            Ok(())
        },
        |_, _| {},
    );
    (text(out), summary.expect("memory takes everything"))
}

/// A folder for files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a file can be written");
        path
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory takes it")
}

/// Events of some hosts, a second apart; in the short form.
pub(crate) fn loads(count: u64) -> Vec<u8> {
    let mut lines = Vec::new();
    for number in 0..count {
        let (host, load) = (number * 7 % 13, number * 31 % 100);
        let time = 1_767_225_600_000_000_000 + number * 1_000_000_000;
        writeln!(
            lines,
            r#"{{"type":"cpu","time":{time},"host":"h{host}","load":0.{load:02}}}"#
        )
        .expect("memory takes it");
    }
    lines
}

pub(crate) const RULES: &str = "\
event cpu { host: text, load: float }
rule hot { on c: cpu where c.load > 90% by c.host limit 1 per 1m }
rule average { on c: cpu by c.host over 5m having avg(c.load) > 60% do log(\"{avg(c.load):.2}\") }
";
