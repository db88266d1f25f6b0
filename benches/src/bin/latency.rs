//! Latencies over the real network path, by rate: from the moment at which an event was to be sent to its match, beside pings
//! of the same connection.
//!
//! `latency [--hdr FOLDER] [RATE...]`: events a second; untold, 10 to 90 % of what goes through one event a frame, which it
//! measures first. With `--hdr` it writes the whole distribution of each into the folder, in the text form that
//! `HdrHistogram`'s plotters read: `events-RATE.hgrm`, `pings-RATE.hgrm`, in microseconds.
#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use trapjaw_benches::latency::{Probe, ROUNDS, RULES, SATURATING, Times};
use trapjaw_benches::measure::compile;
use trapjaw_benches::network::Server;
use trapjaw_data::driver::Choice;

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

/// Of what goes through at most, in percent.
const LOADS: [u32; 6] = [10, 30, 50, 70, 80, 90];
/// Turns of events and pings, of a tenth of a second each.
const TURNS: u32 = 20;
const PERCENTILES: [f64; 6] = [50.0, 90.0, 99.0, 99.9, 99.99, 100.0];

fn main() -> ExitCode {
    match asked(std::env::args().skip(1)) {
        Ok((hdr, rates)) => match sweep(hdr.as_deref(), rates) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("latency: {error}");
                ExitCode::FAILURE
            }
        },
        Err(what) => {
            eprintln!("latency: {what}\nusage: latency [--hdr FOLDER] [RATE...]");
            ExitCode::from(3)
        }
    }
}

/// The folder and the rates that are asked for.
fn asked(mut args: impl Iterator<Item = String>) -> Result<(Option<PathBuf>, Vec<u32>), String> {
    let (mut hdr, mut rates) = (None, Vec::new());
    while let Some(arg) = args.next() {
        if arg == "--hdr" {
            hdr = Some(args.next().ok_or("--hdr needs a folder")?.into());
        } else {
            let rate = arg.parse().ok().filter(|rate| *rate > 0);
            rates.push(rate.ok_or_else(|| format!("`{arg}` is no number of events a second"))?);
        }
    }
    Ok((hdr, rates))
}

fn sweep(hdr: Option<&Path>, mut rates: Vec<u32>) -> io::Result<()> {
    if let Some(folder) = hdr {
        fs::create_dir_all(folder)?;
    }
    let server = Server::start(&compile(RULES), Choice::Auto);
    let mut probe = Probe::new(&server);
    // Connection, code and memory are warm.
    probe.events(1_000, 200);
    let mut sent = 200;
    println!(
        "one connection, one event a frame, each a match; {}",
        server.driver()
    );
    if rates.is_empty() {
        let most = probe.saturation();
        sent += ROUNDS * SATURATING;
        println!("at most {most:.0} events/s");
        rates = LOADS
            .map(|load| (most * f64::from(load) / 100.0) as u32)
            .into();
    }
    println!(
        "microseconds from the moment at which each was to be sent; `late`: the latest that one was sent"
    );
    println!("`usual`: the p99.9 of the median of {TURNS} turns");
    println!(
        "{:>9}  {:6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "rate", "", "p50", "p90", "p99", "p99.9", "p99.99", "most", "late", "usual"
    );
    for rate in rates {
        let count = (rate / 10).max(1);
        let (events, pings) = probe.in_turns(rate, count, TURNS);
        sent += TURNS * count;
        for (what, turns) in [("events", &events), ("pings", &pings)] {
            let ([_, usual, _], times) = (turns.spread(99.9), &turns.all);
            println!("{rate:>9}  {what:6}{} {usual:>9.1}", row(times));
            if let Some(folder) = hdr {
                fs::write(
                    folder.join(format!("{what}-{rate}.hgrm")),
                    distribution(times),
                )?;
            }
        }
    }
    drop(probe);
    assert_eq!(server.stop(), u64::from(sent), "each event is one match");
    Ok(())
}

fn row(times: &Times) -> String {
    let mut row = String::new();
    for value in PERCENTILES.map(|percent| times.percentile(percent)) {
        let _ = write!(row, " {value:>9.1}");
    }
    let _ = write!(row, " {:>9.1}", times.behind as f64 / 1e3);
    row
}

/// The distribution as `HdrHistogram`'s own programs print it.
fn distribution(times: &Times) -> String {
    let histogram = &times.histogram;
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    for step in histogram.iter_quantiles(5) {
        let (value, quantile) = (
            step.value_iterated_to() as f64 / 1e3,
            step.quantile_iterated_to(),
        );
        let count = histogram.count_between(0, step.value_iterated_to());
        let _ = write!(text, "{value:>12.3} {quantile:>14.12} {count:>10}");
        if quantile < 1.0 {
            let _ = write!(text, " {:>14.2}", 1.0 / (1.0 - quantile));
        }
        text.push('\n');
    }
    let (mean, deviation) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
    let (most, count) = (histogram.max() as f64 / 1e3, histogram.len());
    let _ = writeln!(
        text,
        "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]\n#[Max     = {most:>12.3}, Total count    = {count:>12}]"
    );
    text
}
