//! Memory under floods of partial matches: `cargo run --release -p trapjaw-benches --bin floods` prints a table of what
//! each stream has come to, and draws `docs/src/pictures/floods.svg`. It ends with 1 if one went beyond the limit.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use trapjaw_benches::floods::{EVENTS, Flood, LIMIT, Stream, flood, picture};

fn main() -> io::Result<ExitCode> {
    println!(
        "| stream | most MiB | MiB at the end | keys at the end | keys given up | partial matches given up |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let floods: Vec<Flood> = Stream::ALL
        .into_iter()
        .map(|stream| flood(stream, LIMIT, EVENTS))
        .inspect(|flood| println!("{flood}"))
        .collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/pictures/floods.svg");
    fs::write(&file, picture(&floods, LIMIT).to_string())?;
    let beyond = floods.iter().any(|flood| flood.peak() > LIMIT);
    Ok(ExitCode::from(u8::from(beyond)))
}
