//! `match`: patterns, by runs.
//!
//! This is the definition of the book's page on patterns at work: each start has its runs, in their order of preference,
//! and each moment moves them. It takes every pattern; its cost grows with the runs that are alive.

mod automaton;
mod bindings;
mod events;
mod fits;
mod fold;
mod judge;
mod moment;
mod report;
mod rivals;
mod runs;
mod shared;
mod starts;
mod together;
mod total;
mod trace;

use core::mem;

pub(super) use self::shared::{Chain, Shared, Strict, Together};
use trapjaw_event::limits::MAX_BATCH;
use trapjaw_program::Rule;
use trapjaw_program::pattern::{Pattern, Skip};

use self::automaton::Automaton;
use self::bindings::Bindings;
use self::events::{EventId, Events};
use self::runs::{Run, silences};
use self::starts::Starts;
use self::trace::Recorder;
use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use crate::bound::{Growth, Most, Pool};
use crate::limits::MAX_RUNS;
use crate::trace::{Traces, Why};

/// What one key remembers.
#[derive(Debug, Default)]
struct Partition {
    starts: Starts,
    /// The event before, where conditions read it.
    previous: Option<EventId>,
    /// By element whose past matters: when it was last seen, and when before that.
    seen: Vec<[i64; 2]>,
    /// The instant up to which `seen` matters.
    seen_until: i64,
}

/// Partial matches of one rule.
#[derive(Debug)]
pub(crate) struct Patterns {
    automaton: Automaton,
    partitions: Vec<Partition>,
    events: Events,
    bindings: Bindings,
    traits: Traits,
    /// The elements of each `and`.
    conjunctions: Vec<u64>,
    /// Takings and passings so far: choices of one are told from those of another by it.
    moments: u64,
    /// Runs beyond those that a start may have, since it was last counted.
    given_up: u64,
    runs: usize,
    starts: usize,
    /// The numbers of the starts that the moment has done something to.
    moved: Vec<u64>,
    /// Where what runs do is to be told.
    recorder: Option<Box<Recorder>>,
}

/// What of a pattern decides how it is evaluated.
#[derive(Clone, Copy, Debug)]
struct Traits {
    /// Elements with which a match may begin.
    begins: u64,
    /// Elements that must not have occurred before a match.
    back: u64,
    /// How far back.
    reach: i64,
    reads_previous: bool,
    /// Conditions wait for other operands of an `and`.
    awaits: bool,
    /// No condition reads what is bound: runs that stand in one place have one future.
    plain: bool,
}

impl Traits {
    fn new(pattern: &Pattern, automaton: &mut Automaton) -> Self {
        let mut traits = Self {
            begins: 0,
            back: 0,
            reach: 0,
            reads_previous: false,
            awaits: false,
            plain: pattern.skip != Skip::None,
        };
        for test in pattern
            .elements
            .iter()
            .flat_map(|element| element.tests.iter().flatten())
        {
            for late in &test.late {
                traits.reads_previous |= late.reads_previous;
                traits.awaits |= late.awaits != 0;
                traits.plain = false;
            }
        }
        for rest in automaton.beginnings().to_vec() {
            let fits = automaton.awaited(rest).elements;
            traits.begins |= fits;
            let moves = automaton.moves(pattern, rest, fits);
            for taken in &moves.taken {
                traits.back |= taken.back;
                if taken.back != 0 {
                    traits.reach = traits.reach.max(pattern.within.unwrap_or(0));
                }
                for (index, duration) in silences(pattern, taken.back_spans) {
                    traits.back |= pattern.spans[index].elements;
                    traits.reach = traits.reach.max(duration);
                }
            }
        }
        traits
    }
}

const NEVER: i64 = i64::MIN;

/// An event that a key takes in.
#[derive(Clone, Copy)]
struct Event {
    at: At,
    now: i64,
    slot: u32,
    /// The elements that it fits as far as it alone says, and those of them that ask for more.
    fits: u64,
    late: u64,
    /// Once something has bound it.
    id: Option<EventId>,
}

