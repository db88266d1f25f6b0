//! The command line of measuring.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use trapjaw_control::bench::SWEEP;
use trapjaw_data::driver::Choice;

use super::Form;

/// Measures this machine: events a second, and how long matches take, beside a bare echo.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A server of one shard runs on loopback in this process; it sets no action off, and nothing leaves this machine. Events go to it in \
two ways. In large batches: as many as go through. One a frame, by a clock that does not wait for what has come back: the time of a \
match counts from when its event was to be sent, so that a pause is charged to all that it held up. Pings at the same rate, in turns \
with that, say what the way alone takes.

Without RULES, five rules and their events are built in. Events of a file keep their distances in time, and are gone through again \
where they are too few. Nothing is printed unless each match that a replay finds has come exactly once.

Exit codes: 0 done; 1 a match was missing or one too many, or the connection failed; 2 errors in rules; 3 command line or files.

Examples:
  trapjaw bench
  trapjaw bench --rate 20000 --duration 5
  trapjaw bench rules/ --events day.ndjson
  trapjaw bench --output json | jq '.latency[] | {rate, p99: .matches.p99}'")]
pub(crate) struct Bench {
    /// Rule files, and folders of them.
    #[arg(requires = "events")]
    pub(crate) rules: Vec<PathBuf>,
    /// Events, file by file, as `trapjaw replay` reads them.
    #[arg(long, num_args = 1, value_name = "FILE", requires = "rules")]
    pub(crate) events: Vec<PathBuf>,
    /// Events a second that are sent one a frame; `sweep` is 1000, 5000, 20000 and 50000, up to the first that is too much.
    #[arg(long, value_name = "N|sweep", default_value = "sweep", value_parser = rates)]
    pub(crate) rate: Rates,
    /// Seconds at each rate.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) duration: u32,
    /// What moves the bytes: auto, io_uring or epoll.
    #[arg(
        long,
        value_name = "DRIVER",
        default_value = "auto",
        env = "TRAPJAW_DRIVER"
    )]
    pub(crate) driver: Choice,
    /// How figures are told.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) output: Form,
}

/// Rates, in events a second.
#[derive(Clone, Debug)]
pub(crate) struct Rates(pub(crate) Vec<u32>);

fn rates(text: &str) -> Result<Rates, String> {
    if text == "sweep" {
        return Ok(Rates(SWEEP.to_vec()));
    }
    let rate = text.parse().ok().filter(|rate| *rate > 0);
    let rate = rate.ok_or("events a second are needed, as 20000, or sweep")?;
    Ok(Rates(vec![rate]))
}
