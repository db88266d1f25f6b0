//! Rows on their way to the shard that owns their key.

use std::collections::BTreeMap;
use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchBytes, Registry, RuleId};

use crate::output::{Cause, compare_inputs};
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

/// Packs rows for their shards: by destination, in the order of the step, each row once, at most `most`
/// together.
pub(crate) fn pack(
    strays: &mut Vec<Stray>,
    segments: &[Segment<'_>],
    registry: &Arc<Registry>,
    (version, ingest): (u64, u64),
    most: usize,
    mut send: impl FnMut(Forward),
) {
    let mut by_destination: BTreeMap<u32, Vec<Stray>> = BTreeMap::new();
    for stray in strays.drain(..) {
        by_destination
            .entry(stray.destination)
            .or_default()
            .push(stray);
    }
    for (destination, mut strays) in by_destination {
        strays.sort_by(|a, b| {
            let (sa, sb) = (&segments[a.segment as usize], &segments[b.segment as usize]);
            compare_inputs(
                (sa.step_row(a.row), sa.cause(a.row)),
                (sb.step_row(b.row), sb.cause(b.row)),
            )
            .then((a.segment, a.row, a.rule).cmp(&(b.segment, b.row, b.rule)))
        });
        let mut builder = BatchBuilder::new(Arc::clone(registry));
        let mut pending = Pending::default();
        let mut flush = |builder: &mut BatchBuilder, pending: &mut Pending| {
            let Pending {
                rows, mut targets, ..
            } = core::mem::take(pending);
            targets.sort_unstable();
            send(Forward {
                destination,
                batch: builder.finish(),
                version,
                ingest,
                rows,
                targets,
            });
        };
        for stray in strays {
            if pending.last != Some((stray.segment, stray.row)) {
                let segment = &segments[stray.segment as usize];
                let event = segment.section.event(stray.row as usize);
                if builder.rows() >= most || builder.push(&event).is_err() {
                    // Full: a row that came in a batch of its own fits an empty one.
                    flush(&mut builder, &mut pending);
                    builder
                        .push(&event)
                        .expect("a row of a checked batch fits an empty batch");
                }
                pending.last = Some((stray.segment, stray.row));
                pending.rows.push(RowOrigin {
                    origin: segment.origin(stray.row),
                    effect: stray.effect,
                    cause: segment.cause(stray.row).clone(),
                });
            }
            pending
                .targets
                .push((stray.rule, pending.rows.len() as u32 - 1));
        }
        if !pending.rows.is_empty() {
            flush(&mut builder, &mut pending);
        }
    }
}

#[derive(Default)]
struct Pending {
    rows: Vec<RowOrigin>,
    targets: Vec<(RuleId, u32)>,
    last: Option<(u32, u32)>,
}
