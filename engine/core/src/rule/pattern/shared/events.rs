//! The events that partial matches hold, each once. An event with which matches may begin is its start, too.
//!
//! Most events of machines have nothing but a type and fields. What of these has to outlive its batch goes into a few
//! words ([`Packing`](crate::packed::Packing)); all others are copied. Both happens at the end of the step: until then an
//! event is a row of its batch, and most are given back before.

use std::sync::Arc;

use trapjaw_event::{ColumnView, ValueRef};
use trapjaw_program::Rule;

use super::slab::{NONE, Place, SPARE, Slab};
use crate::kept::KeptEvent;
use crate::output::{Alias, Packings};
use crate::packed::Packing;
use crate::rule::context::Context;
use crate::rule::feed::{At, Feed};
use crate::rule::pattern::events::Seen;
use crate::segment::{Origin, identity};

/// An event that something holds.
pub(super) type EventId = u32;

/// An event, and what a start is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// It came so far in its rule's input.
    pub(super) number: u64,
    /// When it took effect.
    pub(super) time: i64,
    /// The number of an event in words in its stream, the place of a copy, or feed and index of a row of this step.
    what: u64,
    holders: u32,
    /// Of a start: the next one in its stand. Of a free place: the next free one.
    pub(super) next: u32,
    /// Of a start: what happens to it from the next step on.
    pub(super) log: u32,
    /// Place among the rule's sources, and whether a match that was reported has bound it.
    source: u16,
    /// The number of the stream of an event in words, or what else it is.
    form: u16,
}

/// Among the rows of this step.
const HERE: u16 = u16::MAX;
/// Copied from an earlier step.
const KEPT: u16 = u16::MAX - 1;
/// Nothing.
const FREE: u16 = u16::MAX - 2;

/// Streams of which events are put into words; those of further ones are copied.
const MAX_PACKED_STREAMS: usize = 1 << 10;

const BOUND: u16 = 1 << 15;

impl Place for Event {
    fn set_free(&mut self, next: u32) {
        self.next = next;
        self.form = FREE;
    }

    fn next(&self) -> u32 {
        self.next
    }
}

/// A copy of an event, and its identity.
#[derive(Debug)]
struct Copy {
    event: Option<Arc<KeptEvent>>,
    identity: u128,
}

/// The events of one rule.
#[derive(Debug, Default)]
pub(super) struct Events {
    all: Slab<Event>,
    taken: u64,
    /// Of each event, `stride` words: its values, if it is in words.
    words: Vec<u64>,
    stride: usize,
    /// Known from the first event on.
    packings: Option<Packings>,
    streams: Vec<u128>,
    copies: Vec<Copy>,
    free_copies: Vec<u32>,
    /// Events of this step, with the slot for which they were taken in: those that are still held at its end have to
    /// outlive it.
    fresh: Vec<(EventId, u32)>,
    copied_bytes: usize,
}

impl Events {
    /// Bytes that one event of a rule takes, without its texts.
    pub(super) fn event_bytes(rule: &Rule) -> usize {
        let kept = rule.sources.iter().map(|source| source.kept.len()).max();
        let values = kept.unwrap_or(0) + 2 * rule.aggregates.len();
        size_of::<Event>() + size_of::<Copy>() + KeptEvent::bytes_of(values)
    }

    /// Takes in a row, for whoever holds it then. It stays in its batch until the end of the step.
    #[inline]
    pub(super) fn insert(&mut self, cx: &Context<'_>, (slot, at, time): (u32, At, i64)) -> EventId {
        if self.packings.is_none() {
            self.learn(cx);
        }
        self.taken += 1;
        let id = self.all.insert(Event {
            number: self.taken,
            time,
            what: u64::from(at.feed) << 32 | u64::from(at.index),
            holders: 0,
            next: NONE,
            log: NONE,
            source: cx.feed(at).source,
            form: HERE,
        });
        self.fresh.push((id, slot));
        id
    }

    /// The same, for one holder.
    #[inline]
    pub(super) fn insert_held(&mut self, cx: &Context<'_>, row: (u32, At, i64)) -> EventId {
        let id = self.insert(cx, row);
        self.hold(id);
        id
    }

    /// Learns how the rule's events go into words.
    #[cold]
    fn learn(&mut self, cx: &Context<'_>) {
        // Matches that are told together have no events.
        let together = cx.rule.pattern.as_ref().is_some_and(|all| all.together);
        let packings = (!together).then(|| Packing::of(cx.rule, cx.registry));
        let packings: Packings = packings.unwrap_or_default().into();
        let words = packings.iter().flatten().map(Packing::words);
        self.stride = words.max().unwrap_or(0);
        self.packings = Some(packings);
    }

