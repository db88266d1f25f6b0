//! What the control plane asks of a running plane.

use core::fmt;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use trapjaw_engine::Origin;
use trapjaw_event::{BatchBytes, BatchError};
use trapjaw_program::{RuleSet, Verified};

use crate::driver::Waker;
use crate::limits::{REPORTS, SUBMISSIONS};
use crate::queue::{PushError, Sender};
use crate::worker::{
    Barrier, Command, Done, Gathering, Loaded, Purpose, ShardReport, Shared, Submitted, Tap,
};

/// A batch of the control plane.
#[derive(Debug)]
pub struct Submission {
    /// The events: what a [`BatchBuilder`](trapjaw_event::BatchBuilder) made from rows of the registry of the rules
    /// of this version.
    pub batch: BatchBytes,
    /// How many they are.
    pub rows: u32,
    /// The version of the rules whose registry it was built on; see [`Handle::rules`].
    pub version: u64,
    /// When they arrived, on the clock of [`monotonic`](crate::time::monotonic).
    pub ingest: u64,
}

/// A batch was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// By this shard.
    pub shard: usize,
    /// So many rows.
    pub rows: u32,
}

/// Why a batch was not taken in. Nothing of it was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Rules of this version hold by now: build the batch anew.
    Version {
        /// The version.
        current: u64,
    },
    /// It is no batch of the registry.
    Batch(BatchError),
    /// The plane is stopping.
    Stopping,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { current } => write!(f, "rules of version {current} hold by now"),
            Self::Batch(error) => error.fmt(f),
            Self::Stopping => f.write_str("the data plane is stopping"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A batch that no shard had room for, given back.
pub struct Busy {
    /// The batch.
    pub submission: Submission,
    /// What was to be called.
    pub done: Done,
    /// There will never be room again: the plane has stopped.
    pub has_stopped: bool,
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Busy")
            .field("submission", &self.submission)
            .field("has_stopped", &self.has_stopped)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.has_stopped {
            "the data plane has stopped"
        } else {
            "every shard has as many batches waiting as it takes"
        })
    }
}

impl std::error::Error for Busy {}

/// Why a request was not taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// Another of its kind is under way; for reports and taps, as many as may be.
    UnderWay,
    /// The plane is stopping, or has stopped.
    Stopping,
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnderWay => "another one is under way",
            Self::Stopping => "the data plane is stopping",
        })
    }
}

impl std::error::Error for Declined {}

/// The control plane's way to the shards: bounded mailboxes. No call waits.
///
/// What is given to be called is called once, on a shard's thread: it must neither block nor take long. It is dropped
/// without a call only where a shard's thread fails.
#[derive(Clone)]
pub struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    mailboxes: Vec<Sender<Command, Waker>>,
    /// Whose turn it is to take a submission.
    turn: AtomicUsize,
    /// The stream of what is submitted, and the number of its next event.
    stream: u128,
    sequence: AtomicU64,
    reports: Arc<AtomicUsize>,
    /// Barriers reach all mailboxes in one order because they are sent under this lock.
    course: Mutex<Course>,
}

/// How far the rules are.
struct Course {
    rules: Arc<Verified<RuleSet>>,
    version: u64,
    is_reloading: bool,
    is_stopping: bool,
}

impl Handle {
    pub(crate) fn new(
        shared: Arc<Shared>,
        mailboxes: Vec<Sender<Command, Waker>>,
        rules: Arc<Verified<RuleSet>>,
    ) -> Self {
        let hash = RandomState::new();
        let half = |seed: u8| u128::from(hash.hash_one(seed));
        let course = Course {
            rules,
            version: 0,
            is_reloading: false,
            is_stopping: false,
        };
        Self {
            inner: Arc::new(Inner {
                shared,
                mailboxes,
                turn: AtomicUsize::new(0),
                stream: half(0) << 64 | half(1),
                sequence: AtomicU64::new(1),
                reports: Arc::new(AtomicUsize::new(0)),
                course: Mutex::new(course),
            }),
        }
    }

    /// Number of shards.
    pub fn shards(&self) -> usize {
        self.inner.mailboxes.len()
    }

    /// The rules that hold on all shards, and how often they were replaced.
    pub fn rules(&self) -> (Arc<Verified<RuleSet>>, u64) {
        let course = self.inner.course();
        (Arc::clone(&course.rules), course.version)
    }

