//! What is known of the events that partial matches hold, by their numbers.
//!
//! Most events of machines have nothing but a type and fields. What of these has to outlive its batch goes into a few
//! words ([`Packing`]); all others are copied. Both happens at the end of the step: until then an event is a row of its
//! batch, and most are given back before.

use std::sync::Arc;

use trapjaw_event::ValueRef;
use trapjaw_program::Rule;

use super::packer::Packer;
use super::slab::SPARE;
use crate::kept::KeptEvent;
use crate::output::{Alias, Packings};
use crate::packed::Packing;
use crate::rule::context::Context;
use crate::rule::feed::{At, Feed};
use crate::rule::pattern::events::Seen;
use crate::segment::{Origin, identity};

/// The number of an event.
pub(super) type EventId = u32;

/// An event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    /// When it took effect.
    pub(super) time: i64,
    /// The number of an event in words in its stream, the place of a copy, or feed and index of a row of this step.
    what: u64,
    /// How many hold it, where that is counted.
    pub(super) holders: u32,
    /// Place among the rule's sources, and whether a match that was reported has bound it.
    source: u16,
    /// The number of the stream of an event in words, or what else it is.
    form: u16,
}

impl Content {
    const NOTHING: Self = Self {
        time: 0,
        what: 0,
        holders: 0,
        source: 0,
        form: FREE,
    };

    pub(super) fn at(&self) -> At {
        At {
            feed: (self.what >> 32) as u32,
            index: self.what as u32,
        }
    }
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

/// A copy of an event, and its identity.
#[derive(Debug)]
struct Copy {
    event: Option<Arc<KeptEvent>>,
    identity: u128,
}

/// What is known of the events of one rule.
#[derive(Debug, Default)]
pub(super) struct Contents {
    all: Vec<Content>,
    /// Of each event, `stride` words: its values, if it is in words.
    words: Vec<u64>,
    stride: usize,
    /// Known from the first event on.
    packings: Option<Packings>,
    streams: Vec<u128>,
    copies: Vec<Copy>,
    free_copies: Vec<u32>,
    copied_bytes: usize,
    /// Events of this step that have to outlive it and don't go into words, with the slot for which they were taken in.
    unpacked: Vec<(EventId, u32)>,
}

impl Contents {
    /// Bytes of a copy of an event of a rule, without its texts.
    pub(super) fn copy_bytes(rule: &Rule) -> usize {
        size_of::<Copy>() + size_of::<u32>() + KeptEvent::bytes_of(Self::values(rule))
    }

    /// Bytes of an event of a rule that is in words, at most.
    pub(super) fn packed_bytes(rule: &Rule) -> usize {
        size_of::<Content>() + (1 + Self::values(rule)) * size_of::<u64>()
    }

    /// How many values are kept of an event of a rule, at most.
    fn values(rule: &Rule) -> usize {
        let kept = rule.sources.iter().map(|source| source.kept.len()).max();
        kept.unwrap_or(0) + 2 * rule.aggregates.len()
    }

    /// Puts a row at a number, in place of what was there. It stays in its batch until the end of the step.
    #[inline]
    pub(super) fn put(&mut self, feed: &Feed<'_>, id: EventId, (at, time): (At, i64)) {
        self.all[id as usize] = Content {
            time,
            what: u64::from(at.feed) << 32 | u64::from(at.index),
            holders: 0,
            source: feed.source,
            form: HERE,
        };
    }

    /// Before the first event.
    #[inline]
    pub(super) fn know(&mut self, cx: &Context<'_>) {
        if self.packings.is_none() {
            self.learn(cx);
        }
    }

    /// Makes room for numbers below one.
    #[inline]
    pub(super) fn grow(&mut self, numbers: usize) {
        if self.all.len() < numbers {
            self.grow_to(numbers);
        }
    }

