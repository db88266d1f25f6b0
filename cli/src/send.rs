//! `trapjaw send`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trapjaw_client::Client;
use trapjaw_event::{BatchBuilder, BuildError, Event};
use trapjaw_wire::json::{EventReader, NdjsonReader};

use crate::args::Send;
use crate::connect::options;
use crate::exit;

/// Refused lines that are told one by one; the rest is counted.
const TOLD: u64 = 100;
/// Events that are read ahead of sending.
const READ_AHEAD: usize = 16_384;
/// How long the reader is waited for while nothing waits to be sent.
const PATIENCE: Duration = Duration::from_hours(1);
/// How long an event waits for others to be sent with.
const LINGER: Duration = Duration::from_millis(20);

pub(crate) fn run(args: &Send) -> Result<ExitCode> {
    let mut client = Client::connect(args.server.addr, &options(&args.server)?)
        .with_context(|| format!("connecting to {}", args.server.addr))?;
    let registry = Arc::new(
        client
            .types()
            .context("asking for the server's event types")?,
    );
    client.declare_all(&registry)?;
    let before = client.acked();
    let (input, length) = open(args)?;
    let bar = progress(length);
    let lines = NdjsonReader::new(
        bar.wrap_read(input),
        EventReader::new(Arc::clone(&registry)),
        now(),
    );
    let (tell, told) = mpsc::sync_channel(READ_AHEAD);
    let reader = thread::spawn(move || read(lines, &tell));
    let start = Instant::now();
    let sender = Sender {
        client,
        builder: BatchBuilder::new(registry),
        rows: args.batch as usize,
    };
    let (last, refused) = sender.send_all(&told, &bar)?;
    reader
        .join()
        .expect("the reader does not panic")
        .context("reading events")?;
    bar.finish_and_clear();
    let accepted = last - before;
    let rate = accepted as f64 / start.elapsed().as_secs_f64();
    println!("accepted {accepted}, refused {refused}, {rate:.0} events/s");
    Ok(if refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FINDINGS)
    })
}

/// An event, or the number of a line that is none, with the reason.
type Line = Result<Event, (u64, String)>;

/// Reads lines ahead of the sender: whoever reads may have to wait for more, and what was read before must not.
fn read(mut lines: NdjsonReader<impl BufRead>, tell: &SyncSender<Line>) -> io::Result<()> {
    while let Some(line) = lines.next() {
        let (number, line) = line?;
        let line = line.map_err(|error| {
            (
                number,
                format!("{} [{}]", error.reason(), error.code().name()),
            )
        });
        if tell.send(line).is_err() {
            break;
        }
        // Events without a time happened when they were read.
        lines.set_now(now());
    }
    Ok(())
}

/// Cuts events into batches for the server.
struct Sender {
    client: Client,
    builder: BatchBuilder,
    rows: usize,
}

impl Sender {
    /// Sends what is read until it ends: the number of the last event that was acknowledged, and how many lines
    /// were refused.
    fn send_all(mut self, lines: &Receiver<Line>, bar: &ProgressBar) -> Result<(u64, u64)> {
        let mut refused = 0;
        loop {
            let patience = if self.builder.is_empty() {
                PATIENCE
            } else {
                LINGER
            };
            let taken = match lines.recv_timeout(patience) {
                Ok(Ok(event)) => self.push(&event)?.map_err(|error| (0, error.to_string())),
                Ok(Err(reason)) => Err(reason),
                Err(RecvTimeoutError::Timeout) => {
                    self.flush()?;
                    Ok(())
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Err((number, reason)) = taken {
                refused += 1;
                if refused <= TOLD {
                    bar.suspend(|| eprintln!("line {number}: {reason}"));
                }
            }
        }
        Ok((self.finish()?, refused))
    }

    fn push(&mut self, event: &Event) -> Result<Result<(), BuildError>> {
        let mut pushed = self.builder.push(event);
        if matches!(pushed, Err(BuildError::Full)) {
            self.flush()?;
            pushed = self.builder.push(event);
        }
        if self.builder.rows() >= self.rows {
            self.flush()?;
        }
        Ok(pushed)
    }

    fn flush(&mut self) -> Result<()> {
        if !self.builder.is_empty() {
            self.client.send_rows(&mut self.builder)?;
        }
        Ok(())
    }

    /// Sends the rest and waits for the acknowledgement of all; the number of the last event.
    fn finish(mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.client.close()?)
    }
}

fn open(args: &Send) -> Result<(Box<dyn BufRead + core::marker::Send>, Option<u64>)> {
    if args.events.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(&args.events).with_context(|| args.events.display().to_string())?;
    let length = file.metadata()?.len();
    Ok((
        Box::new(BufReader::with_capacity(1 << 20, file)),
        Some(length),
    ))
}

/// A bar where somebody sees it.
fn progress(length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let form = if length.is_some() {
        "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "{spinner} {bytes} {bytes_per_sec}"
    };
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Wall time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
