//! Latencies, kept exactly enough and shown as a Prometheus histogram.

use core::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// The longest latency that is told apart, in nanoseconds; longer ones count as this.
const LONGEST: u64 = Duration::from_hours(1).as_nanos() as u64;

/// Upper ends of the buckets, in nanoseconds: three a decade, from 1 µs to 10 s.
const BOUNDS: [u64; 22] = {
    let mut bounds = [0; 22];
    let mut decade = 1_000;
    let mut at = 0;
    while at < bounds.len() {
        bounds[at] = decade * [1, 2, 5][at % 3];
        if at % 3 == 2 {
            decade *= 10;
        }
        at += 1;
    }
    bounds
};

/// Latencies in nanoseconds, to three digits, without loss of the rare long ones.
#[derive(Debug)]
pub(crate) struct Latency {
    name: &'static str,
    help: &'static str,
    recorded: Mutex<Recorded>,
}

#[derive(Debug)]
struct Recorded {
    histogram: Histogram<u64>,
    /// Of what was recorded, exactly.
    sum: u128,
}

impl Latency {
    /// Named without its unit, which is seconds.
    pub(crate) fn new(name: &'static str, help: &'static str) -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3)
            .expect("the bounds are in order and three digits are allowed");
        Self {
            name,
            help,
            recorded: Mutex::new(Recorded { histogram, sum: 0 }),
        }
    }

    pub(crate) fn record(&self, nanoseconds: u64) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.histogram.saturating_record(nanoseconds.max(1));
        recorded.sum += u128::from(nanoseconds);
    }

    /// What was recorded so far.
    pub(crate) fn snapshot(&self) -> Histogram<u64> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.histogram.clone()
    }

    /// For each bucket how many lie in it and not in the one before; at last what lies beyond.
    fn buckets(histogram: &Histogram<u64>) -> Vec<(f64, u64)> {
        let mut buckets: Vec<(f64, u64)> =
            BOUNDS.iter().map(|&end| (end as f64 / 1e9, 0)).collect();
        buckets.push((f64::INFINITY, 0));
        for value in histogram.iter_recorded() {
            let least = histogram.lowest_equivalent(value.value_iterated_to());
            let bucket = BOUNDS.partition_point(|&end| end < least);
            buckets[bucket].1 += value.count_at_value();
        }
        buckets
    }
}

/// A latency as Prometheus reads it. A histogram and no summary: those of several servers can be added up.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) std::sync::Arc<Latency>);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Latency {
            name,
            help,
            recorded,
        } = &*self.0;
        let (histogram, sum) = {
            let recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
            (recorded.histogram.clone(), recorded.sum)
        };
        let unit = Unit::Seconds;
        encoder
            .encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(
                sum as f64 / 1e9,
                histogram.len(),
                &Latency::buckets(&histogram),
                None,
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_the_buckets_that_end_at_or_above_them() {
        let latency = Latency::new("x", "x");
        for nanoseconds in [
            0,
            1_000,
            1_003,
            5_000,
            10_000_000_000,
            10_020_000_000,
            u64::MAX,
        ] {
            latency.record(nanoseconds);
        }
        let filled: Vec<(f64, u64)> = Latency::buckets(&latency.snapshot())
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(
            filled,
            [
                (1e-6, 2),
                (2e-6, 1),
                (5e-6, 1),
                (10.0, 1),
                (f64::INFINITY, 2)
            ]
        );
    }
}
