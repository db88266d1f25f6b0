//! Prints the curves of the page on performance, a line for each point: `id value unit floor ok|short`.
//!
//! `curves [--json] [--into ROOT] [GROUP]...`: one JSON object a line; with `--into`, the folder of the sources, the
//! pictures and the tables of `docs/src/curves.md` are written anew, and a whole run is recorded in `benches/record`.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use trapjaw_benches::curves::{GROUPS, Group};
use trapjaw_benches::machine::{self, Machine};
use trapjaw_benches::page::renew;

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

struct Arguments {
    is_json: bool,
    into: Option<PathBuf>,
    chosen: Vec<&'static Group>,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments {
        is_json: false,
        into: None,
        chosen: Vec::new(),
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match &*argument {
            "--json" => arguments.is_json = true,
            "--into" => arguments.into = Some(given.next()?.into()),
            name => {
                let group = GROUPS.iter().find(|group| group.name == name)?;
                arguments.chosen.push(group);
            }
        }
    }
    Some(arguments)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(mut arguments) = arguments() else {
        let names: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
        eprintln!(
            "usage: curves [--json] [--into ROOT] [{}]...",
            names.join("|")
        );
        return Ok(ExitCode::from(2));
    };
    let is_whole = arguments.chosen.is_empty();
    if is_whole {
        arguments.chosen.extend(&GROUPS);
    }
    let page = arguments
        .into
        .as_ref()
        .map(|root| root.join("docs/src/curves.md"));
    if let Some(page) = &page {
        // Better before all is measured than after.
        let text = fs::read_to_string(page)?;
        for group in &arguments.chosen {
            renew(&text, group.name, "")?;
        }
    }
    let machine = Machine::here();
    let head = format!("{machine}; load {}", machine::load());
    eprintln!("{head}");
    let start = Instant::now();
    let mut record = String::new();
    for group in &arguments.chosen {
        let outcome = group.measure(|figure| {
            let line = if arguments.is_json {
                figure.to_json()
            } else {
                figure.to_string()
            };
            println!("{line}");
            eprintln!("{:>4} s  {}", start.elapsed().as_secs(), figure.id);
            let _ = writeln!(record, "{figure}");
        });
        let (Some(root), Some(page)) = (&arguments.into, &page) else {
            continue;
        };
        let picture = format!("docs/src/pictures/curves-{}.svg", group.name);
        fs::write(root.join(picture), outcome.chart(head.clone()).to_string())?;
        let text = fs::read_to_string(page)?;
        let measured = format!("{}\n{head}.\n", outcome.table());
        fs::write(page, renew(&text, group.name, &measured)?)?;
    }
    if let (Some(root), true) = (&arguments.into, is_whole) {
        let date = machine.date;
        let text = format!(
            "# {date}: curves\n\n{head}. `cargo run --release -p trapjaw-benches --bin curves`, in {} s. Of each figure: its\n\
             floor, if it has one, the spread of the rounds, and what was found.\n\n```text\n{record}```\n",
            start.elapsed().as_secs()
        );
        fs::write(root.join(format!("benches/record/{date}-curves.md")), text)?;
    }
    Ok(ExitCode::SUCCESS)
}
