//! Frames that the protocol's page shows byte for byte are those that the wire's tests hold fast.

use std::fs;

use crate::page::{page, root};

/// The bytes that a page shows, without what is said of them.
fn shown_bytes(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.split('#').next());
    lines.flat_map(str::split_whitespace).collect()
}

/// The bytes of a file, without the offsets in front of its lines.
fn golden_bytes(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines
        .flat_map(|line| line.split_whitespace().skip(1))
        .collect()
}

#[test]
fn frames_are_shown_as_they_are() {
    let page = page("docs/src/protocol.md");
    let mut shown = 0;
    for block in page.blocks().iter().filter(|block| block.language == "hex") {
        let name = block.option("frame").expect("a frame has a name");
        let path = root().join(format!("io/wire/tests/golden/{name}.hex"));
        let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(shown_bytes(&block.text), golden_bytes(&golden), "{name}");
        shown += 1;
    }
    assert!(shown >= 2, "only {shown} frames were found");
}
