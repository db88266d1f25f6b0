//! Pinning a shard's thread to a core.
//!
//! A pinned shard keeps its caches warm and its budget for spinning honest. Where the system refuses (containers often
//! do), a shard runs unpinned just as correctly.

use rustix::io::Errno;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fmt;
use std::io;

/// A core by the system's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Core(u32);

impl Core {
    /// The system's number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "core {}", self.0)
    }
}

/// A thread could not be pinned; it displays as a sentence with the reason.
#[derive(Debug)]
pub struct Unpinned {
    core: Core,
    error: io::Error,
}

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not pinned to {}: {}", self.core, self.error)
    }
}

impl std::error::Error for Unpinned {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// The cores on which the calling thread may run, ascending. A process that is confined (`taskset`, a container's
/// cpuset) sees only its own; a limit of CPU time doesn't show here.
pub fn cores() -> io::Result<Vec<Core>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU)
        .filter(|&core| set.is_set(core))
        .map(|core| Core(core as u32))
        .collect())
}

/// Pins the calling thread to a core.
pub fn pin(core: Core) -> Result<(), Unpinned> {
    let refused = |errno: Errno| Unpinned {
        core,
        error: errno.into(),
    };
    if core.0 as usize >= CpuSet::MAX_CPU {
        return Err(refused(Errno::INVAL));
    }
    let mut set = CpuSet::new();
    set.set(core.0 as usize);
    sched_setaffinity(None, &set).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_may_run_on_its_core_alone() {
        let all = cores().expect("a thread may ask for its cores");
        assert!(!all.is_empty());
        // A thread of its own: pinning lasts.
        std::thread::spawn(move || {
            let last = *all.last().expect("there is one");
            match pin(last) {
                Ok(()) => assert_eq!(cores().expect("as before"), [last]),
                Err(refused) => {
                    println!("{refused}");
                    assert_eq!(
                        cores().expect("as before"),
                        all,
                        "a refusal changes nothing"
                    );
                }
            }
        })
        .join()
        .expect("no assertion failed");
    }

    #[test]
    fn a_core_that_is_not_there_is_refused_with_a_reason() {
        for number in [CpuSet::MAX_CPU as u32 - 1, u32::MAX] {
            let refused = pin(Core(number)).expect_err("nobody has that many cores");
            assert!(
                refused
                    .to_string()
                    .starts_with(&format!("not pinned to core {number}: ")),
                "{refused}"
            );
        }
    }
}
