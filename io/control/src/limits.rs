//! The named limits of the control plane, and the relations between them that the code relies on.

use std::time::Duration;

use trapjaw_wire::limits::{MAX_JSON_BATCH, MAX_LINE};

/// Most bytes of a request's body.
pub const MAX_BODY: usize = MAX_JSON_BATCH;

/// Bodies of up to this many bytes are read where they arrive; larger ones on a thread of their own, so that they do not
/// hold up other requests.
pub const INLINE_BODY: usize = 16 * 1_024;

/// Most events that a measurement of the machine is made with.
pub const BENCH_EVENTS: usize = 1 << 18;

/// Fewest events that it is made with: with fewer, a round would be over before it has begun.
pub const BENCH_LEAST: usize = 1 << 16;

/// Most matches that these events may bring about.
pub const BENCH_MATCHES: usize = 1 << 22;

/// Bytes of bodies that are worked on at one time, all connections together. What is beyond is told to come back.
pub const BODY_BUDGET: usize = 8 * MAX_BODY;

/// The unit in which [`BODY_BUDGET`] is handed out. Each request takes at least one.
pub const BODY_UNIT: usize = 4 * 1_024;

/// How long a client waits at most to hear that the shards have taken its events.
pub const RECEIPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Most refused events that an answer lists; beyond, they are only counted.
pub const MAX_REPORTED: usize = 100;

/// Most bytes of a request's head.
pub const MAX_HEAD: usize = 32 * 1_024;

/// Most headers of a request.
pub const MAX_HEADERS: usize = 100;

/// How long a request's head may take to arrive, counted from the connection's begin or the answer before.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request's body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long bytes of an answer may wait for a peer that does not take them.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the shards may take to tell what they count.
pub const STATISTICS_TIMEOUT: Duration = Duration::from_secs(1);

/// Most HTTP connections at one time, unless configured.
pub const CONNECTIONS: usize = 256;

/// Most HTTP connections at one time that may be configured.
pub const MAX_CONNECTIONS: usize = 65_536;

/// How long to wait before accepting connections again after the system refused one.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What a client that was told to wait is told to wait, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// Most matches that are kept to be looked at.
pub const RECENT_MATCHES: usize = 1_000;

/// Most bytes of the matches that are kept to be looked at, as far as they are counted.
pub const RECENT_BYTES: usize = 16 << 20;

/// How many matches an answer lists where the request names no number.
pub const LISTED_MATCHES: usize = 100;

/// Batches of matches that wait for the dispatcher, unless the outbox is made otherwise.
pub const OUTBOX_BATCHES: usize = 256;

/// Most bytes of a configuration file.
pub const MAX_CONFIG: usize = 1 << 20;

/// Most actions in a configuration.
pub const MAX_ACTIONS: usize = 256;

/// Most bytes of an action's name.
pub const MAX_ACTION_NAME: usize = 128;

/// Most calls that may wait in an action's queue.
pub const MAX_QUEUE: usize = 1 << 20;

/// Most calls of an action at one time.
pub const MAX_CONCURRENCY: usize = 1_024;

/// Most retries of a call.
pub const MAX_RETRIES: u32 = 100;

/// Longest timeout of a call's attempt, and longest wait between two.
pub const MAX_TIMEOUT: Duration = Duration::from_hours(1);

/// Most headers that a webhook sends of its configuration.
pub const MAX_WEBHOOK_HEADERS: usize = 64;

/// Most bytes that are read of a webhook's answer, for the log.
pub const MAX_ANSWER: usize = 4 * 1_024;

/// Most bytes that are kept of each of a program's two outputs, for the log. The rest is read and dropped.
pub const MAX_OUTPUT: usize = 4 * 1_024;

/// How long a program's outputs are read after its process group has been killed. Only a process that left the group
/// can hold them open.
pub const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// Most bytes of a secret in a file or the environment.
pub const MAX_SECRET: usize = 64 * 1_024;

/// Fewest bytes of the token.
pub const MIN_TOKEN: usize = 16;

/// Most bytes of the token.
pub const MAX_TOKEN: usize = trapjaw_wire::limits::MAX_TOKEN;

/// Most bytes of one rule file.
pub const MAX_RULE_FILE: u64 = 4 << 20;

/// Most rule files of a rule set.
pub const MAX_RULE_FILES: usize = 10_000;

