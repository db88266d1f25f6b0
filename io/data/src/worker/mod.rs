//! A shard's thread: sockets, exchange, mailbox and time in, matches out.
//!
//! The [`Worker`] is a coordinator: it takes a bounded slice of each of its sources in turn, so that none starves, and
//! sleeps when all are empty. What the slices mean stands in the modules below it.
//!
//! # When events are taken in
//!
//! A step may send something on: rows to other shards, matches to the outbox. So before each step that brings new
//! events (a batch of a client or of the control plane, time that has passed) the worker looks whether everything of
//! the steps before has found room, on *all* shards ([`shared::Shared::is_congested`]). Where it has not, clients get
//! no credit and their sockets are not read, batches of the control plane wait, and time stands still; what other
//! shards send is worked off all the same. So nothing grows with the pressure, and no two shards wait for each other.

mod arrivals;
mod barrier;
mod clients;
mod clock;
mod command;
mod connection;
mod course;
mod departure;
mod evaluator;
mod exchange;
mod frames;
mod intake;
mod lateness;
mod protocol;
mod reading;
mod report;
mod rest;
mod shared;
mod streams;
mod subscribers;
mod tap;
mod telling;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use trapjaw_engine::{Config, Shard};

pub(crate) use barrier::{Barrier, Purpose};
pub use command::Done;
pub(crate) use command::{Command, Gathering, Submitted};
pub(crate) use exchange::Message;
pub use lateness::LateTold;
pub use report::{Depths, ShardReport, Tally};
pub(crate) use shared::{Loaded, Place, Settings, Shared};
pub use tap::{Tap, Tapped};

use crate::driver::{Driver, Event, Idle, ListenerId, Spin, Waker};
use crate::limits::{COMMANDS_A_TURN, EVENTS_A_TURN, MESSAGES_A_TURN, TOLD_A_TURN};
use crate::plane::OutboxSender;
use crate::queue::{Port, Receiver};
use crate::time::monotonic;
use clients::Clients;
use evaluator::Evaluator;
use exchange::Exchange;
use frames::Received;

/// What a worker is made from, beside its driver.
pub(crate) struct Parts {
    pub(crate) place: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) config: Config,
    pub(crate) port: Port<Message, Waker>,
    pub(crate) mailbox: Receiver<Command, Waker>,
    pub(crate) outbox: OutboxSender,
    pub(crate) spin: Spin,
}

/// Where a worker is in its life.
enum Stage {
    Running,
    /// It has stopped at a barrier that is not open yet.
    Stopped(Arc<Barrier>),
    /// Everything is evaluated; connections and outbox are being brought to an end, at the latest then.
    Leaving(Instant),
    Over,
}

/// One shard's thread.
pub(crate) struct Worker {
    place: usize,
    shared: Arc<Shared>,
    driver: Driver,
    listener: Option<ListenerId>,
    clients: Clients,
    evaluator: Evaluator,
    mailbox: Receiver<Command, Waker>,
    /// Batches of the control plane that wait for events to be taken in; as many as were let into the mailbox.
    deferred: VecDeque<Submitted>,
    barriers: VecDeque<Arc<Barrier>>,
    stage: Stage,
    spin: Spin,
    tally: Tally,
    /// Monotonic time at the beginning of the turn.
    now: u64,
    /// Monotonic time at which it began.
    born: u64,
    next_sweep: u64,
    /// Since when this shard counts as congested.
    congested_since: Option<u64>,
    /// Scratch space for frames that are sent.
    out: Vec<u8>,
    /// Bytes of matches that this turn has given to the driver for subscribers.
    told_bytes: usize,
}

/// Wakes and fails the whole plane when a worker's thread unwinds.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail();
        }
    }
}

