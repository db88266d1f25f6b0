//! How long reactions took: from the instant that a match is about until it was received.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::Value;

/// The rule that fires at each sample: it is timed, but not printed.
const QUIET: &str = "every_sample";

/// Latencies by rule, in nanoseconds.
#[derive(Default)]
pub(super) struct Reactions {
    by_rule: BTreeMap<String, Histogram<u64>>,
}

impl Reactions {
    /// Takes in a match, received at this instant of the wall's time. The line to print, if there is one.
    pub(super) fn add(&mut self, json: &str, now: i64) -> Result<Option<String>> {
        let found: Value = serde_json::from_str(json).context("a match is JSON")?;
        let text = |name: &str| {
            found[name]
                .as_str()
                .with_context(|| format!("a match has `{name}`"))
        };
        let (rule, kind) = (text("rule")?, text("kind")?);
        let time = found["time"].as_i64().context("a match has `time`")?;
        let latency = now.saturating_sub(time).max(0) as u64;
        let histogram = match self.by_rule.get_mut(rule) {
            Some(histogram) => histogram,
            None => self
                .by_rule
                .entry(rule.to_owned())
                .or_insert(Histogram::new(3)?),
        };
        histogram.record(latency)?;
        if rule == QUIET {
            return Ok(None);
        }
        let said = found["values"]["text"].as_str().unwrap_or_default();
        Ok(Some(format!(
            "{:>9}  {kind:<8} {rule:<20} {said}",
            micros(latency)
        )))
    }

    pub(super) fn count(&self) -> u64 {
        self.by_rule.values().map(Histogram::len).sum()
    }

    /// A line a rule, and one for all.
    pub(super) fn table(&self) -> String {
        let mut out = format!(
            "{:<20} {:>7} {:>10} {:>10} {:>10} {:>10}\n",
            "latency", "matches", "p50", "p90", "p99", "max"
        );
        let mut row = |name: &str, histogram: &Histogram<u64>| {
            let at = |quantile| micros(histogram.value_at_quantile(quantile));
            let _ = writeln!(
                out,
                "{name:<20} {:>7} {:>10} {:>10} {:>10} {:>10}",
                histogram.len(),
                at(0.5),
                at(0.9),
                at(0.99),
                micros(histogram.max())
            );
        };
        let mut all: Option<Histogram<u64>> = None;
        for (rule, histogram) in &self.by_rule {
            row(rule, histogram);
            match &mut all {
                Some(all) => all.add(histogram).unwrap_or_default(),
                None => all = Some(histogram.clone()),
            }
        }
        if let Some(all) = &all {
            row("all", all);
        }
        out
    }
}

fn micros(nanoseconds: u64) -> String {
    format!("{:.0} us", nanoseconds as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_timed_and_told() {
        let mut reactions = Reactions::default();
        let json = |rule| {
            format!(
                r#"{{"rule":"{rule}","kind":"raised","time":1000000,"values":{{"text":"hot"}}}}"#
            )
        };
        let line = reactions
            .add(&json("a"), 1_250_000)
            .expect("a match")
            .expect("a line");
        assert_eq!(line, "   250 us  raised   a                    hot");
        assert_eq!(
            reactions.add(&json(QUIET), 2_000_000).expect("a match"),
            None
        );
        assert_eq!(reactions.count(), 2);
        let table = reactions.table();
        assert_eq!(table.lines().count(), 4);
        assert!(table.contains("all"), "{table}");
    }
}
