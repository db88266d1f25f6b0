//! Where and when something was measured.

use core::fmt::{self, Display, Formatter};
use std::fs;
use std::thread;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A machine on a day.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor's name, as it tells it.
    pub model: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The kernel's version.
    pub kernel: String,
    /// The day, in UTC.
    pub date: Date,
}

impl Machine {
    /// This one, today. What the system does not tell is told as unknown.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processors = read("/proc/cpuinfo");
        let model = processors.lines().find_map(|line| {
            let (name, model) = line.split_once(':')?;
            (name.trim() == "model name").then(|| model.trim().to_owned())
        });
        let kernel = read("/proc/sys/kernel/osrelease");
        // What follows is whose build it is.
        let kernel = kernel.trim().split('-').next().unwrap_or_default();
        let kernel = Some(kernel.to_owned()).filter(|kernel| !kernel.is_empty());
        let unknown = || "unknown".to_owned();
        Self {
            model: model.unwrap_or_else(unknown),
            cores: thread::available_parallelism().map_or(1, Into::into),
            kernel: kernel.unwrap_or_else(unknown),
            date: Timestamp::now().to_zoned(TimeZone::UTC).date(),
        }
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            cores,
            kernel,
            date,
        } = self;
        let plural = if *cores == 1 { "" } else { "s" };
        write!(f, "{cores} core{plural}, {model}, Linux {kernel}, {date}")
    }
}

/// How many others want to run, over a minute, five and fifteen; empty where the system does not tell.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Bytes of this process that are in memory; `None` where the system does not tell.
pub fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_on_one_line() {
        let told = Machine::here().to_string();
        assert!(told.contains(" core") && told.contains("Linux "), "{told}");
        assert_eq!(told.lines().count(), 1);
        assert!(!told.contains('/'), "no path: {told}");
    }
}
