//! Which matches are reported, and when.

use core::mem;

use trapjaw_event::{MatchKind, Value};
use trapjaw_program::pattern::{Pattern, Skip, What};
use xxhash_rust::xxh3::Xxh3;

use super::bindings::ListId;
use super::events::EventId;
use super::judge::{Scene, aggregate, output};
use super::runs::Start;
use super::{Partition, Patterns};
use crate::key;
use crate::output::Identity;
use crate::rule::context::{Context, Trigger};
use crate::rule::keyed::Core;
use crate::trace::Why;

/// At which moment something is reported, and how much before it.
struct Moment {
    trigger: Trigger,
    now: i64,
    slot: u32,
    reported: u32,
}

impl Patterns {
    /// Reports what a key's starts have come to at a moment, and gives up those that are through.
    pub(super) fn report(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        (slot, partition): (u32, &mut Partition),
        (trigger, now): (Trigger, i64),
    ) {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return;
        };
        let mut moment = Moment {
            trigger,
            now,
            slot,
            reported: 0,
        };
        let mut moved = mem::take(&mut self.moved);
        moved.sort_unstable();
        moved.dedup();
        for &number in &moved {
            self.sweep(pattern, partition, number);
        }
        match pattern.skip {
            Skip::None if pattern.together => {
                let moved = (partition, &*moved);
                self.report_together(cx, core, pattern, moved, (slot, trigger, now));
            }
            Skip::None => self.report_all(cx, core, pattern, (partition, &moved), &mut moment),
            Skip::ToNext => self.report_won(cx, core, pattern, (partition, &moved), &mut moment),
            Skip::PastLast | Skip::ToFirst(_) | Skip::ToLast(_) => {
                self.search(cx, core, pattern, partition, &mut moment);
            }
        }
        moved.clear();
        self.moved = moved;
    }

    /// `skip none`: every match of every start.
    fn report_all(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (partition, moved): (&mut Partition, &[u64]),
        moment: &mut Moment,
    ) {
        for &number in moved {
            let runs = partition.starts.get(number).map(|start| &*start.runs);
            let complete = runs.unwrap_or_default().iter();
            let complete: Vec<ListId> = complete
                .filter(|run| run.is_complete())
                .map(|run| run.bindings)
                .collect();
            if complete.is_empty() {
                continue;
            }
            self.tell_lost_before(cx, core, pattern, (partition, number), moment);
            for &list in &complete {
                self.tell(cx, core, pattern, list, moment);
                self.mark(pattern, partition, list);
            }
            if let Some(start) = partition.starts.get_mut(number) {
                start.runs.retain(|run| !run.is_complete());
                // It is no longer lost, whatever becomes of its other runs.
                start.is_bound = true;
                let filing = start.filing(pattern, &self.automaton);
                partition.starts.file(number, filing);
            }
            for list in complete {
                self.bindings.release(&mut self.events, list);
            }
            self.sweep(pattern, partition, number);
        }
        self.tell_lost_before(cx, core, pattern, (partition, u64::MAX), moment);
    }

    /// `skip to next`: the match by which each start is won.
    fn report_won(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (partition, moved): (&mut Partition, &[u64]),
        moment: &mut Moment,
    ) {
        for &number in moved {
            let first = partition.starts.get(number).and_then(Start::first);
            let won = first.filter(|run| run.is_complete());
            let Some(list) = won.map(|run| run.bindings) else {
                continue;
            };
            // What an earlier start's loss allows to be told comes before.
            self.tell_lost_before(cx, core, pattern, (partition, number), moment);
            self.tell(cx, core, pattern, list, moment);
            self.mark(pattern, partition, list);
            if let Some(start) = partition.starts.take_out(number) {
                start.release(&mut self.events, &mut self.bindings);
            }
        }
        self.tell_lost_before(cx, core, pattern, (partition, u64::MAX), moment);
    }

    /// The others: from left to right, one match at a time.
    fn search(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        partition: &mut Partition,
        moment: &mut Moment,
    ) {
        loop {
            self.tell_lost_before(cx, core, pattern, (partition, u64::MAX), moment);
            let oldest = partition.starts.first();
            let Some((first, run)) = oldest.and_then(|start| Some((start.number, start.first()?)))
            else {
                return;
            };
            if !run.is_complete() {
                return;
            }
            let list = run.bindings;
            self.tell(cx, core, pattern, list, moment);
            self.mark(pattern, partition, list);
            let number = |event: EventId| self.events.number(event);
            let of = |element: u16| {
                let events = self.bindings.iter(list);
                events
                    .filter(move |(by, _)| *by == element)
                    .map(|(_, event)| number(event))
            };
            let target = match pattern.skip {
                Skip::ToFirst(element) => of(element).last(),
                Skip::ToLast(element) => of(element).next(),
                _ => self
                    .bindings
                    .iter(list)
                    .next()
                    .map(|(_, event)| number(event) + 1),
            };
            let target = target.filter(|target| *target > first).unwrap_or_else(|| {
                cx.counters.skips_degraded += 1;
                first + 1
            });
            let is_passed = |start: &Start| start.number < target;
            while partition.starts.first().is_some_and(is_passed)
                && let Some(start) = partition.starts.pop()
            {
                self.note_all(&start, Why::PassedBy);
                start.release(&mut self.events, &mut self.bindings);
            }
        }
    }

    /// Gives a start up that is lost and of which nothing is to be told.
    pub(super) fn sweep(&mut self, pattern: &Pattern, partition: &mut Partition, number: u64) {
        let is_through = |start: &Start| {
            start.is_lost() && (start.runs.is_empty() || start.is_bound || !pattern.reports_timeout)
        };
        if partition.starts.get(number).is_some_and(is_through)
            && let Some(start) = partition.starts.take_out(number)
        {
            start.release(&mut self.events, &mut self.bindings);
        }
    }

    /// Tells the timeouts of starts that are lost and begin before one, as far as no earlier one is open.
    fn tell_lost_before(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (partition, end): (&mut Partition, u64),
        moment: &mut Moment,
    ) {
        let is_lost = |start: &Start| start.number < end && start.is_lost();
        while partition.starts.first().is_some_and(is_lost)
            && let Some(start) = partition.starts.pop()
        {
            self.tell_timeout(cx, core, pattern, &start, moment);
            start.release(&mut self.events, &mut self.bindings);
        }
    }

    fn tell_timeout(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        start: &Start,
        moment: &mut Moment,
    ) {
        let Some(first) = start
            .runs
            .first()
            .filter(|_| pattern.reports_timeout && !start.is_bound)
        else {
            return;
        };
        let alike = start.runs.iter();
        let alike = alike.filter(|run| self.bindings.are_equal(run.bindings, first.bindings));
        let waited = alike.fold(0, |waited, run| waited | run.waited);
        self.fire(cx, core, pattern, (first.bindings, Some(waited)), moment);
    }

    fn tell(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        list: ListId,
        moment: &mut Moment,
    ) {
        if core.admit(cx, moment.slot, moment.now) {
            self.fire(cx, core, pattern, (list, None), moment);
        }
    }

    /// Marks the starts whose event a reported match has bound: they have no timeout.
    fn mark(&mut self, pattern: &Pattern, partition: &mut Partition, list: ListId) {
        if !pattern.reports_timeout {
            return;
        }
        let bound: Vec<EventId> = self.bindings.iter(list).map(|(_, event)| event).collect();
        for event in bound {
            let number = self.events.number(event);
            if let Some(start) = partition.starts.get_mut(number) {
                start.is_bound = true;
                self.sweep(pattern, partition, number);
            }
        }
    }

    fn fire(
        &self,
        cx: &mut Context<'_>,
        core: &Core,
        pattern: &Pattern,
        (list, waited): (ListId, Option<u64>),
        moment: &mut Moment,
    ) {
        let row = match moment.trigger {
            Trigger::Row(at) => Some(at),
            Trigger::Deadline(_) => None,
        };
        let mut bound: Vec<(u16, EventId)> = self.bindings.iter(list).collect();
        bound.reverse();
        let first = bound.first().map(|(_, event)| *event);
        let identity = if pattern.skip == Skip::None && waited.is_none() {
            let mut hash = Xxh3::new();
            for (element, event) in &bound {
                hash.update(&element.to_le_bytes());
                hash.update(&self.events.identity(cx, *event).to_le_bytes());
            }
            hash.digest128()
        } else {
            first.map_or(0, |event| self.events.identity(cx, event))
        };
        bound.sort_by_key(|(element, _)| *element);
        let begin = cx.outputs.bound.len();
        for (element, event) in bound {
            let seen = self.events.get(event);
            let alias = output(cx, seen, row);
            cx.outputs.bound.push((element, alias));
        }
        let scene = Scene {
            events: &self.events,
            bindings: &self.bindings,
            list,
            candidate: None,
            without: None,
            previous: None,
        };
        let values = (0..cx.rule.aggregates.len())
            .map(|index| aggregate(cx, pattern, index, scene))
            .collect();
        let told = Told {
            slot: moment.slot,
            reported: moment.reported,
            trigger: moment.trigger,
            first: begin,
            identity: Identity::Event(identity),
            waited,
        };
        tell(cx, core, pattern, &told, values);
        moment.reported += 1;
    }
}

