//! What is sent, and what has to come of it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use trapjaw_data::time::wall;
use trapjaw_event::{BatchBuilder, BatchBytes, Binding, Event, MatchId, Registry, check};
use trapjaw_program::{RuleSet, Verified};

use super::BenchError;
use crate::limits::BENCH_MATCHES;
use crate::recorded::{Recording, read_ahead};
use crate::replay::{Feed, Options};

/// Rows of a large batch.
const ROWS: usize = 4_096;

/// Events as they are sent, and the matches that a replay of them finds.
pub(super) struct Workload {
    pub(super) rules: Arc<Verified<RuleSet>>,
    /// One event each.
    frames: Vec<BatchBytes>,
    /// All events, in large batches with their rows.
    batches: Vec<(BatchBytes, u32)>,
    /// Of each match the number of the event that brings it about, and how often it is found.
    expected: HashMap<MatchId, (u32, u32)>,
    /// Matches of the events before this one.
    before: Vec<u64>,
}

impl Workload {
    /// Replays the events, which have the identities of [`numbered`].
    pub(super) fn new(
        rules: &Arc<Verified<RuleSet>>,
        events: Vec<Event>,
    ) -> Result<Self, BenchError> {
        let mut feed = Feed::new(rules, Options::default());
        let mut single = BatchBuilder::new(Arc::clone(&rules.registry));
        let mut large = BatchBuilder::new(Arc::clone(&rules.registry));
        let mut workload = Self {
            rules: Arc::clone(rules),
            frames: Vec::with_capacity(events.len()),
            batches: Vec::new(),
            expected: HashMap::new(),
            before: vec![0],
        };
        let mut matches = 0_u64;
        for (number, event) in (0_u32..).zip(events) {
            let pushed = single.push(&event);
            pushed.map_err(|error| BenchError::NoEvent(Some(error.to_string())))?;
            if large.rows() == ROWS || large.push(&event).is_err() {
                let rows = large.rows() as u32;
                workload.batches.push((large.finish(), rows));
                let pushed = large.push(&event);
                pushed.map_err(|error| BenchError::NoEvent(Some(error.to_string())))?;
            }
            let frame = single.finish();
            let judged = feed.judge(&frame, 1, &mut |found| {
                matches += 1;
                workload.expected.entry(found.id).or_insert((number, 0)).1 += 1;
                Ok(())
            });
            judged.expect("counting does not fail");
            if matches > BENCH_MATCHES as u64 {
                return Err(BenchError::Matches);
            }
            workload.frames.push(frame);
            workload.before.push(matches);
        }
        let rows = large.rows() as u32;
        workload.batches.push((large.finish(), rows));
        Ok(workload)
    }

    /// Events.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Matches of the first events.
    pub(super) fn matches(&self, events: usize) -> u64 {
        self.before[events]
    }

    /// The events of a range, one a frame.
    pub(super) fn frames(&self, range: Range<usize>) -> &[BatchBytes] {
        &self.frames[range]
    }

    /// All events in large batches, with their rows.
    pub(super) fn batches(&self) -> &[(BatchBytes, u32)] {
        &self.batches
    }

    /// The number of the event that brings a match about; `None`: no event does.
    pub(super) fn cause(&self, found: MatchId) -> Option<u32> {
        self.expected.get(&found).map(|(event, _)| *event)
    }

    /// Are these the matches of the first events, each as often as a replay finds it?
    pub(super) fn judge(
        &self,
        events: usize,
        found: impl Iterator<Item = MatchId>,
    ) -> Result<(), BenchError> {
        let (mut unknown, mut repeated, mut known) = (0, 0, 0);
        let mut seen: HashMap<MatchId, u32> = HashMap::new();
        for id in found {
            match self.expected.get(&id) {
                Some(&(event, times)) if (event as usize) < events => {
                    let seen = seen.entry(id).or_default();
                    *seen += 1;
                    if *seen > times {
                        repeated += 1;
                    } else {
                        known += 1;
                    }
                }
                _ => unknown += 1,
            }
        }
        let missing = self.matches(events) - known;
        if (missing, unknown, repeated) == (0, 0, 0) {
            return Ok(());
        }
        Err(BenchError::Wrong {
            missing,
            unknown,
            repeated,
        })
    }
}

