//! Timed rounds of a shard over prepared batches, or over rows that become batches within the timing.

use core::fmt::{self, Display, Formatter};
use std::sync::Arc;
use std::time::Instant;

use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::{Compiled, hir};
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{BatchBuilder, BatchBytes, Binding, check};
use trapjaw_program::{RuleSet, Verified};

use crate::load::Load;

/// Counts matches and asks nothing of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub u64);

impl Sink for Count {
    fn matched(&mut self, _found: &MatchRef<'_>) {
        self.0 += 1;
    }

    fn forward(&mut self, _forward: Forward) {
        unreachable!("a single shard owns every key")
    }
}

/// The program of a rule text.
///
/// # Panics
///
/// If the text has errors: a bench's rules are its own.
pub fn compile(text: &str) -> Arc<Verified<RuleSet>> {
    Arc::new(compiled(text).program)
}

/// What the oracle reads of a rule text.
///
/// # Panics
///
/// If the text has errors.
pub fn checked(text: &str) -> hir::RuleSet {
    compiled(text).hir
}

fn compiled(text: &str) -> Compiled {
    let mut sources = SourceMap::new();
    sources.add("bench.trap", text);
    trapjaw_dsl::compile(&sources).unwrap_or_else(|diagnostics| {
        let style = trapjaw_dsl::diagnostic::Style::Plain;
        panic!(
            "{}",
            trapjaw_dsl::diagnostic::render(&diagnostics, &sources, style)
        )
    })
}

/// What rounds took.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Nanoseconds an event of each round.
    pub rounds: Vec<f64>,
    /// Matches of all rounds.
    pub matches: u64,
}

impl Timing {
    /// The median round.
    pub fn median(&self) -> f64 {
        median(&self.rounds)
    }
}

/// The spread of the rounds, and the matches.
impl Display for Timing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let least = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.rounds.iter().copied().fold(0.0, f64::max);
        write!(f, "{least:.2}..{most:.2}, {} matches", self.matches)
    }
}

/// The value in the middle; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A new shard with the rules, alone.
pub fn shard(rules: &Arc<Verified<RuleSet>>) -> Shard {
    Shard::new(Arc::clone(rules), Config::default(), (0, 1))
}

/// A shard that is given batches, and what came of it.
pub struct Run {
    shard: Shard,
    count: Count,
    sequence: u64,
}

impl Run {
    /// A new shard with the rules, alone.
    pub fn new(rules: &Arc<Verified<RuleSet>>) -> Self {
        Self::with(rules, Config::default())
    }

    /// As [`new`](Self::new), with these limits.
    pub fn with(rules: &Arc<Verified<RuleSet>>, config: Config) -> Self {
        Self {
            shard: Shard::new(Arc::clone(rules), config, (0, 1)),
            count: Count::default(),
            sequence: 0,
        }
    }

    /// Checks a batch and evaluates it: its events.
    ///
    /// # Panics
    ///
    /// If the batch is not sound.
    pub fn step(&mut self, bytes: &BatchBytes, bindings: &[Option<Arc<Binding>>]) -> u64 {
        let mut count = self.count;
        let rows = self.step_to(bytes, bindings, &mut count);
        self.count = count;
        rows
    }

    /// The same, with what is found told to another one.
    ///
    /// # Panics
    ///
    /// If the batch is not sound.
    pub fn step_to(
        &mut self,
        bytes: &BatchBytes,
        bindings: &[Option<Arc<Binding>>],
        sink: &mut impl Sink,
    ) -> u64 {
        let batch = check(bytes, bindings).expect("a prepared batch is sound");
        let origin = Origin {
            stream: 0,
            sequence: self.sequence,
        };
        let rows = u64::from(batch.rows());
        self.sequence += rows;
        self.shard.step(
            Input::Batch {
                batch,
                origin,
                ingest: 0,
                wall: None,
            },
            sink,
        );
        rows
    }

    /// Evaluates batches: nanoseconds an event.
    pub fn pass(&mut self, batches: &[BatchBytes], bindings: &[Option<Arc<Binding>>]) -> f64 {
        let start = Instant::now();
        let mut events = 0_u64;
        for bytes in batches {
            events += self.step(bytes, bindings);
        }
        start.elapsed().as_nanos() as f64 / events as f64
    }

    /// Matches so far.
    pub fn matches(&self) -> u64 {
        self.count.0
    }

    /// The shard.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }
}

/// Checks and steps batches `from..to` of a load, in `rounds` equal parts, on a shard that goes on from
/// part to part.
pub fn stream<E>(
    run: &mut Run,
    load: &Load<E>,
    (from, to): (usize, usize),
    rounds: usize,
) -> Timing {
    let before = run.matches();
    let length = (to - from) / rounds.max(1);
    let part = |round: usize| &load.batches[from + round * length..from + (round + 1) * length];
    let rounds = (0..rounds).map(|round| run.pass(part(round), &load.bindings));
    let rounds = rounds.collect();
    Timing {
        rounds,
        matches: run.matches() - before,
    }
}

/// As [`stream`], but from the rows: building the batches is within the timing.
pub fn stream_rows<E>(
    run: &mut Run,
    load: &Load<E>,
    (from, to): (usize, usize),
    rounds: usize,
    write: impl Fn(&mut BatchBuilder, &E),
) -> Timing {
    let before = run.matches();
    let mut builder = BatchBuilder::new(Arc::clone(&run.shard().rules().registry));
    let length = (to - from) / rounds.max(1);
    let mut timing = Timing::default();
    for round in 0..rounds {
        let first = (from + round * length) * load.rows;
        let events = &load.events[first..first + length * load.rows];
        let start = Instant::now();
        for rows in events.chunks(load.rows) {
            for event in rows {
                write(&mut builder, event);
            }
            run.step(&builder.finish(), &load.bindings);
        }
        let elapsed = start.elapsed().as_nanos() as f64;
        timing.rounds.push(elapsed / events.len() as f64);
    }
    timing.matches = run.matches() - before;
    timing
}