impl Worker {
    pub(crate) fn new(driver: Driver, listener: Option<ListenerId>, parts: Parts) -> Self {
        let Parts {
            place,
            shared,
            loaded,
            config,
            port,
            mailbox,
            outbox,
            spin,
        } = parts;
        let shards = (place as u32, port.shards() as u32);
        let shard = Shard::new(Arc::clone(&loaded.rules), config, shards);
        let exchange = Exchange::new(port, Arc::clone(&shared));
        Self {
            place,
            clients: Clients::new(driver.capacity()),
            driver,
            listener,
            evaluator: Evaluator::new(place, Arc::clone(&shared), shard, loaded, exchange, outbox),
            shared,
            mailbox,
            deferred: VecDeque::new(),
            barriers: VecDeque::new(),
            stage: Stage::Running,
            spin,
            tally: Tally::default(),
            now: monotonic(),
            born: monotonic(),
            next_sweep: 0,
            congested_since: None,
            out: Vec::new(),
            told_bytes: 0,
        }
    }

    /// Works until the plane is stopped, or fails. What is left undone is told by the report.
    pub(crate) fn run(mut self) -> Result<ShardReport, io::Error> {
        let _guard = Guard(Arc::clone(&self.shared));
        let ended = loop {
            let busy = self.turn();
            if matches!(self.stage, Stage::Over) || self.shared.has_failed() {
                break Ok(());
            }
            let waited = if busy {
                if self.spin.is_idle() {
                    self.spin.busy(Instant::now());
                }
                self.driver.poll()
            } else {
                match self.spin.idle(Instant::now()) {
                    Idle::Poll => self.driver.poll(),
                    Idle::Sleep => self.sleep(),
                }
            };
            if let Err(error) = waited {
                self.shared.fail();
                break Err(error);
            }
        };
        self.answer_the_rest();
        ended.map(|()| self.report())
    }

    /// Takes a slice of everything. Returns whether there was anything.
    fn turn(&mut self) -> bool {
        self.now = monotonic();
        self.told_bytes = 0;
        // Before what other shards have sent is taken: see the module on lateness.
        let base = self.evaluator.base(self.now);
        let mut busy = self.take_events();
        busy |= self.take_messages();
        let has_all = self.evaluator.exchange.is_empty();
        busy |= self.take_commands();
        busy |= self.go_on();
        if self.is_open() && self.evaluator.pass_time(self.now) {
            self.tally.ticks += 1;
            self.tell_all();
            busy = true;
        }
        if has_all && self.is_open() && base.is_some() {
            busy |= self.evaluator.pass_watermark(base);
            self.tell_all();
        }
        busy |= self.evaluator.flush();
        self.evaluator.tell_streams(self.now);
        self.acknowledge();
        self.sweep();
        busy |= self.note_congestion();
        busy | self.move_on()
    }

