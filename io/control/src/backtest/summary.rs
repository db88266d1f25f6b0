//! What a backtest did, for people.

use core::fmt;

use trapjaw_event::format;
use trapjaw_wire::json::RuleNames;

use super::Tally;
use crate::limits::NAMED_KEYS;
use crate::replay::Summary;

/// Counts, a line a rule.
#[derive(Debug)]
pub struct Brief<'a> {
    /// What it did.
    pub summary: &'a Summary,
    /// The rules' names, by rule.
    pub names: &'a [RuleNames],
}

/// With kinds and times of the matches, and the keys that had the most.
#[derive(Debug)]
pub struct Detailed<'a> {
    /// What it did.
    pub summary: &'a Summary,
    /// The rules' names, by rule.
    pub names: &'a [RuleNames],
    /// What was found.
    pub tally: &'a Tally,
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, names } = self;
        head(f, summary)?;
        for (names, count) in names.iter().zip(&summary.counters.matches) {
            writeln!(f, "  {:<24} {count}", names.rule)?;
        }
        notes(f, summary)
    }
}

impl fmt::Display for Detailed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            summary,
            names,
            tally,
        } = self;
        head(f, summary)?;
        let width = names.iter().map(|names| names.rule.chars().count()).max();
        let width = width.unwrap_or(0);
        for (names, rule) in names.iter().zip(&tally.rules) {
            let Some((first, last)) = rule.span else {
                writeln!(f, "  {:<width$}  no match", names.rule)?;
                continue;
            };
            let kinds = rule
                .kinds
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            write!(f, "  {:<width$}  {kinds}, ", names.rule)?;
            let (first, last) = (format::Time(first), format::Time(last));
            if rule.matches() == 1 {
                writeln!(f, "{first}")?;
            } else {
                writeln!(f, "{first} to {last}")?;
            }
            if names.key.is_empty() {
                continue;
            }
            // Where counts are not exact, there were more keys than are counted.
            let about = if rule.keys.missed() > 0 {
                "more than "
            } else {
                ""
            };
            let keys = match rule.keys.items() {
                1 => "1 key".to_owned(),
                keys => format!("{about}{keys} keys"),
            };
            let most = rule.keys.most(NAMED_KEYS).into_iter();
            let most: Vec<String> = most.map(|(key, count)| format!("{key} {count}")).collect();
            writeln!(f, "  {:<width$}  {keys}; most: {}", "", most.join(", "))?;
        }
        notes(f, summary)
    }
}

fn head(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    writeln!(
        f,
        "events {}, lines refused {}, matches {}",
        summary.events,
        summary.refused,
        summary.counters.matches.iter().sum::<u64>()
    )
}

/// What did not go its plain way.
fn notes(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    let counters = &summary.counters;
    let notes = [
        (summary.ignored, "members of events that no field takes"),
        (
            counters.null_keys,
            "events skipped by a rule because their key was null",
        ),
        (
            counters.long_keys,
            "events skipped by a rule because their key was too long",
        ),
        (
            counters.faults.total(),
            "values made null: overflow, division by zero, undefined results, bad conversions",
        ),
        (counters.held_back, "firings held back by a limit"),
        (
            counters.dropped_derived,
            "derived events dropped for null in a required field",
        ),
        (counters.evicted, "keys given up for want of room"),
        (
            counters.partial_matches_given_up,
            "partial matches given up for want of room",
        ),
        (
            counters.late.iter().sum(),
            "events that came too late for a rule",
        ),
        (
            counters.early,
            "events let go before the watermark for want of room",
        ),
        (
            summary.held,
            "events that wait for the watermark still: `--until` lets time go on",
        ),
    ];
    for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
        writeln!(f, "  {count} {what}")?;
    }
    Ok(())
}
