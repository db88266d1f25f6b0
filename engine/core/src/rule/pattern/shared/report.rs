//! Which matches are reported, and when.

use trapjaw_event::{Value, ValueRef};
use trapjaw_program::Aggregate;
use trapjaw_program::pattern::{Pattern, Skip};

use super::Shared;
use super::contents::Contents;
use super::events::{EventId, Events};
use super::groups::{EntryId, GroupId};
use super::slab::NONE;
use super::table::Outcome;
use crate::hash::identity_of_all;
use crate::output::{Alias, Identity};
use crate::rule::context::{Context, Trigger};
use crate::rule::feed::At;
use crate::rule::keyed::Core;
use crate::rule::pattern::fold::fold;
use crate::rule::pattern::judge::argument;
use crate::rule::pattern::report::{Told, reads_beside, tell};

/// At which moment something is reported, and how much before it.
pub(super) struct Moment {
    pub(super) trigger: Trigger,
    /// The event, if anything took it, and what it is in matches.
    event: Option<(EventId, Alias)>,
    pub(super) now: i64,
    pub(super) slot: u32,
    reported: u32,
}

impl Moment {
    /// The moment of a row, and the event that it is, if anything took it.
    pub(super) fn of_row(
        cx: &Context<'_>,
        (slot, at, now): (u32, At, i64),
        event: Option<EventId>,
    ) -> Self {
        Self {
            trigger: Trigger::Row(at),
            event: event.map(|event| (event, cx.alias(at, true))),
            now,
            slot,
            reported: 0,
        }
    }

    /// The moment of a deadline.
    pub(super) fn of_deadline(slot: u32, deadline: i64) -> Self {
        Self {
            trigger: Trigger::Deadline(deadline),
            event: None,
            now: deadline,
            slot,
            reported: 0,
        }
    }
}

impl Shared {
    /// Reports what a key's starts have come to at a moment, and gives up those that are through.
    pub(super) fn report(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        mut moment: Moment,
    ) {
        if pattern.together {
            self.report_together(cx, core, pattern, &moment);
        } else if !self.found.matches.is_empty() {
            self.report_found(cx, core, pattern, &mut moment);
        }
        if self.partitions[moment.slot as usize].settled == 0 {
            return;
        }
        match pattern.skip {
            Skip::None => {}
            Skip::ToNext => self.report_won(cx, core, pattern, &mut moment),
            Skip::PastLast | Skip::ToFirst(_) | Skip::ToLast(_) => {
                return self.search(cx, core, pattern, &mut moment);
            }
        }
        self.tell_lost_before(cx, core, pattern, u64::MAX, &mut moment);
    }

    /// `skip none`: what was found at this moment.
    fn report_found(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        moment: &mut Moment,
    ) {
        let mut found = core::mem::take(&mut self.found);
        if !found.matches.is_sorted_by_key(|(number, ..)| *number) {
            found.matches.sort_by_key(|(number, ..)| *number);
        }
        for &(number, begin, end) in &found.matches {
            self.tell_lost_before(cx, core, pattern, number, moment);
            self.heap
                .events
                .contents
                .tell(cx, core, pattern, &found.bound[begin..end], moment);
        }
        for (_, event) in found.bound.drain(..) {
            self.heap.events.release(event);
        }
        found.matches.clear();
        self.found = found;
    }

    /// `skip to next`: the match by which each start is won.
    fn report_won(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        moment: &mut Moment,
    ) {
        let slot = moment.slot as usize;
        let mut bound = core::mem::take(&mut self.found.bound);
        loop {
            let partition = &self.partitions[slot];
            let won = self.heap.of(partition).filter_map(|group| {
                let here = &self.heap.groups[group];
                match self.table.stands[here.stand as usize].outcome {
                    Outcome::Won(run) => Some((self.heap.events[here.head].number, group, run)),
                    _ => None,
                }
            });
            let Some((number, group, run)) = won.min() else {
                break;
            };
            // What an earlier start's loss allows to be told comes before.
            self.tell_lost_before(cx, core, pattern, number, moment);
            self.bound_by(group, run, &mut bound);
            self.heap
                .events
                .contents
                .tell(cx, core, pattern, &bound, moment);
            self.give_up(slot, group);
        }
        bound.clear();
        self.found.bound = bound;
    }

