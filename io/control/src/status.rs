//! What a server tells of itself at one instant: what `trapjaw top` shows.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use tokio::time::timeout;

use crate::limits::STATISTICS_TIMEOUT;
use crate::metrics::ActionState;
use crate::plane::ShardStatistics;
use crate::service::Service;

/// A server at one instant. Counts grow from its start on; rates are the differences of two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// What moves the bytes: `io_uring` or `epoll`.
    pub driver: String,
    /// Nanoseconds on the server's clock: what passed between two of these is the time between them.
    pub at: u64,
    /// Nanoseconds since the shards began.
    pub uptime: u64,
    /// Do events come in no more, since the server stops?
    pub stopping: bool,
    /// By number. Empty where they did not answer in time.
    pub shards: Vec<Shard>,
    /// Events by type.
    pub types: Vec<Count>,
    /// Matches by rule.
    pub rules: Vec<Count>,
    /// By name.
    pub actions: Vec<Action>,
    /// From a batch's arrival to its match.
    pub ingest_to_match: Latencies,
    /// From a match to the begin of its action.
    pub match_to_dispatch: Latencies,
}

/// Something that is counted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The name.
    pub name: String,
    /// How many so far.
    pub count: u64,
}

/// A shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Events that it took in at the door.
    pub events: u64,
    /// Events that it took from other shards.
    pub forwarded: u64,
    /// Live keys.
    pub keys: u64,
    /// Bytes that its rules remember.
    pub state_bytes: u64,
    /// Connections of the binary protocol.
    pub connections: u64,
    /// Their subscriptions.
    pub subscriptions: u64,
    /// Batches of the control plane that wait for it.
    pub mailbox: u64,
    /// Steps with matches that wait for control.
    pub outbox: u64,
    /// Messages to other shards that wait for room.
    pub exchange: u64,
    /// Events that wait for the watermark.
    pub held: u64,
    /// What was not done: events skipped for their key, keys given up, firings held back, derived events dropped.
    pub dropped: u64,
    /// Events that came too late for a rule.
    pub late: u64,
    /// Values that became null because an operation had no result.
    pub faults: u64,
    /// Nanoseconds since it began.
    pub lived: u64,
    /// How many of them it slept.
    pub asleep: u64,
}

/// An action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Calls that wait.
    pub waiting: u64,
    /// Calls that went well.
    pub ok: u64,
    /// Calls that failed for good.
    pub failed: u64,
    /// Calls that found the queue full.
    pub dropped: u64,
}

/// Latencies as a histogram to three digits: pairs of nanoseconds and how many there were so far, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(pub Vec<(u64, u64)>);

impl Latencies {
    fn of(histogram: &Histogram<u64>) -> Self {
        let recorded = histogram.iter_recorded();
        Self(
            recorded
                .map(|value| (value.value_iterated_to(), value.count_at_value()))
                .collect(),
        )
    }

    /// What came since the earlier ones.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.0.iter().peekable();
        let differences = self.0.iter().filter_map(|&(value, count)| {
            while before.next_if(|(other, _)| *other < value).is_some() {}
            let known = before.next_if(|(other, _)| *other == value);
            let more = count.saturating_sub(known.map_or(0, |(_, count)| *count));
            (more > 0).then_some((value, more))
        });
        Self(differences.collect())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The least value that this part of all does not exceed; `None` where there is none.
    pub fn quantile(&self, part: f64) -> Option<u64> {
        let rank = (part * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|&(value, count)| {
            seen += count;
            (seen >= rank).then_some(value)
        })
    }
}

impl Status {
    pub(crate) async fn of(service: &Service) -> Self {
        // Shards that don't answer in time are not shown.
        let told = timeout(STATISTICS_TIMEOUT, service.plane.statistics()).await;
        let told = told.unwrap_or_default();
        let book = service.books.current();
        let mut types: Vec<Count> = book
            .rules
            .registry
            .iter()
            .map(|(_, ty)| Count {
                name: ty.name.to_string(),
                count: 0,
            })
            .collect();
        for (name, count) in told.shards.iter().flat_map(|shard| &shard.by_type) {
            if let Some(ty) = types.iter_mut().find(|ty| *ty.name == **name) {
                ty.count += count;
            }
        }
        let latencies = service.metrics.latencies();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            driver: told.driver.to_owned(),
            at: service.plane.now(),
            uptime: told
                .shards
                .iter()
                .map(|shard| shard.lived)
                .max()
                .unwrap_or(0),
            stopping: service.is_stopping(),
            shards: told.shards.iter().map(Shard::of).collect(),
            types,
            rules: book
                .iter()
                .map(|(rule, page)| Count {
                    name: rule.name.to_string(),
                    count: page.matches.get(),
                })
                .collect(),
            actions: service
                .config
                .actions
                .keys()
                .map(|name| Action::of(name, &service.metrics.action(name)))
                .collect(),
            ingest_to_match: Latencies::of(&latencies.ingest_to_match),
            match_to_dispatch: Latencies::of(&latencies.match_to_dispatch),
        }
    }

    /// How long it has run.
    pub fn uptime(&self) -> Duration {
        Duration::from_nanos(self.uptime)
    }
}

impl Shard {
    fn of(shard: &ShardStatistics) -> Self {
        let counters = &shard.counters;
        Self {
            events: counters.events,
            forwarded: counters.forwarded,
            keys: shard.keys,
            state_bytes: shard.state_bytes,
            connections: shard.connections,
            subscriptions: shard.subscriptions,
            mailbox: shard.mailbox,
            outbox: shard.outbox,
            exchange: shard.exchange,
            held: shard.held,
            dropped: counters.null_keys
                + counters.long_keys
                + counters.unrouted
                + counters.evicted
                + counters.partial_matches_given_up
                + counters.held_back
                + counters.dropped_derived,
            late: counters.late.iter().sum(),
            faults: counters.faults.total(),
            lived: shard.lived,
            asleep: shard.asleep,
        }
    }
}

impl Action {
    fn of(name: &str, state: &ActionState) -> Self {
        Self {
            name: name.to_owned(),
            waiting: state.waiting,
            ok: state.ok,
            failed: state.failed,
            dropped: state.dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_what_came_since() {
        let earlier = Latencies(vec![(10, 5), (20, 1)]);
        let now = Latencies(vec![(5, 2), (10, 5), (20, 9), (1_000, 1)]);
        let since = now.since(&earlier);
        assert_eq!(since.0, [(5, 2), (20, 8), (1_000, 1)]);
        assert_eq!(since.count(), 11);
        let at = |part| since.quantile(part);
        assert_eq!(
            [at(0.0), at(0.1), at(0.5), at(0.9), at(0.99), at(1.0)].map(Option::unwrap),
            [5, 5, 20, 20, 1_000, 1_000]
        );
        assert_eq!(now.since(&now).quantile(0.5), None);
        // A server that began anew counts from nothing.
        assert_eq!(earlier.since(&now), Latencies::default());
    }
}
