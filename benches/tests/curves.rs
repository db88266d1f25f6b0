//! What the program of curves writes has its place.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use trapjaw_benches::curves::GROUPS;
use trapjaw_benches::page::renew;

const PAGE: &str = include_str!("../../docs/src/curves.md");

#[test]
fn each_group_has_a_table_and_a_picture_on_the_page() {
    for group in &GROUPS {
        let renewed =
            renew(PAGE, group.name, "| renewed |").unwrap_or_else(|error| panic!("{error}"));
        assert!(renewed.contains("| renewed |"));
        let picture = format!("](pictures/curves-{}.svg)", group.name);
        assert_eq!(PAGE.matches(&*picture).count(), 1, "{picture}");
    }
    let names: BTreeSet<&str> = GROUPS.iter().map(|group| group.name).collect();
    assert_eq!(names.len(), GROUPS.len());
    assert_eq!(PAGE.matches("<!-- end of ").count(), GROUPS.len());
}
