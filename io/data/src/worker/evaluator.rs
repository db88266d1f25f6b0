//! The engine's shard with its way out: rows to other shards, matches to the outbox and to subscribers.

use std::collections::VecDeque;
use std::sync::Arc;

use hdrhistogram::Histogram;
use trapjaw_engine::{Forward, Input, LateRef, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{BatchView, Binding, Registry};

use super::departure::Departure;
use super::exchange::{Exchange, Message};
use super::lateness::{LateLog, LateTold, Streams};
use super::shared::{Loaded, Shared};
use super::subscribers::{Audience, Told};
use crate::plane::OutboxSender;
use crate::time::wall;

/// See the module's description.
pub(super) struct Evaluator {
    pub(super) place: usize,
    pub(super) shared: Arc<Shared>,
    shard: Shard,
    loaded: Arc<Loaded>,
    pub(super) exchange: Exchange,
    departure: Departure,
    audience: Audience,
    collected: Collected,
    /// What this shard's own subscribers are to be told.
    told: VecDeque<Arc<Told>>,
    pub(super) streams: Streams,
    /// Rows taken in at the door, by type.
    by_type: Vec<u64>,
}

/// What one step brings beside matches.
#[derive(Default)]
struct Collected {
    /// What subscribers want of the matches.
    told: Told,
    forwards: Vec<Forward>,
    late: LateLog,
}

/// Where a step's outputs go.
struct Outlet<'e> {
    departure: &'e mut Departure,
    collected: &'e mut Collected,
    audience: &'e Audience,
    loaded: &'e Arc<Loaded>,
    version: u64,
}

impl Sink for Outlet<'_> {
    fn matched(&mut self, found: &MatchRef<'_>) {
        let of = (self.loaded, self.version);
        let shards = self.audience.of(found.rule());
        if shards.is_empty() {
            self.departure.take(found, None, of);
        } else {
            let about = (found.rule(), found.ingest());
            let told = &mut self.collected.told;
            told.push(about, shards, self.loaded, |told| {
                self.departure.take(found, Some(told), of);
            });
        }
    }

    fn settled(&mut self) {
        self.departure.dispatch((self.loaded, self.version));
    }

    fn forward(&mut self, forward: Forward) {
        self.collected.forwards.push(forward);
    }

    fn late(&mut self, late: &LateRef<'_>) {
        let registry = &self.loaded.rules.registry;
        self.collected.late.push(late, registry);
    }
}

impl Evaluator {
    pub(super) fn new(
        place: usize,
        shared: Arc<Shared>,
        shard: Shard,
        loaded: Arc<Loaded>,
        exchange: Exchange,
        outbox: OutboxSender,
    ) -> Self {
        let mut shard = shard;
        let streams = Streams::new(shard.config().idle);
        let types = loaded.rules.registry.len();
        if shared.settings.recorder.is_some() {
            shard.record();
        }
        Self {
            place,
            shared,
            shard,
            loaded,
            exchange,
            departure: Departure::new(place, outbox),
            audience: Audience::default(),
            collected: Collected::default(),
            told: VecDeque::new(),
            streams,
            by_type: vec![0; types],
        }
    }

    pub(super) fn shard(&self) -> &Shard {
        &self.shard
    }

    pub(super) fn loaded(&self) -> &Arc<Loaded> {
        &self.loaded
    }

    pub(super) fn latency(&self) -> &Histogram<u64> {
        self.departure.latency()
    }

    /// Matches that nobody consumes.
    pub(super) fn unheard(&self) -> u64 {
        self.departure.unheard()
    }

    /// Is there room for whatever the next step brings?
    pub(super) fn is_clear(&self) -> bool {
        self.exchange.waits() == 0 && self.departure.is_clear()
    }

    /// Has everything been handed on?
    pub(super) fn is_settled(&self) -> bool {
        self.exchange.waits() == 0 && self.departure.is_settled()
    }

    /// Portions of matches that wait in the outbox, and for it.
    pub(super) fn outbox_depth(&self) -> (usize, usize) {
        self.departure.depth()
    }

    /// Takes events in, which arrived at the monotonic instant `ingest`.
    pub(super) fn take(&mut self, batch: BatchView<'_>, origin: Origin, ingest: u64) {
        self.take_from(batch, (origin, Some(origin.stream)), ingest);
    }

    /// Takes a batch of the control plane in.
    pub(super) fn take_submitted(&mut self, batch: BatchView<'_>, origin: Origin, ingest: u64) {
        self.take_from(batch, (origin, None), ingest);
    }

    fn take_from(
        &mut self,
        batch: BatchView<'_>,
        (origin, stream): (Origin, Option<u128>),
        ingest: u64,
    ) {
        for section in batch.sections() {
            self.by_type[section.type_id().index()] += section.rows() as u64;
        }
        let wall = wall();
        let input = Input::Batch {
            batch,
            origin,
            ingest,
            wall: Some(wall),
        };
        self.step(input);
        // Before what follows is sent on: who gets it may have to set timers by it.
        if self.shared.clock.arrived(self.shard.clock(), ingest) {
            self.shared.clock_moved(ingest);
        }
        self.dispatch();
        if self.shard.has_lateness() {
            self.note_stream(batch, stream, ingest);
            self.tell_streams(ingest);
        }
    }