/// Most bytes of all rule files of a rule set.
pub const MAX_RULE_BYTES: u64 = 64 << 20;

/// Most bytes of the files of all tables of a rule set.
pub const MAX_TABLE_BYTES: u64 = 256 << 20;

/// Most folders within one another that are searched for rule files.
pub const MAX_RULE_DEPTH: usize = 16;

/// Rule sets whose names are kept for matches that are still on their way. Older ones are worked out again.
pub const KEPT_BOOKS: usize = 2;

/// Bytes of recorded files that are read at one time.
pub const READ_BUFFER: usize = 1 << 20;

/// Bytes of lines that are made into batches at one time.
pub const BLOCK_BYTES: usize = 256 * 1_024;

/// Blocks of a recording that are read, made into batches, or made and not yet judged.
pub const BLOCKS_AHEAD: usize = 8;

/// Threads that make blocks into batches, at most.
pub const MAX_READERS: usize = 8;

/// Largest window that zstd may ask for, as a power of two: what its command expands untold.
pub const ZSTD_WINDOW_LOG: u32 = 27;

/// Rows of Parquet in a block.
pub const BLOCK_ROWS: usize = 2_048;

/// Rows of a column of Parquet that are read at one time.
pub const STEP_ROWS: usize = 256;

/// Most bytes of a page of Parquet, expanded.
pub const MAX_PAGE: u64 = 64 << 20;

/// Most bytes of all pages that one step of a column touches, expanded: [`STEP_ROWS`] texts of the largest size fit.
pub const MAX_STEP: u64 = 128 << 20;

/// Most bytes of a Parquet file's description of itself.
pub const MAX_FOOTER: u64 = 64 << 20;

/// How often a tap is looked into.
pub const TAP_INTERVAL: Duration = Duration::from_millis(20);

/// What part of a tap's time may be spent looking: the rest belongs to the shards.
pub const TAP_SHARE: u32 = 5;

/// Events a second that a tap tells, unless it is asked for more or less.
pub const TAP_RATE: u32 = 100;

/// Events a second that a tap tells, at most.
pub const MAX_TAP_RATE: u32 = 10_000;

/// Pieces of a tap's answer that wait for who reads it; further events are left out.
pub const TAP_ANSWERS: usize = 64;

/// Bytes of a tap's expression and its types.
pub const MAX_TAP_TEXT: usize = 16 * 1_024;

/// How long a server that is asked may take to answer.
pub const REMOTE_TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes of a server's status that are read.
pub const MAX_STATUS: usize = 64 << 20;

/// Most bytes of a line of a tap's answer that are read.
pub const MAX_ANSWER_LINE: usize = 16 << 20;

/// Keys of which a summary of matches counts each, all rules together.
pub const TALLIED_KEYS: usize = 1 << 18;

/// Keys with the most matches that a summary names, of each rule.
pub const NAMED_KEYS: usize = 5;

/// Differences of two rule sets' matches that wait for their counterpart.
pub const PENDING_DIFFERENCES: usize = 65_536;

const _: () = assert!(BENCH_LEAST <= BENCH_EVENTS);
const _: () = assert!(STEP_ROWS <= BLOCK_ROWS && MAX_PAGE <= MAX_STEP);
const _: () = assert!(STEP_ROWS * trapjaw_event::limits::MAX_TEXT <= MAX_STEP as usize);
const _: () = assert!(INLINE_BODY <= MAX_LINE && MAX_LINE <= MAX_BODY);
// The budget is counted in permits of a semaphore, which are `u32`; each connection can have a small request.
const _: () = assert!(MAX_BODY <= BODY_BUDGET && BODY_BUDGET / BODY_UNIT <= u32::MAX as usize);
const _: () = assert!(CONNECTIONS * BODY_UNIT <= BODY_BUDGET);
const _: () = assert!(CONNECTIONS <= MAX_CONNECTIONS);
const _: () = assert!(LISTED_MATCHES <= RECENT_MATCHES);
const _: () = assert!(MIN_TOKEN <= MAX_TOKEN && MAX_TOKEN <= MAX_SECRET && MAX_TOKEN < MAX_HEAD);
const _: () = assert!(MAX_RULE_FILE <= MAX_RULE_BYTES);
const _: () = assert!(KEPT_BOOKS >= 2, "the old rules and the new");
