//! What a machine does with rules: events a second, and how long matches take over loopback TCP, beside a bare echo.
//!
//! A data plane of one shard runs in this process, and sets no action off. Events are sent to it in two ways: as many as go through,
//! in large batches; and one a frame by a clock, whatever has come back (an open loop), where the time of a match is counted from the
//! moment at which the event that brought it about was *to be* sent. Pings of the same connection at the same rate, in turns with
//! that, say what the way alone takes.
//!
//! Nothing counts unless each match that a replay of the same events finds was found, and told, exactly once, and no other. So event
//! time stands still between events, as in a replay.

mod arm;
mod report;
mod sample;
mod workload;

use core::fmt;
use std::path::PathBuf;

use trapjaw_data::driver::Choice;
use trapjaw_data::plane::StartError;

use crate::limits::{BENCH_EVENTS, BENCH_LEAST, BENCH_MATCHES};
use crate::recorded::{InputError, Recording};
use crate::rules::Loaded;
use arm::Server;
pub use report::{Latency, Report, Spread, Throughput};
pub use sample::sample_rules;
use workload::Workload;

/// Rates of a sweep, in events a second.
pub const SWEEP: [u32; 4] = [1_000, 5_000, 20_000, 50_000];

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Events a second that are sent one a frame, each for as long; it ends with the first that this machine does not keep up with.
    pub rates: Vec<u32>,
    /// For how long each.
    pub seconds: u32,
    /// What moves the bytes.
    pub driver: Choice,
}

/// What is measured with.
pub enum Events {
    /// Events for [`sample_rules`].
    Sample,
    /// These; where they are too few, again and again, each time later by what they span.
    Recorded(Recording),
}

impl Events {
    /// Files of events, as [`Recording::new`] takes them.
    ///
    /// # Errors
    ///
    /// A file that is not there, or is a folder.
    pub fn recorded(files: &[PathBuf]) -> Result<Self, InputError> {
        Ok(Self::Recorded(Recording::new(files, None)?))
    }
}

/// Why nothing was measured.
#[derive(Debug)]
pub enum BenchError {
    /// So many events would be needed: more than [`BENCH_EVENTS`].
    Events(u64),
    /// They bring about more matches than [`BENCH_MATCHES`].
    Matches,
    /// The files can't be read to their end.
    Input(InputError),
    /// No line or row of the files is an event of the rules; why the first is not, where there is one.
    NoEvent(Option<String>),
    /// The server did not start.
    Start(StartError),
    /// The connection failed.
    Connection(trapjaw_client::Error),
    /// Matches that did not come, that no replay finds, and that came again.
    Wrong {
        /// They did not come.
        missing: u64,
        /// No replay finds them.
        unknown: u64,
        /// They came again.
        repeated: u64,
    },
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(needed) => write!(
                f,
                "{needed} events would be needed, at most {BENCH_EVENTS} are made: a lower rate or a shorter duration needs fewer"
            ),
            Self::Matches => write!(
                f,
                "the events bring about more than {BENCH_MATCHES} matches: a lower rate or a shorter duration needs fewer events"
            ),
            Self::Input(error) => error.fmt(f),
            Self::NoEvent(None) => f.write_str("the files have no events"),
            Self::NoEvent(Some(reason)) => {
                write!(f, "the files have no event of these rules: {reason}")
            }
            Self::Start(error) => write!(f, "starting the data plane: {error}"),
            Self::Connection(error) => write!(f, "over loopback: {error}"),
            Self::Wrong {
                missing,
                unknown,
                repeated,
            } => write!(
                f,
                "nothing counts: of the matches that a replay finds {missing} did not come, {repeated} came again, and {unknown} others came"
            ),
        }
    }
}

impl std::error::Error for BenchError {}

impl From<trapjaw_client::Error> for BenchError {
    fn from(error: trapjaw_client::Error) -> Self {
        Self::Connection(error)
    }
}

/// Measures. It takes some three times [`Options::seconds`] a rate.
///
/// # Errors
///
/// See [`BenchError`].
pub fn bench(loaded: &Loaded, events: Events, options: &Options) -> Result<Report, BenchError> {
    let rules = &loaded.rules;
    let most = options.rates.iter().copied().max().unwrap_or(1);
    // A tenth more, with which connection, code and memory get warm.
    let needed = u64::from(most) * u64::from(options.seconds);
    let needed = needed + needed.div_ceil(u64::from(arm::TURNS));
    if needed > BENCH_EVENTS as u64 {
        return Err(BenchError::Events(needed));
    }
    let needed = (needed as usize).max(BENCH_LEAST);
    let events = match events {
        Events::Sample => sample::events(&rules.registry, needed),
        Events::Recorded(recording) => workload::recorded(&rules.registry, recording, needed)?,
    };
    let workload = Workload::new(rules, events)?;
    let server = Server::start(&workload, options.driver)?;
    let driver = server.driver();
    drop(server);
    let mut report = Report {
        rules: rules.rules.len(),
        events: workload.len(),
        matches: workload.matches(workload.len()),
        driver,
        machine_load: report::machine_load(),
        throughput: arm::throughput(&workload, options.driver)?,
        latency: Vec::new(),
    };
    for &rate in &options.rates {
        let latency = arm::latency(&workload, options, rate)?;
        let keeps_up = latency.keeps_up;
        report.latency.push(latency);
        if !keeps_up {
            break;
        }
    }
    Ok(report)
}
