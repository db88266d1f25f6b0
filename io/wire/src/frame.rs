//! The binary protocol: frames over one byte stream each way.
//!
//! All numbers are little-endian. A frame is a header of 64 bytes, a payload, and zeros up to the next multiple of 64
//! bytes; the next frame follows at once. Who keeps frames in memory that is aligned to 64 bytes so finds every
//! payload aligned to 64 bytes.
//!
//! # Header
//!
//! | offset | bytes | field | |
//! |---:|---:|---|---|
//! | 0 | 4 | `magic` | the bytes `TRPJ` |
//! | 4 | 1 | `version` | 1 |
//! | 5 | 1 | `kind` | see [`Kind`] |
//! | 6 | 1 | `codec` | of the payload: 1 (rkyv batch) for EVENTS, 0 for all others |
//! | 7 | 1 | `flags` | bit 0: `payload_crc` is there; other bits 0 |
//! | 8 | 4 | `channel` | SUBSCRIBE and MATCH: the subscription's number; 0 for all others |
//! | 12 | 4 | `payload_len` | without the padding; at most [`MAX_PAYLOAD`] |
//! | 16 | 8 | `first_seq` | EVENTS: number of the first row in its stream; MATCH: number of the match in its subscription; both from 1, 0 for all others |
//! | 24 | 8 | `layout` | EVENTS: fingerprint of the codec's types; 0 for all others |
//! | 32 | 4 | `rows` | EVENTS: rows in the batch, from 1; 0 for all others |
//! | 36 | 20 | | zeros |
//! | 56 | 4 | `payload_crc` | CRC32C of the payload without padding; 0 without the flag |
//! | 60 | 4 | `header_crc` | CRC32C of the 60 bytes before |
//!
//! Fields that a kind has no use for are sent as 0; a receiver does not look at them.
//!
//! # Payloads
//!
//! The payload of EVENTS is a batch in the header's codec. All others are fields one after another without gaps, each
//! of these forms:
//!
//! - `u8`, `u16`, `u32`, `u64`, `u128`: little-endian;
//! - `text`: a `u32` count of bytes, and as many bytes of UTF-8;
//! - `list of X`: a `u32` count, and as many X;
//! - `zero`: bytes that are 0.
//!
//! A payload ends with its last field; more bytes are an error, as is every value that is not listed here.
//!
//! **HELLO** (client, first frame)
//!
//! | field | form | |
//! |---|---|---|
//! | lowest version | `u8` | that the client speaks |
//! | highest version | `u8` | that the client speaks |
//! | level | `u8` | of acknowledgement that it wishes: 0 the server's own, else see [`Level`] |
//! | | `zero` 1 | |
//! | codecs | `u32` | that it can send: bit n for codec n |
//! | stream | `u128` | the client's choice; names the stream that sequence numbers count in |
//! | token | `text` | at most [`MAX_TOKEN`] bytes; empty for none |
//! | client | `text` | its name and version, for logs; at most [`MAX_PEER_NAME`] bytes |
//!
//! HELLO and WELCOME look as they do here in all versions, and are always sent as frames of version 1.
//!
//! **WELCOME** (server, answers HELLO)
//!
//! | field | form | |
//! |---|---|---|
//! | version | `u8` | that is spoken from here on |
//! | level | `u8` | of acknowledgement that is given; see [`Level`] |
//! | codec | `u8` | that events are to be sent in |
//! | | `zero` 1 | |
//! | credit | `u32` | rows that may be sent at once |
//! | largest frame | `u32` | that the server takes: bytes with header and padding |
//! | most rows | `u32` | that it takes in one batch |
//! | high water | `u64` | number of the stream's last event that was taken; 0 for none. What is sent again up to it is acknowledged and dropped |
//! | layout | `u64` | fingerprint of the codec's types |
//! | server | `text` | its name; at most [`MAX_PEER_NAME`] bytes |
//! | server version | `text` | at most [`MAX_PEER_NAME`] bytes |
//!
//! **SCHEMA** begins with a `u8` that says which of three it is:
//!
//! | | field | form | |
//! |---|---|---|---|
//! | declare (client) | 1 | `u8` | |
//! | | | `zero` 1 | |
//! | | number | `u16` | that the type has from now on in this connection's sections; below [`MAX_DECLARED`] |
//! | | wire name | `text` | at most [`MAX_NAME`] bytes, as all names |
//! | | columns | `list of` column | at most [`MAX_FIELDS`] |
//! | ask (client) | 2 | `u8` | |
//! | | | `zero` 3 | |
//! | answer (server) | 3 | `u8` | |
//! | | last | `u8` | 1 in the last of the frames that answer, else 0 |
//! | | | `zero` 2 | |
//! | | types | `list of` type | at most [`MAX_TYPES`], in the registry's order over all the frames |
//!
//! - column: name `text`, optional `u8` (0 or 1), field type;
//! - field type: `u8` of 1 bool, 2 int, 3 float, 4 text, 5 time, 6 duration, 7 ip, 8 enum; after 8 the variants as
//!   `list of text`, 1 to [`MAX_VARIANTS`];
//! - type: name in rules `text`, wire name `text`, lateness in nanoseconds `u64`, fields `list of` (column, path);
//! - path: `list of text`, at most [`MAX_PATH`]; empty for a field at its default place.
//!
//! A declaration is answered only where it is refused. ASK is answered by one or more frames.
//!
//! **ACK** (server)
//!
//! | field | form | |
//! |---|---|---|
//! | sequence | `u64` | all events of the stream up to this number have reached the level |
//! | credit | `u32` | rows that may be sent beyond what was granted before |
//! | level | `u8` | see [`Level`] |
//! | | `zero` 3 | |
//!
//! **NACK** (either side)
//!
//! | field | form | |
//! |---|---|---|
//! | sequence | `u64` | what is refused: for EVENTS the first sequence number, for SCHEMA the declared number, for SUBSCRIBE the subscription's; else 0 |
//! | code | `u16` | see [`Code`](crate::Code) |
//! | kind | `u8` | of the frame that is refused; 0 if none is |
//! | closing | `u8` | 1 if the sender closes the connection behind this frame, else 0 |
//! | name | `text` | of the code; at most [`MAX_CODE_NAME`] bytes |
//! | reason | `text` | for people; at most [`MAX_REASON`] bytes |
//!
//! **SUBSCRIBE** (client; the header's `channel` is the subscription's number, chosen by the client)
//!
//! | field | form | |
//! |---|---|---|
//! | rules | `list of text` | names; at most [`MAX_SUBSCRIBED`]; empty for all rules |
//!
//! **MATCH** (server; `channel` and `first_seq` in the header; a gap in `first_seq` shows what was dropped)
//!
//! | field | form | |
//! |---|---|---|
//! | age | `u64` | nanoseconds from the intake of the batch that caused the match to the making of this frame; 0 where not known |
//! | match | `text` | the JSON object that [`write_match`](crate::json::write_match) describes; at most [`MAX_MATCH_TEXT`] bytes |
//!
//! **PING**, **PONG** (either side): token `u64`; the PONG has its PING's.
//!
//! **BYE** (either side, last frame): reason `text`, at most [`MAX_REASON`] bytes.
//!
//! # Errors
//!
//! Everything that is wrong with a frame is a [`FrameError`] with a stable [`Code`](crate::Code). None of them can be
//! recovered from, since the place of the next frame is no longer sure: the receiver sends a NACK and closes.
//!
//! [`MAX_PAYLOAD`]: crate::limits::MAX_PAYLOAD
//! [`MAX_TOKEN`]: crate::limits::MAX_TOKEN
//! [`MAX_PEER_NAME`]: crate::limits::MAX_PEER_NAME
//! [`MAX_DECLARED`]: crate::limits::MAX_DECLARED
//! [`MAX_SUBSCRIBED`]: crate::limits::MAX_SUBSCRIBED
//! [`MAX_MATCH_TEXT`]: crate::limits::MAX_MATCH_TEXT
//! [`MAX_CODE_NAME`]: crate::limits::MAX_CODE_NAME
//! [`MAX_REASON`]: crate::limits::MAX_REASON
//! [`MAX_NAME`]: trapjaw_event::limits::MAX_NAME
//! [`MAX_FIELDS`]: trapjaw_event::limits::MAX_FIELDS
//! [`MAX_TYPES`]: trapjaw_event::limits::MAX_TYPES
//! [`MAX_VARIANTS`]: trapjaw_event::limits::MAX_VARIANTS
//! [`MAX_PATH`]: trapjaw_event::limits::MAX_PATH

mod decoder;
mod error;
mod events;
mod flow;
mod handshake;
mod header;
mod link;
mod message;
mod payload;
mod peek;
mod schema;
mod subscription;

pub use decoder::Decoder;
pub use error::{FrameError, Malformed};
pub use events::Events;
pub use flow::{Ack, Nack};
pub use handshake::{Codecs, Hello, Level, StreamId, Welcome};
pub use header::{CODEC_CONTROL, CODEC_RKYV, FLAG_PAYLOAD_CRC, Header, Kind, MAGIC, VERSION};
pub use link::{Bye, Ping, Pong};
pub use message::Message;
pub use peek::{Frame, Peek, peek};
pub use schema::{Schema, answer_with};
pub use subscription::{Matched, Subscribe};