    /// The others: from left to right, one match at a time.
    fn search(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        moment: &mut Moment,
    ) {
        let slot = moment.slot as usize;
        let mut bound = core::mem::take(&mut self.found.bound);
        while self.partitions[slot].settled > 0
            && let Some(group) = self.heap.leftmost(&self.partitions[slot])
        {
            let stand = self.heap.groups[group].stand;
            match self.table.stands[stand as usize].outcome {
                Outcome::Open => break,
                Outcome::Lost(run, waited) => {
                    self.tell_timeout(cx, core, pattern, (group, run, waited), moment);
                    self.give_up(slot, group);
                }
                Outcome::Won(run) => {
                    self.bound_by(group, run, &mut bound);
                    self.heap
                        .events
                        .contents
                        .tell(cx, core, pattern, &bound, moment);
                    let target = self.heap.events.skipped_to(cx, pattern.skip, &bound);
                    self.give_up_before(slot, target);
                }
            }
        }
        bound.clear();
        self.found.bound = bound;
    }

    /// Tells the timeouts of starts that are lost and begin before one, as far as no earlier one is open.
    fn tell_lost_before(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        end: u64,
        moment: &mut Moment,
    ) {
        let slot = moment.slot as usize;
        if self.partitions[slot].settled == 0 {
            return;
        }
        while let Some(group) = self.heap.leftmost(&self.partitions[slot]) {
            let here = self.heap.groups[group];
            let Outcome::Lost(run, waited) = self.table.stands[here.stand as usize].outcome else {
                return;
            };
            if self.heap.events[here.head].number >= end {
                return;
            }
            self.tell_timeout(cx, core, pattern, (group, run, waited), moment);
            self.give_up(slot, group);
        }
    }

    /// Gives up the oldest start of a group.
    fn give_up(&mut self, slot: usize, group: GroupId) {
        let start = self
            .heap
            .pop(&self.table, &mut self.partitions[slot], group);
        self.heap.release(start);
    }

    /// Gives up the starts before one.
    fn give_up_before(&mut self, slot: usize, target: u64) {
        let partition = &mut self.partitions[slot];
        let heap = &mut self.heap;
        let (mut before, mut group) = (super::NONE, partition.first);
        while group != super::NONE {
            let here = heap.groups[group];
            if heap.newest(group) < target {
                // The whole group, as nearly always.
                heap.unlink(&self.table, partition, (before, group));
                heap.release_group(group);
            } else {
                while heap.events[heap.groups[group].head].number < target {
                    let start = heap.pop(&self.table, partition, group);
                    heap.release(start);
                }
                before = group;
            }
            group = here.next;
        }
    }

    /// What a run of a group's oldest start has bound.
    fn bound_by(&self, group: GroupId, run: u16, bound: &mut Vec<(u16, EventId)>) {
        let here = &self.heap.groups[group];
        let first = self.table.stands[here.stand as usize].firsts[usize::from(run)];
        let way: (EventId, EntryId) = (here.head, here.open);
        bound.clear();
        self.heap.bound(&self.table, way, (run, first), bound);
    }

    fn tell_timeout(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        (group, run, waited): (GroupId, u16, u64),
        moment: &mut Moment,
    ) {
        if self
            .heap
            .events
            .contents
            .is_bound(self.heap.groups[group].head)
        {
            return;
        }
        let mut bound = Vec::new();
        self.bound_by(group, run, &mut bound);
        let events = &self.heap.events.contents;
        events.fire(cx, core, pattern, (&bound, Some(waited)), moment);
    }
}

impl Contents {
    /// Tells a match, unless the rule's limit holds it back.
    pub(super) fn tell(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        bound: &[(u16, EventId)],
        moment: &mut Moment,
    ) {
        if core.admit(cx, moment.slot, moment.now) {
            self.fire(cx, core, pattern, (bound, None), moment);
        }
        if pattern.reports_timeout {
            for (_, event) in bound {
                self.mark(*event);
            }
        }
    }

    /// Do matches of a moment, of whose rule none is held back, and whose elements are in order, differ in nothing but the events
    /// that they have bound?
    pub(super) fn tells_alike(&self, cx: &Context<'_>, pattern: &Pattern) -> bool {
        cx.rule.aggregates.is_empty() && !self.has_copies() && !reads_beside(pattern)
    }

    /// Adds what a match has bound, of as many events as the one before it: its start, and of the others those that that one
    /// has not bound, from the second on.
    #[inline]
    pub(super) fn bind_next(
        &self,
        cx: &mut Context<'_>,
        events: usize,
        (start, further): (EventId, &[EventId]),
    ) {
        let first = cx.outputs.bound.len();
        let alias = self.alias(cx, start);
        let bound = &mut cx.outputs.bound;
        for place in first - events..first {
            bound.push(bound[place]);
        }
        bound[first].1 = alias;
        for (place, event) in (first + 1..).zip(further) {
            if *event != NONE {
                let alias = self.alias(cx, *event);
                cx.outputs.bound[place].1 = alias;
            }
        }
    }