/// A match or a timeout, whose events stand among the outputs already.
pub(super) struct Told {
    /// The key's.
    pub(super) slot: u32,
    /// How many were told at this moment before it.
    pub(super) reported: u32,
    pub(super) trigger: Trigger,
    /// Where its events begin among the outputs.
    pub(super) first: usize,
    pub(super) identity: Identity,
    /// What a timeout waited for: elements, a bit each. Matches have none.
    pub(super) waited: Option<u64>,
}

/// Tells it, with its aggregates' values.
pub(super) fn tell(
    cx: &mut Context<'_>,
    core: &Core,
    pattern: &Pattern,
    told: &Told,
    mut values: Vec<Value>,
) {
    let key = core.keys.key(told.slot);
    if reads_beside(pattern) {
        values.extend(beside_events(cx, pattern, key, told.waited));
    }
    let kind = if told.waited.is_some() {
        MatchKind::Timeout
    } else {
        MatchKind::Matched
    };
    cx.fire_bound(
        key,
        (kind, told.reported),
        told.trigger,
        (told.first, told.identity),
        values,
    );
}

/// Do codes read what [stands beside](beside_events) a match's events?
pub(super) fn reads_beside(pattern: &Pattern) -> bool {
    let mut reads = pattern.reads.iter();
    reads.any(|read| matches!(read.what, What::Key(_) | What::Waiting))
}

/// What codes read of a match beside its events: the parts of the key, then what a timeout waited for.
fn beside_events(
    cx: &Context<'_>,
    pattern: &Pattern,
    key: &[u8],
    waited: Option<u64>,
) -> Vec<Value> {
    let mut values = key::decode(&cx.rule.key, key);
    values.push(waited.map_or(Value::Null, |waited| {
        let names: Vec<&str> = super::ones(waited)
            .map(|element| &*pattern.elements[usize::from(element)].alias)
            .collect();
        Value::Text(names.join(", ").into())
    }));
    values
}
