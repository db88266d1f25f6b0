//! This machine's load, as `/proc` tells it.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};

/// How busy cores were between two looks.
#[derive(Debug, Default)]
pub(super) struct Cores {
    /// Busy and total ticks of each core at the last look.
    before: HashMap<String, (u64, u64)>,
}

impl Cores {
    /// How busy each core was since the last look, from 0 to 1; `all` is the machine. Nothing at the first look.
    pub(super) fn look(&mut self) -> Result<Vec<(String, f64)>> {
        let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
        let mut busy = Vec::new();
        for (name, ticks) in text.lines().filter_map(core) {
            // user, nice, system, idle, iowait, irq, softirq, steal: what follows is counted in these already.
            let total: u64 = ticks.iter().take(8).sum();
            let idle: u64 = ticks.iter().skip(3).take(2).sum();
            let now = (total - idle, total);
            if let Some(before) = self.before.insert(name.clone(), now) {
                let passed = now.1.saturating_sub(before.1);
                // Two looks within one tick tell nothing.
                if passed > 0 {
                    busy.push((name, now.0.saturating_sub(before.0) as f64 / passed as f64));
                }
            }
        }
        Ok(busy)
    }
}

/// A line of `/proc/stat` that is about a core: its name and ticks.
fn core(line: &str) -> Option<(String, Vec<u64>)> {
    let mut words = line.strip_prefix("cpu")?.split(' ');
    let name = words.next()?;
    let ticks = words
        .filter(|word| !word.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    Some((
        if name.is_empty() {
            "all".to_owned()
        } else {
            name.to_owned()
        },
        ticks,
    ))
}

/// Which part of the memory is used, from 0 to 1.
pub(super) fn memory() -> Result<f64> {
    let text = fs::read_to_string("/proc/meminfo").context("reading /proc/meminfo")?;
    let field = |name: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':')
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    let (total, available) = field("MemTotal")
        .zip(field("MemAvailable"))
        .context("/proc/meminfo lacks its totals")?;
    Ok(1.0 - available / total)
}

/// Average number of tasks that ran or waited over a minute, and how many run now.
pub(super) fn run_queue() -> Result<(f64, i64)> {
    let text = fs::read_to_string("/proc/loadavg").context("reading /proc/loadavg")?;
    let mut words = text.split_whitespace();
    let minute = words.next().and_then(|word| word.parse().ok());
    let running = words
        .nth(2)
        .and_then(|word| word.split('/').next()?.parse().ok());
    minute
        .zip(running)
        .context("/proc/loadavg has another form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_looked_at() {
        let mut cores = Cores::default();
        assert!(
            cores.look().expect("there is a /proc").is_empty(),
            "one look tells no difference"
        );
        assert!(cores.before.contains_key("all") && cores.before.len() > 1);
        assert!((0.0..=1.0).contains(&memory().expect("there is a /proc")));
        assert!(run_queue().expect("there is a /proc").0 >= 0.0);
    }

    #[test]
    fn a_line_about_a_core() {
        let (name, ticks) = core("cpu1 1 2 3 4 5 6 7 8 0 0").expect("it is about a core");
        assert_eq!((&*name, ticks.len()), ("1", 10));
        assert_eq!(core("cpu  1 2 3 4").expect("it is about all").0, "all");
        assert!(core("intr 1 2 3").is_none());
    }
}
