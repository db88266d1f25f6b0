//! What is counted, for Prometheus.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `trapjaw_events_total`, `trapjaw_forwarded_events_total` | `shard` | events taken in, and taken from other shards |
//! | `trapjaw_dropped_total` | `shard`, `reason` | `null_key`, `evicted_key`, `partial_match`, `limit`, `derived_event` |
//! | `trapjaw_faults_total` | `shard`, `reason` | values that became null because an operation had no result |
//! | `trapjaw_events_ahead_total` | `shard` | events ahead of the clock |
//! | `trapjaw_late_events_total`, `trapjaw_early_events_total` | `shard` | events too late for a rule; events let go early for want of room |
//! | `trapjaw_held_events`, `trapjaw_held_bytes`, `trapjaw_watermark_lag_milliseconds` | `shard` | what waits for the watermark; how far streams are behind the clock |
//! | `trapjaw_keys`, `trapjaw_connections` | `shard` | live keys; connections of the binary protocol |
//! | `trapjaw_queue_depth` | `shard`, `queue` | `mailbox`, `outbox`, `exchange` |
//! | `trapjaw_matches_total` | `rule` | matches that control has seen |
//! | `trapjaw_ingest_to_match_seconds` | | from a batch's arrival to its match: a histogram |
//! | `trapjaw_match_to_dispatch_seconds` | | from a match to the begin of its action: a histogram |
//! | `trapjaw_action_calls_total` | `action`, `outcome` | `ok`, `failed`, `dropped` (its queue was full) |
//! | `trapjaw_action_retries_total` | `action` | attempts after the first |
//! | `trapjaw_action_queue_depth` | `action` | calls that wait |
//! | `trapjaw_action_unroutable_calls_total` | | calls of actions that do not exist; always 0 |
//! | `trapjaw_http_requests_total` | `route`, `status` | answers |
//! | `trapjaw_http_events_total` | `outcome` | `accepted`, `refused` |
//! | `trapjaw_rules`, `trapjaw_reloads_total` | ; `outcome` | rules that run; reloads, `ok` or `failed` |
//! | `trapjaw_taps` | | clients that look on at events |
//! | `trapjaw_build_info` | `version`, `driver` | 1 |
//!
//! The latencies are kept in HDR histograms to three digits, so a quantile that Prometheus works out is off by the width
//! of its bucket and by nothing else.

mod latency;
mod plane;

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use tokio::time::timeout;

use crate::limits::STATISTICS_TIMEOUT;
use crate::plane::{Plane, PlaneStatistics};
use latency::{Latency, Shown};

/// Labels by name.
type Labels<const N: usize> = [(&'static str, String); N];

/// Everything that control counts, and what the plane counts when asked.
pub(crate) struct Metrics {
    registry: Registry,
    plane: Arc<dyn Plane>,
    /// What the plane has told last.
    told: Arc<Mutex<PlaneStatistics>>,
    pub ingest_to_match: Arc<Latency>,
    pub match_to_dispatch: Arc<Latency>,
    pub unroutable: Counter,
    pub rules: Gauge,
    pub taps: Gauge,
    matches: Family<Labels<1>, Counter>,
    calls: Family<Labels<2>, Counter>,
    retries: Family<Labels<1>, Counter>,
    waiting: Family<Labels<1>, Gauge>,
    requests: Family<Labels<2>, Counter>,
    events: Family<Labels<1>, Counter>,
    reloads: Family<Labels<1>, Counter>,
}

/// The counters of one action.
#[derive(Clone, Debug)]
pub(crate) struct CallCounters {
    pub ok: Counter,
    pub failed: Counter,
    pub dropped: Counter,
    pub retried: Counter,
}

/// What an action's counters say at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActionState {
    /// Calls that wait.
    pub waiting: u64,
    pub ok: u64,
    pub failed: u64,
    pub dropped: u64,
}

/// How long things took so far, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// From a batch's arrival to its match.
    pub ingest_to_match: Histogram<u64>,
    /// From a match to the begin of its action.
    pub match_to_dispatch: Histogram<u64>,
}

