//! Memory over an hour of events in fast replay, and what a key of each kind of rule takes. It fails where memory grows
//! though all windows are full, or a key takes other than its plan says.
//!
//! `hour [--into ROOT] [PER_SECOND [keep]]`: 1,000 events a second untold. With `--into`, the folder of the sources, the
//! picture and the tables of `docs/src/performance.md` are written anew. `keep` puts a fault in, which has to be found.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use cap::Cap;
use trapjaw_benches::hour::kinds::{KINDS, Taken, table, take};
use trapjaw_benches::hour::{Fault, LEAST, MOST, hour};
use trapjaw_benches::machine::{self, Machine};
use trapjaw_benches::page::renew;
use trapjaw_heap::Heap;

/// The binary's allocator, counted.
#[global_allocator]
static HEAP: Cap<Heap> = Cap::new(Heap, usize::MAX);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (mut into, mut per_second, mut fault) = (None, 1_000, None);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match &*argument {
            "--into" => into = given.next().map(PathBuf::from),
            "keep" => fault = Some(Fault::Keep),
            number => match number.parse() {
                Ok(number @ LEAST..=MOST) => per_second = number,
                _ => {
                    eprintln!(
                        "usage: hour [--into ROOT] [PER_SECOND [keep]], of {LEAST} to {MOST} events a second"
                    );
                    return Ok(ExitCode::from(2));
                }
            },
        }
    }
    let head = format!("{}; load {}", Machine::here(), machine::load());
    println!("{head}\n");
    let hour = hour(per_second, fault, |minute, sample| {
        let bytes: usize = sample.bytes.iter().sum();
        eprintln!(
            "minute {minute:>2}: {:.2} MB counted, {:.2} MB in memory, {} keys",
            bytes as f64 / 1e6,
            sample.resident.unwrap_or(0) as f64 / 1e6,
            sample.keys
        );
    });
    println!("{hour}");
    let taken: Vec<Taken> = KINDS
        .iter()
        .map(|kind| take(*kind, &|| Some(HEAP.allocated())))
        .collect();
    let table = table(&taken);
    println!("{table}");
    let findings = hour.findings();
    for finding in &findings {
        println!("grows: {finding}");
    }
    if !findings.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    println!("flat");
    if let Some(root) = into {
        let page = root.join("docs/src/performance.md");
        let text = renew(
            &fs::read_to_string(&page)?,
            "hour",
            &format!("{head}. {hour}"),
        )?;
        fs::write(page, renew(&text, "bytes-a-key", &table)?)?;
        let picture = root.join("docs/src/pictures/hour.svg");
        fs::write(picture, hour.chart(head).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
