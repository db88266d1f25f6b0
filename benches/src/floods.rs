//! Patterns under streams that are made to fill memory: how many bytes their state takes, event by event.
//!
//! In each stream every event opens a partial match that nothing ever completes. They differ by keys: a thousand, one
//! for each event, or one for all. What a rule may remember is limited, and what is beyond it is given up and counted.

use core::fmt;
use std::sync::Arc;

use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{BatchBuilder, Binding, Event, TypeId, Value, check};

use crate::chart::{Axis, Chart, Curve, Mark, Scale};

/// Every event fits its first element, none the second.
const RULES: &str = "\
event login { user: text, ok: bool }
rule guessed {
    match f: login[not ok] -> w: login[ok] by user within 1h
    do log(\"{w.user}\")
}
";

/// Bytes that the rule may remember in these runs ([`Config::max_state_bytes`]).
pub const LIMIT: usize = 8 << 20;

/// Events of a stream, and of a batch. After each batch the bytes are read.
pub const EVENTS: usize = 400_000;
const BATCH: usize = 2_000;

/// How long after the one before an event comes, in nanoseconds: all of a stream lie within the rule's window.
const STEP: i64 = 1_000_000;

const _: () = assert!((EVENTS as i64) * STEP < 3_600_000_000_000);

/// Whose the events are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// A thousand users, one after the other.
    Thousand,
    /// A new user with each event.
    Distinct,
    /// One user.
    Equal,
}

impl Stream {
    /// All streams, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Thousand, Self::Distinct, Self::Equal];

    fn user(self, place: usize) -> String {
        match self {
            Self::Thousand => format!("u{}", place % 1_000),
            Self::Distinct => format!("u{place}"),
            Self::Equal => "u".into(),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thousand => "1,000 keys in turn",
            Self::Distinct => "all keys distinct",
            Self::Equal => "all keys equal",
        })
    }
}

/// What a stream has come to.
#[derive(Clone, Debug)]
pub struct Flood {
    /// The stream.
    pub stream: Stream,
    /// Bytes of state after so many events.
    pub bytes: Vec<(usize, usize)>,
    /// Keys that are there at the end.
    pub keys: usize,
    /// Keys that were given up.
    pub evicted: u64,
    /// Partial matches that were given up though their key was kept.
    pub given_up: u64,
}

impl Flood {
    /// The most bytes that the state took.
    pub fn peak(&self) -> usize {
        self.bytes
            .iter()
            .map(|(_, bytes)| *bytes)
            .max()
            .unwrap_or(0)
    }

    /// Bytes at the end of the stream.
    pub fn end(&self) -> usize {
        self.bytes.last().map_or(0, |(_, bytes)| *bytes)
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {:.2} | {:.2} | {} | {} | {} |",
            self.stream,
            mebibytes(self.peak()),
            mebibytes(self.end()),
            self.keys,
            self.evicted,
            self.given_up
        )
    }
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Lets a stream flow into the rule, which may remember `limit` bytes.
///
/// # Panics
///
/// If something matches, which nothing can, or the rule does not compile.
pub fn flood(stream: Stream, limit: usize, events: usize) -> Flood {
    let mut sources = trapjaw_dsl::source::SourceMap::new();
    sources.add("flood.trap", RULES);
    let compiled = trapjaw_dsl::compile(&sources).expect("the rule is right");
    let registry = Arc::clone(&compiled.program.registry);
    let config = Config {
        max_state_bytes: limit,
        ..Config::default()
    };
    let mut shard = Shard::new(Arc::new(compiled.program), config, (0, 1));
    let bindings = [Some(Arc::new(Binding::identity(&registry, TypeId::new(0))))];
    let mut builder = BatchBuilder::new(registry);
    let mut bytes = vec![(0, shard.bytes().sum())];
    let mut begun = 0;
    while begun < events {
        let end = (begun + BATCH).min(events);
        for place in begun..end {
            builder
                .push(&failed(stream, place))
                .expect("a batch has room for so many");
        }
        let batch = builder.finish();
        shard.step(
            Input::Batch {
                batch: check(&batch, &bindings).expect("a batch that was just built is sound"),
                origin: Origin {
                    stream: 0,
                    sequence: begun as u64,
                },
                ingest: 0,
                wall: None,
            },
            &mut Nothing,
        );
        begun = end;
        bytes.push((begun, shard.bytes().sum()));
    }
    let counters = shard.counters();
    Flood {
        stream,
        bytes,
        keys: shard.keys().sum(),
        evicted: counters.evicted,
        given_up: counters.partial_matches_given_up,
    }
}

/// Bytes over events, with a line at the limit.
pub fn picture(floods: &[Flood], limit: usize) -> Chart {
    let curve = |flood: &Flood| Curve {
        name: flood.stream.to_string(),
        points: flood
            .bytes
            .iter()
            .map(|(events, bytes)| (*events as f64, mebibytes(*bytes)))
            .collect(),
    };
    Chart {
        title: "Bytes of state under floods of partial matches".to_owned(),
        // Bytes are counted: they are the same on every machine.
        note: String::new(),
        x: Axis::new("events", Scale::Linear),
        y: Axis::new("MiB", Scale::Linear),
        curves: floods.iter().map(curve).collect(),
        marks: vec![Mark {
            name: "max_state_bytes".to_owned(),
            at: mebibytes(limit),
        }],
    }
}

fn failed(stream: Stream, place: usize) -> Event {
    Event {
        type_id: TypeId::new(0),
        time: place as i64 * STEP,
        source: "".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Text(stream.user(place).into()), Value::Bool(false)],
    }
}

/// Where matches would go.
struct Nothing;

impl Sink for Nothing {
    fn matched(&mut self, found: &MatchRef<'_>) {
        panic!("nothing completes a match: {:?}", found.to_match());
    }

    fn forward(&mut self, forward: Forward) {
        panic!("there is no other shard: {forward:?}");
    }
}
