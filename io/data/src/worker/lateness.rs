//! Rules that let events be late: how far the streams have come, and what came too late.
//!
//! Each shard knows the streams that come in on it, and tells all others the least of their newest times
//! ([`Place::low`](super::shared::Place)); the watermark is the least of what they tell. A shard tells only after the
//! rows in question have been sent where they belong. Whoever wants to go by the watermark reads it first, then takes
//! what other shards have sent until nothing is left, and only then lets rows go: so all rows from before the
//! watermark are there.
//!
//! Where no stream is live, the watermark is the clock, which goes on at the wall's pace. A stream that begins, or
//! wakes, may then bring rows that are on their way while other shards' watermarks pass them; these take effect when
//! they arrive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use trapjaw_engine::{Input, LateEvent, LateRef, Watermark};
use trapjaw_event::{BatchView, Registry, SectionView, Value};

use super::evaluator::Evaluator;
use crate::limits::{LATE_BYTES, LATE_EVENTS};

/// No stream is live on a shard.
pub(crate) const NO_STREAM: i64 = i64::MAX;

/// How far the stream of the control plane has come. Its batches go to all shards in turn, so that no shard alone knows.
#[derive(Debug)]
pub(crate) struct Submitted {
    newest: AtomicI64,
    /// When its last batch arrived.
    seen: AtomicU64,
}

impl Submitted {
    pub(crate) fn new() -> Self {
        Self {
            newest: AtomicI64::new(i64::MIN),
            seen: AtomicU64::new(0),
        }
    }

    fn arrived(&self, newest: i64, instant: u64) {
        self.newest.fetch_max(newest, Ordering::SeqCst);
        self.seen.fetch_max(instant, Ordering::SeqCst);
    }

    /// Its newest time, while it is live.
    fn low(&self, instant: u64, idle: i64) -> i64 {
        let newest = self.newest.load(Ordering::SeqCst);
        let silent = instant.saturating_sub(self.seen.load(Ordering::SeqCst));
        if newest == i64::MIN || silent.cast_signed() >= idle {
            NO_STREAM
        } else {
            newest
        }
    }
}

/// An event that came too late, with what its type is looked up in.
#[derive(Clone, Debug)]
pub struct LateTold {
    /// The event, and the watermark that had passed it.
    pub late: LateEvent,
    /// Where its type is found.
    pub registry: Arc<Registry>,
}

/// The last events that came too late.
#[derive(Debug, Default)]
pub(super) struct LateLog {
    kept: VecDeque<(LateTold, usize)>,
    bytes: usize,
}

impl LateLog {
    pub(super) fn push(&mut self, late: &LateRef<'_>, registry: &Arc<Registry>) {
        let late = LateEvent::of(late);
        let texts = late.event.values.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        let bytes = size_of::<LateTold>()
            + size_of_val(&*late.event.values)
            + late.event.source.len()
            + texts.sum::<usize>();
        let registry = Arc::clone(registry);
        self.kept.push_back((LateTold { late, registry }, bytes));
        self.bytes += bytes;
        while self.kept.len() > LATE_EVENTS || self.bytes > LATE_BYTES {
            let Some((_, bytes)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= bytes;
        }
    }

    /// The newest last.
    pub(super) fn to_vec(&self) -> Vec<LateTold> {
        self.kept.iter().map(|(told, _)| told.clone()).collect()
    }
}

/// What a shard knows of the streams that come in on it.
#[derive(Debug)]
pub(super) struct Streams {
    watermark: Watermark,
    /// What all shards were told last.
    told: i64,
    /// Of the control plane's stream: what is to be told.
    submitted: Option<(i64, u64)>,
    idle: i64,
}

impl Streams {
    pub(super) fn new(idle: i64) -> Self {
        Self {
            watermark: Watermark::new(idle),
            told: NO_STREAM,
            submitted: None,
            idle,
        }
    }
}

impl Evaluator {
    /// Notes how far a batch that was just taken in has brought its stream; `None`: the control plane's.
    pub(super) fn note_stream(&mut self, batch: BatchView<'_>, stream: Option<u128>, ingest: u64) {
        let times = batch.sections().map(SectionView::times);
        let Some(newest) = times.flat_map(|times| times.iter().copied()).max() else {
            return;
        };
        // What was too far ahead of the wall took effect at its time, behind which the clock is not.
        let newest = newest.min(self.shard().clock());
        let base = self.shard().watermark().unwrap_or(i64::MIN);
        // What is late for every rule holds nothing back.
        if newest < base.saturating_sub(self.shard().longest_lateness()) {
            return;
        }
        let streams = &mut self.streams;
        match stream {
            Some(stream) => {
                let instant = ingest.cast_signed();
                streams.watermark.arrived(stream, newest, instant);
            }
            None => {
                let before = streams.submitted.unwrap_or((newest, ingest));
                streams.submitted = Some((newest.max(before.0), ingest));
            }
        }
    }

    /// Tells all shards how far the streams of this one have come, unless rows of theirs wait to be sent.
    pub(super) fn tell_streams(&mut self, instant: u64) {
        if !self.shard().has_lateness() || self.exchange.waits() > 0 {
            return;
        }
        if let Some((newest, seen)) = self.streams.submitted.take() {
            self.shared.submitted.arrived(newest, seen);
        }
        let low = self.streams.watermark.low(instant.cast_signed());
        let low = low.unwrap_or(NO_STREAM);
        if low != core::mem::replace(&mut self.streams.told, low) {
            self.shared.places[self.place]
                .low
                .store(low, Ordering::SeqCst);
        }
    }

    /// The watermark of lateness 0 at this instant; `None` where no rule needs it, or no event has come.
    pub(super) fn base(&self, instant: u64) -> Option<i64> {
        if !self.shard().has_lateness() {
            return None;
        }
        match self.low(instant) {
            NO_STREAM => self.shared.clock.at(instant),
            low => Some(low),
        }
    }

    /// The least of the newest times of all live streams.
    fn low(&self, instant: u64) -> i64 {
        let lows = self.shared.places.iter();
        let lows = lows.map(|place| place.low.load(Ordering::SeqCst));
        let submitted = self.shared.submitted.low(instant, self.streams.idle);
        lows.fold(submitted, i64::min)
    }

    /// How far the watermark of lateness 0 is behind the clock at this instant; `None` where no rule needs it.
    pub(super) fn lag(&self, instant: u64) -> Option<i64> {
        let clock = self.shared.clock.at(instant)?;
        Some(clock.saturating_sub(self.base(instant)?).max(0))
    }

    /// Is any stream live, on whatever shard?
    pub(super) fn has_live_streams(&self, instant: u64) -> bool {
        self.shard().has_lateness() && self.low(instant) != NO_STREAM
    }

    /// Lets go what the watermark has passed. Returns whether it had passed anything.
    pub(super) fn pass_watermark(&mut self, base: Option<i64>) -> bool {
        let due = self.shard().next_watermark().zip(base);
        let Some((_, base)) = due.filter(|(next, base)| next <= base) else {
            // So that late events are known as such where nothing waits.
            if let Some(base) = base {
                self.step_by(Input::Watermark(base));
            }
            return false;
        };
        self.step_by(Input::Watermark(base));
        true
    }

    /// Lets everything go that waits: the plane ends, and what was acknowledged is to be evaluated.
    pub(super) fn let_all_go(&mut self) {
        if self.shard().held().0 > 0 {
            self.step_by(Input::Release);
        }
    }
}
