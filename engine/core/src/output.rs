//! Matches on their way out: what a step has found, and in which order it is told.

use core::cmp::Ordering;
use core::ops::Range;
use std::sync::Arc;

use trapjaw_event::{Event, MatchKind, RuleId, SectionView, Value, ValueRef};

use crate::forward::Forward;
use crate::kept::KeptEvent;
use crate::matched::MatchRef;
use crate::packed::Packing;
use crate::place::{Cause, Link, Step, compare};
use crate::segment::Origin;

/// Takes what a shard finds. Called in order, at the end of a step.
pub trait Sink {
    /// A match; it borrows from the step, and what it is asked for is computed then.
    fn matched(&mut self, found: &MatchRef<'_>);

    /// A piece of a step's many rows is evaluated and its matches are told: before there are more, the next piece is
    /// evaluated.
    fn settled(&mut self) {}

    /// Rows that belong to another shard.
    fn forward(&mut self, forward: Forward);

    /// An event that came too late for a rule that reads its type. It is counted in any case; who wants to see it
    /// takes it here.
    fn late(&mut self, _late: &LateRef<'_>) {}
}

/// An event that came too late, borrowed from the step.
#[derive(Clone, Copy, Debug)]
pub struct LateRef<'s> {
    pub(crate) section: SectionView<'s>,
    pub(crate) row: usize,
    pub(crate) watermark: i64,
}

impl LateRef<'_> {
    /// The event.
    pub fn event(&self) -> Event {
        self.section.event(self.row)
    }

    /// The watermark that had passed it: of the least lateness of all rules that read its type and have one.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }
}

/// The event that a match is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alias {
    /// A row of this step. The event that triggers a match is told whole; of one that a timer looks back
    /// on, only what its rule keeps, however batches were cut.
    Row { segment: u32, row: u32, whole: bool },
    /// An event kept from an earlier step, in [`Outputs::kept`].
    Kept(u32),
    /// No event: what a key that was never seen would read, in [`Outputs::kept`].
    Unseen(u32),
    /// No event, but the instant of a schedule.
    Instant(i64),
    /// An event in words, which begin here in [`Outputs::words`], behind [those](Outputs::push_words) of its place in its
    /// stream: of this place among the rule's sources.
    Packed { source: u16, words: u32, time: i64 },
    /// What a pattern has bound, in [`Outputs::bound`]: by element, and in order for each.
    Bound { first: u32, count: u32 },
}

/// What a match's identity is made from, beside rule, key and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The alias's row.
    Alias,
    /// An event that is no longer there.
    Event(u128),
    /// A window's end or a deadline.
    Instant(i64),
    /// The events that a pattern has bound: all of them, with their elements, or the first alone.
    Bound { all: bool },
}

/// One match that a step has found.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) row: u32,
    pub(crate) deadline: i64,
    pub(crate) rule: RuleId,
    /// How many were found before it at the same moment, under the same key: the last of these directly before it.
    pub(crate) emission: u32,
    pub(crate) cause: Cause,
    pub(crate) kind: MatchKind,
    pub(crate) time: i64,
    pub(crate) alias: Alias,
    pub(crate) identity: Identity,
    /// The key's bytes in [`Outputs::keys`].
    pub(crate) key: Range<usize>,
    /// Its aggregates begin here in [`Outputs::aggregates`].
    pub(crate) aggregates: usize,
    /// How many values there are from there on.
    pub(crate) values: usize,
}

/// What a step has found so far.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) fired: Vec<Fired>,
    /// Rows and places in `fired`, once these are sorted.
    order: Vec<u64>,
    pub(crate) keys: Vec<u8>,
    pub(crate) aggregates: Vec<Value>,
    pub(crate) kept: Vec<Arc<KeptEvent>>,
    /// Events by the elements that have bound them.
    pub(crate) bound: Vec<(u16, Alias)>,
    pub(crate) words: Vec<u64>,
    /// By rule, what is in words: by source.
    pub(crate) packings: Vec<Option<Packings>>,
}

/// How the events of each source of a rule are put into words.
pub(crate) type Packings = Arc<[Option<Packing>]>;

impl Outputs {
    pub(crate) fn clear(&mut self) {
        self.fired.clear();
        self.order.clear();
        self.keys.clear();
        self.aggregates.clear();
        self.kept.clear();
        self.bound.clear();
        self.words.clear();
        self.packings.clear();
    }

