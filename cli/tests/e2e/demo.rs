//! `trapjaw demo`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::rig::{beside, command, folder};

#[test]
fn rules_are_raised_and_cleared_and_timed() {
    let here = folder(&[]);
    let shown = command(here.path(), &["demo", "--seconds", "5"])
        .assert()
        .code(0)
        .stderr_eq("");
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    let has = |words: [&str; 3]| {
        let found = shown
            .lines()
            .any(|line| line.contains(" us ") && words.iter().all(|word| line.contains(word)));
        assert!(found, "no line has {words:?}:\n{shown}");
    };
    has(["raised", "sustained_load", "core"]);
    has(["raised", "dead_heartbeat", "heart-b is silent"]);
    has(["cleared", "dead_heartbeat", "heart-b is back"]);
    let (_, table) = shown.split_once("\nlatency ").expect("there is a table");
    for name in ["every_sample", "sustained_load", "dead_heartbeat", "all"] {
        let row = table
            .lines()
            .find(|line| line.split(' ').next() == Some(name));
        let row = row.unwrap_or_else(|| panic!("no row of {name}:\n{shown}"));
        assert_eq!(row.matches(" us").count(), 4, "{row}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it() {
    let here = folder(&[]);
    let mut demo = beside(here.path(), &["demo", "--seconds", "86400"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut reader = BufReader::new(demo.stdout.take().expect("it is piped"));
    let mut first = String::new();
    reader.read_line(&mut first).expect("there is a line");
    assert!(first.contains(" rules on 127.0.0.1:"), "{first}");
    drop(reader);
    let ended = demo.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
