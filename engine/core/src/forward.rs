//! Rows on their way to the shard that owns their key.

use std::collections::BTreeMap;
use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchBytes, BuildError, Registry, RuleId};

use crate::place::{Cause, compare_inputs};
use crate::segment::{RowOrigin, Segment};

/// Rows for another shard: each whole, since the event that triggers a match is told whole.
#[derive(Debug)]
pub struct Forward {
    /// The shard.
    pub destination: u32,
    /// The rows, in order.
    pub batch: BatchBytes,
    /// Number of the rule set that routed them.
    pub version: u64,
    /// When the causing batch was taken in: monotonic nanoseconds.
    pub ingest: u64,
    /// The line of time on which its rows take effect.
    pub(crate) line: u32,
    /// Where each row came from.
    pub(crate) rows: Vec<RowOrigin>,
    /// Which rules each is for; sorted.
    pub(crate) targets: Vec<(RuleId, u32)>,
}

impl Forward {
    /// What caused the first row.
    pub(crate) fn cause(&self) -> &Cause {
        self.rows.first().map_or(&None, |row| &row.cause)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// A row that belongs elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stray {
    pub(crate) destination: u32,
    pub(crate) rule: RuleId,
    pub(crate) segment: u32,
    pub(crate) row: u32,
    pub(crate) effect: i64,
}

/// What is common to the rows that a step sends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// Number of the rule set.
    pub(crate) version: u64,
    pub(crate) ingest: u64,
    /// The line of time on which they take effect.
    pub(crate) line: u32,
}

/// Packs rows for their shards: by destination, in the order of the step, each row once, at most `most`
/// together. Gives the number of rows that fit no batch.
pub(crate) fn pack(
    strays: &mut Vec<Stray>,
    segments: &[&Segment<'_>],
    registry: &Arc<Registry>,
    about: About,
    most: usize,
    mut send: impl FnMut(Forward),
) -> u64 {
    let mut by_destination: BTreeMap<u32, Vec<Stray>> = BTreeMap::new();
    for stray in strays.drain(..) {
        by_destination
            .entry(stray.destination)
            .or_default()
            .push(stray);
    }
    let mut unrouted = 0;
    for (destination, mut strays) in by_destination {
        strays.sort_by(|a, b| {
            let (sa, sb) = (segments[a.segment as usize], segments[b.segment as usize]);
            compare_inputs(
                (sa.step_row(a.row), sa.cause(a.row)),
                (sb.step_row(b.row), sb.cause(b.row)),
            )
            .then((a.segment, a.row, a.rule).cmp(&(b.segment, b.row, b.rule)))
        });
        let mut parcel = Parcel::new(destination, about, registry);
        for same_row in strays.chunk_by(|a, b| (a.segment, a.row) == (b.segment, b.row)) {
            let Stray {
                segment,
                row,
                effect,
                ..
            } = same_row[0];
            let segment = segments[segment as usize];
            if parcel.rows.len() >= most {
                send(parcel.take());
            }
            let event = segment.section.event(row as usize);
            let mut pushed = parcel.builder.push(&event);
            if pushed == Err(BuildError::Full) {
                send(parcel.take());
                pushed = parcel.builder.push(&event);
            }
            if pushed.is_err() {
                unrouted += 1;
                continue;
            }
            let place = parcel.rows.len() as u32;
            parcel.rows.push(RowOrigin {
                origin: segment.origin(row),
                effect,
                cause: segment.cause(row).clone(),
            });
            let rules = same_row.iter().map(|stray| (stray.rule, place));
            parcel.targets.extend(rules);
        }
        if !parcel.rows.is_empty() {
            send(parcel.take());
        }
    }
    unrouted
}

/// What is being packed for one shard.
struct Parcel {
    destination: u32,
    about: About,
    builder: BatchBuilder,
    rows: Vec<RowOrigin>,
    targets: Vec<(RuleId, u32)>,
}

impl Parcel {
    fn new(destination: u32, about: About, registry: &Arc<Registry>) -> Self {
        Self {
            destination,
            about,
            builder: BatchBuilder::new(Arc::clone(registry)),
            rows: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// What was packed so far.
    fn take(&mut self) -> Forward {
        let mut targets = core::mem::take(&mut self.targets);
        targets.sort_unstable();
        let About {
            version,
            ingest,
            line,
        } = self.about;
        Forward {
            destination: self.destination,
            batch: self.builder.finish(),
            version,
            ingest,
            line,
            rows: core::mem::take(&mut self.rows),
            targets,
        }
    }
}
