//! Events from JSON, and matches to JSON.
//!
//! # Events
//!
//! An event is one JSON object, in one of two forms. It is a **`CloudEvents` 1.0** structured event if it has the member
//! `specversion`:
//!
//! ```json
//! {"specversion":"1.0","type":"com.example.deploy","source":"/ci","id":"42","time":"2026-01-01T00:00:00Z",
//!  "severity":"high","data":{"service":"shop","version":"1.2","phase":"started"}}
//! ```
//!
//! and in the **short form** otherwise, where the fields stand beside the envelope:
//!
//! ```json
//! {"type":"cpu_usage","time":"2026-01-01T00:00:00Z","host":"a","load":0.95}
//! ```
//!
//! ## Envelope
//!
//! | member | value | where it is absent or null |
//! |---|---|---|
//! | `type` | a type's wire name, or else its name in rules | refused |
//! | `source` | text | short form: the empty text; `CloudEvents`: refused, also where empty |
//! | `id` | text | short form: none; `CloudEvents`: refused, also where empty |
//! | `subject` | text | none |
//! | `time` | RFC 3339 with any offset, or integer nanoseconds since the epoch | the time that the caller gives |
//! | `severity` | `info`, `low`, `medium`, `high` or `critical` | none |
//!
//! `specversion` has to be `"1.0"`. Other attributes and extensions of `CloudEvents` are not read.
//! `data_base64` is refused: it holds what is not JSON.
//!
//! ## Places of fields
//!
//! | field | `CloudEvents` | short form |
//! |---|---|---|
//! | `f` | `data` → `f` | `f` |
//! | `f` at `"a.b"` | `data` → `a` → `b` | `a` → `b` |
//! | `f` at `"data.a.b"` | `data` → `a` → `b` | `data` → `a` → `b` if the object has an object `data`, else `a` → `b` |
//! | `f` at `"data"` | `data` itself, which then need not be an object | `data` |
//!
//! Steps lead through objects only. Members that nothing reads are skipped, and counted where fields are looked for. A
//! member that is read and stands twice in its object is refused: which of the two counts would be the parser's choice,
//! and two readers of one event must not differ.
//!
//! ## Values of fields
//!
//! | type | JSON |
//! |---|---|
//! | bool | `true`, `false` |
//! | int | a number without fraction in the range of 64 bits: `1` and `1.0`, not `1.5` |
//! | float | a number; -0 reads as 0 |
//! | text | text |
//! | time | as `time` in the envelope |
//! | duration | text such as `"5m30s"`, or integer nanoseconds. Units `w d h m s ms us ns` in this order, each at most once, with whole numbers; `-` in front |
//! | ip | text: an IPv4 or IPv6 address |
//! | enum | text: the name of a variant |
//!
//! `null` and a missing member are null, which only an optional field may be.
//!
//! ## Limits
//!
//! [`MAX_LINE`](crate::limits::MAX_LINE) bytes an event, [`MAX_JSON_DEPTH`](crate::limits::MAX_JSON_DEPTH) objects within
//! one another, [`MAX_TEXT`](trapjaw_event::limits::MAX_TEXT) bytes a text.
//!
//! # Matches
//!
//! See [`write_match`].

mod convert;
mod envelope;
mod error;
mod http;
mod matched;
mod ndjson;
mod node;
mod places;
mod read;

pub use convert::{Scalar, read_scalar};
pub use error::JsonError;
pub use matched::{
    ActionNames, MatchWriter, NamedType, RuleNames, write_bound_event, write_event, write_match,
};
pub use ndjson::NdjsonReader;
pub use read::EventReader;
