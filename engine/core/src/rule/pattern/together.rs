//! `skip none together`: all matches of a moment, told as one.

use trapjaw_event::Value;
use trapjaw_program::pattern::Pattern;

use super::bindings::ListId;
use super::judge::{Scene, arguments};
use super::report::{Told, tell};
use super::total::{Counted, Total};
use super::{Partition, Patterns};
use crate::output::Identity;
use crate::rule::context::{Context, Trigger};
use crate::rule::keyed::Core;

impl Patterns {
    /// Tells how many matches of a key's starts are complete, and what they have bound comes to.
    pub(super) fn report_together(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (partition, moved): (&mut Partition, &[u64]),
        (slot, trigger, now): (u32, Trigger, i64),
    ) {
        let mut complete: Vec<ListId> = Vec::new();
        for &number in moved {
            let Some(start) = partition.starts.get_mut(number) else {
                continue;
            };
            let runs = start.runs.extract_if(.., |run| run.is_complete());
            complete.extend(runs.map(|run| run.bindings));
            let filing = start.filing(pattern, &self.automaton);
            partition.starts.file(number, filing);
            self.sweep(pattern, partition, number);
        }
        if complete.is_empty() {
            return;
        }
        if core.admit(cx, slot, now) {
            let scene = |list: &ListId| Scene {
                events: &self.events,
                bindings: &self.bindings,
                list: *list,
                candidate: None,
                without: None,
                previous: None,
            };
            let value = |index: usize| {
                let mut total = Total::default();
                let each = complete.iter();
                for value in each.flat_map(|list| arguments(cx, pattern, index, scene(list))) {
                    if let Some(counted) = Counted::of(value) {
                        total.add(counted, 1);
                    }
                }
                total.value(&cx.rule.aggregates[index])
            };
            let values = values(cx, pattern, complete.len() as i64, value);
            tell_together(cx, core, pattern, (slot, trigger), values);
        }
        for list in complete {
            self.bindings.release(&mut self.events, list);
        }
    }
}

/// The values of a rule's aggregates: of the number of matches, and, where many events have one, of these. One that only
/// conditions read, of what a single run has bound, is null.
pub(super) fn values(
    cx: &Context<'_>,
    pattern: &Pattern,
    matches: i64,
    mut of_events: impl FnMut(usize) -> Value,
) -> Vec<Value> {
    let aggregates = cx.rule.aggregates.iter().zip(&pattern.over).enumerate();
    let values = aggregates.map(|(index, (aggregate, over))| match over {
        None => Value::Int(matches),
        Some(_) if aggregate.function.is_of_many() => of_events(index),
        Some(_) => Value::Null,
    });
    values.collect()
}

/// Tells all matches of a moment as one, by the event of the moment or its instant: events of its own it has none.
pub(super) fn tell_together(
    cx: &mut Context<'_>,
    core: &Core,
    pattern: &Pattern,
    (slot, trigger): (u32, Trigger),
    values: Vec<Value>,
) {
    let identity = match trigger {
        Trigger::Row(at) => {
            let feed = cx.feed(at);
            Identity::Event(feed.segment.identity(feed.rows.get(at.index)))
        }
        Trigger::Deadline(at) => Identity::Instant(at),
    };
    let told = Told {
        slot,
        reported: 0,
        trigger,
        first: cx.outputs.bound.len(),
        identity,
        waited: None,
    };
    tell(cx, core, pattern, &told, values);
}