    #[inline(never)]
    fn grow_to(&mut self, numbers: usize) {
        if numbers > self.all.capacity() {
            let more = (numbers - self.all.len()).max(self.all.len() / 8 + 64);
            self.all.reserve_exact(more);
        }
        self.all.resize(numbers, Content::NOTHING);
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

    /// How rows of this step go into words, by feed.
    pub(super) fn packers<'s>(&mut self, cx: &Context<'s>) -> Vec<Packer<'s>> {
        let words = self.all.len() * self.stride;
        if words > self.words.len() {
            let more = (words - self.words.len()).max(self.words.len() / 8);
            self.words.reserve_exact(more);
            self.words.resize(words, 0);
        }
        let packings = self.packings.as_ref();
        let feeds = cx.feeds.iter();
        feeds
            .map(|feed| Packer::new(cx.rule, feed, packings))
            .collect()
    }

    /// Puts an event that was taken in for a slot into words, if it is one of this step: who still asks for it has to
    /// outlive that. If it doesn't go there, it is to be [copied](Self::copy_one).
    #[expect(
        clippy::inline_always,
        reason = "it is called from one loop for each machine"
    )]
    #[inline(always)]
    pub(super) fn pack(&mut self, packers: &mut [Packer<'_>], id: EventId, slot: u32) {
        let event = &mut self.all[id as usize];
        if event.form != HERE {
            return;
        }
        let words = &mut self.words[id as usize * self.stride..][..self.stride];
        let packer = &mut packers[event.at().feed as usize];
        let number = |stream| number(&mut self.streams, stream);
        match packer.pack(event, words, number) {
            Some((form, sequence)) => {
                event.form = form;
                event.what = sequence;
            }
            None => self.unpacked.push((id, slot)),
        }
    }

    /// Copies one of the events that have to outlive the step and are not in words, and tells for which slot.
    pub(super) fn copy_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        while let Some((id, slot)) = self.unpacked.pop() {
            // Where there was no room for the last copy, some may have been given up.
            if self.all[id as usize].form == HERE {
                self.copy(cx, id);
                return Some(slot);
            }
        }
        None
    }

    /// How many fields the rule keeps of an event.
    pub(super) fn fields(&self, cx: &Context<'_>, id: EventId) -> usize {
        let source = usize::from(self.all[id as usize].source & !BOUND);
        cx.rule.sources[source].kept.len()
    }

    /// One of the values of an event in words; `None` for others.
    pub(super) fn packed(&self, id: EventId, place: usize) -> Option<ValueRef<'_>> {
        let event = &self.all[id as usize];
        if event.form >= FREE {
            return None;
        }
        let source = usize::from(event.source & !BOUND);
        let packing = self.packings.as_ref()?[source].as_ref()?;
        Some(packing.value(place, &self.words[id as usize * self.stride..], &[]))
    }

    /// Nobody asks for an event any more.
    #[inline]
    pub(super) fn forget(&mut self, id: EventId) {
        let event = &mut self.all[id as usize];
        let form = core::mem::replace(&mut event.form, FREE);
        if form == KEPT {
            let place = event.what as u32;
            self.release_copy(place);
        }
    }

    /// Has anybody to say which events are given back? Not so where there are no copies, and none are about to be made.
    pub(super) fn must_forget(&self) -> bool {
        self.has_copies() || !self.unpacked.is_empty()
    }

    /// Are there copies?
    pub(super) fn has_copies(&self) -> bool {
        self.copies.len() > self.free_copies.len()
    }

    /// Is it a copy? Of these no identity is told.
    pub(super) fn is_copy(&self, id: EventId) -> bool {
        self.all[id as usize].form == KEPT
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
        self.all[id as usize].source |= BOUND;
    }

    /// Has a reported match bound it?
    pub(super) fn is_bound(&self, id: EventId) -> bool {
        self.all[id as usize].source & BOUND != 0
    }

    /// An event for who reads its values; `None` if it has none that are read.
    pub(super) fn seen(&self, id: EventId) -> Option<Seen<'_>> {
        let event = &self.all[id as usize];
        match event.form {
            HERE => Some(Seen::Here(event.at())),
            KEPT => {
                let copy = self.copies[event.what as usize].event.as_ref()?;
                Some(Seen::Kept(copy))
            }
            _ => None,
        }
    }

    /// Matches are about to read events in words.
    #[inline]
    pub(super) fn make_known(&self, cx: &mut Context<'_>) {
        if let Some(packings) = &self.packings {
            cx.outputs.know(cx.id, packings);
        }
    }

    /// An event that does not trigger a match, for the match. What is in words is [known](Self::make_known).
    #[expect(
        clippy::inline_always,
        reason = "it is called from two loops: a call would take as long"
    )]
    #[inline(always)]
    pub(super) fn alias(&self, cx: &mut Context<'_>, id: EventId) -> Alias {
        let event = &self.all[id as usize];
        if event.form >= FREE {
            return self.alias_unpacked(cx, id);
        }
        let own = &self.words[id as usize * self.stride..][..self.stride];
        Alias::Packed {
            source: event.source & !BOUND,
            words: cx.outputs.push_words(self.origin(event), own),
            time: event.time,
        }
    }

    #[inline(never)]
    fn alias_unpacked(&self, cx: &mut Context<'_>, id: EventId) -> Alias {
        match self.seen(id) {
            Some(Seen::Kept(copy)) => cx.kept(copy),
            Some(Seen::Here(at)) => cx.alias(at, false),
            None => unreachable!("an event that is bound is held"),
        }
    }

    /// The event's identity.
    pub(super) fn identity(&self, cx: &Context<'_>, id: EventId) -> u128 {
        let event = &self.all[id as usize];
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
    fn origin(&self, event: &Content) -> Origin {
        Origin {
            stream: self.streams[usize::from(event.form)],
            sequence: event.what,
        }
    }

    /// Copies an event of this step.
    #[inline(never)]
    fn copy(&mut self, cx: &Context<'_>, id: EventId) {
        let at = self.all[id as usize].at();
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
        let event = &mut self.all[id as usize];
        event.what = place.into();
        event.form = KEPT;
    }

    /// Nobody asks for any event.
    pub(super) fn forget_all(&mut self) {
        self.copies.clear();
        self.free_copies.clear();
        if self.streams.len() >= MAX_PACKED_STREAMS {
            self.streams.clear();
        }
    }

    /// Nobody asks for any event, or for its number: what grew in a flood is given back.
    pub(super) fn give_back(&mut self) {
        self.forget_all();
        if self.all.len().max(self.words.len()) > SPARE {
            self.all = Vec::new();
            self.words = Vec::new();
        }
    }

    /// Bytes of copies.
    pub(super) fn copied_bytes(&self) -> usize {
        let copies = self.copies.len() * (size_of::<Copy>() + size_of::<u32>());
        copies + self.copied_bytes
    }

    /// Bytes of so many events without copies.
    pub(super) fn own_bytes(&self, events: usize) -> usize {
        events * (size_of::<Content>() + self.stride * size_of::<u64>())
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
        for event in &mut self.all {
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

/// The number of a stream, if there is one left.
fn number(streams: &mut Vec<u128>, stream: u128) -> Option<u16> {
    if let Some(place) = streams.iter().rposition(|known| *known == stream) {
        return Some(place as u16);
    }
    if streams.len() >= MAX_PACKED_STREAMS {
        return None;
    }
    streams.push(stream);
    Some(streams.len() as u16 - 1)
}

impl core::ops::Index<EventId> for Contents {
    type Output = Content;

    #[inline]
    fn index(&self, id: EventId) -> &Content {
        &self.all[id as usize]
    }
}

impl core::ops::IndexMut<EventId> for Contents {
    #[inline]
    fn index_mut(&mut self, id: EventId) -> &mut Content {
        &mut self.all[id as usize]
    }
}
