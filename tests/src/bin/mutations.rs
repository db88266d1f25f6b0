//! The mutation check: plants the faults of `tests/mutations/faults.toml` one at a time in a copy of the sources, and
//! shows what finds each.
//!
//! `cargo run -p trapjaw-tests --bin mutations [-- NAME...]`. For each fault it builds the copy, and puts it before the
//! corpus and then, if that sees nothing, before `TRAPJAW_CASES` cases of the differential test (600 untold). It ends
//! with 1 if something was not found. With `--judge` it puts what it is built from before the tests, and that is all:
//! so it is called in the copy.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use trapjaw_tests::corpus::{cases, verdict};
use trapjaw_tests::differential::difference;
use trapjaw_tests::generate::Case;
use trapjaw_tests::mutations::{Fault, faults, root};

/// How long a fault may keep the tests busy: one that makes the engine go round forever is found, too.
const PATIENCE: Duration = Duration::from_mins(5);

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names == ["--judge"] {
        return judge();
    }
    let faults = faults().into_iter();
    let faults: Vec<Fault> = faults
        .filter(|fault| names.is_empty() || names.contains(&fault.name))
        .collect();
    let copy = copy();
    println!("| fault | in | found by |\n|---|---|---|");
    let mut survivors = 0;
    for fault in &faults {
        let path = copy.join(&fault.file);
        let sound = fs::read_to_string(&path).expect("the file was copied");
        fs::write(&path, fault.planted(&sound)).expect("the copy can be written");
        let found = found_by(&copy);
        fs::write(&path, sound).expect("the copy can be written");
        survivors += u32::from(found.is_none());
        let found = found.unwrap_or_else(|| "**nothing**".into());
        println!("| {} | `{}` | {found} |", fault.about, fault.file);
    }
    ExitCode::from(u8::from(survivors > 0))
}

/// Copies what is under version control, as it is now. Of what is there no more nothing stays in the copy, but for what was
/// built.
fn copy() -> PathBuf {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(&root)
        .output()
        .expect("git lists the files");
    let copy = root.join("target/mutations");
    let listed = String::from_utf8(listed.stdout).expect("files are named in UTF-8");
    let listed: BTreeSet<&Path> = listed.split_terminator('\0').map(Path::new).collect();
    clear(&copy, &copy, &listed);
    for file in listed {
        let (from, to) = (root.join(file), copy.join(file));
        // The book's link to the folder of decisions is of no use here.
        if from.is_dir() {
            continue;
        }
        let folder = to.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("the copy can be written");
        let now = fs::read(&from).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // A file that is written anew is built anew.
        if fs::read(&to).is_ok_and(|before| before == now) {
            continue;
        }
        fs::write(to, now).expect("the copy can be written");
    }
    copy
}

/// Removes the files of a folder of the copy that are not among these.
fn clear(copy: &Path, folder: &Path, listed: &BTreeSet<&Path>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let file = path.strip_prefix(copy).expect("it is in the copy");
        if path.is_dir() && file != Path::new("target") {
            clear(copy, &path, listed);
        } else if path.is_file() && !listed.contains(file) {
            fs::remove_file(&path).expect("the copy can be written");
        }
    }
}

/// What finds something wrong with the copy.
fn found_by(copy: &Path) -> Option<String> {
    let target = copy.join("target");
    let built = Command::new("cargo")
        .args(["build", "--offline", "-q", "-p", "trapjaw-tests"])
        .args(["--bin", "mutations"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", &target)
        // It is built more often than it is run.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .status()
        .expect("cargo runs");
    if !built.success() {
        eprintln!("the fault does not compile");
        return None;
    }
    let told = copy.join("told");
    let mut judging = Command::new(target.join("debug/mutations"))
        .arg("--judge")
        .stdout(fs::File::create(&told).expect("the copy can be written"))
        .spawn()
        .expect("what was built runs");
    let begun = Instant::now();
    let passed = loop {
        match judging.try_wait().expect("the judge can be asked") {
            Some(status) => break status.success(),
            None if begun.elapsed() > PATIENCE => {
                judging.kill().expect("the judge can be stopped");
                judging.wait().expect("the judge has been stopped");
                return Some("running without end".into());
            }
            None => sleep(Duration::from_millis(100)),
        }
    };
    let told = fs::read_to_string(told).expect("the judge has told something");
    (!passed).then(|| told.trim().to_owned())
}

/// Puts the engine before corpus and differential test, and tells what finds a fault in it.
fn judge() -> ExitCode {
    // What panics has found something, and is told as such.
    std::panic::set_hook(Box::new(|_| {}));
    let cases = cases();
    let fails = |case: &&_| !matches!(catch_unwind(|| verdict(case)), Ok(Ok(())));
    let failing: Vec<String> = cases
        .iter()
        .filter(fails)
        .map(|case| case.name.clone())
        .collect();
    match &*failing {
        [] => {}
        [one] => println!("`{one}`"),
        [first, others @ ..] => println!("`{first}` and {} more", others.len()),
    }
    if !failing.is_empty() {
        return ExitCode::FAILURE;
    }
    let count = std::env::var("TRAPJAW_CASES").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(600);
    for seed in 0..count {
        let agrees = catch_unwind(|| difference(&Case::new(seed)).is_ok());
        if !matches!(agrees, Ok(true)) {
            println!("differential test, seed {seed}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
