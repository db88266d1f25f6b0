//! What a key takes, by kind of rule: as a plan promises it, as the engine counts it, and on the heap.

use core::fmt::Write as _;
use std::sync::Arc;

use trapjaw_engine::{Bound, Config, Growth};
use trapjaw_event::{BatchBuilder, ValueRef};

use crate::load::{bindings, push};
use crate::measure::{Run, compile};

pub(super) const EVENT: &str = "event e { k: text, n: int, x: float }\n";

/// A kind of rule.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// What a rule of it says before its actions. Events whose `x` is small begin all that it has to remember.
    pub rule: &'static str,
}

const fn kind(name: &'static str, rule: &'static str) -> Kind {
    Kind { name, rule }
}

/// A rule of each.
pub const KINDS: [Kind; 16] = [
    kind("stateless", "on a: e where a.x > 0.999"),
    kind("limit", "on a: e where a.x < 0.9 by a.k limit 5 per 1m"),
    kind("sustained", "on a: e where a.x < 0.9 by a.k for 1m gap 20s"),
    kind("absent", "on a: e by a.k absent 30s"),
    kind(
        "sliding, average",
        "on a: e by a.k over 1m having avg(a.x) > 0.9",
    ),
    kind(
        "sliding, maximum",
        "on a: e by a.k over 1m having max(a.x) > 2",
    ),
    kind(
        "sliding, distinct",
        "on a: e by a.k over 1m having distinct(a.n) > 1000",
    ),
    kind(
        "tumbling",
        "on a: e by a.k over 1m tumbling having avg(a.x) > 0.9",
    ),
    kind(
        "tumbling, distinct",
        "on a: e by a.k over 1m tumbling having distinct(a.n) > 1000",
    ),
    kind(
        "hopping",
        "on a: e by a.k over 1m every 20s having avg(a.x) > 0.9",
    ),
    kind(
        "session",
        "on a: e by a.k over session 30s having avg(a.x) > 0.9",
    ),
    kind(
        "by number",
        "on a: e by a.k over 20 events having avg(a.x) > 0.9",
    ),
    kind(
        "everything so far",
        "on a: e by a.k over all having sum(a.x) > 1e12",
    ),
    kind(
        "pattern",
        "match a: e[x < 0.1] -> b: e[x > 0.9] by k within 1m",
    ),
    kind(
        "pattern, strict",
        "match a: e[x < 0.1] => b: e[x < 0.1] => c: e[x > 0.9] by k within 1m",
    ),
    kind(
        "pattern, all matches",
        "match a: e[x < 0.1] -> b: e[x > 0.9] by k within 1m skip none",
    ),
];

/// Just below a power of two, so that tables that grow by doubling are full.
const KEYS: usize = 16_000;
/// Events of each key, a second apart.
const EVENTS: i64 = 16;
/// Bytes of texts that a kept event may have here.
const TEXTS: usize = 64;

/// What a kind of rule took.
#[derive(Clone, Debug)]
pub struct Taken {
    kind: Kind,
    bound: Option<Bound>,
    /// Counted bytes of a key with one event.
    first: f64,
    /// What each event more has brought.
    further: f64,
    /// Bytes on the heap of a key with all its events, where that is known.
    heap: Option<f64>,
}

/// Measures a kind, in a shard of its own.
///
/// # Panics
///
/// If a key is missing, or takes other than its plan says.
pub fn take(kind: Kind, heap: &dyn Fn() -> Option<usize>) -> Taken {
    let rules = compile(&format!("{EVENT}rule r {{ {} do log(\"x\") }}", kind.rule));
    let bound = Bound::of(&rules.rules[0], &Config::default());
    let type_id = rules.registry.by_name("e").expect("it is declared");
    let bindings = bindings(&rules.registry);
    let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
    let before = heap();
    let mut run = Run::new(&rules);
    let mut counted = Vec::new();
    for second in 0..EVENTS {
        for keys in (0..KEYS).collect::<Vec<_>>().chunks(4_000) {
            for key in keys {
                let key = format!("k{key}");
                let values = [
                    ValueRef::Text(&key),
                    ValueRef::Int(second),
                    ValueRef::Float(0.05),
                ];
                push(&mut builder, type_id, second * 1_000_000_000, &values);
            }
            run.step(&builder.finish(), &bindings);
        }
        counted.push(run.shard().bytes().sum::<usize>() as f64 / KEYS as f64);
    }
    let taken = Taken {
        kind,
        bound,
        first: counted[0],
        further: (counted[counted.len() - 1] - counted[0]) / (EVENTS - 1) as f64,
        heap: before
            .zip(heap())
            .map(|(before, after)| after.saturating_sub(before) as f64 / KEYS as f64),
    };
    let keys = if taken.bound.is_some() { KEYS } else { 0 };
    assert_eq!(run.shard().keys().sum::<usize>(), keys, "{}", kind.name);
    taken.hold();
    taken
}

impl Taken {
    /// Holds what was counted against the plan.
    fn hold(&self) {
        let (least, most) = self.bound.as_ref().map_or((0.0, 0.0), |bound| {
            let once = |growth: &Growth| growth.bytes + growth.text_bytes.min(TEXTS);
            let grown: usize = bound.growth.iter().map(once).sum();
            let key = bound.key_bytes as f64;
            (0.75 * key, 1.05 * (key + grown as f64))
        });
        assert!(
            (least..=most).contains(&self.first),
            "{}: {} B a key, planned {:?}",
            self.kind.name,
            self.first,
            self.bound
        );
    }
}

/// As a table in Markdown.
pub fn table(taken: &[Taken]) -> String {
    let mut table = String::from(
        "| rule | plan: a key, and what its events add | counted: a key with one event | each event more | heap: a key with 16 |\n\
         |---|---|---:|---:|---:|\n",
    );
    for Taken {
        kind,
        bound,
        first,
        further,
        heap,
    } in taken
    {
        let plan = bound.as_ref().map_or("nothing".to_owned(), |bound| {
            // Nothing but the rest of a long key takes no bytes of its own, and here no key is long.
            let growth = bound.growth.iter().filter(|growth| growth.bytes > 0);
            let growth = growth.map(|growth| format!("; {growth}"));
            format!("{} B{}", bound.key_bytes, growth.collect::<String>())
        });
        let heap = heap.filter(|_| bound.is_some());
        let heap = heap.map_or("-".to_owned(), |heap| format!("{heap:.0} B"));
        // Writing to a text does not fail.
        let _ = writeln!(
            table,
            "| {}: `{}` | {plan} | {first:.0} B | {further:.1} B | {heap} |",
            kind.name, kind.rule
        );
    }
    table
}
