//! R2: what ten thousand rules cost beside ten, where both find as many matches an event.
//!
//! A third of the rules tell by an equal number, a third by a range, a third by a part of a text; five say something
//! that no index helps with, the same five at both sizes. However many rules there are, each kind takes the same share of the
//! events: what is drawn is spread over the rules that there are.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use trapjaw_engine::Input;
use trapjaw_event::{BatchBuilder, Registry, TypeId, ValueRef};
use trapjaw_program::{RuleSet, Verified};

use super::{ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::load::{CPU, Draws, Load, push};
use crate::measure::{self, Count, Run, Timing, compile, median};

/// Rules that no index helps with.
const PLAIN: u32 = 5;
/// The share of events that each kind of rule takes.
const SHARE: f64 = 0.02;
/// Different paths that no rule asks for.
const PATHS: u64 = 500;

const REQUEST: &str = "event request { code: int, ms: float, path: text, a: int, b: int }\n";

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    code: i64,
    ms: f64,
    path: u32,
    a: i64,
    b: i64,
    time: i64,
}

/// How many rules there are of each kind.
#[derive(Clone, Copy)]
pub(crate) struct Kinds {
    equal: u32,
    range: u32,
    text: u32,
}

impl Kinds {
    /// Of so many rules in all.
    pub(crate) fn of(rules: u32) -> Self {
        let indexed = rules - PLAIN;
        let (equal, text) = (indexed.div_ceil(3), indexed / 3);
        Self {
            equal,
            range: indexed - equal - text,
            text,
        }
    }

    /// Their text.
    pub(crate) fn rules(self) -> String {
        let mut rules = REQUEST.to_owned();
        for plain in 0..PLAIN {
            let _ = writeln!(
                rules,
                "rule plain_{plain} {{ on r: request where not (r.a < {} or r.b > {}) do log(\"x\") }}",
                9_990 + i64::from(plain),
                5_000 + i64::from(plain),
            );
        }
        for rule in 0..self.equal {
            let _ = writeln!(
                rules,
                "rule equal_{rule} {{ on r: request where r.code == {rule} and r.a >= 100 do log(\"x\") }}"
            );
        }
        for rule in 0..self.range {
            let (low, high) = self.range(rule);
            let _ = writeln!(
                rules,
                "rule range_{rule} {{ on r: request where r.ms >= {low} and r.ms < {high} and r.a >= 100 do log(\"x\") }}"
            );
        }
        for rule in 0..self.text {
            let _ = writeln!(
                rules,
                "rule text_{rule} {{ on r: request where r.path contains \"/q{rule}/\" and r.a >= 100 do log(\"x\") }}"
            );
        }
        rules
    }

    /// From where on and up to where a rule takes `ms`; all together take [`SHARE`] of 0..1.
    fn range(self, rule: u32) -> (f64, f64) {
        let at = |rule: u32| SHARE * f64::from(rule) / f64::from(self.range);
        (at(rule), at(rule + 1))
    }

    fn request(self, draws: &mut Draws, number: u64) -> Request {
        let code = if draws.unit() < SHARE {
            draws.below(self.equal.into()) as i64
        } else {
            i64::from(self.equal) + draws.below(1_000_000) as i64
        };
        let path = if draws.unit() < SHARE {
            draws.below(self.text.into()) as u32
        } else {
            self.text + draws.below(PATHS) as u32
        };
        Request {
            code,
            ms: draws.unit(),
            path,
            a: draws.below(10_000) as i64,
            b: draws.below(10_000) as i64,
            time: number as i64 * 1_000,
        }
    }

    /// How many of the rules a request satisfies.
    pub(crate) fn matches(self, request: &Request) -> u64 {
        let plain = (0..i64::from(PLAIN))
            .filter(|plain| request.a >= 9_990 + plain && request.b <= 5_000 + plain);
        let equal = request.code < self.equal.into();
        let range = request.ms < self.range(self.range).0;
        let text = request.path < self.text;
        let kinds = u64::from(equal) + u64::from(range) + u64::from(text);
        plain.count() as u64 + if request.a >= 100 { kinds } else { 0 }
    }

    /// So many requests.
    pub(crate) fn load(self, registry: &Arc<Registry>, count: usize) -> Load<Request> {
        let mut draws = Draws::new(4);
        let events = (0..count as u64).map(|number| self.request(&mut draws, number));
        let ty = registry.by_name("request").expect("declared");
        Load::new(registry, events.collect(), ROWS, |builder, event| {
            write(builder, ty, event);
        })
    }
}

