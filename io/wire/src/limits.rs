//! The named limits of what crosses the wire, and the relations between them that the code relies on.

use trapjaw_event::limits::{
    FRAME_OVERHEAD, MAX_BATCH, MAX_FRAME, MAX_NAME, MAX_ROWS, MAX_TEXT, MAX_TYPES,
};

/// Bytes of a frame's header. Frames are padded to a multiple of it.
pub const HEADER: usize = 64;

/// Most bytes of a frame's payload, padding left out.
pub const MAX_PAYLOAD: usize = MAX_BATCH;

/// Most bytes of a HELLO's token.
pub const MAX_TOKEN: usize = 4_096;

/// Most bytes of the name and of the version by which a peer introduces itself.
pub const MAX_PEER_NAME: usize = 256;

/// Most bytes of a reason in NACK and BYE. A longer one is cut when it is sent.
pub const MAX_REASON: usize = 1_024;

/// Most bytes of a code's name in a NACK.
pub const MAX_CODE_NAME: usize = 64;

/// Most event types that a connection declares; their numbers lie below it.
pub const MAX_DECLARED: usize = MAX_TYPES;

/// Most rules that a subscription names.
pub const MAX_SUBSCRIBED: usize = 2_048;

/// Most bytes of the JSON text in a MATCH: the payload without the fields before the text.
pub const MAX_MATCH_TEXT: usize = MAX_PAYLOAD - 12;

/// Most bytes in one line of NDJSON, its end left out, and in one event as JSON anywhere else.
pub const MAX_LINE: usize = 1 << 20;

/// Most bytes in a batch of `CloudEvents` as one JSON array.
pub const MAX_JSON_BATCH: usize = 16 * MAX_LINE;

/// Most events in a batch of `CloudEvents` as one JSON array.
pub const MAX_JSON_BATCH_EVENTS: usize = MAX_ROWS;

/// Most objects within one another in an event as JSON.
pub const MAX_JSON_DEPTH: usize = 64;

const _: () = assert!(HEADER == FRAME_OVERHEAD && MAX_FRAME.is_multiple_of(HEADER));
const _: () = assert!(HEADER + MAX_PAYLOAD.next_multiple_of(HEADER) <= MAX_FRAME);
// Numbers of declared types are `u16`.
const _: () = assert!(MAX_DECLARED <= u16::MAX as usize);
// Whatever their parts, these messages fit into a frame.
const _: () = assert!(24 + 4 + MAX_TOKEN + 4 + MAX_PEER_NAME <= MAX_PAYLOAD);
const _: () = assert!(8 + MAX_SUBSCRIBED * (4 + MAX_NAME) <= MAX_PAYLOAD);
const _: () = assert!(16 + 4 + MAX_CODE_NAME + 4 + MAX_REASON <= MAX_PAYLOAD);
// A text of the largest size fits into a line with every byte of it escaped.
const _: () = assert!(2 * MAX_TEXT < MAX_LINE);
// A path's every step is reached, and the parser's own limit of 128 is not.
const _: () =
    assert!(trapjaw_event::limits::MAX_PATH + 2 <= MAX_JSON_DEPTH && MAX_JSON_DEPTH < 128);
