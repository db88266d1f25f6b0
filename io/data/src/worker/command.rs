//! What the control plane asks of a shard, through its mailbox.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use trapjaw_engine::Origin;

use super::barrier::Barrier;
use super::report::ShardReport;
use crate::plane::{Refusal, Submission, Taken};

/// One command.
pub(crate) enum Command {
    /// Take these events in.
    Submit(Submitted),
    /// Stop with all other shards.
    Barrier(Arc<Barrier>),
    /// Say how things are.
    Report(Arc<Gathering>),
}

/// Called once with what became of a batch.
pub type Done = Box<dyn FnOnce(Result<Taken, Refusal>) + Send>;

/// A batch of the control plane.
pub(crate) struct Submitted {
    pub(crate) submission: Submission,
    pub(crate) origin: Origin,
    pub(crate) done: Done,
}

/// Called once with the reports of all shards.
type Gathered = Box<dyn FnOnce(Vec<ShardReport>) + Send>;

/// The reports of all shards on their way to one asker.
pub(crate) struct Gathering {
    reports: Mutex<Vec<ShardReport>>,
    shards: usize,
    done: Mutex<Option<Gathered>>,
    /// Counts the gatherings under way.
    under_way: Arc<AtomicUsize>,
}

impl Gathering {
    /// For so many shards; the last to report calls `done`. `under_way` has counted this one.
    pub(crate) fn new(
        shards: usize,
        under_way: Arc<AtomicUsize>,
        done: impl FnOnce(Vec<ShardReport>) + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            reports: Mutex::new(Vec::with_capacity(shards)),
            shards,
            done: Mutex::new(Some(Box::new(done))),
            under_way,
        })
    }

    /// Takes one shard's report.
    pub(super) fn take(&self, report: ShardReport) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.push(report);
        if reports.len() < self.shards {
            return;
        }
        let mut reports = core::mem::take(&mut *reports);
        reports.sort_by_key(|report| report.shard);
        let done = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(done) = done {
            done(reports);
        }
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}
