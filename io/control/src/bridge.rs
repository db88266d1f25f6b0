//! The data plane as control sees it.

use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use trapjaw_data::plane::{Handle, LateTold, Outbox, ShardReport, Tap};
use trapjaw_data::time::monotonic;
use trapjaw_program::{RuleSet, Verified};
use trapjaw_wire::json::write_event;

use crate::plane::{
    MatchBatch, MatchSender, Plane, PlaneStatistics, Receipt, Refused, ReloadError,
    ShardStatistics, Statistics, Submission, Version,
};

/// A running data plane, for [`Parts::plane`](crate::Parts).
#[derive(Clone)]
pub struct Bridge {
    handle: Handle,
    driver: &'static str,
}

impl Bridge {
    /// To the plane of this handle; `driver` is the name of what drives its sockets.
    pub fn new(handle: Handle, driver: &'static str) -> Self {
        Self { handle, driver }
    }
}

impl Plane for Bridge {
    fn submit(&self, batch: Submission) -> Result<Receipt, Refused> {
        let (_, version) = self.handle.rules();
        let (acknowledgement, receipt) = Receipt::new();
        let Submission {
            batch,
            rows,
            ingest,
        } = batch;
        let submission = trapjaw_data::plane::Submission {
            batch,
            rows,
            version,
            ingest,
        };
        let done = move |taken: Result<_, _>| match taken {
            Ok(_) => acknowledgement.received(),
            // Dropped: the receipt then says that the batch was not received.
            Err(refusal) => tracing::warn!(%refusal, "a batch was refused by its shard"),
        };
        match self.handle.submit(submission, Box::new(done)) {
            Ok(()) => Ok(receipt),
            Err(busy) if busy.has_stopped => Err(Refused::Stopping),
            Err(busy) => {
                let trapjaw_data::plane::Submission {
                    batch,
                    rows,
                    ingest,
                    ..
                } = busy.submission;
                Err(Refused::Busy(Submission {
                    batch,
                    rows,
                    ingest,
                }))
            }
        }
    }

    fn reload(&self, rules: Arc<Verified<RuleSet>>) -> Result<Version, ReloadError> {
        let (tell, told) = mpsc::sync_channel(1);
        let done = move |version| {
            let _ = tell.try_send(version);
        };
        self.handle
            .reload(rules, done)
            .map_err(|declined| ReloadError::new(declined.to_string()))?;
        // Without a limit: rules that are swapped after control has given up on them would leave the two at odds.
        told.recv()
            .map(Version)
            .map_err(|_| ReloadError::new("a shard has failed"))
    }

    fn statistics(&self) -> Statistics {
        let (tell, told) = oneshot::channel();
        let done = move |reports: Vec<ShardReport>| {
            // Who asked may have gone.
            let _ = tell.send(reports);
        };
        let asked = self.handle.report(done);
        let driver = self.driver;
        Box::pin(async move {
            // A plane that is stopping tells of no shard.
            let reports = match asked {
                Ok(()) => told.await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            PlaneStatistics {
                driver,
                shards: reports.iter().map(statistics).collect(),
            }
        })
    }

    fn tap(&self, types: Vec<Box<str>>) -> Option<Tap> {
        self.handle.tap(types).ok()
    }

    fn now(&self) -> u64 {
        monotonic()
    }
}

fn statistics(report: &ShardReport) -> ShardStatistics {
    ShardStatistics {
        counters: report.counters.clone(),
        keys: report.keys.iter().map(|&keys| keys as u64).sum(),
        connections: report.connections as u64,
        mailbox: report.depths.submissions as u64,
        outbox: (report.depths.outbox + report.depths.backlog) as u64,
        exchange: report.depths.exchange as u64,
        held: report.held.0 as u64,
        held_bytes: report.held.1 as u64,
        watermark_lag: report
            .watermark_lag
            .map_or(0, |lag| u64::try_from(lag / 1_000_000).unwrap_or(0)),
        state_bytes: report.state_bytes as u64,
        subscriptions: report.subscriptions as u64,
        by_type: report.by_type.clone(),
        lived: report.lived,
        asleep: report.tally.asleep_nanos,
        late: report.late.iter().map(late).collect(),
    }
}

fn late(told: &LateTold) -> String {
    let mut event = Vec::new();
    write_event(&mut event, &told.late.event, &told.registry);
    let event = String::from_utf8_lossy(&event);
    format!(
        "{{\"watermark\":{},\"event\":{event}}}",
        told.late.watermark
    )
}

/// Wakes the tasks that empty the outboxes, one a shard.
#[derive(Clone, Debug)]
pub struct Bells(Arc<[Notify]>);

impl Bells {
    /// For at most so many shards.
    pub fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| Notify::new()).collect())
    }

    /// Something is in a shard's outbox. Never blocks.
    pub fn ring(&self, shard: usize) {
        if let Some(bell) = self.0.get(shard) {
            bell.notify_one();
        }
    }
}

/// Carries matches from the shards' outboxes to control, a task each, until the shards have ended and all is taken.
/// Where control can't keep up a task waits, its outbox fills, and its shard takes in nothing more.
pub fn pump(outboxes: Vec<Outbox>, bells: &Bells, to: &MatchSender) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for outbox in outboxes {
        tasks.spawn(empty(outbox, bells.clone(), to.clone()));
    }
    tasks
}

async fn empty(mut outbox: Outbox, bells: Bells, to: MatchSender) {
    loop {
        while let Some(found) = outbox.pop() {
            let batch = MatchBatch {
                rules: found.rules,
                made: found.found_at,
                matches: found.matches,
            };
            if to.send(batch).await.is_err() {
                return;
            }
        }
        if outbox.is_finished() {
            return;
        }
        outbox.announce();
        if outbox.is_empty() && !outbox.is_finished() {
            bells.0[outbox.shard()].notified().await;
        }
        outbox.retract();
    }
}
