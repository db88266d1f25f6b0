//! The newest event of a key, for matches that a timer brings about.
//!
//! Keeping an event for each row would cost more than all else. Within a step its place is enough; only
//! the last one of a key is kept, when the step ends, and goes where the one before was. It is put into
//! [words](crate::packed), where that can be, or copied.

use std::sync::Arc;

use trapjaw_event::limits::MAX_BATCH;
use trapjaw_program::Rule;

use super::context::Context;
use super::feed::At;
use super::stretch::Stretch;
use crate::bound::{Growth, Most, Pool};
use crate::kept::KeptEvent;
use crate::output::{Alias, Packings};
use crate::packed::{PackedColumns, Packing};
use crate::segment::Origin;

#[derive(Clone, Debug)]
struct Latest {
    /// Among the rows of this step, or [`NOWHERE`].
    here: At,
    kept: Kept,
}

/// Not among the rows of this step.
const NOWHERE: At = At {
    feed: u32::MAX,
    index: 0,
};

/// An event of an earlier step.
#[derive(Clone, Debug, Default)]
enum Kept {
    #[default]
    Nothing,
    Copied(Arc<KeptEvent>),
    /// In the slot's words: of this place among the rule's sources.
    Packed(u16),
}

impl Default for Latest {
    fn default() -> Self {
        Self {
            here: NOWHERE,
            kept: Kept::Nothing,
        }
    }
}

/// The newest event of each slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestEvents {
    by_slot: Vec<Latest>,
    /// Slots whose newest event is of this step.
    touched: Vec<u32>,
    /// Are those of them in words that can be?
    is_packed: bool,
    words: Words,
    bytes: usize,
}

/// Of each slot, the values of an event in words, and its time.
#[derive(Clone, Debug, Default)]
struct Words {
    /// Known from the first event on that is kept.
    packings: Option<Packings>,
    stride: usize,
    all: Vec<u64>,
}

impl Words {
    /// Bytes of an event.
    fn bytes(&self) -> usize {
        self.stride * size_of::<u64>()
    }

    /// How the events of the rule go into words.
    fn learn(&mut self, cx: &Context<'_>) -> Packings {
        let packings = self.packings.get_or_insert_with(|| {
            let packings = Packing::of_fields(cx.rule, cx.registry);
            let words = packings.iter().flatten().map(Packing::words);
            self.stride = 1 + words.max().unwrap_or(0);
            packings.into()
        });
        Arc::clone(packings)
    }

    /// Those of a slot.
    fn of(&self, slot: u32) -> &[u64] {
        &self.all[slot as usize * self.stride..][..self.stride]
    }

    /// Makes room for those of so many slots.
    fn grow(&mut self, slots: usize) {
        if self.all.len() < slots * self.stride {
            self.all.resize(slots * self.stride, 0);
        }
    }

    /// Puts what is kept of a row into the words of a slot, and when it was. Does it fit?
    #[inline]
    fn pack(&mut self, slot: u32, columns: &PackedColumns<'_>, (row, time): (u32, i64)) -> bool {
        let words = &mut self.all[slot as usize * self.stride..][..self.stride];
        let (own, values) = words.split_last_mut().expect("a time stands there");
        *own = time as u64;
        columns.pack(row as usize, values)
    }

    /// Takes over the words that another has of a slot.
    fn take_over(&mut self, slot: u32, newer: &Self) {
        let place = slot as usize * self.stride..(slot as usize + 1) * self.stride;
        self.all[place].copy_from_slice(newer.of(slot));
    }

    /// The event of a slot as the alias of a match.
    fn alias(&self, cx: &mut Context<'_>, source: u16, slot: u32) -> Alias {
        if let Some(packings) = &self.packings {
            cx.know(packings);
        }
        // As of a copy, it is not told where in its stream it was.
        let nowhere = Origin {
            stream: 0,
            sequence: 0,
        };
        let (time, values) = self.of(slot).split_last().expect("a time stands there");
        Alias::Packed {
            source,
            words: cx.outputs.push_words(nowhere, values),
            time: *time as i64,
        }
    }
}

impl LatestEvents {
    /// Bytes that each slot takes, whatever is kept of it.
    pub(crate) const SLOT_BYTES: usize = size_of::<Latest>();

    /// What is kept adds: `count` events of each key, copied, which takes more than words do.
    pub(crate) fn growth(rule: &Rule, count: u64) -> Growth {
        Growth {
            what: "newest event",
            bytes: KeptEvent::bytes_of(rule.kept.len()),
            text_bytes: MAX_BATCH,
            most: Most::Count(count),
            pool: Pool::State,
        }
    }

