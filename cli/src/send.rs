//! `trapjaw send`.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use trapjaw_client::Client;
use trapjaw_data::time::wall;
use trapjaw_event::{BatchBuilder, BuildError, Event};
use trapjaw_wire::json::{EventReader, NdjsonReader};

use crate::args::Send;
use crate::connect::connect;
use crate::failure::tell;
use crate::input::{self, Input};
use crate::{exit, failure, progress};

/// Refused lines that are told one by one; the rest is counted.
const TOLD: u64 = 100;
/// Events that are read ahead of sending.
const READ_AHEAD: usize = 16_384;
/// How long the reader is waited for while nothing waits to be sent.
const PATIENCE: Duration = Duration::from_hours(1);
/// How long an event waits for others to be sent with.
const LINGER: Duration = Duration::from_millis(20);

pub(crate) fn run(args: &Send) -> Result<ExitCode> {
    let Input { reader, length } = input::open(&args.events)?;
    let mut client = connect(&args.server)?;
    let registry = Arc::new(
        client
            .types()
            .context("asking for the server's event types")?,
    );
    client.declare_all(&registry)?;
    let before = client.acked();
    let bar = progress::bar(length, "");
    let lines = NdjsonReader::new(
        bar.wrap_read(reader),
        EventReader::new(Arc::clone(&registry)),
        wall(),
    );
    let (ahead, read_lines) = mpsc::sync_channel(READ_AHEAD);
    let reader = thread::spawn(move || read(lines, &ahead));
    let start = Instant::now();
    let mut sender = Sender {
        client,
        builder: BatchBuilder::new(registry),
        rows: args.batch as usize,
        refused: 0,
    };
    let sent = sender.send_all(&read_lines, &bar);
    // What was acknowledged is told, also where the connection failed or the file could not be read to its end.
    let refused = sender.refused;
    let acked = sender.client.acked();
    let ended = sent.and_then(|()| Ok(sender.client.close()?));
    let accepted = *ended.as_ref().unwrap_or(&acked) - before;
    bar.finish_and_clear();
    let rate = accepted as f64 / start.elapsed().as_secs_f64();
    writeln!(
        io::stdout(),
        "accepted {accepted}, refused {refused}, {rate:.0} events/s"
    )
    .map_err(failure::unwritten)?;
    ended?;
    reader
        .join()
        .expect("the reader does not panic")
        .context("reading events")?;
    Ok(if refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FINDINGS)
    })
}

/// The number of a line, and its event or why it is none.
type Line = (u64, Result<Event, String>);

/// Reads lines ahead of the sender: whoever reads may have to wait for more, and what was read before must not.
fn read(mut lines: NdjsonReader<impl BufRead>, ahead: &SyncSender<Line>) -> io::Result<()> {
    while let Some(line) = lines.next() {
        let (number, line) = line?;
        let line = line.map_err(|error| format!("{} [{}]", error.reason(), error.code().name()));
        if ahead.send((number, line)).is_err() {
            break;
        }
        // Events without a time happened when they were read.
        lines.set_now(wall());
    }
    Ok(())
}

/// Cuts events into batches for the server.
struct Sender {
    client: Client,
    builder: BatchBuilder,
    rows: usize,
    /// Lines that were refused.
    refused: u64,
}

impl Sender {
    /// Sends what is read until it ends.
    fn send_all(&mut self, lines: &Receiver<Line>, bar: &ProgressBar) -> Result<()> {
        loop {
            let patience = if self.builder.is_empty() {
                PATIENCE
            } else {
                LINGER
            };
            let (number, line) = match lines.recv_timeout(patience) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    self.flush()?;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return self.flush(),
            };
            let taken = match line {
                Ok(event) => self.push(&event)?.map_err(|error| error.to_string()),
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                self.refused += 1;
                if self.refused <= TOLD {
                    bar.suspend(|| tell(format_args!("line {number}: {reason}\n")));
                }
            }
        }
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
}
