//! A block of lines or rows, and what becomes of it: batches.

use core::fmt;
use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchBytes, BuildError, Event, Registry};
use trapjaw_wire::json::{EventReader, JsonError, NdjsonReader};

use super::cell::Cell;
use super::layout::{Layout, RowError};

/// Lines or rows that lie together in a file.
#[derive(Debug)]
pub(crate) enum Block {
    Lines(LineBlock),
    Rows(RowBlock),
}

/// Whole lines.
#[derive(Debug)]
pub(crate) struct LineBlock {
    /// Lines of the file before these.
    pub(super) first: u64,
    pub(super) bytes: Vec<u8>,
    /// Behind them stood a line of so many bytes, which was not kept.
    pub(super) too_long: Option<u64>,
}

/// Rows of some columns.
#[derive(Debug)]
pub(crate) struct RowBlock {
    /// Rows of the file before these.
    pub(super) first: u64,
    pub(super) rows: usize,
    /// By column that is read, a cell a row.
    pub(super) cells: Vec<Vec<Cell>>,
    /// How they are read, by rule set.
    pub(super) layouts: Arc<[Layout]>,
}

/// Why something recorded is no event.
#[derive(Debug)]
pub enum Refusal {
    /// The line is no event of the registry.
    Json(JsonError),
    /// The row is none.
    Row(RowError),
    /// The event doesn't fit a batch.
    Build(BuildError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "{} [{}]", error.reason(), error.code().name()),
            Self::Row(error) => write!(f, "{error}"),
            Self::Build(error) => write!(f, "{error}"),
        }
    }
}

/// What became of a block for one rule set.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) batches: Vec<(BatchBytes, u32)>,
    /// Number of the line or row in its file, and what is wrong with it.
    pub(crate) refused: Vec<(u64, Refusal)>,
    pub(crate) events: u64,
    /// Members of objects that no field takes.
    pub(crate) ignored: u64,
    /// The newest time of its events.
    newest: Option<i64>,
}

/// An event without a time was met, and it was not known what time it is then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeless;

/// The clock that is not known. No event bears this time: years begin in 1678.
const UNKNOWN: i64 = i64::MIN;

/// The clock before the first event.
pub(crate) const BEGIN: i64 = i64::MIN;

/// The time of an event without one, by a clock.
fn time_at(clock: Option<i64>) -> i64 {
    match clock {
        None => UNKNOWN,
        Some(BEGIN) => 0,
        Some(clock) => clock,
    }
}

/// Whose events blocks are made into.
pub(crate) struct Target {
    place: usize,
    reader: EventReader,
    builder: BatchBuilder,
    /// Rows of a batch, at most.
    rows: usize,
}

impl Target {
    /// The rule set at this place among those that blocks were read for.
    pub(crate) fn new(place: usize, registry: &Arc<Registry>, rows: usize) -> Self {
        Self {
            place,
            reader: EventReader::new(Arc::clone(registry)),
            builder: BatchBuilder::new(Arc::clone(registry)),
            rows: rows.max(1),
        }
    }

    /// Makes a block into batches. Events without a time get the newest time of those before them: `clock` is that of
    /// the blocks before; where it is not given, the first of them ends it.
    pub(crate) fn parse(&mut self, block: &Block, clock: Option<i64>) -> Result<Parsed, Timeless> {
        let mut making = Making {
            parsed: Parsed::default(),
            builder: &mut self.builder,
            rows: self.rows,
        };
        let done = match block {
            Block::Lines(block) => making.lines(block, &self.reader, clock),
            Block::Rows(block) => making.rows(block, self.place, clock),
        };
        if done.is_err() {
            // What was begun is begun anew.
            drop(self.builder.finish());
            return Err(Timeless);
        }
        making.cut();
        Ok(making.parsed)
    }
}

impl Parsed {
    /// The clock behind these events.
    pub(crate) fn clock(&self, before: i64) -> i64 {
        self.newest.map_or(before, |newest| newest.max(before))
    }
}

struct Making<'t> {
    parsed: Parsed,
    builder: &'t mut BatchBuilder,
    rows: usize,
}

impl Making<'_> {
    fn lines(
        &mut self,
        block: &LineBlock,
        reader: &EventReader,
        clock: Option<i64>,
    ) -> Result<(), Timeless> {
        let mut lines = NdjsonReader::new(&*block.bytes, reader.clone(), time_at(clock));
        while let Some(line) = lines.next() {
            let (number, event) = line.expect("memory can be read");
            let number = block.first + number;
            match event {
                Ok(event) => {
                    let now = self.event(number, &event, clock)?;
                    if clock.is_some() {
                        lines.set_now(now);
                    }
                }
                Err(error) => self.parsed.refused.push((number, Refusal::Json(error))),
            }
        }
        self.parsed.ignored += lines.ignored();
        if let Some(length) = block.too_long {
            let error = JsonError::line_too_long(length);
            let number = block.first + lines.lines() + 1;
            self.parsed.refused.push((number, Refusal::Json(error)));
        }
        Ok(())
    }

    fn rows(&mut self, block: &RowBlock, place: usize, clock: Option<i64>) -> Result<(), Timeless> {
        let layout = &block.layouts[place];
        let mut now = time_at(clock);
        for row in 0..block.rows {
            let number = block.first + row as u64 + 1;
            match layout.event(&block.cells, row, now) {
                Ok(event) => {
                    let newest = self.event(number, &event, clock)?;
                    if clock.is_some() {
                        now = newest;
                    }
                }
                Err(error) => self.parsed.refused.push((number, Refusal::Row(error))),
            }
        }
        Ok(())
    }

    /// Takes an event, and gives the newest time so far.
    fn event(&mut self, number: u64, event: &Event, clock: Option<i64>) -> Result<i64, Timeless> {
        if event.time == UNKNOWN && clock.is_none() {
            return Err(Timeless);
        }
        let before = self.parsed.newest.unwrap_or(event.time);
        let newest = before.max(event.time).max(clock.unwrap_or(BEGIN));
        self.parsed.newest = Some(newest);
        let mut pushed = self.builder.push(event);
        if matches!(pushed, Err(BuildError::Full)) {
            self.cut();
            pushed = self.builder.push(event);
        }
        match pushed {
            Ok(()) => self.parsed.events += 1,
            Err(error) => self.parsed.refused.push((number, Refusal::Build(error))),
        }
        if self.builder.rows() >= self.rows {
            self.cut();
        }
        Ok(newest)
    }

    fn cut(&mut self) {
        let rows = self.builder.rows() as u32;
        if rows > 0 {
            self.parsed.batches.push((self.builder.finish(), rows));
        }
    }
}