    /// Puts what was found in the order in which it is [told](Self::in_order).
    pub(crate) fn sort(&mut self) {
        let Self {
            fired, keys, order, ..
        } = self;
        order.clear();
        // With one rule they stand in order: by row, and those of one moment and key one behind the other.
        let are_sorted = |a: &Fired, b: &Fired| a.row < b.row || b.emission > 0;
        if fired.is_sorted_by(are_sorted) {
            order.extend((0_u32..).take(fired.len()).map(u64::from));
            return;
        }
        let rows = fired.iter().map(|fired| fired.row);
        order.extend(
            rows.zip(0_u32..)
                .map(|(row, place)| u64::from(row) << 32 | u64::from(place)),
        );
        // Numbers are moved in place of matches. The row alone decides nearly always.
        if !order.is_sorted() {
            order.sort_unstable();
        }
        let keys = &*keys;
        // As nearly all are where there are several: of one moment and key.
        let is_next_of = |a: u64, b: u64| {
            let (a, b) = (&fired[a as u32 as usize], &fired[b as u32 as usize]);
            let causes = a.cause.is_none() && b.cause.is_none();
            causes
                && a.deadline == b.deadline
                && a.rule == b.rule
                && a.key == b.key
                && a.emission < b.emission
        };
        let found = |of: u64| {
            let found = &fired[of as u32 as usize];
            let step = Step {
                deadline: found.deadline,
                rule: found.rule.get(),
                key: &keys[found.key.clone()],
                emission: found.emission,
            };
            (&found.cause, step)
        };
        for of_row in order.chunk_by_mut(|a, b| a >> 32 == b >> 32) {
            let are_sorted =
                |a, b| is_next_of(a, b) || compare(found(a), found(b)) != Ordering::Greater;
            if !of_row.is_sorted_by(|a, b| are_sorted(*a, *b)) {
                of_row.sort_by(|a, b| compare(found(*a), found(*b)));
            }
        }
    }

    /// What was found, in the order in which it is told, after [sorting](Self::sort): from one on.
    pub(crate) fn in_order(&self, from: usize) -> impl Iterator<Item = &Fired> {
        let places = self.order[from..].iter().map(|of| *of as u32 as usize);
        places.map(|place| &self.fired[place])
    }

    /// Remembers how the events of a rule are put into words.
    #[inline]
    pub(crate) fn know(&mut self, rule: RuleId, packings: &Packings) {
        if !matches!(self.packings.get(rule.index()), Some(Some(_))) {
            self.learn(rule, packings);
        }
    }

    #[inline(never)]
    fn learn(&mut self, rule: RuleId, packings: &Packings) {
        if self.packings.len() <= rule.index() {
            self.packings.resize(rule.index() + 1, None);
        }
        self.packings[rule.index()] = Some(Arc::clone(packings));
    }

    /// A value of an event in words; `None` if there is no such event.
    pub(crate) fn packed<'s>(
        &'s self,
        (rule, source, words): (RuleId, u16, u32),
        place: usize,
        key: &'s [u8],
    ) -> Option<ValueRef<'s>> {
        let packings = self.packings.get(rule.index())?.as_ref()?;
        let packing = packings[usize::from(source)].as_ref()?;
        Some(packing.value(place, &self.words[words as usize..], key))
    }

    /// Adds an event in words, and its place in its stream; gives where the words begin.
    #[inline]
    pub(crate) fn push_words(&mut self, origin: Origin, words: &[u64]) -> u32 {
        let (low, high) = (origin.stream as u64, (origin.stream >> 64) as u64);
        let begin = self.words.len() as u32 + 3;
        // Most have one.
        if let [word] = words {
            (self.words).extend_from_slice(&[low, high, origin.sequence, *word]);
        } else {
            (self.words).extend_from_slice(&[low, high, origin.sequence]);
            self.words.extend_from_slice(words);
        }
        begin
    }

    /// The place in its stream of an event in words.
    pub(crate) fn origin(&self, words: u32) -> Origin {
        let begin = words as usize;
        let [low, high, sequence] = [3, 2, 1].map(|before| self.words[begin - before]);
        Origin {
            stream: u128::from(high) << 64 | u128::from(low),
            sequence,
        }
    }

    pub(crate) fn key(&self, fired: &Fired) -> &[u8] {
        &self.keys[fired.key.clone()]
    }

    /// What `fired` is as the cause of another output.
    pub(crate) fn link(&self, fired: &Fired) -> Link {
        let key = self.key(fired).into();
        Link::new(fired.cause.clone(), fired.deadline, fired.rule, key)
    }
}