fn write(builder: &mut BatchBuilder, ty: TypeId, event: &Request) {
    let path = format!("/api/q{}/items", event.path);
    let values = [
        ValueRef::Int(event.code),
        ValueRef::Float(event.ms),
        ValueRef::Text(&path),
        ValueRef::Int(event.a),
        ValueRef::Int(event.b),
    ];
    push(builder, ty, event.time, &values);
}

/// One size: its rules at work, their load, and what the rounds took.
pub(crate) struct Arm {
    run: Run,
    load: Load<Request>,
    pub(crate) timing: Timing,
    /// Milliseconds from the text to a shard that is ready.
    loaded: f64,
    expected: u64,
}

impl Arm {
    fn new(rules: u32) -> Self {
        let kinds = Kinds::of(rules);
        let text = kinds.rules();
        let start = Instant::now();
        let program = compile(&text);
        let run = Run::new(&program);
        let loaded = start.elapsed().as_secs_f64() * 1e3;
        let load = kinds.load(&program.registry, ROUNDS * 16 * ROWS);
        let matches = load.events.iter().map(|event| kinds.matches(event));
        Self {
            expected: matches.sum(),
            run,
            load,
            timing: Timing::default(),
            loaded,
        }
    }

    fn round(&mut self, round: usize) {
        let length = self.load.batches.len() / ROUNDS;
        let part = &self.load.batches[round * length..(round + 1) * length];
        let nanoseconds = self.run.pass(part, &self.load.bindings);
        self.timing.rounds.push(nanoseconds);
        self.timing.matches = self.run.matches();
    }

    pub(crate) fn matches_an_event(&self) -> f64 {
        self.expected as f64 / self.load.events.len() as f64
    }
}

/// Rules that are looked up by their host, of which `changed` asks for another one.
fn hosts(rules: u32, changed: Option<u32>) -> Arc<Verified<RuleSet>> {
    let mut text = CPU.to_owned();
    for rule in 0..rules {
        let host = match changed {
            Some(changed) if changed == rule => rules + rule,
            _ => rule,
        };
        let _ = writeln!(
            text,
            "rule r_{rule} {{ on c: cpu where c.host == \"host-{host}\" and c.load > 0.95 do log(\"x\") }}"
        );
    }
    compile(&text)
}

/// Milliseconds of a reload in which one of 10,000 rules changes, beside those of a new shard.
fn reload(tell: &mut dyn FnMut(Figure)) {
    const RULES: u32 = 10_000;
    let sets: Vec<_> = (0..8).map(|set| hosts(RULES, Some(set * 1_117))).collect();
    let mut shard = measure::shard(&hosts(RULES, None));
    let (mut reloads, mut anew) = (Vec::new(), Vec::new());
    for (round, set) in (1..=ROUNDS).zip(sets.iter().cycle()) {
        let start = Instant::now();
        let new = measure::shard(set);
        anew.push(start.elapsed().as_secs_f64() * 1e3);
        drop(new);
        let start = Instant::now();
        shard.step(Input::Reload(Arc::clone(set)), &mut Count::default());
        reloads.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(shard.version(), round as u64, "R2.reload");
    }
    let anew = median(&anew);
    tell(Figure {
        id: "R2.reload".to_owned(),
        value: median(&reloads),
        unit: "ms",
        goal: Goal::None,
        peer: None,
        note: format!("one of {RULES} rules is another; a new shard of them: {anew:.1} ms"),
    });
}

/// Rule sets of these sizes, measured in turns.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub(crate) fn arms<const N: usize>(sizes: [u32; N]) -> [Arm; N] {
    let mut arms = sizes.map(Arm::new);
    for round in 0..ROUNDS {
        for arm in &mut arms {
            arm.round(round);
        }
    }
    for arm in &arms {
        assert_eq!(arm.run.matches(), arm.expected, "R2");
    }
    arms
}

/// Measures it, both sizes in turns.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let [few, many] = arms([10, 10_000]);
    let ratio = many.timing.median() / few.timing.median();
    let note = format!(
        "10 rules: {:.1} ns/event, {:.3} matches; 10,000: {:.1}, {:.3}",
        few.timing.median(),
        few.matches_an_event(),
        many.timing.median(),
        many.matches_an_event(),
    );
    tell(Figure::of_ratio("R2", Goal::AtMost(2.0), ratio, note));
    tell(Figure {
        id: "R2.load".to_owned(),
        value: many.loaded,
        unit: "ms",
        goal: Goal::AtMost(2_000.0),
        peer: None,
        note: format!(
            "10,000 rules, from their text to a shard that is ready; its index takes {:.1} MiB",
            many.run.shard().index_bytes() as f64 / f64::from(1 << 20)
        ),
    });
    reload(tell);
}