impl Patterns {
    /// The partial matches of a pattern; `is_traced`: what its runs do is recorded.
    pub(crate) fn new(pattern: &Pattern, is_traced: bool) -> Self {
        let mut automaton = Automaton::new(pattern);
        let traits = Traits::new(pattern, &mut automaton);
        Self {
            automaton,
            partitions: Vec::new(),
            events: Events::default(),
            bindings: Bindings::default(),
            traits,
            conjunctions: pattern.conjunctions(),
            moments: 0,
            given_up: 0,
            runs: 0,
            starts: 0,
            moved: Vec::new(),
            recorder: is_traced.then(|| Box::new(Recorder::new())),
        }
    }

    /// What runs did, since it was last asked for.
    pub(crate) fn take_traces(&mut self) -> Traces {
        let recorder = self.recorder.as_mut();
        recorder.map(|recorder| recorder.take()).unwrap_or_default()
    }

    /// Notes which of the elements whose past matters an event fits, and the event itself.
    fn remember(
        &mut self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        partition: &mut Partition,
        event: &mut Event,
    ) {
        if self.traits.back & event.fits != 0 {
            let run = Run::new(0, NEVER);
            let of = self.traits.back;
            let fits = self.fits(cx, pattern, *event, &run, partition.previous, of);
            partition.seen.resize(pattern.elements.len(), [NEVER; 2]);
            for element in ones(fits) {
                let [last, before] = &mut partition.seen[usize::from(element)];
                if *last < event.now {
                    *before = mem::replace(last, event.now);
                }
                partition.seen_until = event.now.saturating_add(self.traits.reach);
            }
        }
        if self.traits.reads_previous {
            let id = self.held(event);
            self.events.hold(id);
            if let Some(previous) = partition.previous.replace(id) {
                self.events.release(previous);
            }
        }
    }

    /// Gives the oldest starts up while there are too many runs, and counts what was given up.
    fn bound(&mut self, cx: &mut Context<'_>, partition: &mut Partition) {
        cx.counters.partial_matches_given_up += mem::take(&mut self.given_up);
        while partition.starts.runs() > MAX_RUNS
            && let Some(start) = partition.starts.pop()
        {
            cx.counters.partial_matches_given_up += 1;
            self.note_all(&start, Why::GivenUp);
            start.release(&mut self.events, &mut self.bindings);
        }
    }

    fn give_back(&mut self, slot: u32, partition: Partition) {
        self.runs += partition.starts.runs();
        self.starts += partition.starts.len();
        self.partitions[slot as usize] = partition;
        if self.automaton.is_crowded() {
            let partitions = self.partitions.iter_mut();
            let runs = partitions.flat_map(|partition| partition.starts.runs_mut());
            self.automaton.forget(runs.map(|run| &mut run.rest));
        }
    }

    fn take_out(&mut self, slot: u32) -> Partition {
        let partition = mem::take(&mut self.partitions[slot as usize]);
        self.runs -= partition.starts.runs();
        self.starts -= partition.starts.len();
        partition
    }
}

impl Partition {
    /// When one of these elements was last seen before an instant.
    fn latest(&self, elements: u64, now: i64) -> i64 {
        let seen = ones(elements).filter_map(|element| self.seen.get(usize::from(element)));
        let before = seen.map(|[last, before]| if *last < now { *last } else { *before });
        before.max().unwrap_or(NEVER)
    }
}

/// The elements of a set.
fn ones(set: u64) -> impl Iterator<Item = u16> {
    let mut rest = set;
    core::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let element = rest.trailing_zeros() as u16;
        rest &= rest - 1;
        Some(element)
    })
}

impl Machine for Patterns {
    #[inline]
    fn opens(&self, cx: &Context<'_>, at: At) -> bool {
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        fits & (self.traits.begins | self.traits.back) != 0 || self.traits.reads_previous
    }

    fn open(&mut self, slot: u32) {
        if self.partitions.len() <= slot as usize {
            self.partitions
                .resize_with(slot as usize + 1, Partition::default);
        }
    }

