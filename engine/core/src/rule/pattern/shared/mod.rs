//! Patterns whose conditions speak of one event each: starts that stand alike move together.
//!
//! An event's cost does not depend on how many partial matches are alive, but on how many different stands those of its
//! key have come to (which the pattern bounds), and on what it makes complete or breaks: each start begins once and ends
//! once. A match is read from the log when it is told, in time linear in the steps of its start.
//!
//! The idea is that of the tECS of CORE (arXiv 2111.04635): a structure that partial matches share, with one more node
//! for an event that extends any number of them. Theirs is read from the end, and unites nodes at each event; here all
//! that stands alike has one future, since preference has been settled in the table, and so the log is read from the
//! start on, and needs no unions.

mod carried;
mod chain;
mod classes;
mod contents;
mod events;
mod groups;
mod packer;
mod report;
mod shape;
mod slab;
mod strict;
mod table;
mod together;

use trapjaw_event::limits::MAX_BATCH;
use trapjaw_program::Rule;
use trapjaw_program::pattern::Pattern;

use self::carried::Carried;
pub(crate) use self::chain::Chain;
use self::events::{EventId, Events};
use self::groups::{GroupId, Heap, NEVER, Partition};
use self::report::Moment;
use self::slab::NONE;
pub(crate) use self::strict::Strict;
use self::table::{GONE, NOTHING, STAY, StepId, Table};
use crate::bound::{Growth, Most, Pool};
use crate::limits::MAX_RUNS;
use crate::rule::context::Context;
use crate::rule::feed::At;
use crate::rule::keyed::{Core, Full, Machine};

/// Partial matches of one rule that move together, by what its starts can do.
#[derive(Debug)]
pub(crate) enum Together {
    Strict(Strict),
    Chain(Chain),
    Shared(Shared),
}

impl Together {
    /// Of a rule's pattern that can be evaluated so; `None` for others.
    pub(crate) fn new(rule: &Rule, pattern: &Pattern) -> Option<Self> {
        let table = Table::new(pattern)?;
        Some(match table.chain(pattern) {
            Some(elements) if table.is_strict(elements.len()) => {
                Self::Strict(Strict::new(rule, table, elements))
            }
            Some(elements) => Self::Chain(Chain::new(table, elements)),
            None => Self::Shared(Shared::new(table, pattern)),
        })
    }
}

/// Partial matches of one rule.
#[derive(Debug)]
pub(crate) struct Shared {
    table: Table,
    partitions: Vec<Partition>,
    heap: Heap,
    found: Found,
    /// The groups that an event moves, and how.
    moving: Vec<(GroupId, StepId)>,
    /// Where the matches of a moment are told together, in place of what was found.
    carried: Option<Box<Carried>>,
}

/// Matches of a moment that are complete and not told yet, with `skip none`.
#[derive(Debug, Default)]
struct Found {
    /// The start's number, and where the match begins and ends among the bound.
    matches: Vec<(u64, usize, usize)>,
    /// Elements and their events, which are held.
    bound: Vec<(u16, EventId)>,
}

impl Shared {
    /// Of a pattern and its table.
    fn new(table: Table, pattern: &Pattern) -> Self {
        Self {
            table,
            partitions: Vec::new(),
            heap: Heap::default(),
            found: Found::default(),
            moving: Vec::new(),
            carried: pattern.together.then(|| Box::new(Carried::new(pattern))),
        }
    }

