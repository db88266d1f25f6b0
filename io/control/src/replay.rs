//! Replay: recorded events through the rules, offline, in virtual time taken from the events.
//!
//! It is the engine without the network: the same input gives the same output bytes, for any number of
//! shards and any size of batch.

use std::io::{self, BufRead};
use std::sync::Arc;

use trapjaw_engine::{Config, Counters, Lockstep, Origin};
use trapjaw_event::{BatchBuilder, BatchBytes, Binding, BuildError, Event, Match, check};
use trapjaw_program::{RuleSet, Verified};
use trapjaw_wire::json::{EventReader, NdjsonReader};

pub use crate::recorded::Refusal;

/// How to replay.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// After the last event, time moves on to this instant (nanoseconds since the Unix epoch). Without it,
    /// time stands still after the last event.
    pub until: Option<i64>,
    /// Number of shards.
    pub shards: u32,
    /// Rows in a batch, at most.
    pub batch: usize,
    /// Limits of the engine's state.
    pub config: Config,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            until: None,
            shards: 1,
            batch: 4_096,
            config: Config::default(),
        }
    }
}

/// What a replay did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Events that were taken in.
    pub events: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// Members of objects that no field takes.
    pub ignored: u64,
    /// Events that wait for the watermark still: time did not go on for long enough.
    pub held: u64,
    /// What the engine counted.
    pub counters: Counters,
}

/// Replays the lines of `input`. Each match goes to `found`, each refused line with its number to `refused`.
///
/// An event without a time gets the newest time before it.
pub fn replay(
    rules: &Arc<Verified<RuleSet>>,
    input: impl BufRead,
    options: Options,
    found: impl FnMut(Match) -> io::Result<()>,
    refused: impl FnMut(u64, &Refusal),
) -> io::Result<Summary> {
    replay_with_late(rules, input, options, found, None, refused)
}

/// Takes an event that came too late for a rule.
pub type Late<'l> = &'l mut dyn FnMut(&Event) -> io::Result<()>;

/// Like [`replay`]; each event that came too late for a rule goes to `late`.
pub fn replay_with_late(
    rules: &Arc<Verified<RuleSet>>,
    input: impl BufRead,
    options: Options,
    mut found: impl FnMut(Match) -> io::Result<()>,
    mut late: Option<Late<'_>>,
    mut refused: impl FnMut(u64, &Refusal),
) -> io::Result<Summary> {
    let registry = Arc::clone(&rules.registry);
    let mut lines = NdjsonReader::new(input, EventReader::new(Arc::clone(&registry)), 0);
    let mut feed = Feed::new(rules, options);
    if late.is_some() {
        feed.keep_late();
    }
    let (mut events, mut lines_refused) = (0, 0);
    let mut newest = i64::MIN;
    while let Some(line) = lines.next() {
        let (number, line) = line?;
        let pushed = match line {
            Ok(event) => {
                newest = newest.max(event.time);
                lines.set_now(newest);
                let pushed = feed.push(&event, &mut found)?;
                feed.tell_late(&mut late)?;
                pushed.map_err(Refusal::Build)
            }
            Err(error) => Err(Refusal::Json(error)),
        };
        match pushed {
            Ok(()) => events += 1,
            Err(reason) => {
                lines_refused += 1;
                refused(number, &reason);
            }
        }
    }
    feed.flush(&mut found)?;
    feed.tell_late(&mut late)?;
    if let Some(until) = options.until {
        feed.tick(until, &mut found)?;
    }
    Ok(Summary {
        events,
        refused: lines_refused,
        ignored: lines.ignored(),
        ..feed.summary()
    })
}

/// Cuts events into batches for the engine.
pub(crate) struct Feed {
    engine: Lockstep,
    builder: BatchBuilder,
    bytes: BatchBytes,
    bindings: Vec<Option<Arc<Binding>>>,
    batch: usize,
    sequence: u64,
}

impl Feed {
    pub(crate) fn new(rules: &Arc<Verified<RuleSet>>, options: Options) -> Self {
        let registry = &rules.registry;
        Self {
            engine: Lockstep::new(rules, options.config, options.shards),
            builder: BatchBuilder::new(Arc::clone(registry)),
            bytes: BatchBytes::default(),
            bindings: registry
                .iter()
                .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
                .collect(),
            batch: options.batch.max(1),
            sequence: 0,
        }
    }

    /// The engine, between batches.
    pub(crate) fn engine(&mut self) -> &mut Lockstep {
        &mut self.engine
    }

    pub(crate) fn push(
        &mut self,
        event: &Event,
        found: &mut impl FnMut(Match) -> io::Result<()>,
    ) -> io::Result<Result<(), BuildError>> {
        let mut pushed = self.builder.push(event);
        if matches!(pushed, Err(BuildError::Full)) {
            self.flush(found)?;
            pushed = self.builder.push(event);
        }
        if self.builder.rows() >= self.batch {
            self.flush(found)?;
        }
        Ok(pushed)
    }

    pub(crate) fn flush(
        &mut self,
        found: &mut impl FnMut(Match) -> io::Result<()>,
    ) -> io::Result<()> {
        let rows = self.builder.rows();
        if rows == 0 {
            return Ok(());
        }
        let mut bytes = core::mem::take(&mut self.bytes);
        self.builder.finish_into(&mut bytes);
        let judged = self.judge(&bytes, rows as u32, found);
        self.bytes = bytes;
        judged
    }

    /// Takes a batch that was built on the registry of its rules, behind those that were pushed.
    pub(crate) fn judge(
        &mut self,
        bytes: &BatchBytes,
        rows: u32,
        found: &mut impl FnMut(Match) -> io::Result<()>,
    ) -> io::Result<()> {
        let batch = check(bytes, &self.bindings).expect("a batch that was just built is sound");
        let origin = Origin {
            stream: 0,
            sequence: self.sequence,
        };
        self.sequence += u64::from(rows);
        let mut result = Ok(());
        self.engine.batch(batch, origin, &mut |matched| {
            if result.is_ok() {
                result = found(matched);
            }
        });
        result
    }

    /// What was counted, beside what the engine does not see.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            held: self.engine.held() as u64,
            counters: self.engine.counters(),
            ..Summary::default()
        }
    }

    pub(crate) fn keep_late(&mut self) {
        self.engine.keep_late();
    }

    pub(crate) fn tell_late(&mut self, late: &mut Option<Late<'_>>) -> io::Result<()> {
        let Some(tell) = late else {
            return Ok(());
        };
        let late = self.engine.take_late();
        late.iter().try_for_each(|late| tell(&late.event))
    }

    pub(crate) fn tick(
        &mut self,
        now: i64,
        found: &mut impl FnMut(Match) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut result = Ok(());
        self.engine.tick(now, &mut |matched| {
            if result.is_ok() {
                result = found(matched);
            }
        });
        result
    }
}