    /// May a step be made that brings in something new?
    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Running)
            && self.evaluator.is_clear()
            && !self.shared.is_congested()
    }

    /// May this turn take in events of a connection?
    fn takes_in(&self) -> bool {
        self.is_open() && self.told_bytes < TOLD_A_TURN
    }

    fn take_events(&mut self) -> bool {
        for taken in 0..EVENTS_A_TURN {
            let Some(event) = self.driver.next_event() else {
                return taken > 0;
            };
            match event {
                Event::Accepted { socket, .. } => self.accepted(socket),
                Event::AcceptFailed { .. } => self.tally.not_accepted += 1,
                Event::Received { conn, bytes } => self.received(conn, Received::Bytes(bytes)),
                Event::Filled { conn, buffer } => self.filled(conn, buffer),
                Event::Finished { conn } => self.take_leave(conn),
                Event::Closed { conn, .. } => {
                    self.retire(conn);
                    self.clients.remove(conn);
                    self.shared.places[self.place]
                        .connections
                        .fetch_sub(1, Ordering::AcqRel);
                }
                Event::Sent { .. } | Event::Woken => {}
            }
        }
        true
    }

    fn take_messages(&mut self) -> bool {
        let mut busy = false;
        for _ in 0..MESSAGES_A_TURN {
            let Some(message) = self.evaluator.exchange.receive() else {
                break;
            };
            busy = true;
            // A message of a shard that has passed the barrier is for the rules behind it.
            self.pass_if_open();
            match message {
                Message::Rows(forwards) => {
                    for forward in &forwards {
                        self.evaluator.take_forward(forward);
                    }
                    if self.is_ending() {
                        self.evaluator.let_all_go();
                    }
                    self.evaluator.exchange.done();
                }
                Message::Told(told) => {
                    self.tell(&told);
                    self.evaluator.exchange.done();
                }
                Message::Adopt(socket) => self.adopt(socket),
            }
            self.tell_all();
        }
        self.evaluator.exchange.tell_room();
        busy
    }

    fn take_commands(&mut self) -> bool {
        for taken in 0..COMMANDS_A_TURN {
            let Some(command) = self.mailbox.receive() else {
                return taken > 0;
            };
            match command {
                Command::Submit(submitted) => self.deferred.push_back(submitted),
                Command::Barrier(barrier) => self.barriers.push_back(barrier),
                Command::Report(gathering) => gathering.take(self.report()),
            }
        }
        true
    }

    /// Goes on with what had to wait: batches of the control plane, connections that were held.
    fn go_on(&mut self) -> bool {
        let mut busy = false;
        for _ in 0..COMMANDS_A_TURN {
            if !self.is_open() {
                break;
            }
            let Some(submitted) = self.deferred.pop_front() else {
                break;
            };
            self.submitted(submitted);
            busy = true;
        }
        let takes_in = self.takes_in();
        if self.clients.any_released(takes_in) {
            for id in self.clients.released(takes_in) {
                self.advance(id);
            }
            busy = true;
        }
        busy
    }

    /// Tells this shard's subscribers what the steps since the last call have found.
    fn tell_all(&mut self) {
        while let Some(told) = self.evaluator.next_told() {
            self.tell(&told);
            self.evaluator.give_back(told);
        }
    }

    /// Tells the other shards when this one becomes congested, and when it no longer is. Returns whether that changed.
    fn note_congestion(&mut self) -> bool {
        let is_congested = !self.evaluator.is_clear();
        if is_congested == self.congested_since.is_some() {
            return false;
        }
        match self.congested_since.take() {
            None => self.congested_since = Some(self.now),
            Some(since) => self.tally.congested_nanos += self.now.saturating_sub(since),
        }
        self.shared.set_congested(is_congested);
        true
    }

    fn report(&mut self) -> ShardReport {
        let (outbox, backlog) = self.evaluator.outbox_depth();
        let congested = self
            .congested_since
            .map_or(0, |since| self.now.saturating_sub(since));
        let tally = Tally {
            unheard: self.evaluator.unheard(),
            congested_nanos: self.tally.congested_nanos + congested,
            ..self.tally.clone()
        };
        ShardReport {
            shard: self.place,
            version: self.evaluator.shard().version(),
            counters: self.evaluator.shard().counters().clone(),
            driver: self.driver.stats(),
            tally,
            connections: self.clients.len(),
            subscriptions: self.clients.subscriptions(),
            keys: self.evaluator.shard().keys().collect(),
            state_bytes: self.evaluator.shard().bytes().sum(),
            by_type: self.evaluator.events_by_type(),
            lived: self.now.saturating_sub(self.born),
            depths: Depths {
                outbox,
                backlog,
                exchange: self.evaluator.exchange.waits(),
                submissions: self.shared.places[self.place]
                    .submissions
                    .load(Ordering::Relaxed),
                held: self.clients.held(),
                frames: self.clients.buffers.lent(),
            },
            latency: self.evaluator.latency().clone(),
            held: self.evaluator.shard().held(),
            watermark_lag: self.evaluator.lag(self.now),
            late: self.evaluator.late(),
        }
    }
}
