//! Figures: counts as rates, in tables of text.

use core::fmt;
use core::fmt::Write as _;
use std::time::Duration;

use super::{Sort, short};
use crate::status::{Latencies, Shard, Status};

/// What a screen shows, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Of the server as a whole.
    pub head: Vec<String>,
    /// Shards, types, rules, actions.
    pub tables: Vec<Table>,
}

/// Rows in columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The columns' names.
    pub head: Vec<&'static str>,
    /// A cell a column.
    pub rows: Vec<Vec<String>>,
}

/// Counts of two looks, and the time between them.
struct Between<'s> {
    before: Option<&'s Status>,
    now: &'s Status,
    seconds: f64,
}

impl Figures {
    /// Of two looks; without the earlier one there are no rates.
    pub(super) fn between(before: Option<&Status>, now: &Status, sort: Sort, filter: &str) -> Self {
        let passed = before.map_or(0, |before| now.at.saturating_sub(before.at));
        let between = Between {
            before: before.filter(|_| passed > 0),
            now,
            seconds: Duration::from_nanos(passed).as_secs_f64(),
        };
        let mut tables = vec![between.shards()];
        tables.push(between.types(sort, filter));
        tables.push(between.rules(sort, filter));
        tables.push(between.actions(sort, filter));
        tables.retain(|table| !table.rows.is_empty());
        Self {
            head: between.head(),
            tables,
        }
    }
}

impl Between<'_> {
    /// What a count rose by in a second.
    fn rate(&self, of: impl Fn(&Status) -> u64) -> Option<f64> {
        let before = self.before?;
        Some(of(self.now).saturating_sub(of(before)) as f64 / self.seconds)
    }

    fn head(&self) -> Vec<String> {
        let sum = |of: fn(&Shard) -> u64| self.now.shards.iter().map(of).sum::<u64>();
        let events = self.rate(|status| status.shards.iter().map(|shard| shard.events).sum());
        let matches = self.rate(|status| status.rules.iter().map(|rule| rule.count).sum());
        let mut head = vec![
            format!(
                "events {}/s   matches {}/s   keys {}   state {}   connections {}   subscriptions {}",
                rate(events),
                rate(matches),
                grouped(sum(|shard| shard.keys)),
                bytes(sum(|shard| shard.state_bytes)),
                sum(|shard| shard.connections),
                sum(|shard| shard.subscriptions),
            ),
            latencies(
                "ingest to match",
                &self.since(|status| &status.ingest_to_match),
            ),
            latencies(
                "match to dispatch",
                &self.since(|status| &status.match_to_dispatch),
            ),
        ];
        let (dropped, late) = (sum(|shard| shard.dropped), sum(|shard| shard.late));
        let faults = sum(|shard| shard.faults);
        if dropped + late + faults > 0 {
            head.push(format!(
                "dropped {}   late {}   values made null {}",
                grouped(dropped),
                grouped(late),
                grouped(faults)
            ));
        }
        head
    }

    fn since(&self, of: fn(&Status) -> &Latencies) -> Latencies {
        match self.before {
            Some(before) => of(self.now).since(of(before)),
            None => of(self.now).clone(),
        }
    }

    fn shards(&self) -> Table {
        let row = |(number, shard): (usize, &Shard)| {
            let of = |of: fn(&Shard) -> u64| {
                rate(self.rate(|status| status.shards.get(number).map_or(0, of)))
            };
            vec![
                number.to_string(),
                self.load(number),
                of(|shard| shard.events),
                of(|shard| shard.forwarded),
                grouped(shard.keys),
                bytes(shard.state_bytes),
                shard.connections.to_string(),
                shard.mailbox.to_string(),
                shard.outbox.to_string(),
                shard.exchange.to_string(),
                grouped(shard.held),
            ]
        };
        Table {
            head: vec![
                "SHARD",
                "LOAD",
                "EVENTS/S",
                "FORWARD/S",
                "KEYS",
                "STATE",
                "CONN",
                "MAILBOX",
                "OUTBOX",
                "EXCHANGE",
                "HELD",
            ],
            rows: self.now.shards.iter().enumerate().map(row).collect(),
        }
    }

    /// What part of the time a shard was awake.
    fn load(&self, number: usize) -> String {
        let at = |status: &Status| {
            let shard = status.shards.get(number);
            shard.map_or((0, 0), |shard| (shard.lived, shard.asleep))
        };
        let (lived, asleep) = at(self.now);
        let (lived_before, asleep_before) = self.before.map_or((0, 0), at);
        let lived = lived.saturating_sub(lived_before);
        if lived == 0 {
            return "-".to_owned();
        }
        let awake = lived.saturating_sub(asleep.saturating_sub(asleep_before));
        format!("{:.0}%", awake as f64 / lived as f64 * 100.0)
    }

    /// Names with what is counted of them, sorted, those that are looked for.
    fn named(
        &self,
        (sort, filter): (Sort, &str),
        of: impl for<'s> Fn(&'s Status) -> Vec<(&'s str, u64)>,
    ) -> Vec<(String, Option<f64>, u64)> {
        let before = self.before.map(&of).unwrap_or_default();
        let now = of(self.now).into_iter();
        let mut named: Vec<(String, Option<f64>, u64)> = now
            .filter(|(name, _)| name.contains(filter))
            .map(|(name, count)| {
                let earlier = before.iter().find(|(other, _)| *other == name);
                let rose = count.saturating_sub(earlier.map_or(0, |(_, count)| *count));
                let rate = self.before.map(|_| rose as f64 / self.seconds);
                (name.to_owned(), rate, count)
            })
            .collect();
        named.sort_by(|(a, a_rate, a_count), (b, b_rate, b_count)| {
            let order = match sort {
                Sort::Rate => b_rate.unwrap_or(0.0).total_cmp(&a_rate.unwrap_or(0.0)),
                Sort::Total => b_count.cmp(a_count),
                Sort::Name => core::cmp::Ordering::Equal,
            };
            order.then_with(|| a.cmp(b))
        });
        named
    }

    fn counted(
        &self,
        head: [&'static str; 3],
        shown: (Sort, &str),
        of: impl for<'s> Fn(&'s Status) -> Vec<(&'s str, u64)>,
    ) -> Table {
        let rows = self.named(shown, of).into_iter();
        Table {
            head: head.to_vec(),
            rows: rows
                .map(|(name, per_second, count)| vec![name, rate(per_second), grouped(count)])
                .collect(),
        }
    }

    fn types(&self, sort: Sort, filter: &str) -> Table {
        self.counted(
            ["EVENT TYPE", "EVENTS/S", "EVENTS"],
            (sort, filter),
            |status| {
                status
                    .types
                    .iter()
                    .map(|ty| (&*ty.name, ty.count))
                    .collect()
            },
        )
    }

    fn rules(&self, sort: Sort, filter: &str) -> Table {
        self.counted(["RULE", "MATCHES/S", "MATCHES"], (sort, filter), |status| {
            status
                .rules
                .iter()
                .map(|rule| (&*rule.name, rule.count))
                .collect()
        })
    }

    fn actions(&self, sort: Sort, filter: &str) -> Table {
        let named = self.named((sort, filter), |status| {
            let of = |action: &crate::status::Action| action.ok + action.failed + action.dropped;
            status
                .actions
                .iter()
                .map(|action| (&*action.name, of(action)))
                .collect()
        });
        let rows = named.into_iter().filter_map(|(name, per_second, _)| {
            let action = self.now.actions.iter().find(|action| action.name == name)?;
            Some(vec![
                name,
                rate(per_second),
                grouped(action.ok),
                grouped(action.failed),
                grouped(action.dropped),
                grouped(action.waiting),
            ])
        });
        Table {
            head: vec!["ACTION", "CALLS/S", "OK", "FAILED", "DROPPED", "WAITING"],
            rows: rows.collect(),
        }
    }
}

