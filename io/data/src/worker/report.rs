//! What a shard says of itself.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use trapjaw_engine::Counters;
use trapjaw_wire::Code;

use super::lateness::LateTold;

use crate::driver::Stats;

/// What a worker counts beside the engine and the driver. Each number only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections that were taken over.
    pub connected: u64,
    /// Times that accepting a connection failed, or that there was no place for it.
    pub not_accepted: u64,
    /// Frames of events that were taken in.
    pub batches: u64,
    /// Batches of the control plane that were taken in.
    pub submissions: u64,
    /// Rows that were acknowledged and dropped because they had been taken before.
    pub repeated: u64,
    /// Declared columns that no field of their type reads.
    pub ignored_columns: u64,
    /// Bytes of frames that the worker copied: of cut frames, and of those not aligned where they were received.
    pub copied: u64,
    /// Refusals by code.
    pub refused: BTreeMap<Code, u64>,
    /// Connections that were cut because they did not read what they were sent.
    pub slow_readers: u64,
    /// Matches that were sent to subscribers.
    pub told: u64,
    /// Matches that were dropped because nobody consumes the outbox.
    pub unheard: u64,
    /// Nanoseconds in which this shard had something to send for which there was no room, so that no shard took
    /// events in.
    pub congested_nanos: u64,
    /// Nanoseconds in which it slept, since there was nothing to do.
    pub asleep_nanos: u64,
    /// Turns in which time passed far enough for something to be due.
    pub ticks: u64,
}

/// How full a shard's queues are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// Steps with matches in the outbox.
    pub outbox: usize,
    /// Steps with matches that found no room in the outbox.
    pub backlog: usize,
    /// Messages to other shards that found no room.
    pub exchange: usize,
    /// Batches of the control plane, in the mailbox and with the shard.
    pub submissions: usize,
    /// Connections that wait for events to be taken in again, or for a frame buffer.
    pub held: usize,
    /// Bytes of frames that are not whole yet.
    pub frames: usize,
}

/// What a shard says of itself.
#[derive(Clone, Debug)]
pub struct ShardReport {
    /// Its number.
    pub shard: usize,
    /// How often its rules were replaced.
    pub version: u64,
    /// What its engine counts.
    pub counters: Counters,
    /// What its driver counts.
    pub driver: Stats,
    /// What its worker counts.
    pub tally: Tally,
    /// Connections now.
    pub connections: usize,
    /// Subscriptions now.
    pub subscriptions: usize,
    /// Live keys of each rule.
    pub keys: Vec<usize>,
    /// Bytes that its rules remember.
    pub state_bytes: usize,
    /// Events taken in at the door, by name of their type, since the type is declared.
    pub by_type: Vec<(Box<str>, u64)>,
    /// Nanoseconds since it began.
    pub lived: u64,
    /// How full its queues are.
    pub depths: Depths,
    /// Nanoseconds from the intake of a batch to the end of the step that found a match of it, for each match that an
    /// event caused. Rows that crossed shards count from their intake on the first.
    pub latency: Histogram<u64>,
    /// Rows that wait for the watermark, and the bytes that they take.
    pub held: (usize, usize),
    /// Nanoseconds by which the watermark is behind the clock, but for the lateness of the rules; `None` where no rule
    /// lets events be late, or none has come.
    pub watermark_lag: Option<i64>,
    /// The last events that came too late, the newest last.
    pub late: Vec<LateTold>,
}