    /// What an event makes of the starts of a key, and the match that may begin with it.
    #[inline]
    fn event(
        &mut self,
        cx: &Context<'_>,
        pattern: &Pattern,
        class: u32,
        (slot, at, now): (u32, At, i64),
    ) -> Option<EventId> {
        let Self {
            table,
            partitions,
            heap,
            found,
            moving,
            ..
        } = self;
        let class = table.classes.get(class);
        let partition = &mut partitions[slot as usize];
        let begins = class.begins;
        let mut takes = begins != STAY;
        if partition.stands & class.touches != 0 {
            let (mut before, mut group) = (NONE, partition.first);
            while group != NONE {
                let here = heap.groups[group];
                let step = class.steps[here.stand as usize];
                if step == STAY {
                    before = group;
                } else {
                    heap.unlink(table, partition, (before, group));
                    takes |= table.steps[step as usize].takes;
                    moving.push((group, step));
                }
                group = here.next;
            }
        }
        let event = takes.then(|| heap.events.insert_held(cx, (slot, at, now)));
        for (group, number) in moving.drain(..) {
            let step = &table.steps[number as usize];
            let taken = event.filter(|_| step.takes).unwrap_or(NONE);
            if !step.found.is_empty() {
                let here = heap.groups[group];
                let mut start = here.head;
                while start != NONE {
                    found.find(heap, table, (start, here.open), (number, taken));
                    start = heap.events[start].next;
                }
            }
            if step.target == GONE {
                heap.release_group(group);
            } else {
                heap.step(table, partition, group, (number, taken));
            }
        }
        if let Some(event) = event.filter(|_| begins != STAY) {
            let step = &table.steps[begins as usize];
            for edge in &step.found {
                let number = heap.events[event].number;
                heap.events.hold(event);
                found
                    .matches
                    .push((number, found.bound.len(), found.bound.len() + 1));
                found.bound.push((edge.first, event));
            }
            if step.target != GONE {
                heap.begin(table, partition, step.target, event);
                if let Some(within) = pattern.within {
                    partition.due = partition.due.min(now.saturating_add(within));
                }
            }
        }
        event
    }

    /// The windows of a key's starts end, up to an instant.
    fn pass(&mut self, pattern: &Pattern, slot: u32, now: i64) {
        let Self {
            table,
            partitions,
            heap,
            found,
            carried,
            ..
        } = self;
        let Some(within) = pattern.within else {
            return;
        };
        let partition = &mut partitions[slot as usize];
        if partition.due > now {
            return;
        }
        let mut due = NEVER;
        let groups: Vec<GroupId> = heap.of(partition).collect();
        for group in groups {
            let stand = &table.stands[heap.groups[group].stand as usize];
            let Some(number) = stand.end else {
                continue;
            };
            let step = &table.steps[number as usize];
            loop {
                let here = heap.groups[group];
                let end = heap.events.time(here.head).saturating_add(within);
                if end > now {
                    due = due.min(end);
                    break;
                }
                if let Some(carried) = carried {
                    let is_needed = step.target != GONE || !step.found.is_empty();
                    carried.leave(heap, table, (group, is_needed));
                    carried.find_alone(step);
                } else if !step.found.is_empty() {
                    found.find(heap, table, (here.head, here.open), (number, NONE));
                }
                heap.hold_open(here.open);
                let start = heap.pop(table, partition, group);
                if step.target == GONE {
                    heap.release(start);
                } else {
                    let to = heap.part(table, partition, (start, here.open), number);
                    if let Some(carried) = carried {
                        carried.join(to, step);
                    }
                }
                heap.release_open(here.open);
                if here.count == 1 {
                    break;
                }
            }
        }
        partition.due = due;
    }

    /// Gives the oldest starts up while there are too many runs.
    #[inline]
    fn bound(&mut self, cx: &mut Context<'_>, slot: u32) {
        if self.partitions[slot as usize].runs as usize > MAX_RUNS {
            self.give_up_oldest(cx, slot);
        }
    }

    #[cold]
    fn give_up_oldest(&mut self, cx: &mut Context<'_>, slot: u32) {
        let Self {
            table,
            partitions,
            heap,
            carried,
            ..
        } = self;
        let partition = &mut partitions[slot as usize];
        while partition.runs as usize > MAX_RUNS {
            let Some(group) = heap.leftmost(partition) else {
                return;
            };
            if let Some(carried) = carried {
                carried.leave(heap, table, (group, false));
            }
            let start = heap.pop(table, partition, group);
            heap.release(start);
            cx.counters.partial_matches_given_up += 1;
        }
    }
}