impl Table {
    /// The width of each column.
    pub(super) fn widths(&self) -> Vec<usize> {
        let of = |column: usize, head: &str| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0).max(head.len())
        };
        let heads = self.head.iter().enumerate();
        heads.map(|(column, head)| of(column, head)).collect()
    }

    /// Cells as a line: the first to the left, the others to the right.
    pub(super) fn line<'c>(widths: &[usize], cells: impl Iterator<Item = &'c str>) -> String {
        let mut line = String::new();
        for (column, (cell, width)) in cells.zip(widths).enumerate() {
            if column == 0 {
                // Writing to memory does not fail.
                let _ = write!(line, "{cell:<width$}");
            } else {
                let _ = write!(line, "  {cell:>width$}");
            }
        }
        line
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.head {
            writeln!(f, "{line}")?;
        }
        for table in &self.tables {
            let widths = table.widths();
            writeln!(f, "\n{}", Table::line(&widths, table.head.iter().copied()))?;
            for row in &table.rows {
                writeln!(
                    f,
                    "{}",
                    Table::line(&widths, row.iter().map(|cell| &**cell))
                )?;
            }
        }
        Ok(())
    }
}

fn latencies(what: &str, latencies: &Latencies) -> String {
    let at = |part| {
        latencies
            .quantile(part)
            .map_or_else(|| "-".to_owned(), time)
    };
    format!(
        "{what:<17}  p50 {:>7}   p90 {:>7}   p99 {:>7}   p99.9 {:>7}   max {:>7}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// Nanoseconds, three digits.
fn time(nanoseconds: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")];
    let value = nanoseconds as f64;
    let (unit, name) = UNITS
        .into_iter()
        .find(|(unit, _)| value >= *unit)
        .unwrap_or(UNITS[3]);
    three_digits(value / unit, name)
}

fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    if unit == 0 {
        return format!("{bytes} B");
    }
    three_digits(value, UNITS[unit])
}

fn three_digits(value: f64, unit: &str) -> String {
    let digits = usize::from(value < 10.0) + usize::from(value < 100.0);
    format!("{value:.digits$} {unit}")
}

fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(rate) if rate > 0.0 && rate < 10.0 => format!("{rate:.1}"),
        Some(rate) => grouped(rate.round() as u64),
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long a server has run.
pub(super) fn uptime(status: &Status) -> String {
    short(status.uptime())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(
            [999, 1_500, 12_345, 2_000_000_000].map(time),
            ["999 ns", "1.50 us", "12.3 us", "2.00 s"]
        );
        assert_eq!(
            [0, 999, 1_024, 5 << 20].map(bytes),
            ["0 B", "999 B", "1.00 KiB", "5.00 MiB"]
        );
        assert_eq!(
            [None, Some(0.0), Some(0.25), Some(1234.5)].map(rate),
            ["-", "0", "0.2", "1,235"]
        );
        assert_eq!(
            [5, 65, 3_700, 90_000].map(|s| short(Duration::from_secs(s))),
            ["5s", "1m05s", "1h01m", "1d01h"]
        );
    }
}