    /// The last events that came too late.
    pub(super) fn late(&self) -> Vec<LateTold> {
        self.collected.late.to_vec()
    }

    /// Makes a step that brings no events, and sends on what follows.
    pub(super) fn step_by(&mut self, input: Input<'_>) {
        self.step(input);
        self.dispatch();
    }

    fn step(&mut self, input: Input<'_>) {
        self.audience.refresh(&self.shared.interest, &self.loaded);
        let mut outlet = Outlet {
            version: self.shard.version(),
            departure: &mut self.departure,
            collected: &mut self.collected,
            audience: &self.audience,
            loaded: &self.loaded,
        };
        self.shard.step(input, &mut outlet);
    }

    /// Takes in rows that another shard has routed here.
    pub(super) fn take_forward(&mut self, forward: &Forward) {
        assert_eq!(
            forward.version,
            self.shard.version(),
            "a barrier lies between two versions"
        );
        self.step_by(Input::Forwarded(forward));
    }

    /// Shows a batch that is about to be taken in to those who look on.
    pub(super) fn show(
        &self,
        (bytes, batch): (&[u8], BatchView<'_>),
        bindings: &[Option<Arc<Binding>>],
        ingest: u64,
    ) {
        if self.shared.taps.any() {
            let rules = &self.loaded.rules;
            self.shared
                .taps
                .show((bytes, batch), bindings, rules, ingest);
        }
    }

    /// Events taken in, by name of their type.
    pub(super) fn events_by_type(&self) -> Vec<(Box<str>, u64)> {
        let types = self.loaded.rules.registry.iter().zip(&self.by_type);
        types
            .map(|((_, ty), events)| (ty.name.clone(), *events))
            .collect()
    }

    /// Counts of the types that are still there under other rules.
    fn carried_over(&self, registry: &Registry) -> Vec<u64> {
        let before = &self.loaded.rules.registry;
        let count = |name: &str| {
            let id = before.by_name(name)?;
            self.by_type.get(id.index()).copied()
        };
        registry
            .iter()
            .map(|(_, ty)| count(&ty.name).unwrap_or(0))
            .collect()
    }

    /// Lets event time pass up to the shared clock where something is due. Returns whether it was.
    pub(super) fn pass_time(&mut self, instant: u64) -> bool {
        let Some(deadline) = self.shard.next_deadline() else {
            return false;
        };
        if self.shared.clock.at(instant).is_none() && self.shard.has_schedules() {
            // What the clock starts does not wait for an event.
            self.shared.clock.arrived(wall(), instant);
        }
        match self.shared.clock.at(instant) {
            Some(now) if deadline <= now => {
                self.step_by(Input::Tick(now));
                true
            }
            _ => false,
        }
    }

    /// Puts other rules in the place of those that hold.
    pub(super) fn reload(&mut self, loaded: Arc<Loaded>) {
        self.step(Input::Reload(Arc::clone(&loaded.rules)));
        self.by_type = self.carried_over(&loaded.rules.registry);
        self.loaded = loaded;
        self.audience.rebuild(&self.shared.interest, &self.loaded);
    }

    /// Sends what waits for room. Returns whether anything went.
    pub(super) fn flush(&mut self) -> bool {
        let any = self.exchange.flush();
        self.departure.flush() || any
    }

    /// Could anything of what waits for room go now?
    pub(super) fn can_flush(&self) -> bool {
        self.exchange.can_flush() || self.departure.can_flush()
    }

    /// What is to be told next to the subscribers of this shard.
    pub(super) fn next_told(&mut self) -> Option<Arc<Told>> {
        self.told.pop_front()
    }

    /// Takes back what this shard's subscribers were told, for its memory.
    pub(super) fn give_back(&mut self, told: Arc<Told>) {
        if let Some(told) = Arc::into_inner(told)
            && self.collected.told.is_empty()
        {
            self.collected.told = told.cleared();
        }
    }

    /// Sends a step's outputs their ways; of its matches, the last.
    fn dispatch(&mut self) {
        if let Some(recorder) = &self.shared.settings.recorder {
            recorder.taken(self.place, self.shard.take_records());
        }
        self.departure
            .dispatch((&self.loaded, self.shard.version()));
        let forwards = core::mem::take(&mut self.collected.forwards);
        let mut forwards = forwards.into_iter().peekable();
        while let Some(forward) = forwards.next() {
            let to = forward.destination;
            let mut rows = vec![forward];
            while let Some(forward) = forwards.next_if(|next| next.destination == to) {
                rows.push(forward);
            }
            self.exchange.send(to as usize, Message::Rows(rows));
        }
        if !self.collected.told.is_empty() {
            let told = Arc::new(core::mem::take(&mut self.collected.told));
            for shard in told.shards.iter() {
                if shard == self.place {
                    self.told.push_back(Arc::clone(&told));
                } else {
                    self.exchange.send(shard, Message::Told(Arc::clone(&told)));
                }
            }
        }
    }
}