    /// Puts an event of this step into words. Does it fit?
    fn pack(&mut self, id: EventId, columns: &Columns<'_>, packing: &Packing) -> bool {
        let event = self.all[id];
        let At { index, .. } = event.at();
        let row = columns.feed.rows.get(index) as usize;
        if columns.times[row] != event.time {
            return false;
        }
        let begin = id as usize * self.stride;
        if self.words.len() < begin + self.stride {
            let more = (begin + self.stride - self.words.len()).max(self.words.len() / 8);
            self.words.reserve_exact(more);
            self.words.resize(begin + self.stride, 0);
        }
        let words = &mut self.words[begin..begin + self.stride];
        // Where the flags are. Of the others those are not read that have no value.
        if let Some(flags) = words.first_mut() {
            *flags = 0;
        }
        if !packing.pack(|place| columns.value(place, row, index), words) {
            return false;
        }
        let origin = columns.feed.segment.origin(row as u32);
        let Some(stream) = self.stream(origin.stream) else {
            return false;
        };
        let event = &mut self.all[id];
        event.form = stream;
        event.what = origin.sequence;
        true
    }

    /// How many fields the rule keeps of an event.
    pub(super) fn fields(&self, cx: &Context<'_>, id: EventId) -> usize {
        let source = usize::from(self.all[id].source & !BOUND);
        cx.rule.sources[source].kept.len()
    }

    /// One of the values of an event in words; `None` for others.
    pub(super) fn packed(&self, id: EventId, place: usize) -> Option<ValueRef<'_>> {
        let event = &self.all[id];
        if event.form >= FREE {
            return None;
        }
        let source = usize::from(event.source & !BOUND);
        let packing = self.packings.as_ref()?[source].as_ref()?;
        Some(packing.value(place, &self.words[id as usize * self.stride..], &[]))
    }

    /// The number of a stream, if there is one left.
    fn stream(&mut self, stream: u128) -> Option<u16> {
        // Nearly always it is the newest.
        if let Some(place) = self.streams.iter().rposition(|known| *known == stream) {
            return Some(place as u16);
        }
        if self.streams.len() >= MAX_PACKED_STREAMS {
            if !self.all.is_empty() {
                return None;
            }
            self.streams.clear();
        }
        self.streams.push(stream);
        Some(self.streams.len() as u16 - 1)
    }

    #[inline]
    pub(super) fn hold(&mut self, id: EventId) {
        self.all[id].holders += 1;
    }

    #[inline]
    pub(super) fn release(&mut self, id: EventId) {
        let event = &mut self.all[id];
        event.holders -= 1;
        if event.holders == 0 {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: EventId) {
        let event = &self.all[id];
        if event.form == KEPT {
            let place = event.what as u32;
            self.release_copy(place);
        }
        self.all.remove(id);
    }

    #[inline(never)]
    fn release_copy(&mut self, place: u32) {
        if let Some(copy) = self.copies[place as usize].event.take() {
            self.copied_bytes -= copy.bytes();
        }
        self.free_copies.push(place);
    }

    /// Marks an event that a reported match has bound.
    pub(super) fn mark(&mut self, id: EventId) {
        self.all[id].source |= BOUND;
    }

    /// Has a reported match bound it?
    pub(super) fn is_bound(&self, id: EventId) -> bool {
        self.all[id].source & BOUND != 0
    }

    /// An event for who reads its values; `None` if it has none that are read.
    pub(super) fn seen(&self, id: EventId) -> Option<Seen<'_>> {
        let event = &self.all[id];
        match event.form {
            HERE => Some(Seen::Here(event.at())),
            KEPT => {
                let copy = self.copies[event.what as usize].event.as_ref()?;
                Some(Seen::Kept(copy))
            }
            _ => None,
        }
    }

    /// An event that does not trigger a match, for the match.
    pub(super) fn alias(&self, cx: &mut Context<'_>, id: EventId) -> Alias {
        match self.seen(id) {
            Some(Seen::Here(at)) => cx.alias(at, false),
            Some(Seen::Kept(copy)) => cx.kept(copy),
            None => {
                let event = &self.all[id];
                if let Some(packings) = &self.packings {
                    cx.outputs.know(cx.id, packings);
                }
                let begin = id as usize * self.stride;
                let own = &self.words[begin..begin + self.stride];
                let words = cx.outputs.push_words(self.origin(event), own);
                Alias::Packed {
                    source: event.source & !BOUND,
                    words,
                    time: event.time,
                }
            }
        }
    }

    /// The event's identity.
    pub(super) fn identity(&self, cx: &Context<'_>, id: EventId) -> u128 {
        let event = &self.all[id];
        match event.form {
            HERE => {
                let at = event.at();
                let feed = cx.feed(at);
                feed.segment.identity(feed.rows.get(at.index))
            }
            KEPT => self.copies[event.what as usize].identity,
            _ => identity("", None, self.origin(event)),
        }
    }

    /// The place in its stream of an event in words.
    fn origin(&self, event: &Event) -> Origin {
        Origin {
            stream: self.streams[usize::from(event.form)],
            sequence: event.what,
        }
    }

    /// Is an event told with its identity? Not so a copy.
    pub(super) fn is_told_whole(&self, id: EventId) -> bool {
        self.all[id].form != KEPT
    }

    /// Nobody reads the rows of this step any more: none of them has to outlive it.
    pub(super) fn forget_rows(&mut self) {
        self.fresh.clear();
    }

    /// Copies one of the events that have to outlive the step, and tells for which slot.
    pub(super) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        let packings = self.packings.clone();
        let mut columns: Option<(u32, Columns<'_>, Option<&Packing>)> = None;
        while let Some((id, slot)) = self.fresh.pop() {
            // All may have been given back since, and the place with it.
            let Some(event) = self.all.get(id).filter(|event| event.form == HERE) else {
                continue;
            };
            let at = event.at();
            if columns.as_ref().is_none_or(|(feed, ..)| *feed != at.feed) {
                let columns_here = Columns::of(cx, at);
                let feed = columns_here.feed;
                let packing = packings.as_ref().filter(|_| feed.is_bare);
                let packing = packing.and_then(|all| all[usize::from(feed.source)].as_ref());
                columns = Some((at.feed, columns_here, packing));
            }
            if let Some((_, columns, Some(packing))) = &columns
                && self.pack(id, columns, packing)
            {
                continue;
            }
            let identity = self.identity(cx, id);
            let mut kept = KeptEvent::default();
            cx.keep(at, &mut kept);
            let feed = cx.feed(at);
            for aggregate in &cx.rule.aggregates {
                for output in [aggregate.argument, aggregate.filter].into_iter().flatten() {
                    kept.push_value(feed.inputs.value(usize::from(output), at.index as usize));
                }
            }
            self.copied_bytes += kept.bytes();
            let copy = Copy {
                event: Some(Arc::new(kept)),
                identity,
            };
            let place = match self.free_copies.pop() {
                Some(place) => {
                    self.copies[place as usize] = copy;
                    place
                }
                None => {
                    self.copies.push(copy);
                    self.copies.len() as u32 - 1
                }
            };
            let event = &mut self.all[id];
            event.what = place.into();
            event.form = KEPT;
            return Some(slot);
        }
        if self.all.is_empty() {
            self.copies.clear();
            self.free_copies.clear();
            if self.words.len() > SPARE {
                self.words = Vec::new();
            }
        }
        None
    }

    /// Bytes of the events and of their copies.
    pub(super) fn bytes(&self) -> usize {
        let copies = self.copies.len() * (size_of::<Copy>() + size_of::<u32>());
        let words = self.all.len() * self.stride * size_of::<u64>();
        self.all.bytes() + words + copies + self.copied_bytes
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The rule's sources have come to stand in another order.
    pub(super) fn reorder_sources(&mut self, places: &[u16]) {
        if let Some(packings) = &mut self.packings {
            let places_now = places.iter().max().map_or(0, |last| usize::from(*last) + 1);
            let mut moved = vec![None; places_now];
            for (packing, place) in packings.iter().zip(places) {
                moved[usize::from(*place)].clone_from(packing);
            }
            *packings = moved.into();
        }
        for event in self.all.iter_mut() {
            let mark = event.source & BOUND;
            if let Some(place) = places.get(usize::from(event.source & !BOUND)) {
                event.source = place | mark;
            }
        }
        for copy in &mut self.copies {
            if let Some(kept) = copy.event.as_mut().and_then(Arc::get_mut) {
                kept.source = places[usize::from(kept.source)];
            }
        }
    }
}

