//! An hour of events in fast replay: is what rules of all kinds remember flat once their windows are full?
//!
//! Half of the events are of keys that stay, half of keys that come for a minute, and never again. After
//! each minute of event time, the bytes that the engine counts and those of the process that are in memory are read.

pub mod kinds;

use core::fmt::{self, Display, Formatter};
use std::sync::Arc;

use trapjaw_engine::Config;
use trapjaw_engine::limits::MAX_RESTING;
use trapjaw_event::{BatchBuilder, Registry, TypeId, ValueRef};
use trapjaw_program::{RuleSet, Verified};

use crate::chart::{Axis, Chart, Curve, Scale};
use crate::load::{Draws, bindings, push};
use crate::machine::resident;
use crate::measure::{Run, compile};
use kinds::{EVENT, KINDS};

/// Minutes of an hour.
const MINUTES: usize = 60;
/// Minutes after which all windows are full, the keys that went first are forgotten, as many keys of patterns rest as may
/// ([`MAX_RESTING`]), and tables of a key's values, which keep the room that they needed once, have as much as they will need.
const FILLED: usize = 20;
/// Up to here from there: the minutes whose most is held against that of all later ones.
const REFERENCE: usize = 40;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;

/// State of a key without events for this long is freed ([`Config::idle_ttl`]).
const IDLE: i64 = 5 * MINUTE;

/// By how much later minutes may be above those before: what is drawn differs from minute to minute.
const TOLERANCE: f64 = 0.05;
/// The same of one rule, which has fewer keys and rows.
const TOLERANCE_OF_RULE: f64 = 0.10;
/// And bytes that are beyond these shares in any case, of a rule.
const SLACK: f64 = 65_536.0;
/// And of the process, whose allocator takes pages in pieces.
const RESIDENT_SLACK: f64 = 4_194_304.0;

/// Events of a second, at least: in [`FILLED`] minutes more keys than may rest have gone.
pub const LEAST: u32 = 100;
/// At most: those of a second are one batch.
pub const MOST: u32 = 4_000;

const _: () = assert!((LEAST / 2 * GOING) as usize * FILLED > MAX_RESTING);

/// Keys that come in a minute, for each that stays.
const GOING: u32 = 5;

/// What is put wrong, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Keys that are gone are kept.
    Keep,
}

/// The state after a minute.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Bytes that each rule remembers, as the engine counts them.
    pub bytes: Vec<usize>,
    /// Live keys of all rules.
    pub keys: usize,
    /// Bytes of the process that are in memory.
    pub resident: Option<usize>,
}

impl Sample {
    fn total(&self) -> usize {
        self.bytes.iter().sum()
    }
}

/// What the hour came to.
#[derive(Clone, Debug)]
pub struct Hour {
    /// Events of a second.
    pub per_second: u32,
    /// After each minute.
    pub samples: Vec<Sample>,
    /// Matches of all rules.
    pub matches: u64,
    /// Different keys that came.
    pub keys: u32,
}

/// The program of one rule of each kind.
fn rules() -> Arc<Verified<RuleSet>> {
    let rules: Vec<String> = KINDS
        .iter()
        .enumerate()
        .map(|(number, kind)| format!("rule r{number} {{ {} do log(\"x\") }}\n", kind.rule))
        .collect();
    compile(&(EVENT.to_owned() + &rules.concat()))
}

/// Replays an hour of [`LEAST`] to [`MOST`] events a second, and tells each minute.
///
/// # Panics
///
/// If there are fewer or more, or a key is given up for want of room, which there is.
pub fn hour(per_second: u32, fault: Option<Fault>, mut tell: impl FnMut(usize, &Sample)) -> Hour {
    assert!((LEAST..=MOST).contains(&per_second));
    let rules = rules();
    let config = match fault {
        None => Config {
            idle_ttl: IDLE,
            ..Config::default()
        },
        Some(Fault::Keep) => Config::default(),
    };
    let mut run = Run::with(&rules, config);
    let mut stream = Stream::new(&rules.registry, per_second);
    let bindings = bindings(&rules.registry);
    let mut samples = Vec::with_capacity(MINUTES);
    for minute in 0..MINUTES {
        for second in 0..60 {
            stream.second(minute as i64, second);
            run.step(&stream.builder.finish(), &bindings);
        }
        let sample = Sample {
            bytes: run.shard().bytes().collect(),
            keys: run.shard().keys().sum(),
            resident: resident(),
        };
        tell(minute + 1, &sample);
        samples.push(sample);
    }
    assert_eq!(run.shard().counters().evicted, 0, "there is room for all");
    Hour {
        per_second,
        samples,
        matches: run.matches(),
        keys: stream.staying * (1 + GOING * MINUTES as u32),
    }
}

