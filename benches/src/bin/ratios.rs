//! Prints the figures of the speed page, one line each: `id value unit goal ok|short`.
//!
//! `ratios [--json] [GROUP]...`: one JSON object a line, and only some of the figures.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use trapjaw_benches::figure::{Figure, against_peers};
use trapjaw_benches::figures::{GROUPS, HOSTS, Measure, ROUNDS, ROWS};
use trapjaw_benches::machine;

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn main() -> ExitCode {
    let mut is_json = false;
    let mut chosen: Vec<Measure> = Vec::new();
    for argument in std::env::args().skip(1) {
        if argument == "--json" {
            is_json = true;
        } else if let Some((_, measure)) = GROUPS.iter().find(|(name, _)| *name == argument) {
            chosen.push(*measure);
        } else {
            let names: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
            eprintln!("usage: ratios [--json] [{}]...", names.join("|"));
            return ExitCode::from(2);
        }
    }
    let is_whole = chosen.is_empty();
    if is_whole {
        chosen.extend(GROUPS.iter().map(|(_, measure)| *measure));
    }
    if !is_json {
        println!(
            "in process, one thread, batches of {ROWS} rows, {HOSTS} hosts; median of {ROUNDS} rounds (spread); load {}",
            machine::load()
        );
    }
    let mut figures: Vec<Figure> = Vec::new();
    let mut tell = |figure: Figure| {
        show(&figure, is_json);
        figures.push(figure);
    };
    for measure in chosen {
        measure(&mut tell);
    }
    if let Some(figure) = against_peers(&figures).filter(|_| is_whole) {
        show(&figure, is_json);
    }
    ExitCode::SUCCESS
}

fn show(figure: &Figure, is_json: bool) {
    if is_json {
        println!("{}", figure.to_json());
    } else {
        println!("{figure}");
    }
}
