//! The boundary to the data plane: what control asks of it, and how matches come back.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use trapjaw_data::plane::Tap;
use trapjaw_engine::Counters;
use trapjaw_event::{BatchBytes, Matches};
use trapjaw_program::{RuleSet, Verified};

/// The data plane as control sees it. Every call returns soon; control never reaches into a shard otherwise.
///
/// Control keeps [`submit`](Plane::submit) and [`reload`](Plane::reload) apart: no batch is submitted while a reload runs,
/// and each batch is built with the event types of the rules that were reloaded last. So a plane that hands both to its
/// shards in the order of the calls never meets a batch of other types than it knows.
pub trait Plane: Send + Sync + 'static {
    /// Hands a batch over. It was built by a [`BatchBuilder`](trapjaw_event::BatchBuilder): its schema numbers are the
    /// type ids of the registry. Does not wait for room.
    ///
    /// # Errors
    ///
    /// See [`Refused`]; nothing of a refused batch is evaluated.
    fn submit(&self, batch: Submission) -> Result<Receipt, Refused>;

    /// Swaps the rules, and returns when all shards have taken the new ones. Called on a thread that may block.
    ///
    /// # Errors
    ///
    /// The plane then goes on with the rules that it has, on all shards.
    fn reload(&self, rules: Arc<Verified<RuleSet>>) -> Result<Version, ReloadError>;

    /// What the shards count. They may have to be asked, which takes as long as a step.
    fn statistics(&self) -> Statistics;

    /// Looks on at events of these types as they are taken in, of all where none is named. `None`: as many look on
    /// as may, or the plane lets nobody.
    fn tap(&self, types: Vec<Box<str>>) -> Option<Tap> {
        let _ = types;
        None
    }

    /// The time on the clock of [`Match::ingest`](trapjaw_event::Match::ingest): monotonic nanoseconds.
    fn now(&self) -> u64;
}

/// Numbers that are on their way; see [`Plane::statistics`].
pub type Statistics = Pin<Box<dyn Future<Output = PlaneStatistics> + Send>>;

/// A batch of events on its way into the data plane.
#[derive(Debug)]
pub struct Submission {
    /// The events.
    pub batch: BatchBytes,
    /// How many they are.
    pub rows: u32,
    /// When they arrived, on the clock of [`Plane::now`].
    pub ingest: u64,
}

/// Why a batch was not taken.
#[derive(Debug)]
pub enum Refused {
    /// There is no room now. The batch is given back, to be submitted again.
    Busy(Submission),
    /// The plane is stopping.
    Stopping,
}

/// Numbers the rule sets that a plane has run, rising.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why the plane kept its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    reason: Box<str>,
}

impl ReloadError {
    /// With a reason for people.
    pub fn new(reason: impl Into<Box<str>>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ReloadError {}

/// Resolves when the shard has taken a batch: its events were received and will be evaluated.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<()>);

/// The plane's end of a [`Receipt`]. Dropped without a word, it says that the batch was lost.
#[derive(Debug)]
pub struct Acknowledgement(oneshot::Sender<()>);

/// The batch was dropped before a shard took it: the plane stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReceived;

impl Receipt {
    /// A receipt and the plane's end of it.
    pub fn new() -> (Acknowledgement, Receipt) {
        let (sender, receiver) = oneshot::channel();
        (Acknowledgement(sender), Receipt(receiver))
    }
}

impl Acknowledgement {
    /// Says that the shard has taken the batch. May be called on any thread, and never blocks.
    pub fn received(self) {
        // A client that went away no longer waits for the receipt.
        let _ = self.0.send(());
    }
}

impl Future for Receipt {
    type Output = Result<(), NotReceived>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| NotReceived)
    }
}

/// What a plane counts, by shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaneStatistics {
    /// The driver that moves the bytes: `io_uring` or `epoll`.
    pub driver: &'static str,
    /// The shards, by number.
    pub shards: Vec<ShardStatistics>,
}