/// The events.
struct Stream {
    builder: BatchBuilder,
    type_id: TypeId,
    draws: Draws,
    per_second: u32,
    /// Keys that stay: each has an event a second.
    staying: u32,
}

impl Stream {
    fn new(registry: &Arc<Registry>, per_second: u32) -> Self {
        Self {
            builder: BatchBuilder::new(Arc::clone(registry)),
            type_id: registry.by_name("e").expect("it is declared"),
            draws: Draws::new(11),
            per_second,
            staying: (per_second / 2).max(1),
        }
    }

    /// The events of a second.
    fn second(&mut self, minute: i64, second: i64) {
        let step = SECOND / i64::from(self.per_second);
        for number in 0..i64::from(self.per_second) {
            let key = if number % 2 == 0 {
                format!("stays-{}", self.draws.below(self.staying.into()))
            } else {
                let key = self.draws.below((GOING * self.staying).into());
                format!("goes-{minute}-{key}")
            };
            let values = [
                ValueRef::Text(&key),
                ValueRef::Int(self.draws.below(1_000) as i64),
                ValueRef::Float(self.draws.unit()),
            ];
            let time = minute * MINUTE + second * SECOND + number * step;
            push(&mut self.builder, self.type_id, time, &values);
        }
    }
}

impl Hour {
    /// The most of some minutes.
    fn most(&self, (from, to): (usize, usize), of: impl Fn(&Sample) -> usize) -> f64 {
        let samples = &self.samples[from..to];
        samples.iter().map(of).max().unwrap_or(0) as f64
    }

    /// What grows though all windows are full; nothing, if memory is flat.
    pub fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let mut hold = |what: &str, share: f64, slack: f64, of: &dyn Fn(&Sample) -> usize| {
            let before = self.most((FILLED, REFERENCE), of);
            let later = self.most((REFERENCE, MINUTES), of);
            if later > before * (1.0 + share) + slack {
                findings.push(format!(
                    "{what}: {:.2} MB from minute {FILLED} to {REFERENCE}, {:.2} MB later",
                    before / 1e6,
                    later / 1e6
                ));
            }
        };
        hold("all rules", TOLERANCE, 0.0, &Sample::total);
        let resident = |sample: &Sample| sample.resident.unwrap_or(0);
        hold("the process", TOLERANCE, RESIDENT_SLACK, &resident);
        for (rule, kind) in KINDS.iter().enumerate() {
            let of = move |sample: &Sample| sample.bytes[rule];
            hold(kind.name, TOLERANCE_OF_RULE, SLACK, &of);
        }
        findings
    }

    /// Megabytes over minutes.
    pub fn chart(&self, note: String) -> Chart {
        let curve = |name: &str, of: &dyn Fn(&Sample) -> Option<usize>| Curve {
            name: name.to_owned(),
            points: (1..)
                .zip(&self.samples)
                .filter_map(|(minute, sample)| Some((f64::from(minute), of(sample)? as f64 / 1e6)))
                .collect(),
        };
        Chart {
            title: format!(
                "An hour of {} events a second, {} kinds of rules",
                self.per_second,
                KINDS.len()
            ),
            note,
            x: Axis::new("minutes of event time", Scale::Linear),
            y: Axis::new("MB", Scale::Linear),
            curves: vec![
                curve("the process, in memory", &|sample| sample.resident),
                curve("all rules, as counted", &|sample| Some(sample.total())),
            ],
            marks: Vec::new(),
        }
    }
}

/// In a few lines, as the page has it.
impl Display for Hour {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let resident = |sample: &Sample| sample.resident.unwrap_or(0);
        let range = |from, to, of: &dyn Fn(&Sample) -> usize| {
            let samples = &self.samples[from..to];
            let least = samples.iter().map(of).min().unwrap_or(0) as f64 / 1e6;
            format!("{least:.2} to {:.2}", self.most((from, to), of) / 1e6)
        };
        let events = u64::from(self.per_second) * 60 * MINUTES as u64;
        writeln!(
            f,
            "{events} events of {} keys, {} matches; MB:\n\n\
             | minutes | all rules, as counted | the process, in memory |\n|---|---:|---:|",
            self.keys, self.matches
        )?;
        for (from, to) in [(0, FILLED), (FILLED, REFERENCE), (REFERENCE, MINUTES)] {
            writeln!(
                f,
                "| {} to {to} | {} | {} |",
                from + 1,
                range(from, to, &Sample::total),
                range(from, to, &resident)
            )?;
        }
        Ok(())
    }
}
