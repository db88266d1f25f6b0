//! Floods of partial matches stay within the limit, and what is dropped is counted.
#![forbid(unsafe_code)]

use trapjaw_benches::floods::{EVENTS, Flood, LIMIT, Stream, flood, picture};
use trapjaw_engine::limits::MAX_RUNS;

fn within_limit(stream: Stream, limit: usize) -> Flood {
    let flood = flood(stream, limit, EVENTS);
    for (events, bytes) in &flood.bytes {
        assert!(*bytes <= limit, "{bytes} after {events} events of {stream}");
    }
    // It came near the limit, or to the limit of its own: the end of the curve is flat or falls.
    assert!(flood.peak() > limit / 4, "{}", flood.peak());
    flood
}

#[test]
fn of_a_thousand_keys_some_are_given_up_with_all_that_they_have() {
    let flood = within_limit(Stream::Thousand, LIMIT);
    assert!(flood.evicted > 0);
    assert!((1..=1_000).contains(&flood.keys));
    assert_eq!(flood.given_up, 0);
}

#[test]
fn of_distinct_keys_each_is_there_or_given_up() {
    let flood = within_limit(Stream::Distinct, LIMIT);
    assert!(flood.evicted > 0);
    assert_eq!(flood.keys as u64 + flood.evicted, EVENTS as u64);
}

#[test]
fn of_one_key_the_oldest_partial_matches_are_given_up() {
    let flood = within_limit(Stream::Equal, LIMIT);
    assert_eq!((flood.keys, flood.evicted), (1, 0));
    assert_eq!(flood.given_up, (EVENTS - MAX_RUNS) as u64);
    // From then on it is as large as it gets.
    let full = flood.bytes.iter().filter(|(events, _)| *events > MAX_RUNS);
    let full: Vec<usize> = full.map(|(_, bytes)| *bytes).collect();
    let (least, most) = (full.iter().min().unwrap(), full.iter().max().unwrap());
    assert!(most - least < most / 20, "{least} to {most}");
}

#[test]
fn the_picture_has_a_curve_for_each_stream() {
    let floods = Stream::ALL.map(|stream| flood(stream, LIMIT, 20_000));
    let svg = picture(&floods, LIMIT).to_string();
    assert_eq!(svg.matches("<polyline").count(), Stream::ALL.len());
    assert!(
        Stream::ALL
            .iter()
            .all(|stream| svg.contains(&stream.to_string()))
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}
