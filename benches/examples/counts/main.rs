//! Holds the instructions that `instructions.rs` has counted against those that are committed, and fails where a layer is
//! more than 3 % away from them. `UPDATE=1` commits what was counted. `.ci/run instructions` runs both.
#![forbid(unsafe_code)]

mod callgrind;
mod comparison;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callgrind::own_instructions;
use comparison::{Counts, Verdict};

/// What is committed.
const COMMITTED: &str = "baselines/instructions.toml";
/// What stands above it.
const COMMENT: &str = "\
Instructions of one pass over the events of each layer (benches/src/layers), in the program's own code, compiled for x86-64.
`UPDATE=1 .ci/run instructions` writes them anew.";
/// What gungraun leaves behind, in the folder that cargo builds in.
const COUNTED: &str = "gungraun/trapjaw-benches/instructions/layers";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(3)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or(package.join("../target"), PathBuf::from);
    let counted = counted(&target.join(COUNTED))?;
    let path = package.join(COMMITTED);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, counted.to_toml(COMMENT)).map_err(told(&path))?;
        println!("{} has what was counted", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let committed = fs::read_to_string(&path).map_err(told(&path))?;
    let committed = Counts::from_toml(&committed).map_err(told(&path))?;
    let compared = counted.against(&committed);
    println!(
        "{:<18} {:>10} {:>10} {:>9}",
        "layer", "now", "committed", "change"
    );
    for line in &compared {
        println!("{line}");
    }
    let away = compared
        .iter()
        .filter(|line| line.verdict() != Verdict::Same);
    let away = away.count();
    if away == 0 {
        println!("all {} layers are as committed", compared.len());
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "{away} of {} layers are not as benches/{COMMITTED} has them.\n\
         Slower by mistake? Mend it. Faster, new, gone, or slower for a reason that the commit tells: `UPDATE=1 .ci/run instructions`",
        compared.len()
    );
    Ok(ExitCode::FAILURE)
}

/// What was counted of each layer, by name.
fn counted(folder: &Path) -> Result<Counts, String> {
    let mut counts = Counts::default();
    for entry in fs::read_dir(folder).map_err(told(folder))? {
        let entry = entry.map_err(told(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path().join(format!("callgrind.{name}.out"));
        let output = fs::read_to_string(&path).map_err(told(&path))?;
        let count = own_instructions(&output).map_err(told(&path))?;
        let layer = name.strip_prefix("layer.").unwrap_or(&name).to_owned();
        counts.0.push((layer, count));
    }
    counts.0.sort();
    Ok(counts)
}

fn told<E: ToString>(path: &Path) -> impl Fn(E) -> String {
    move |error| format!("{}: {}", path.display(), error.to_string())
}