/// What a rule keeps of the rows of a feed, each value by its column.
struct Columns<'s> {
    feed: &'s Feed<'s>,
    times: &'s [i64],
    fields: Vec<Option<ColumnView<'s>>>,
    /// The outputs of the feed's code that hold the aggregates' arguments and filters.
    outputs: Vec<u16>,
}

impl<'s> Columns<'s> {
    fn of(cx: &Context<'s>, at: At) -> Self {
        let feed = cx.feed(at);
        let kept = cx.rule.sources[usize::from(feed.source)].kept.iter();
        let section = feed.segment.section;
        let aggregates = cx.rule.aggregates.iter();
        let outputs = aggregates.flat_map(|it| [it.argument, it.filter].into_iter().flatten());
        Self {
            feed,
            times: section.times(),
            fields: kept.map(|field| section.column(*field)).collect(),
            outputs: outputs.collect(),
        }
    }

    /// One of the values of a row: of the kept fields, and then of the aggregates' arguments and filters.
    fn value(&self, place: usize, row: usize, index: u32) -> ValueRef<'s> {
        match self.fields.get(place) {
            Some(column) => column.map_or(ValueRef::Null, |column| column.value(row)),
            None => {
                let output = self.outputs[place - self.fields.len()];
                self.feed.inputs.value(usize::from(output), index as usize)
            }
        }
    }
}

impl Event {
    fn at(&self) -> At {
        At {
            feed: (self.what >> 32) as u32,
            index: self.what as u32,
        }
    }
}

impl core::ops::Index<EventId> for Events {
    type Output = Event;

    #[inline]
    fn index(&self, id: EventId) -> &Event {
        &self.all[id]
    }
}

impl core::ops::IndexMut<EventId> for Events {
    #[inline]
    fn index_mut(&mut self, id: EventId) -> &mut Event {
        &mut self.all[id]
    }
}
