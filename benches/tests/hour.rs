//! Memory is flat over an hour of events, and an hour over which it is not is told.
#![forbid(unsafe_code)]

use trapjaw_benches::hour::kinds::{KINDS, table, take};
use trapjaw_benches::hour::{Fault, Hour, LEAST, hour};
use trapjaw_benches::page::renew;

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

#[test]
fn a_key_of_each_kind_takes_what_its_plan_says() {
    let taken: Vec<_> = KINDS.iter().map(|kind| take(*kind, &|| None)).collect();
    assert_eq!(table(&taken).lines().count(), 2 + KINDS.len());
}

#[test]
fn the_page_has_a_place_for_both_tables() {
    let page = include_str!("../../docs/src/performance.md");
    for part in ["hour", "bytes-a-key"] {
        assert!(renew(page, part, "renewed").is_ok_and(|page| page.contains("renewed")));
    }
    assert!(page.contains("](pictures/hour.svg)"));
}
