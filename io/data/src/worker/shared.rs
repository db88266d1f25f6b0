//! What all shards of a plane see of one another.

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering, fence};
use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_program::{RuleSet, Verified};
use trapjaw_wire::json::RuleNames;

use super::clock::EventClock;
use super::lateness::{NO_STREAM, Submitted};
use super::streams::Streams;
use super::subscribers::Interest;
use super::tap::Taps;
use crate::driver::Waker;
use crate::limits::STREAMS;
use crate::names::rule_names;
use crate::plane::{Clock, Patience, Recorder, Token};
use crate::wake::Signal;
use trapjaw_event::{Binding, RuleId};

/// A rule set with what a shard needs beside it, made once and shared.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) rules: Arc<Verified<RuleSet>>,
    pub(crate) by_name: HashMap<Box<str>, RuleId>,
    /// By rule.
    pub(crate) names: Vec<RuleNames>,
    /// By type: the binding of batches that are built from the rule set's own registry.
    pub(crate) identity: Vec<Option<Arc<Binding>>>,
}

impl Loaded {
    pub(crate) fn new(rules: Arc<Verified<RuleSet>>) -> Arc<Self> {
        let identity = |(id, _)| Some(Arc::new(Binding::identity(&rules.registry, id)));
        let numbered = rules.rules.iter().zip(0..);
        Arc::new(Self {
            by_name: numbered
                .map(|(rule, id)| (rule.name.clone(), RuleId::new(id)))
                .collect(),
            names: rules.rules.iter().map(rule_names).collect(),
            identity: rules.registry.iter().map(identity).collect(),
            rules,
        })
    }
}

/// What the operator has set.
pub(crate) struct Settings {
    pub(crate) token: Option<Token>,
    pub(crate) patience: Patience,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
    pub(crate) clock: Clock,
}

/// One shard, as the others see it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) signal: Arc<Signal<Waker>>,
    /// It sleeps until a queue that it fills has room.
    pub(crate) wants_room: AtomicBool,
    /// It sleeps until event time has come this far; `i64::MAX` for no time.
    pub(crate) deadline: AtomicI64,
    /// The least of the newest times of the live streams that come in on it, where rules let events be late.
    pub(crate) low: AtomicI64,
    /// Connections that it has, or that are on their way to it.
    pub(crate) connections: AtomicUsize,
    /// Batches of the control plane that it has not yet dealt with.
    pub(crate) submissions: AtomicUsize,
}

impl Place {
    pub(crate) fn new(signal: Arc<Signal<Waker>>) -> Self {
        Self {
            signal,
            wants_room: AtomicBool::new(false),
            deadline: AtomicI64::new(i64::MAX),
            low: AtomicI64::new(NO_STREAM),
            connections: AtomicUsize::new(0),
            submissions: AtomicUsize::new(0),
        }
    }

    /// Wakes it if it sleeps for want of room in a queue from which something was just taken.
    pub(crate) fn room_was_made(&self) {
        // Before: the taking. After: the look at what the shard announced. The shard's own order is the other way
        // round, so that one of both sees the other (as in `wake`).
        fence(Ordering::SeqCst);
        if self.wants_room.load(Ordering::Relaxed) {
            self.signal.notify();
        }
    }
}

/// What the shards share.
pub(crate) struct Shared {
    pub(crate) places: Vec<Place>,
    pub(crate) settings: Settings,
    pub(crate) clock: EventClock,
    /// The control plane's stream, which comes in on all shards in turn.
    pub(crate) submitted: Submitted,
    pub(crate) streams: Streams,
    pub(crate) interest: Interest,
    /// Who looks on.
    pub(crate) taps: Arc<Taps>,
    /// Messages of the exchange that were sent and not yet dealt with.
    on_their_way: AtomicUsize,
    /// Shards that have something to send for which there is no room. While there is one, none takes events in.
    congested: AtomicUsize,
    /// A shard's thread has failed.
    failed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(places: Vec<Place>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            interest: Interest::new(places.len()),
            taps: Arc::default(),
            places,
            clock: EventClock::new(settings.clock),
            settings,
            submitted: Submitted::new(),
            streams: Streams::new(STREAMS),
            on_their_way: AtomicUsize::new(0),
            congested: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        })
    }

    /// Wakes all shards that sleep.
    pub(crate) fn wake_all(&self) {
        for place in &self.places {
            place.signal.notify();
        }
    }

    /// Counts a message as on its way.
    pub(super) fn sent(&self) {
        self.on_their_way.fetch_add(1, Ordering::SeqCst);
    }

    /// A message was dealt with.
    pub(super) fn arrived(&self) {
        self.on_their_way.fetch_sub(1, Ordering::SeqCst);
    }

    /// Is any message on its way?
    pub(super) fn any_on_their_way(&self) -> bool {
        self.on_their_way.load(Ordering::SeqCst) > 0
    }

    /// One more shard is congested, or one less.
    pub(super) fn set_congested(&self, is: bool) {
        if is {
            self.congested.fetch_add(1, Ordering::SeqCst);
        } else if self.congested.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.wake_all();
        }
    }

    /// Is any shard congested?
    pub(super) fn is_congested(&self) -> bool {
        self.congested.load(Ordering::SeqCst) > 0
    }

    /// Event time was moved ahead: wakes the shards that sleep until a time that has come.
    pub(super) fn clock_moved(&self, instant: u64) {
        // Before: the move. After: the look at what sleepers announced.
        fence(Ordering::SeqCst);
        let Some(now) = self.clock.at(instant) else {
            return;
        };
        for place in &self.places {
            if place.deadline.load(Ordering::Relaxed) <= now {
                place.signal.notify();
            }
        }
    }

    /// The plane can't go on: every shard ends at its next turn.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Has a shard failed?
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
impl Shared {
    /// For tests: shards without threads.
    pub(super) fn without_threads(shards: usize) -> Arc<Self> {
        use crate::driver::{Backend, Driver};
        let place = |_| {
            let driver = Driver::with_buffers(Backend::Epoll, 2, 64).expect("epoll is there");
            Place::new(Arc::new(Signal::new(driver.waker())))
        };
        let settings = Settings {
            token: None,
            patience: Patience::default(),
            recorder: None,
            clock: Clock::Wall,
        };
        Self::new((0..shards).map(place).collect(), settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_congested_shard_is_enough() {
        let shared = Shared::without_threads(2);
        shared.set_congested(true);
        shared.set_congested(true);
        shared.set_congested(false);
        assert!(shared.is_congested());
        shared.set_congested(false);
        assert!(!shared.is_congested());
    }
}
