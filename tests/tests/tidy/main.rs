//! The limits that the tree sets itself: who may know whom, how long a file is, where `unsafe` stands, what is
//! documented.
//!
//! Each finding says what to do about it. Each check is also tried on small examples of what it has to find, and counts
//! what it has seen: a check that can't fail is none.
#![forbid(unsafe_code)]

mod documents;
mod edges;
mod house;
mod orphans;
mod size;
mod source;
mod tree;
mod unsafe_code;
mod words;

/// Fails with all findings, if there are any.
fn report(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings:\n  {}\n",
        findings.len(),
        findings.join("\n  ")
    );
}