    /// Hands a batch to a shard, one after the other. `done` is called when it was taken in and evaluated where it
    /// arrived, or refused.
    ///
    /// # Errors
    ///
    /// The batch, where no shard has room.
    pub fn submit(&self, submission: Submission, done: Done) -> Result<(), Busy> {
        let inner = &*self.inner;
        let rows = u64::from(submission.rows);
        let sequence = inner.sequence.fetch_add(rows, Ordering::Relaxed);
        let origin = Origin {
            stream: inner.stream,
            sequence,
        };
        let mut submitted = Submitted {
            submission,
            origin,
            done,
        };
        let first = inner.turn.fetch_add(1, Ordering::Relaxed);
        let mut has_stopped = false;
        for offset in 0..inner.mailboxes.len() {
            let place = first.wrapping_add(offset) % inner.mailboxes.len();
            let waiting = &inner.shared.places[place].submissions;
            if waiting.fetch_add(1, Ordering::AcqRel) >= SUBMISSIONS {
                waiting.fetch_sub(1, Ordering::AcqRel);
                continue;
            }
            match inner.mailboxes[place].send(Command::Submit(submitted)) {
                Ok(()) => return Ok(()),
                Err(refused) => {
                    waiting.fetch_sub(1, Ordering::AcqRel);
                    has_stopped |= matches!(refused, PushError::Closed(_));
                    let Command::Submit(back) = refused.into_inner() else {
                        unreachable!("it is what was sent")
                    };
                    submitted = back;
                }
            }
        }
        let Submitted {
            submission, done, ..
        } = submitted;
        Err(Busy {
            submission,
            done,
            has_stopped,
        })
    }

    /// Replaces the rules on all shards: each event is judged by one version, wherever it goes. `done` is called with
    /// the new version when the last shard has taken it.
    ///
    /// # Errors
    ///
    /// One reload at a time, and none once the plane is stopping.
    pub fn reload(
        &self,
        rules: Arc<Verified<RuleSet>>,
        done: impl FnOnce(u64) + Send + 'static,
    ) -> Result<(), Declined> {
        // Outside the lock: it costs as much as there are rules.
        let loaded = Loaded::new(Arc::clone(&rules));
        let mut course = self.inner.course();
        if course.is_stopping {
            return Err(Declined::Stopping);
        }
        if course.is_reloading {
            return Err(Declined::UnderWay);
        }
        course.is_reloading = true;
        let inner = Arc::clone(&self.inner);
        let passed = move || {
            let version = {
                let mut course = inner.course();
                course.is_reloading = false;
                course.rules = rules;
                course.version += 1;
                course.version
            };
            done(version);
        };
        self.inner.send_barrier(&Barrier::new(
            Purpose::Reload(loaded),
            self.shards(),
            passed,
        ));
        Ok(())
    }

    /// Asks all shards how they are. `done` gets their reports by number.
    ///
    /// # Errors
    ///
    /// [`Declined::UnderWay`] while as many were asked for as may be; [`Declined::Stopping`] if a shard has ended.
    pub fn report(
        &self,
        done: impl FnOnce(Vec<ShardReport>) + Send + 'static,
    ) -> Result<(), Declined> {
        let inner = &*self.inner;
        if inner.reports.fetch_add(1, Ordering::AcqRel) >= REPORTS {
            inner.reports.fetch_sub(1, Ordering::AcqRel);
            return Err(Declined::UnderWay);
        }
        let gathering = Gathering::new(self.shards(), Arc::clone(&inner.reports), done);
        for mailbox in &inner.mailboxes {
            if mailbox
                .send(Command::Report(Arc::clone(&gathering)))
                .is_err()
            {
                return Err(Declined::Stopping);
            }
        }
        Ok(())
    }

    /// Looks on at events of these types as they are taken in, of all where none is named; see [`Tap`].
    ///
    /// # Errors
    ///
    /// [`Declined::UnderWay`] while as many look on as may.
    pub fn tap(&self, types: Vec<Box<str>>) -> Result<Tap, Declined> {
        self.inner.shared.taps.open(types).ok_or(Declined::UnderWay)
    }

    /// Stops all shards, at the latest then. Later calls change nothing.
    pub(crate) fn stop(&self, until: Instant) {
        let mut course = self.inner.course();
        if !core::mem::replace(&mut course.is_stopping, true) {
            self.inner
                .send_barrier(&Barrier::new(Purpose::Stop(until), self.shards(), || {}));
        }
    }
}

impl Inner {
    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a barrier to all shards. The mailboxes have room for it: their other senders count what they send, and
    /// there are at most two barriers.
    fn send_barrier(&self, barrier: &Arc<Barrier>) {
        for mailbox in &self.mailboxes {
            // A shard that is gone has failed, and the plane with it.
            if mailbox.send(Command::Barrier(Arc::clone(barrier))).is_err() {
                self.shared.fail();
            }
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({} shards)", self.shards())
    }
}
