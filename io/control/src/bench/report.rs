//! What was measured, for people and as JSON.

use core::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Number of rules.
    pub rules: usize,
    /// Events of a round of the throughput.
    pub events: usize,
    /// Matches of a round, as a replay finds them.
    pub matches: u64,
    /// What drove the sockets, and why.
    pub driver: String,
    /// How many others wanted to run before it began, over a minute, five and fifteen; empty where the system does not tell.
    pub machine_load: String,
    /// As many events as go through.
    pub throughput: Throughput,
    /// By rate.
    pub latency: Vec<Latency>,
}

/// Events a second, in large batches over one connection to one shard.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Throughput {
    /// The median round.
    pub events_per_second: f64,
    /// The slowest round.
    pub least: f64,
    /// The fastest round.
    pub most: f64,
}

/// From the moment at which something was to be sent until what came of it was there, at one rate.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Events a second, one a frame.
    pub rate: u32,
    /// Events that were sent.
    pub events: u64,
    /// To the match.
    pub matches: Spread,
    /// To the answer to a ping, of which there were as many as events.
    pub echo: Spread,
    /// How much later than due the latest was sent, in microseconds.
    pub late_us: f64,
    /// Does this machine keep up with the rate?
    pub keeps_up: bool,
}

/// How times are spread, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// How many there are; without any, all else is 0.
    pub count: u64,
    /// Half are shorter.
    pub p50: f64,
    /// 99 of a hundred are shorter.
    pub p99: f64,
    /// 999 of a thousand are shorter.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Spread {
    pub(super) fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            count: times.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: times.max() as f64 / 1e3,
        }
    }

    /// The times that are told.
    fn told(&self) -> [f64; 4] {
        [self.p50, self.p99, self.p999, self.max]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rules, one shard on loopback, {}",
            self.rules, self.driver
        )?;
        if !self.machine_load.is_empty() {
            writeln!(
                f,
                "load of the machine before it began: {}",
                self.machine_load
            )?;
        }
        let Throughput {
            events_per_second,
            least,
            most,
        } = self.throughput;
        writeln!(
            f,
            "\nin large batches  {} events/s, {}..{}; {} events, {} matches, each found once\n",
            counted(events_per_second),
            counted(least),
            counted(most),
            self.events,
            self.matches,
        )?;
        writeln!(
            f,
            "{:<18}{:>9} {:>10} {:>10} {:>10} {:>10}",
            "one a frame", "count", "p50", "p99", "p99.9", "max"
        )?;
        for latency in &self.latency {
            latency.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, echo, .. } = self;
        let mut row = |name: &str, spread: &Spread| {
            write!(f, "{name:<18}{:>9}", spread.count)?;
            for time in spread.told() {
                write!(f, " {:>10}", format!("{time:.0} us"))?;
            }
            writeln!(f)
        };
        row(&format!("{} events/s", self.rate), matches)?;
        row("  bare echo", echo)?;
        write!(f, "{:<18}{:>9}", "  ratio", "")?;
        for (time, bare) in matches.told().into_iter().zip(echo.told()) {
            let ratio = if matches.count == 0 {
                "-".to_owned()
            } else {
                format!("{:.2}", time / bare)
            };
            write!(f, " {ratio:>10}")?;
        }
        writeln!(f, "  sent {:.0} us late at most", self.late_us)?;
        if self.keeps_up {
            Ok(())
        } else {
            writeln!(f, "  this machine does not keep up with that rate")
        }
    }
}

/// A rate for people.
fn counted(rate: f64) -> String {
    if rate >= 1e6 {
        format!("{:.2} M", rate / 1e6)
    } else {
        format!("{rate:.0}")
    }
}

/// How many want to run, over a minute, five and fifteen.
pub(super) fn machine_load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_people() {
        let spread = |factor: f64, count| Spread {
            count,
            p50: 50.0 * factor,
            p99: 100.0 * factor,
            p999: 200.0 * factor,
            max: 400.0 * factor,
        };
        let report = Report {
            rules: 3,
            events: 5_000,
            matches: 700,
            driver: "epoll: as asked for".to_owned(),
            machine_load: "0.10 0.20 0.30".to_owned(),
            throughput: Throughput {
                events_per_second: 2_345_678.0,
                least: 999_999.0,
                most: 3_000_000.0,
            },
            latency: vec![
                Latency {
                    rate: 1_000,
                    events: 2_000,
                    matches: spread(1.5, 700),
                    echo: spread(1.0, 2_000),
                    late_us: 7.4,
                    keeps_up: true,
                },
                Latency {
                    rate: 50_000,
                    events: 2_000,
                    matches: spread(0.0, 0),
                    echo: spread(1.0, 2_000),
                    late_us: 150_000.0,
                    keeps_up: false,
                },
            ],
        };
        assert_eq!(
            report.to_string(),
            "\
3 rules, one shard on loopback, epoll: as asked for
load of the machine before it began: 0.10 0.20 0.30

in large batches  2.35 M events/s, 999999..3.00 M; 5000 events, 700 matches, each found once

one a frame           count        p50        p99      p99.9        max
1000 events/s           700      75 us     150 us     300 us     600 us
  bare echo            2000      50 us     100 us     200 us     400 us
  ratio                           1.50       1.50       1.50       1.50  sent 7 us late at most
50000 events/s            0       0 us       0 us       0 us       0 us
  bare echo            2000      50 us     100 us     200 us     400 us
  ratio                              -          -          -          -  sent 150000 us late at most
  this machine does not keep up with that rate
"
        );
    }
}