/// The type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Metrics {
    pub(crate) fn new(plane: Arc<dyn Plane>) -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            plane,
            told: Arc::default(),
            ingest_to_match: Arc::new(Latency::new(
                "trapjaw_ingest_to_match",
                "From a batch's arrival to its match",
            )),
            match_to_dispatch: Arc::new(Latency::new(
                "trapjaw_match_to_dispatch",
                "From a match to the begin of its action",
            )),
            unroutable: Counter::default(),
            rules: Gauge::default(),
            taps: Gauge::default(),
            matches: Family::default(),
            calls: Family::default(),
            retries: Family::default(),
            waiting: Family::default(),
            requests: Family::default(),
            events: Family::default(),
            reloads: Family::default(),
        };
        let Self {
            registry,
            plane: _,
            told,
            ingest_to_match,
            match_to_dispatch,
            unroutable,
            rules,
            taps,
            matches,
            calls,
            retries,
            waiting,
            requests,
            events,
            reloads,
        } = &mut metrics;
        registry.register_collector(Box::new(plane::PlaneCollector(Arc::clone(told))));
        registry.register_collector(Box::new(Shown(Arc::clone(ingest_to_match))));
        registry.register_collector(Box::new(Shown(Arc::clone(match_to_dispatch))));
        registry.register("trapjaw_matches", "Matches by rule", matches.clone());
        registry.register(
            "trapjaw_action_calls",
            "Calls of actions that are over, by outcome",
            calls.clone(),
        );
        registry.register(
            "trapjaw_action_retries",
            "Attempts of calls after their first",
            retries.clone(),
        );
        registry.register(
            "trapjaw_action_queue_depth",
            "Calls that wait in an action's queue",
            waiting.clone(),
        );
        registry.register(
            "trapjaw_action_unroutable_calls",
            "Calls of actions that do not exist",
            unroutable.clone(),
        );
        registry.register(
            "trapjaw_http_requests",
            "HTTP requests by route and status",
            requests.clone(),
        );
        registry.register(
            "trapjaw_http_events",
            "Events that came by HTTP, by outcome",
            events.clone(),
        );
        registry.register("trapjaw_rules", "Rules that run", rules.clone());
        registry.register(
            "trapjaw_taps",
            "Clients that look on at events as they come in",
            taps.clone(),
        );
        registry.register(
            "trapjaw_reloads",
            "Reloads of the rules by outcome",
            reloads.clone(),
        );
        metrics
    }

    /// All of it in `OpenMetrics` text.
    pub(crate) async fn text(&self) -> Result<String, fmt::Error> {
        // Shards that don't answer in time are shown as they were last.
        if let Ok(told) = timeout(STATISTICS_TIMEOUT, self.plane.statistics()).await {
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub(crate) fn latencies(&self) -> Latencies {
        Latencies {
            ingest_to_match: self.ingest_to_match.snapshot(),
            match_to_dispatch: self.match_to_dispatch.snapshot(),
        }
    }

    /// The counter of a rule's matches.
    pub(crate) fn matches(&self, rule: &str) -> Counter {
        self.matches.get_or_create_owned(&[("rule", rule.into())])
    }

    /// Shows a rule's matches no more.
    pub(crate) fn forget(&self, rule: &str) {
        self.matches.remove(&[("rule", rule.into())]);
    }

    pub(crate) fn calls(&self, action: &str) -> CallCounters {
        let outcome = |outcome: &str| {
            let labels = [("action", action.into()), ("outcome", outcome.into())];
            self.calls.get_or_create_owned(&labels)
        };
        CallCounters {
            ok: outcome("ok"),
            failed: outcome("failed"),
            dropped: outcome("dropped"),
            retried: self
                .retries
                .get_or_create_owned(&[("action", action.into())]),
        }
    }

    pub(crate) fn waiting(&self, action: &str) -> Gauge {
        self.waiting
            .get_or_create_owned(&[("action", action.into())])
    }

    /// An action's counters now.
    pub(crate) fn action(&self, action: &str) -> ActionState {
        let calls = self.calls(action);
        ActionState {
            waiting: u64::try_from(self.waiting(action).get()).unwrap_or(0),
            ok: calls.ok.get(),
            failed: calls.failed.get(),
            dropped: calls.dropped.get(),
        }
    }

    pub(crate) fn request(&self, route: &str, status: u16) {
        let labels = [("route", route.into()), ("status", status.to_string())];
        self.requests.get_or_create_owned(&labels).inc();
    }

    pub(crate) fn events(&self, accepted: u64, refused: u64) {
        for (outcome, count) in [("accepted", accepted), ("refused", refused)] {
            let counter = self
                .events
                .get_or_create_owned(&[("outcome", outcome.into())]);
            counter.inc_by(count);
        }
    }

    pub(crate) fn reload(&self, outcome: &str) {
        self.reloads
            .get_or_create_owned(&[("outcome", outcome.into())])
            .inc();
    }
}
