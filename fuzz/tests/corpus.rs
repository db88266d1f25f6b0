//! Every target over its corpus, what was found before, and a bounded number of mutations.
//!
//! `UPDATE=1` writes the seeds anew; `FUZZ_RUNS=1000000` looks further than a test has time for, and `FUZZ_SEED=2`
//! elsewhere.
#![forbid(unsafe_code)]

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use trapjaw_fuzz::{Drive, Outcome, TARGETS, Target};

/// The folder of the crate, with `corpus` and `regressions`.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let number = text.parse().ok();
    assert!(number.is_some(), "{name}={text} is no number");
    number
}

/// Runs the target of this name.
fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("the target is listed");
    seeds_are_as_made(target);
    let drive = Drive {
        target,
        folder: folder(),
        seed: from_environment("FUZZ_SEED").unwrap_or(1),
        runs: from_environment("FUZZ_RUNS").unwrap_or(target.runs),
    };
    match drive.run() {
        Ok(report) => {
            println!("{name}: {report:?}");
            assert!(
                report.accepted > 0 && report.refused > 0,
                "one side of the target is dead: {report:?}"
            );
            assert_eq!(
                report.accepted + report.refused,
                report.files as u32 + drive.runs
            );
        }
        Err(failure) => {
            let mut hasher = DefaultHasher::new();
            failure.input.hash(&mut hasher);
            let file = Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join(format!("{name}-{:016x}", hasher.finish()));
            fs::write(&file, &failure.input).expect("the input can be written");
            panic!(
                "the target `{name}` fails (its own message stands above) for\n  {}\nmade from\n  {}\nMend what is wrong, \
                 and keep the input as fuzz/regressions/{name}/WHAT_IT_WAS",
                file.display(),
                failure.origin.display()
            );
        }
    }
}

/// Compares the seeds in the corpus with those that the code makes, or writes them.
fn seeds_are_as_made(target: &Target) {
    let corpus = folder().join("corpus").join(target.name);
    let update = std::env::var_os("UPDATE").is_some_and(|update| update == "1");
    let seeds = (target.seeds)();
    assert!(seeds.len() >= 5);
    for (name, bytes) in seeds {
        let path = corpus.join(&name);
        if update {
            fs::create_dir_all(&corpus).expect("the folder can be made");
            fs::write(&path, &bytes).expect("the seed can be written");
        }
        let written = fs::read(&path).unwrap_or_default();
        assert!(
            written == bytes && path.exists(),
            "the seed {} is not what is made now: write it with\n  UPDATE=1 cargo test -p trapjaw-fuzz",
            path.display()
        );
    }
}

#[test]
fn batch() {
    run("batch");
}

#[test]
fn frame() {
    run("frame");
}

#[test]
fn parse() {
    run("parse");
}

#[test]
fn verify_then_run() {
    run("verify_then_run");
}

#[test]
fn decode() {
    run("decode");
}

#[test]
fn json_event() {
    run("json_event");
}

#[test]
fn engine() {
    run("engine");
}

#[test]
fn patterns() {
    run("patterns");
}

/// Each target has its test above, its folder, and its file for libFuzzer.
#[test]
fn every_target_is_run() {
    let tests = include_str!("corpus.rs");
    for target in TARGETS {
        let name = target.name;
        assert!(
            tests.contains(&format!("run(\"{name}\")")),
            "{name} has no test"
        );
        let file = folder().join(format!("libfuzzer/targets/{name}.rs"));
        let text = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            text.contains(&format!("trapjaw_fuzz::{name}(")),
            "{} does not run the target",
            file.display()
        );
    }
    let folders = fs::read_dir(folder().join("corpus")).expect("there is a corpus");
    assert_eq!(
        folders.count(),
        TARGETS.len(),
        "a folder belongs to no target"
    );
}

/// A target with a fault: a byte that stands nowhere in the corpus.
fn faulty(data: &[u8]) -> Outcome {
    assert!(!data.contains(&0x5a), "found");
    Outcome::Refused
}

#[test]
fn a_fault_is_found_and_told_with_its_input() {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faulty-target");
    let corpus = made.join("corpus/faulty");
    fs::create_dir_all(&corpus).expect("the folder can be made");
    fs::write(corpus.join("zeros"), [0; 64]).expect("the seed can be written");
    let target = Target {
        name: "faulty",
        run: faulty,
        seeds: Vec::new,
        runs: 0,
    };
    let drive = |runs| Drive {
        target: &target,
        folder: &made,
        seed: 1,
        runs,
    };
    assert!(drive(0).run().is_ok());
    let failure = drive(10_000).run().expect_err("the fault is not found");
    assert!(failure.input.contains(&0x5a));
    assert!(failure.origin.ends_with("zeros"));
    assert_eq!(drive(10_000).run(), Err(failure));
}