impl Found {
    /// Notes the matches that a step completes for a start, before it is taken.
    fn find(
        &mut self,
        heap: &mut Heap,
        table: &Table,
        (start, open): (EventId, u32),
        (step, taken): (StepId, EventId),
    ) {
        let number = heap.events[start].number;
        for edge in &table.steps[step as usize].found {
            let begin = self.bound.len();
            let run = (edge.before, edge.first);
            heap.bound(table, (start, open), run, &mut self.bound);
            if edge.element != NOTHING {
                self.bound.push((edge.element, taken));
            }
            for (_, event) in &self.bound[begin..] {
                heap.events.hold(*event);
            }
            self.matches.push((number, begin, self.bound.len()));
        }
    }
}

impl Machine for Shared {
    const RESTS: bool = true;

    fn opens(&self, cx: &Context<'_>, at: At) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        fits & self.table.beginners != 0
    }

    fn open(&mut self, slot: u32) {
        if self.partitions.len() <= slot as usize {
            self.partitions
                .resize_with(slot as usize + 1, Partition::default);
        }
    }

    fn close(&mut self, slot: u32) {
        let partition = core::mem::take(&mut self.partitions[slot as usize]);
        let mut group = partition.first;
        while group != NONE {
            let next = self.heap.groups[group].next;
            self.heap.release_group(group);
            if let Some(carried) = &mut self.carried {
                carried.clear(group);
            }
            group = next;
        }
    }

    #[inline]
    fn absorbs(&mut self, cx: &Context<'_>, slot: u32, at: At, (now, _): (i64, bool)) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        let class = self.table.class(fits);
        let partition = &self.partitions[slot as usize];
        let known = self.table.classes.get(class);
        known.begins == STAY && partition.stands & known.touches == 0 && partition.due > now
    }

    #[inline]
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return Ok(());
        };
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        let class = self.table.class(fits);
        // An event that a timer derived may come before the timers of its instant, and finds their windows over.
        if self.partitions[slot as usize].due <= now {
            self.pass(pattern, slot, now);
        }
        let event = if self.carried.is_some() {
            self.event_together(cx, pattern, class, (slot, at, now))
        } else {
            self.event(cx, pattern, class, (slot, at, now))
        };
        if self.carried.is_some()
            || !self.found.matches.is_empty()
            || self.partitions[slot as usize].settled > 0
        {
            let moment = Moment::of_row(cx, (slot, at, now), event);
            self.report(cx, core, pattern, moment);
        }
        self.bound(cx, slot);
        self.partitions[slot as usize].settle();
        if let Some(event) = event {
            self.heap.events.release(event);
        }
        Ok(())
    }

    #[inline]
    fn deadline(&self, _cx: &Context<'_>, slot: u32) -> Option<i64> {
        let partition = &self.partitions[slot as usize];
        Some(partition.due).filter(|due| *due != NEVER)
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return;
        };
        self.pass(pattern, slot, deadline);
        let moment = Moment::of_deadline(slot, deadline);
        self.report(cx, core, pattern, moment);
        self.partitions[slot as usize].settle();
    }

    #[inline]
    fn waits(&self, slot: u32) -> bool {
        !self.partitions[slot as usize].is_empty()
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        let Some(carried) = &mut self.carried else {
            return self.heap.events.settle_one(cx);
        };
        // What is told together has no events, and what these are to the aggregates is carried.
        self.heap.events.forget_rows();
        if self.heap.events.is_empty() {
            carried.forget_events();
        }
        None
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Partition>()
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        growth(rule)
    }

    fn stands(&self) -> Option<usize> {
        Some(self.table.stands.len())
    }

    fn kept_bytes(&self) -> usize {
        let events = self.heap.events.len();
        let carried = self.carried.as_ref();
        let carried = carried.map_or(0, |carried| carried.bytes(events));
        self.heap.bytes() + self.table.classes.bytes() + carried
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.heap.events.contents.reorder_sources(places);
    }
}

/// What a key's events bring besides.
fn growth(rule: &Rule) -> Vec<Growth> {
    let most = match rule.pattern.as_ref().and_then(|pattern| pattern.within) {
        Some(within) => Most::Within(within),
        None => Most::Count(MAX_RUNS as u64),
    };
    vec![Growth {
        what: "partial match",
        bytes: Heap::START_BYTES + Events::event_bytes(rule),
        text_bytes: MAX_BATCH,
        most,
        pool: Pool::State,
    }]
}
