//! The way in: rows to batches, frames to batches that are checked.

use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchBytes, check, layout};
use trapjaw_wire::frame::{Decoder, Events, Message};

use super::{EVENTS, KEYS, Loaded, ROWS};
use crate::load::{CPU, CpuRows, Load};
use crate::measure::compile;

/// Batches from rows: the rows that the batches have.
pub(super) fn build() -> Loaded {
    let registry = compile(CPU).registry.clone();
    let load = Load::cpu(&registry, 1, EVENTS, ROWS, KEYS);
    let events: Arc<[_]> = load.events.into();
    Loaded {
        expected: EVENTS,
        ready: Box::new(move || {
            let events = Arc::clone(&events);
            let writer = CpuRows::new(&registry, KEYS);
            let mut builder = BatchBuilder::new(Arc::clone(&registry));
            let mut bytes = BatchBytes::default();
            let mut pass = move || {
                let mut rows = 0;
                for part in events.chunks(ROWS) {
                    for event in part {
                        writer.write(&mut builder, event);
                    }
                    rows += builder.rows() as u64;
                    builder.finish_into(&mut bytes);
                }
                rows
            };
            pass();
            Box::new(pass)
        }),
    }
}

/// Frames, as they come from a socket, to batches that may be read: their rows.
pub(super) fn decode() -> Loaded {
    let registry = compile(CPU).registry.clone();
    let load = Load::cpu(&registry, 1, EVENTS, ROWS, KEYS);
    let mut frames = Vec::new();
    for (number, batch) in load.batches.iter().enumerate() {
        let events = Events {
            first_seq: (number * ROWS) as u64 + 1,
            layout: layout(),
            rows: ROWS as u32,
            batch,
        };
        let encoded = events.encode(&mut frames, true);
        encoded.expect("a batch fits a frame");
    }
    // Frames are multiples of 64 bytes, so that each payload is where a batch may lie.
    let frames = Arc::new(BatchBytes::copy_of(&frames));
    let bindings: Arc<[_]> = load.bindings.into();
    Loaded {
        expected: EVENTS,
        ready: Box::new(move || {
            let (frames, bindings) = (Arc::clone(&frames), Arc::clone(&bindings));
            Box::new(move || {
                let mut decoder = Decoder::new();
                let mut input: &[u8] = &frames;
                let mut rows = 0;
                while let Some(frame) = decoder.next(&mut input).expect("sound frames") {
                    let message = frame.message().expect("a sound payload");
                    let Message::Events(events) = message else {
                        panic!("only events were encoded");
                    };
                    let batch = check(events.batch, &bindings).expect("a sound batch");
                    rows += u64::from(batch.rows());
                }
                rows
            })
        }),
    }
}
