//! Patterns over short histories, by the engine and by the oracle.

use trapjaw_tests::comparison::smallest;
use trapjaw_tests::differential::{CUTS, Failure, Subject};
use trapjaw_tests::generate::PatternCase;

use crate::Outcome;

/// The places among [`CUTS`] of those that are tried: all at once, an event at a time on several shards, and both once
/// more with each run followed by itself.
const WAYS: [usize; 4] = [0, 4, 6, 7];

/// Makes a pattern of at most four elements and a history of at most twelve events from the bytes, and holds what the
/// engine finds against what the oracle does. The bytes decide the way on after a match too.
///
/// What differs is told as a smallest case, which can be put into `tests/corpus`.
pub fn patterns(data: &[u8]) -> Outcome {
    let Some(case) = PatternCase::of_bytes(data) else {
        return Outcome::Refused;
    };
    let subject = Subject::new(&case.case());
    let subject = subject.unwrap_or_else(|failure| panic!("{failure:?}\n{}", case.case()));
    let cuts = WAYS.map(|way| CUTS[way]);
    match subject.difference(case.events(), case.options(), &cuts) {
        Ok(_) => Outcome::Accepted,
        Err(Failure::Front(text)) => panic!("{text}\n{}", case.case()),
        Err(Failure::Difference(what)) => panic!("{what}\nas a case:\n{}", smallest(case)),
    }
}