    /// Bytes of what is kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn bytes_of(&self, kept: &Kept) -> usize {
        match kept {
            Kept::Nothing => 0,
            Kept::Copied(kept) => kept.bytes(),
            Kept::Packed(_) => self.words.bytes(),
        }
    }

    /// `at` is now the slot's newest event.
    #[inline]
    pub(crate) fn see(&mut self, slot: u32, at: At) {
        match self.by_slot.get_mut(slot as usize) {
            Some(latest) => {
                if latest.here == NOWHERE {
                    self.touched.push(slot);
                }
                latest.here = at;
            }
            None => self.see_first(slot, at),
        }
    }

    #[cold]
    fn see_first(&mut self, slot: u32, at: At) {
        self.by_slot.resize_with(slot as usize + 1, Latest::default);
        self.see(slot, at);
    }

    /// The rows of a stretch are now their slots' newest events.
    pub(crate) fn see_each(&mut self, stretch: &Stretch<'_>) {
        let feed = stretch.feed;
        for (&slot, index) in stretch.slots.iter().zip(stretch.first..) {
            self.see(slot, At { feed, index });
        }
    }

    /// The slot's event is now the one that `newer` has of it, if it has one.
    pub(crate) fn take_over(&mut self, slot: u32, newer: &mut Self) {
        let Some(theirs) = newer.by_slot.get_mut(slot as usize) else {
            return;
        };
        let Latest { here, kept } = core::mem::take(theirs);
        if here == NOWHERE && matches!(kept, Kept::Nothing) {
            return;
        }
        let bytes = newer.bytes_of(&kept);
        newer.bytes -= bytes;
        self.clear(slot);
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, Latest::default);
        }
        if here != NOWHERE {
            self.see(slot, here);
        }
        if let Kept::Packed(_) = kept {
            self.words.packings.clone_from(&newer.words.packings);
            self.words.stride = newer.words.stride;
            self.words.grow(self.by_slot.len());
            self.words.take_over(slot, &newer.words);
        }
        self.bytes += bytes;
        self.by_slot[slot as usize].kept = kept;
    }

    /// Forgets a slot's event.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(latest) = self.by_slot.get_mut(slot as usize) {
            // The list of touched slots may still name it: `settle_one` then finds nothing.
            let Latest { kept, .. } = core::mem::take(latest);
            self.bytes -= self.bytes_of(&kept);
        }
    }

    /// The slot's newest event as the alias of a match.
    pub(crate) fn alias(&self, cx: &mut Context<'_>, slot: u32) -> Option<Alias> {
        let latest = self.by_slot.get(slot as usize)?;
        match &latest.kept {
            _ if latest.here != NOWHERE => Some(cx.alias(latest.here, false)),
            Kept::Copied(kept) => Some(cx.kept(kept)),
            Kept::Packed(source) => Some(self.words.alias(cx, *source, slot)),
            Kept::Nothing => None,
        }
    }

    /// Copies one of the events that have to outlive the step's batch, and tells its slot; `None` when all are
    /// kept. All that go into words are put there before, and one of their slots is told.
    pub(crate) fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        if !core::mem::replace(&mut self.is_packed, true)
            && let Some(slot) = self.pack(cx)
        {
            return Some(slot);
        }
        while let Some(slot) = self.touched.pop() {
            let latest = &mut self.by_slot[slot as usize];
            let at = core::mem::replace(&mut latest.here, NOWHERE);
            if at == NOWHERE {
                continue;
            }
            let mut kept = core::mem::take(&mut latest.kept);
            self.bytes -= self.bytes_of(&kept);
            let room = match &mut kept {
                Kept::Copied(kept) => Arc::get_mut(kept),
                _ => None,
            };
            match room {
                Some(room) => cx.keep(at, room),
                // What a match of this step still reads stays as it is.
                None => {
                    let mut copy = KeptEvent::default();
                    cx.keep(at, &mut copy);
                    kept = Kept::Copied(Arc::new(copy));
                }
            }
            self.bytes += self.bytes_of(&kept);
            self.by_slot[slot as usize].kept = kept;
            return Some(slot);
        }
        self.is_packed = false;
        None
    }

    /// Puts the events that have to outlive the step into words, and tells the last one's slot. Those stay among them that don't
    /// go there.
    fn pack(&mut self, cx: &Context<'_>) -> Option<u32> {
        if self.touched.is_empty() {
            return None;
        }
        let packings = self.words.learn(cx);
        self.words.grow(self.by_slot.len());
        let columns = cx.feeds.iter().map(|feed| {
            let packing = packings[usize::from(feed.source)].as_ref();
            let packing = packing.filter(|_| feed.segment.is_bare());
            let (times, fields) = feed.keeping(cx.rule).columns();
            Some((times, packing?.of_columns(fields)?))
        });
        let columns: Vec<_> = columns.collect();
        let mut last = None;
        // What does not go into words stays among them.
        self.touched.retain(|&slot| {
            let latest = &mut self.by_slot[slot as usize];
            if latest.here == NOWHERE {
                return false;
            }
            let feed = cx.feed(latest.here);
            let Some((times, columns)) = &columns[latest.here.feed as usize] else {
                return true;
            };
            let row = feed.rows.get(latest.here.index);
            if !(self.words).pack(slot, columns, (row, times[row as usize])) {
                return true;
            }
            latest.here = NOWHERE;
            let before = core::mem::replace(&mut latest.kept, Kept::Packed(feed.source));
            match before {
                Kept::Packed(_) => {}
                Kept::Nothing => self.bytes += self.words.bytes(),
                Kept::Copied(kept) => self.bytes = self.bytes + self.words.bytes() - kept.bytes(),
            }
            last = Some(slot);
            false
        });
        last
    }

    /// The rule's sources have come to stand in another order: `places` says where each stands now.
    pub(crate) fn reorder_sources(&mut self, places: &[u16]) {
        if let Some(packings) = &mut self.words.packings {
            let count = places.iter().max().map_or(0, |last| usize::from(*last) + 1);
            let mut moved = vec![None; count];
            for (packing, place) in packings.iter().zip(places) {
                moved[usize::from(*place)].clone_from(packing);
            }
            *packings = moved.into();
        }
        for latest in &mut self.by_slot {
            match &mut latest.kept {
                Kept::Nothing => {}
                Kept::Packed(source) => *source = places[usize::from(*source)],
                Kept::Copied(kept) => {
                    if let Some(kept) = Arc::get_mut(kept) {
                        kept.source = places[usize::from(kept.source)];
                    }
                }
            }
        }
    }
}
