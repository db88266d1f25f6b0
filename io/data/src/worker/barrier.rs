//! One instant at which all shards stand still: where the rules are swapped, and where a plane ends.
//!
//! Rows that one shard has routed to another were judged by the rules of their time, and have to meet the same rules
//! where they arrive. So a swap happens in two steps. **Stop:** a shard that gets the barrier takes nothing in any
//! more, neither events nor the passing of time; what other shards send it, it goes on working off. **Pass:** when
//! all shards have stopped and no message is on its way, each shard swaps and takes events in again.
//!
//! That no row judged by one version meets another follows from four facts.
//!
//! 1. A message counts as on its way from before it is sent until the step that it causes is over *and what that
//!    step sends has been counted*. So while anything is still to come of a message, the count is not 0.
//! 2. A shard that has stopped makes messages only while it deals with one. So once all have stopped, a count of 0 is
//!    final: it stays 0 until a shard passes. The count is read after the number of those that have stopped; each
//!    shard's sends before its stop are counted before it.
//! 3. The shard whose own act made both true sees them in the same turn, and opens the barrier; nobody passes before.
//!    The opening is never taken back, so that a shard which looks late still sees it, although those that have passed
//!    may already be sending again.
//! 4. Whoever receives a message of a shard that has passed sees the barrier open, for the opening happened before the
//!    sending; and it looks before each message, so that it passes first. Nothing of the former version is left then,
//!    by 2.
//!
//! A plane ends by the same means: when the last barrier opens, everything that was taken in has been evaluated on
//! all shards, with everything that followed.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::shared::{Loaded, Shared};

/// What happens at a barrier.
pub(crate) enum Purpose {
    /// These rules take the place of the former.
    Reload(Arc<Loaded>),
    /// The plane ends, at the latest then.
    Stop(Instant),
}

/// A barrier for all shards; each gets it through its mailbox, and all get several in the same order.
pub(crate) struct Barrier {
    pub(crate) purpose: Purpose,
    shards: usize,
    stopped: AtomicUsize,
    open: AtomicBool,
    passed: AtomicUsize,
    done: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Barrier {
    /// A barrier for so many shards; the last that passes it calls `done`.
    pub(crate) fn new(
        purpose: Purpose,
        shards: usize,
        done: impl FnOnce() + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            purpose,
            shards,
            stopped: AtomicUsize::new(0),
            open: AtomicBool::new(false),
            passed: AtomicUsize::new(0),
            done: Mutex::new(Some(Box::new(done))),
        })
    }

    /// The calling shard has stopped.
    pub(super) fn stop(&self) {
        self.stopped.fetch_add(1, Ordering::SeqCst);
    }

    /// Is it open? A shard that has stopped asks at the end of each turn, and before each message that it deals with.
    pub(super) fn is_open(&self, shared: &Shared) -> bool {
        if self.open.load(Ordering::SeqCst) {
            return true;
        }
        // In this order: see the second fact.
        let opens =
            self.stopped.load(Ordering::SeqCst) == self.shards && !shared.any_on_their_way();
        if opens && !self.open.swap(true, Ordering::SeqCst) {
            shared.wake_all();
        }
        opens
    }

    /// The calling shard has passed.
    pub(super) fn pass(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.shards {
            let done = self
                .done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(done) = done {
                done();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn it_opens_when_all_have_stopped_and_nothing_is_on_its_way_and_never_closes() {
        let shared = Shared::without_threads(2);
        let (sender, passed) = mpsc::channel();
        let done = move || sender.send(()).expect("someone waits");
        let barrier = Barrier::new(Purpose::Stop(Instant::now()), 2, done);
        shared.sent();
        barrier.stop();
        assert!(!barrier.is_open(&shared));
        shared.arrived();
        assert!(!barrier.is_open(&shared), "the other has not stopped");
        // What the other sends before it stops, and what follows from that.
        shared.sent();
        barrier.stop();
        assert!(!barrier.is_open(&shared));
        shared.sent();
        shared.arrived();
        assert!(!barrier.is_open(&shared));
        shared.arrived();
        assert!(barrier.is_open(&shared));
        // The first to pass sends again; the other still sees it open.
        barrier.pass();
        shared.sent();
        assert!(barrier.is_open(&shared) && passed.try_recv().is_err());
        barrier.pass();
        assert!(passed.try_recv().is_ok());
    }
}
