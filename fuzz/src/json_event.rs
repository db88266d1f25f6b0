//! Events in JSON.

use std::io::BufReader;
use std::sync::{Arc, LazyLock};

use trapjaw_event::Event;
use trapjaw_wire::Code;
use trapjaw_wire::json::{EventReader, JsonError, NdjsonReader};

use crate::Outcome;
use crate::world::{self, REGISTRY};

/// The time of events that have none: 2026-01-01.
const NOW: i64 = 1_767_225_600_000_000_000;

static READER: LazyLock<EventReader> = LazyLock::new(|| EventReader::new(Arc::clone(&REGISTRY)));

/// Reads the bytes as one event, as a batch of events, and as lines of events; what is read goes through a batch.
pub fn json_event(data: &[u8]) -> Outcome {
    let mut reader = READER.clone();
    let one = reader.event(data, NOW);
    let mut events: Vec<Event> = one.iter().cloned().collect();
    if let Ok(cloud) = reader.structured(data, NOW) {
        // What is CloudEvents reads the same where either form may stand.
        assert_eq!(one.as_ref().ok(), Some(&cloud));
    }
    if let Ok(batch) = reader.batched(data, NOW) {
        events.extend(batch.into_iter().flatten());
    }
    events.extend(lines(data));
    world::survives(&events);
    if events.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Accepted
    }
}

/// The good lines, which don't depend on how the input is buffered.
fn lines(data: &[u8]) -> Vec<Event> {
    let whole = NdjsonReader::new(data, READER.clone(), NOW);
    let whole = whole.map(|line| line.expect("memory can be read"));
    let whole: Vec<_> = whole.map(told).collect();
    let capacity = 1 + data.len() % 61;
    let pieces = NdjsonReader::new(
        BufReader::with_capacity(capacity, data),
        READER.clone(),
        NOW,
    );
    let pieces = pieces.map(|line| line.expect("memory can be read"));
    assert!(
        pieces.map(told).eq(whole.iter().cloned()),
        "lines depend on how they are buffered"
    );
    whole
        .into_iter()
        .filter_map(|(_, event)| event.ok())
        .collect()
}

/// A line with what it is, or its error's code and reason.
fn told((number, line): (u64, Result<Event, JsonError>)) -> (u64, Result<Event, (Code, String)>) {
    let line = line.map_err(|error| (error.code(), error.reason().to_owned()));
    (number, line)
}
