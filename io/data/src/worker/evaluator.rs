//! The engine's shard with its way out: rows to other shards, matches to the outbox and to subscribers.

use std::collections::VecDeque;
use std::sync::Arc;

use hdrhistogram::Histogram;
use trapjaw_engine::{Forward, Input, LateRef, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{BatchView, Binding, Match, Registry};

use super::exchange::{Exchange, Message};
use super::lateness::{LateLog, LateTold, Streams};
use super::shared::{Loaded, Shared};
use super::subscribers::{Audience, Told};
use crate::limits::LONGEST_LATENCY_NANOS;
use crate::plane::{Found, OutboxSender};
use crate::queue::PushError;
use crate::time::{monotonic, wall};

/// See the module's description.
pub(super) struct Evaluator {
    pub(super) place: usize,
    pub(super) shared: Arc<Shared>,
    shard: Shard,
    loaded: Arc<Loaded>,
    pub(super) exchange: Exchange,
    outbox: OutboxSender,
    /// What found no room in the outbox. As with the exchange, it is bounded because nothing is taken in meanwhile.
    backlog: VecDeque<Found>,
    audience: Audience,
    collected: Collected,
    /// What this shard's own subscribers are to be told.
    told: Vec<Arc<Told>>,
    latency: Histogram<u64>,
    /// Matches that nobody consumes.
    pub(super) unheard: u64,
    pub(super) streams: Streams,
    /// Rows taken in at the door, by type.
    by_type: Vec<u64>,
}

/// What one step brings.
#[derive(Default)]
struct Collected {
    matches: Vec<Match>,
    forwards: Vec<Forward>,
    late: LateLog,
    registry: Arc<Registry>,
}

impl Sink for Collected {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.matches.push(found.to_match());
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
    }

    fn late(&mut self, late: &LateRef<'_>) {
        self.late.push(late, &self.registry);
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
        let collected = Collected {
            registry: Arc::clone(&loaded.rules.registry),
            ..Collected::default()
        };
        if shared.settings.recorder.is_some() {
            shard.record();
        }
        Self {
            place,
            shared,
            shard,
            loaded,
            exchange,
            outbox,
            backlog: VecDeque::new(),
            audience: Audience::default(),
            collected,
            told: Vec::new(),
            latency: Histogram::new_with_bounds(1, LONGEST_LATENCY_NANOS, 2)
                .expect("the bounds of a histogram are constants"),
            unheard: 0,
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
        &self.latency
    }

    /// Is there room for whatever the next step brings?
    pub(super) fn is_clear(&self) -> bool {
        self.exchange.waits() == 0 && self.backlog.is_empty() && self.outbox.has_room()
    }

    /// Has everything been handed on?
    pub(super) fn is_settled(&self) -> bool {
        self.exchange.waits() == 0 && self.backlog.is_empty()
    }

    /// Steps that wait in the outbox, and for it.
    pub(super) fn outbox_depth(&self) -> (usize, usize) {
        (self.outbox.depth(), self.backlog.len())
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
        self.shard.step(input, &mut self.collected);
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
        self.shard.step(input, &mut self.collected);
        self.dispatch();
    }

    /// Takes in rows that another shard has routed here.
    pub(super) fn take_forward(&mut self, forward: &Forward) {
        assert_eq!(
            forward.version,
            self.shard.version(),
            "a barrier lies between two versions"
        );
        self.shard
            .step(Input::Forwarded(forward), &mut self.collected);
        self.dispatch();
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
                self.shard.step(Input::Tick(now), &mut self.collected);
                self.dispatch();
                true
            }
            _ => false,
        }
    }

    /// Puts other rules in the place of those that hold.
    pub(super) fn reload(&mut self, loaded: Arc<Loaded>) {
        self.shard.step(
            Input::Reload(Arc::clone(&loaded.rules)),
            &mut self.collected,
        );
        self.collected.registry = Arc::clone(&loaded.rules.registry);
        self.by_type = self.carried_over(&loaded.rules.registry);
        self.loaded = loaded;
        self.audience.rebuild(&self.shared.interest, &self.loaded);
    }

    /// Sends what waits for room. Returns whether anything went.
    pub(super) fn flush(&mut self) -> bool {
        let mut any = self.exchange.flush();
        while let Some(found) = self.backlog.pop_front() {
            if !self.outbox.has_room() {
                self.backlog.push_front(found);
                break;
            }
            self.push(found);
            any = true;
        }
        any
    }

    /// Could anything of what waits for room go now?
    pub(super) fn can_flush(&self) -> bool {
        self.exchange.can_flush() || (!self.backlog.is_empty() && self.outbox.has_room())
    }

    /// What is to be told to the subscribers of this shard.
    pub(super) fn take_told(&mut self) -> Vec<Arc<Told>> {
        core::mem::take(&mut self.told)
    }

    /// Is there something to be told to the subscribers of this shard?
    pub(super) fn has_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Sends a step's outputs their ways.
    fn dispatch(&mut self) {
        if let Some(recorder) = &self.shared.settings.recorder {
            recorder.taken(self.place, self.shard.take_records());
        }
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
        if self.collected.matches.is_empty() {
            return;
        }
        let matches = core::mem::take(&mut self.collected.matches);
        let found_at = monotonic();
        for matched in matches.iter().filter(|matched| matched.ingest > 0) {
            self.latency
                .saturating_record(found_at.saturating_sub(matched.ingest));
        }
        self.audience.refresh(&self.shared.interest, &self.loaded);
        if let Some((shards, told)) = self.audience.tell(&matches, &self.loaded) {
            let told = Arc::new(told);
            for shard in shards.iter() {
                if shard == self.place {
                    self.told.push(Arc::clone(&told));
                } else {
                    self.exchange.send(shard, Message::Told(Arc::clone(&told)));
                }
            }
        }
        let found = Found {
            shard: self.place,
            rules: Arc::clone(&self.loaded.rules),
            version: self.shard.version(),
            matches,
            found_at,
        };
        if self.backlog.is_empty() && self.outbox.has_room() {
            self.push(found);
        } else {
            self.backlog.push_back(found);
        }
    }

    fn push(&mut self, found: Found) {
        match self.outbox.push(found) {
            Ok(()) => {}
            Err(PushError::Full(found)) => self.backlog.push_front(found),
            Err(PushError::Closed(found)) => self.unheard += found.matches.len() as u64,
        }
    }
}