/// What a shard counts, and how full it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardStatistics {
    /// What grows only.
    pub counters: Counters,
    /// Live keys, over all rules.
    pub keys: u64,
    /// Open connections.
    pub connections: u64,
    /// Messages that wait in its mailbox.
    pub mailbox: u64,
    /// Matches that wait for control.
    pub outbox: u64,
    /// Messages from other shards that wait for it.
    pub exchange: u64,
    /// Events that wait for the watermark.
    pub held: u64,
    /// Bytes of these.
    pub held_bytes: u64,
    /// Milliseconds by which the watermark of lateness 0 is behind the clock.
    pub watermark_lag: u64,
    /// Bytes that its rules remember.
    pub state_bytes: u64,
    /// Subscriptions of its connections.
    pub subscriptions: u64,
    /// Events taken in at the door, by name of their type.
    pub by_type: Vec<(Box<str>, u64)>,
    /// Nanoseconds since it began, and how many of them it slept.
    pub lived: u64,
    /// See [`lived`](Self::lived).
    pub asleep: u64,
    /// The last events that came too late, the newest last: a JSON object each, `{"watermark": ..., "event": {...}}`.
    pub late: Vec<String>,
}

/// Matches of a shard, in their order: all of a step, or a portion of them.
#[derive(Clone, Debug)]
pub struct MatchBatch {
    /// The rules that found them: [`Match::rule`](trapjaw_event::Match::rule) counts in these.
    pub rules: Arc<Verified<RuleSet>>,
    /// When they were found, on the clock of [`Plane::now`].
    pub made: u64,
    /// The matches.
    pub matches: Matches,
}

/// A bounded queue for matches from the shards to control, of so many batches. Its sender is cloned for each shard.
///
/// # Panics
///
/// If `batches` is 0.
pub fn outbox(batches: usize) -> (MatchSender, MatchReceiver) {
    let (sender, receiver) = mpsc::channel(batches);
    (MatchSender(sender), MatchReceiver(receiver))
}

/// The shards' end of the [`outbox`]. When all of them are dropped and what they sent has been dispatched, the
/// dispatcher is done.
#[derive(Clone, Debug)]
pub struct MatchSender(mpsc::Sender<MatchBatch>);

/// Control's end of the [`outbox`].
#[derive(Debug)]
pub struct MatchReceiver(mpsc::Receiver<MatchBatch>);

/// Why matches were not taken.
#[derive(Debug)]
pub enum SendError {
    /// The outbox is full: control can't keep up. The shard keeps the batch and takes in nothing more until it is gone.
    Full(MatchBatch),
    /// Control has ended.
    Closed(MatchBatch),
}

impl MatchSender {
    /// Sends matches without waiting. May be called on any thread.
    ///
    /// # Errors
    ///
    /// Gives the batch back; see [`SendError`].
    pub fn try_send(&self, batch: MatchBatch) -> Result<(), SendError> {
        self.0.try_send(batch).map_err(|error| match error {
            mpsc::error::TrySendError::Full(batch) => SendError::Full(batch),
            mpsc::error::TrySendError::Closed(batch) => SendError::Closed(batch),
        })
    }

    /// How many batches there is room for.
    pub fn room(&self) -> usize {
        self.0.capacity()
    }

    /// Sends matches, waiting for room. Not to be called on a shard's thread.
    ///
    /// # Errors
    ///
    /// Gives the batch back if control has ended.
    pub async fn send(&self, batch: MatchBatch) -> Result<(), SendError> {
        self.0
            .send(batch)
            .await
            .map_err(|error| SendError::Closed(error.0))
    }
}

impl MatchReceiver {
    pub(crate) async fn next(&mut self) -> Option<MatchBatch> {
        self.0.recv().await
    }

    /// A batch that waits, if there is one.
    pub(crate) fn waiting_batch(&mut self) -> Option<MatchBatch> {
        self.0.try_recv().ok()
    }
}
