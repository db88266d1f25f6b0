//! The course of a worker's life: running, stopped at a barrier, leaving, over.

use std::sync::Arc;
use std::time::Instant;

use super::{Command, Purpose, Stage, Worker};
use crate::plane::Refusal;

impl Worker {
    /// Moves on to, through and behind a barrier. Returns whether anything changed.
    pub(super) fn move_on(&mut self) -> bool {
        match &self.stage {
            Stage::Running => {
                let Some(barrier) = self.barriers.pop_front() else {
                    return false;
                };
                if let (Purpose::Stop(_), Some(listener)) = (&barrier.purpose, self.listener.take())
                {
                    self.driver.unlisten(listener);
                }
                if let Purpose::Stop(_) = barrier.purpose {
                    self.evaluator.let_all_go();
                    self.tell_all();
                }
                barrier.stop();
                self.stage = Stage::Stopped(barrier);
                self.pass_if_open();
                true
            }
            Stage::Stopped(barrier) => {
                let is_late =
                    matches!(barrier.purpose, Purpose::Stop(until) if Instant::now() >= until);
                if is_late {
                    self.stage = Stage::Over;
                }
                is_late || self.pass_if_open()
            }
            Stage::Leaving(until) => {
                let is_done = self.driver.connections() == 0 && self.evaluator.is_settled();
                if is_done || Instant::now() >= *until {
                    self.stage = Stage::Over;
                }
                is_done
            }
            Stage::Over => false,
        }
    }

    /// Has it stopped for good?
    pub(super) fn is_ending(&self) -> bool {
        matches!(&self.stage, Stage::Stopped(barrier) if matches!(barrier.purpose, Purpose::Stop(_)))
    }

    /// Passes the barrier at which the shard has stopped, if it is open.
    pub(super) fn pass_if_open(&mut self) -> bool {
        let Stage::Stopped(barrier) = &self.stage else {
            return false;
        };
        if !barrier.is_open(&self.shared) {
            return false;
        }
        let barrier = Arc::clone(barrier);
        match &barrier.purpose {
            Purpose::Reload(loaded) => {
                self.evaluator.reload(Arc::clone(loaded));
                self.rebind();
                self.stage = Stage::Running;
            }
            Purpose::Stop(until) => {
                self.stage = Stage::Leaving(*until);
                let ids: Vec<_> = self
                    .clients
                    .iter()
                    .map(|connection| connection.id)
                    .collect();
                for id in ids {
                    self.dismiss(id, "the server is stopping");
                }
                self.answer_the_rest();
            }
        }
        barrier.pass();
        true
    }

    /// Says to those whose batches were not taken in that they won't be.
    pub(super) fn answer_the_rest(&mut self) {
        while let Some(command) = self.mailbox.receive() {
            match command {
                Command::Submit(submitted) => self.deferred.push_back(submitted),
                Command::Report(gathering) => gathering.take(self.report()),
                Command::Barrier(barrier) => self.barriers.push_back(barrier),
            }
        }
        for submitted in core::mem::take(&mut self.deferred) {
            self.settled(submitted.done, Err(Refusal::Stopping));
        }
    }
}