/// An event whose identity is its number, so that a replay and a connection give its matches the same identities.
pub(super) fn numbered(event: Event, number: u64) -> Event {
    Event {
        id: Some(number.to_string().into()),
        ..event
    }
}

/// So many events of a recording, which is gone through again and again where it has fewer: each time later by what it spans. They
/// keep their distances, and none happens in the future.
pub(super) fn recorded(
    registry: &Arc<Registry>,
    recording: Recording,
    count: usize,
) -> Result<Vec<Event>, BenchError> {
    let bindings: Vec<_> = registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect();
    let mut events = Vec::new();
    let mut refused = None;
    let read = read_ahead(recording, &[Arc::clone(registry)], ROWS, |piece| {
        for parsed in piece.parsed {
            if let (None, Some((number, reason))) = (&refused, parsed.refused.first()) {
                refused = Some(format!("line {number}: {reason}"));
            }
            for (bytes, _) in &parsed.batches {
                let batch = check(bytes, &bindings).expect("a batch that was just built is sound");
                let rows = batch.rows_in_order();
                events.extend(rows.map(|(section, row)| batch.section(section).event(row)));
            }
        }
        // Enough is read.
        if events.len() < count {
            Ok(())
        } else {
            Err(())
        }
    });
    if let Ok(Some(error)) = read {
        return Err(BenchError::Input(error));
    }
    events.truncate(count);
    if events.is_empty() {
        return Err(BenchError::NoEvent(refused));
    }
    let times = || events.iter().map(|event: &Event| event.time);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    // From the last event of a round to the first of the next it takes as long as between two events on average.
    let span = last.saturating_sub(first);
    let round = span.saturating_add((span / events.len() as i64).max(1));
    let rounds = count.div_ceil(events.len()) as i64;
    let end = round.saturating_mul(rounds).saturating_add(first);
    let back = end.saturating_sub(wall()).max(0);
    let known = events.len();
    let event = |number: usize| {
        let event = events[number % known].clone();
        let later = round.saturating_mul((number / known) as i64);
        let time = event.time.saturating_add(later).saturating_sub(back);
        numbered(Event { time, ..event }, number as u64)
    };
    Ok((0..count).map(event).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{sample, sample_rules};
    use crate::rules::compile_only;

    fn workload(events: usize) -> Workload {
        let loaded = compile_only(sample_rules()).expect("the sample compiles");
        let events = sample::events(&loaded.rules.registry, events);
        Workload::new(&loaded.rules, events).expect("the sample's events fit")
    }

    #[test]
    fn each_rule_of_the_sample_matches() {
        let loaded = compile_only(sample_rules()).expect("the sample compiles");
        let mut feed = Feed::new(&loaded.rules, Options::default());
        let mut seen = vec![0; loaded.rules.rules.len()];
        let workload = workload(20_000);
        for frame in workload.frames(0..20_000) {
            let judged = feed.judge(frame, 1, &mut |found| {
                seen[found.rule.index()] += 1;
                std::io::Result::Ok(())
            });
            judged.expect("counting does not fail");
        }
        assert!(seen.iter().all(|&matches| matches > 0), "{seen:?}");
        assert_eq!(seen.iter().sum::<u64>(), workload.matches(20_000));
        let rows = workload.batches().iter().map(|(_, rows)| *rows);
        assert_eq!(rows.sum::<u32>(), 20_000);
    }

    #[test]
    fn what_is_missing_unknown_or_repeated_is_told() {
        let workload = workload(100);
        let all: Vec<MatchId> = workload.expected.keys().copied().collect();
        let wrong = |events, found: &[MatchId]| match workload.judge(events, found.iter().copied())
        {
            Ok(()) => (0, 0, 0),
            Err(BenchError::Wrong {
                missing,
                unknown,
                repeated,
            }) => (missing, unknown, repeated),
            Err(error) => panic!("{error}"),
        };
        assert!(all.len() > 10);
        assert_eq!(wrong(100, &all), (0, 0, 0));
        assert_eq!(wrong(100, &all[1..]), (1, 0, 0));
        assert_eq!(wrong(100, &[&all[..], &all[..2]].concat()), (0, 0, 2));
        assert_eq!(wrong(100, &[&all[..], &[MatchId(7)]].concat()), (0, 1, 0));
        // What a later event brings about has not come yet.
        assert_eq!(wrong(0, &all), (0, all.len() as u64, 0));
    }
}
