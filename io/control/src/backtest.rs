//! Backtests: rules over files of recorded events.
//!
//! What comes of it is what [`replay`](crate::replay::replay) gives for the same events, byte for byte; but files are
//! read ahead of the engine by threads of their own, and may be of any kind that [`recorded`](crate::recorded) reads.

pub mod compare;
mod frequent;
mod summary;
mod tally;

use std::io;
use std::sync::Arc;

use trapjaw_event::Match;
use trapjaw_program::{RuleSet, Verified};

use crate::recorded::{InputError, Recording, Refusal, read_ahead};
use crate::replay::{Feed, Late, Options, Summary};
pub use summary::{Brief, Detailed};
pub use tally::Tally;

/// How a backtest ended.
#[derive(Debug)]
pub struct Ended {
    /// What it did.
    pub summary: Summary,
    /// Why not all files were read to their end. What came before was judged, and time has passed all the same.
    pub input: Option<InputError>,
}

/// Runs recorded events through rules. Each match goes to `found`; each event that came too late for a rule to `late`;
/// each line or row that is no event to `refused`, with its file where there are several.
///
/// An event without a time gets the newest time before it.
///
/// # Errors
///
/// Those of `found` and `late`, which end it.
pub fn backtest(
    rules: &Arc<Verified<RuleSet>>,
    recording: Recording,
    options: Options,
    mut found: impl FnMut(Match) -> io::Result<()>,
    mut late: Option<Late<'_>>,
    mut refused: impl FnMut(Option<&str>, u64, &Refusal),
) -> io::Result<Ended> {
    let mut feed = Feed::new(rules, options);
    if late.is_some() {
        feed.keep_late();
    }
    let (mut events, mut ignored, mut count) = (0, 0, 0);
    let registries = [Arc::clone(&rules.registry)];
    let input = read_ahead(recording, &registries, options.batch, |piece| {
        for parsed in piece.parsed {
            events += parsed.events;
            ignored += parsed.ignored;
            for (number, reason) in &parsed.refused {
                count += 1;
                refused(piece.file.as_deref(), *number, reason);
            }
            for (batch, rows) in &parsed.batches {
                feed.judge(batch, *rows, &mut found)?;
                feed.tell_late(&mut late)?;
            }
        }
        io::Result::Ok(())
    })?;
    if let Some(until) = options.until {
        feed.tick(until, &mut found)?;
        feed.tell_late(&mut late)?;
    }
    Ok(Ended {
        summary: Summary {
            events,
            refused: count,
            ignored,
            ..feed.summary()
        },
        input,
    })
}