    fn close(&mut self, slot: u32) {
        let mut partition = self.take_out(slot);
        if let Some(previous) = partition.previous {
            self.events.release(previous);
        }
        while let Some(start) = partition.starts.pop() {
            start.release(&mut self.events, &mut self.bindings);
        }
    }

    #[inline]
    fn absorbs(&mut self, cx: &Context<'_>, slot: u32, at: At, (now, _): (i64, bool)) -> bool {
        // Who traces a pattern sees all runs, and some patterns remember each event.
        if self.recorder.is_some() || self.opens(cx, at) {
            return false;
        }
        let starts = &self.partitions[slot as usize].starts;
        let fits = cx.feed(at).fits(at.index) & cx.sees;
        !starts.are_concerned_by(fits) && starts.next_due().is_none_or(|due| due > now)
    }

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
        let feed = cx.feed(at);
        let mut event = Event {
            at,
            now,
            slot,
            fits: feed.fits(at.index) & cx.sees,
            late: feed.late,
            id: None,
        };
        if let Some(recorder) = &mut self.recorder {
            let row = feed.segment.section.event(feed.rows.get(at.index) as usize);
            recorder.begin(
                (cx.id, cx.rule),
                (slot, core.keys.key(slot)),
                now,
                Some(row),
            );
        }
        let mut partition = self.take_out(slot);
        if let Some(previous) = partition.previous
            && self
                .events
                .time(previous)
                .saturating_add(cx.config.idle_ttl)
                <= now
        {
            self.events.release(previous);
            partition.previous = None;
        }
        // An event that a timer derived may come before the timers of its instant, and finds their spans over.
        self.pass_deadline(pattern, &mut partition, now);
        self.event(cx, &mut partition, &mut event);
        self.report(cx, core, (slot, &mut partition), (Trigger::Row(at), now));
        self.remember(cx, pattern, &mut partition, &mut event);
        self.bound(cx, &mut partition);
        if let Some(id) = event.id {
            self.events.release(id);
        }
        self.give_back(slot, partition);
        Ok(())
    }

    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64> {
        let partition = &self.partitions[slot as usize];
        let starts = partition.starts.next_due().into_iter();
        let previous = partition.previous.map(|previous| {
            self.events
                .time(previous)
                .saturating_add(cx.config.idle_ttl)
        });
        let seen = (!partition.seen.is_empty()).then(|| partition.seen_until.saturating_add(1));
        starts.chain(previous).chain(seen).min()
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let Some(pattern) = cx.rule.pattern.as_deref() else {
            return;
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.begin(
                (cx.id, cx.rule),
                (slot, core.keys.key(slot)),
                deadline,
                None,
            );
        }
        let mut partition = self.take_out(slot);
        self.pass_deadline(pattern, &mut partition, deadline);
        if let Some(previous) = partition.previous
            && self
                .events
                .time(previous)
                .saturating_add(cx.config.idle_ttl)
                <= deadline
        {
            self.events.release(previous);
            partition.previous = None;
        }
        if partition.seen_until < deadline {
            partition.seen.clear();
        }
        self.report(
            cx,
            core,
            (slot, &mut partition),
            (Trigger::Deadline(deadline), deadline),
        );
        self.bound(cx, &mut partition);
        self.give_back(slot, partition);
    }

    fn waits(&self, slot: u32) -> bool {
        let partition = &self.partitions[slot as usize];
        !partition.starts.is_empty() || partition.previous.is_some() || !partition.seen.is_empty()
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.events.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Partition>()
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        let bytes = Starts::START_BYTES + size_of::<Run>() + Events::event_bytes(rule);
        let most = match rule.pattern.as_ref().and_then(|pattern| pattern.within) {
            Some(within) => Most::Within(within),
            None => Most::Count(MAX_RUNS as u64),
        };
        vec![Growth {
            what: "partial match",
            bytes,
            text_bytes: MAX_BATCH,
            most,
            pool: Pool::State,
        }]
    }

    fn kept_bytes(&self) -> usize {
        let starts = self.starts * Starts::START_BYTES + self.runs * size_of::<Run>();
        self.events.bytes() + self.bindings.bytes() + starts
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.events.reorder_sources(places);
    }
}
