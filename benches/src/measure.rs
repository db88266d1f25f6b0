//! Timed rounds of a shard over prepared batches.

use std::sync::Arc;
use std::time::Instant;

use trapjaw_dsl::source::SourceMap;
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::check;
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
    let mut sources = SourceMap::new();
    sources.add("bench.trap", text);
    match trapjaw_dsl::compile(&sources) {
        Ok(compiled) => Arc::new(compiled.program),
        Err(diagnostics) => panic!(
            "{}",
            trapjaw_dsl::diagnostic::render(
                &diagnostics,
                &sources,
                trapjaw_dsl::diagnostic::Style::Plain
            )
        ),
    }
}

/// What rounds took.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Nanoseconds an event of each round.
    pub rounds: Vec<f64>,
    /// Matches of all rounds.
    pub matches: u64,
}

impl Timing {
    /// The median round.
    pub fn median(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Checks and steps batches `from..to` of a load, in `rounds` equal parts, on a shard that goes on from
/// part to part.
pub fn stream(shard: &mut Shard, load: &Load, (from, to): (usize, usize), rounds: usize) -> Timing {
    let mut count = Count::default();
    let mut sequence: u64 = 0;
    let length = (to - from) / rounds.max(1);
    let mut timing = Timing {
        rounds: Vec::new(),
        matches: 0,
    };
    for round in 0..rounds {
        let part = &load.batches[from + round * length..from + (round + 1) * length];
        let mut events = 0_u64;
        let start = Instant::now();
        for bytes in part {
            let batch = check(bytes, &load.bindings).expect("a prepared batch is sound");
            let origin = Origin {
                stream: 0,
                sequence,
            };
            sequence += u64::from(batch.rows());
            events += u64::from(batch.rows());
            shard.step(
                Input::Batch {
                    batch,
                    origin,
                    ingest: 0,
                    wall: None,
                },
                &mut count,
            );
        }
        timing
            .rounds
            .push(start.elapsed().as_nanos() as f64 / events as f64);
    }
    timing.matches = count.0;
    timing
}

/// A new shard with the rules, alone.
pub fn shard(rules: &Arc<Verified<RuleSet>>) -> Shard {
    Shard::new(Arc::clone(rules), Config::default(), (0, 1))
}
