//! The data plane's counters as Prometheus reads them.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::plane::{PlaneStatistics, ShardStatistics};

/// What the plane has told last.
#[derive(Debug)]
pub(super) struct PlaneCollector(pub(super) Arc<Mutex<PlaneStatistics>>);

/// One number of a shard.
type Read = fn(&ShardStatistics) -> u64;

/// Name, help, name of a second label, and for each of its values what is read. One without a second label has one value,
/// empty.
type Series = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, Read)],
);

/// What only grows.
const COUNTERS: [Series; 7] = [
    (
        "trapjaw_events",
        "Events taken in at the door",
        "",
        &[("", |shard| shard.counters.events)],
    ),
    (
        "trapjaw_forwarded_events",
        "Events taken from other shards",
        "",
        &[("", |shard| shard.counters.forwarded)],
    ),
    (
        "trapjaw_dropped",
        "What was not done: events that a rule skipped for a null key, keys and partial matches given up for room, firings that a limit held back, derived events with a null in a required field",
        "reason",
        &[
            ("null_key", |shard| shard.counters.null_keys),
            ("evicted_key", |shard| shard.counters.evicted),
            ("partial_match", |shard| {
                shard.counters.partial_matches_given_up
            }),
            ("limit", |shard| shard.counters.held_back),
            ("derived_event", |shard| shard.counters.dropped_derived),
        ],
    ),
    (
        "trapjaw_faults",
        "Values that became null because an operation had no result",
        "reason",
        &[
            ("overflow", |shard| shard.counters.faults.overflow),
            ("division_by_zero", |shard| shard.counters.faults.division),
            ("undefined", |shard| shard.counters.faults.undefined),
            ("conversion", |shard| shard.counters.faults.conversion),
        ],
    ),
    (
        "trapjaw_events_ahead",
        "Events too far ahead of the wall clock, which took effect at its time",
        "",
        &[("", |shard| shard.counters.ahead)],
    ),
    (
        "trapjaw_late_events",
        "Events that came too late for a rule that reads their type",
        "",
        &[("", |shard| shard.counters.late.iter().sum())],
    ),
    (
        "trapjaw_early_events",
        "Events that went on before the watermark had passed them, for want of room",
        "",
        &[("", |shard| shard.counters.early)],
    ),
];

/// What rises and falls.
const GAUGES: [Series; 6] = [
    (
        "trapjaw_keys",
        "Live keys over all rules",
        "",
        &[("", |shard| shard.keys)],
    ),
    (
        "trapjaw_held_events",
        "Events that wait for the watermark",
        "",
        &[("", |shard| shard.held)],
    ),
    (
        "trapjaw_held_bytes",
        "Bytes of the events that wait for the watermark",
        "",
        &[("", |shard| shard.held_bytes)],
    ),
    (
        "trapjaw_watermark_lag_milliseconds",
        "How far the streams are behind the clock",
        "",
        &[("", |shard| shard.watermark_lag)],
    ),
    (
        "trapjaw_connections",
        "Open connections of the binary protocol",
        "",
        &[("", |shard| shard.connections)],
    ),
    (
        "trapjaw_queue_depth",
        "What waits in a shard's queues",
        "queue",
        &[
            ("mailbox", |shard| shard.mailbox),
            ("outbox", |shard| shard.outbox),
            ("exchange", |shard| shard.exchange),
        ],
    ),
];

impl Collector for PlaneCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let PlaneStatistics { driver, shards } = &*told;
        let kinds = [
            (MetricType::Counter, &COUNTERS[..]),
            (MetricType::Gauge, &GAUGES[..]),
        ];
        for (kind, metrics) in kinds {
            for &(name, help, label, values) in metrics {
                let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
                for (number, shard) in shards.iter().enumerate() {
                    for &(value, read) in values {
                        let labels = [("shard", number.to_string()), (label, value.to_owned())];
                        let used = if label.is_empty() { 1 } else { 2 };
                        let labels = &labels[..used];
                        let mut metric = metric.encode_family(&labels)?;
                        let number = read(shard);
                        if let MetricType::Counter = kind {
                            metric.encode_counter::<NoLabelSet, u64, f64>(&number, None)?;
                        } else {
                            metric.encode_gauge(&number)?;
                        }
                    }
                }
            }
        }
        let about = "The version of the program and what moves its bytes";
        encoder
            .encode_descriptor("trapjaw_build", about, None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION")), ("driver", *driver)])
    }
}
