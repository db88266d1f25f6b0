//! What a key of each kind of rule takes, and the page that tells it.
#![forbid(unsafe_code)]

use trapjaw_benches::hour::kinds::{KINDS, table, take};
use trapjaw_benches::page::renew;

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
