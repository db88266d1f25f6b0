//! Memory is flat over an hour of events, and an hour over which it is not is told.
//!
//! A program of its own, of one test: the process's memory is measured, and another test beside it would be part of that.
#![forbid(unsafe_code)]

use trapjaw_benches::hour::{Fault, Hour, LEAST, hour};

fn run(fault: Option<Fault>) -> Hour {
    let hour = hour(LEAST, fault, |_, _| {});
    assert_eq!(hour.samples.len(), 60);
    assert!(hour.matches > 10_000, "{}", hour.matches);
    hour
}

#[test]
fn memory_is_flat_unless_keys_that_are_gone_are_kept() {
    let flat = run(None);
    assert_eq!(flat.findings(), Vec::<String>::new(), "{flat}");
    // Each kind but that without state has something to remember, the three sliding ones together.
    for sample in &flat.samples {
        let empty = sample.bytes.iter().filter(|bytes| **bytes == 0).count();
        assert!(empty <= 3, "{:?}", sample.bytes);
    }
    let kept = run(Some(Fault::Keep)).findings().join("\n");
    assert!(
        kept.contains("all rules") && kept.contains("everything so far"),
        "{kept}"
    );
}
