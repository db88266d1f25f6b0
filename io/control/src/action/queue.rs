//! The actions' queues, and those who work on them.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::retry::Backoff;
use super::{ActionError, ActionId, Again, Call, Executor, Failure};
use crate::config::{ActionConfig, WhenFull};
use crate::metrics::{CallCounters, Metrics};
use crate::plane::Plane;

/// The actions by name.
pub(crate) type Routes = BTreeMap<Box<str>, ActionId>;

/// The queues, by [`ActionId`]. When they are dropped, and their calls are done, those who work on them end.
#[derive(Debug)]
pub(crate) struct Actions {
    names: Arc<Routes>,
    queues: Vec<Queue>,
}

/// Calls of one action that wait for their turn.
#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<Call>,
    when_full: WhenFull,
    worker: Arc<Worker>,
}

/// What is not done yet of one action.
#[derive(Clone, Debug)]
pub(crate) struct Pending(Arc<Worker>);

impl Pending {
    pub(crate) fn action(&self) -> &str {
        &self.0.name
    }

    /// Calls that wait or run.
    pub(crate) fn calls(&self) -> u64 {
        self.0.pending.load(Ordering::Acquire)
    }
}

impl Actions {
    /// Sets the actions up, and those who work on their queues.
    pub(crate) fn start(
        configured: &BTreeMap<Box<str>, ActionConfig>,
        plane: &Arc<dyn Plane>,
        metrics: &Arc<Metrics>,
        workers: &mut JoinSet<()>,
    ) -> Result<(Self, Vec<Pending>), ActionError> {
        let mut names = Routes::new();
        let mut queues = Vec::new();
        let mut ready = Vec::new();
        for (name, config) in configured {
            let executor = Executor::new(config)
                .map_err(|error| ActionError::new(format!("action `{name}`: {error}")))?;
            let worker = Arc::new(Worker {
                name: name.clone(),
                executor,
                config: config.clone(),
                backoff: Backoff::new(config.backoff, config.max_backoff),
                plane: Arc::clone(plane),
                counters: metrics.calls(name),
                waiting: metrics.waiting(name),
                metrics: Arc::clone(metrics),
                pending: AtomicU64::new(0),
            });
            let (sender, receiver) = mpsc::channel(config.queue);
            let id = ActionId(queues.len());
            names.insert(name.clone(), id);
            queues.push(Queue {
                sender,
                when_full: config.when_full,
                worker: Arc::clone(&worker),
            });
            ready.push((receiver, worker));
        }
        let pending = ready
            .iter()
            .map(|(_, worker)| Pending(Arc::clone(worker)))
            .collect();
        for (receiver, worker) in ready {
            workers.spawn(work(receiver, worker));
        }
        let names = Arc::new(names);
        Ok((Self { names, queues }, pending))
    }

    /// The actions by name.
    pub(crate) fn names(&self) -> &Arc<Routes> {
        &self.names
    }

    /// Puts a call into its action's queue. Waits for room, or drops the call, as the action says.
    pub(super) async fn offer(&self, id: ActionId, call: Call) {
        let Queue {
            sender,
            when_full,
            worker,
        } = &self.queues[id.0];
        worker.pending.fetch_add(1, Ordering::AcqRel);
        worker.waiting.inc();
        let taken = match when_full {
            WhenFull::Block => sender.send(call).await.is_ok(),
            WhenFull::Drop => match sender.try_send(call) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
            },
        };
        if !taken {
            worker.waiting.dec();
            worker.counters.dropped.inc();
            worker.pending.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Works on one action's calls, as many at a time as it may.
async fn work(mut queue: mpsc::Receiver<Call>, worker: Arc<Worker>) {
    let permits = Arc::new(Semaphore::new(worker.config.concurrency));
    let mut calls = JoinSet::new();
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let Some(call) = queue.recv().await else {
            break;
        };
        worker.waiting.dec();
        while calls.try_join_next().is_some() {}
        let worker = Arc::clone(&worker);
        calls.spawn(async move {
            // Also when the call panics, it is no longer pending and leaves its place to the next.
            let _permit = permit;
            let _done = Done(&worker.pending);
            worker.call(&call).await;
        });
    }
    while calls.join_next().await.is_some() {}
}

struct Done<'a>(&'a AtomicU64);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What it takes to do an action's calls.
struct Worker {
    name: Box<str>,
    executor: Executor,
    config: ActionConfig,
    backoff: Backoff,
    plane: Arc<dyn Plane>,
    counters: CallCounters,
    waiting: Gauge,
    metrics: Arc<Metrics>,
    /// Calls that wait or run.
    pending: AtomicU64,
}

impl core::fmt::Debug for Worker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Worker {
    async fn call(&self, call: &Call) {
        let waited = self.plane.now().saturating_sub(call.made);
        self.metrics.match_to_dispatch.record(waited);
        let mut retry = 0;
        loop {
            let attempt = self.executor.attempt(&self.name, call, retry + 1);
            let failure = match timeout(self.config.timeout, attempt).await {
                Ok(Ok(())) => {
                    self.counters.ok.inc();
                    return;
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::new(
                    Again::Later,
                    format!("not done within {:?}", self.config.timeout),
                ),
            };
            let wait = if retry < self.config.retries {
                self.backoff.wait(retry, failure.again)
            } else {
                None
            };
            self.report(call, retry + 1, &failure.reason, wait.is_some());
            let Some(wait) = wait else {
                self.counters.failed.inc();
                return;
            };
            self.counters.retried.inc();
            tokio::time::sleep(wait).await;
            retry += 1;
        }
    }

    fn report(&self, call: &Call, attempt: u32, reason: &str, again: bool) {
        let (action, rule, id) = (&*self.name, &*call.page().names.rule, call.matched.id);
        let what = if again {
            "action failed, will be tried again"
        } else {
            "action failed"
        };
        tracing::warn!(target: "trapjaw::action", action, rule, %id, attempt, reason, "{what}");
    }
}