    fn fire(
        &self,
        cx: &mut Context<'_>,
        core: &Core,
        pattern: &Pattern,
        (bound, waited): (&[(u16, EventId)], Option<u64>),
        moment: &mut Moment,
    ) {
        let all = pattern.skip == Skip::None && waited.is_none();
        self.make_known(cx);
        let first = cx.outputs.bound.len();
        let (mut before, mut is_in_order) = (0, true);
        for &(element, event) in bound {
            let alias = match moment.event {
                Some((known, alias)) if known == event => alias,
                _ => self.alias(cx, event),
            };
            cx.outputs.bound.push((element, alias));
            is_in_order &= before <= element;
            before = element;
        }
        let mut events = bound.iter().map(|(_, event)| *event);
        let is_whole = !self.has_copies() || !events.any(|event| self.is_copy(event));
        let identity = if is_in_order && is_whole {
            // Whoever asks for it can find it by what is told.
            Identity::Bound { all }
        } else {
            cx.outputs.bound[first..].sort_by_key(|(element, _)| *element);
            self.identity_of(cx, bound, all)
        };
        let values = (0..cx.rule.aggregates.len())
            .map(|index| self.aggregate(cx, pattern, index, bound))
            .collect();
        let told = Told {
            slot: moment.slot,
            reported: moment.reported,
            trigger: moment.trigger,
            first,
            identity,
            waited,
        };
        tell(cx, core, pattern, &told, values);
        moment.reported += 1;
    }

    #[cold]
    fn identity_of(&self, cx: &Context<'_>, bound: &[(u16, EventId)], all: bool) -> Identity {
        let bound = bound.iter();
        let mut each = bound.map(|&(element, event)| (element, self.identity(cx, event)));
        Identity::Event(if all {
            identity_of_all(each)
        } else {
            each.next().map_or(0, |(_, identity)| identity)
        })
    }

    fn aggregate(
        &self,
        cx: &Context<'_>,
        pattern: &Pattern,
        index: usize,
        bound: &[(u16, EventId)],
    ) -> Value {
        let definition = &cx.rule.aggregates[index];
        let of = bound
            .iter()
            .filter(|(element, _)| Some(*element) == pattern.over[index]);
        let values = of.filter_map(|(_, event)| self.argument(cx, (index, definition), *event));
        fold(definition, values)
    }

    /// An event's argument of one of the rule's aggregates, anything where that takes none; `None` where the event does
    /// not count.
    pub(super) fn argument<'v>(
        &'v self,
        cx: &'v Context<'_>,
        (index, definition): (usize, &Aggregate),
        event: EventId,
    ) -> Option<ValueRef<'v>> {
        if definition.argument.is_none() && definition.filter.is_none() {
            return Some(ValueRef::Bool(true));
        }
        if let Some(seen) = self.seen(event) {
            return argument(cx, index, definition, seen);
        }
        // Events in words hold arguments and filters as copies do: behind the fields.
        let before = cx.rule.aggregates[..index].iter();
        let before =
            before.map(|it| usize::from(it.argument.is_some()) + usize::from(it.filter.is_some()));
        let place = self.fields(cx, event) + before.sum::<usize>();
        let behind = place + usize::from(definition.argument.is_some());
        if definition.filter.is_some() && self.packed(event, behind) != Some(ValueRef::Bool(true)) {
            return None;
        }
        match definition.argument {
            Some(_) => self.packed(event, place),
            None => Some(ValueRef::Bool(true)),
        }
    }
}

impl Events {
    /// The start with which matches go on behind one that has bound these.
    pub(super) fn skipped_to(
        &self,
        cx: &mut Context<'_>,
        skip: Skip,
        bound: &[(u16, EventId)],
    ) -> u64 {
        let number = |(_, event): &(u16, EventId)| self[*event].number;
        let of = |element: u16| bound.iter().filter(move |(by, _)| *by == element);
        let target = match skip {
            Skip::ToFirst(element) => of(element).next().map(number),
            Skip::ToLast(element) => of(element).next_back().map(number),
            _ => bound.last().map(|last| number(last) + 1),
        };
        let first = bound.first().map_or(0, number);
        target.filter(|target| *target > first).unwrap_or_else(|| {
            cx.counters.skips_degraded += 1;
            first + 1
        })
    }
}
