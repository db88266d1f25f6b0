//! What a plan says of a rule's memory, against what the rule takes: as the engine counts it, and on the heap.

use std::alloc::System;
use std::sync::Arc;

use cap::Cap;
use trapjaw_dsl::{compile, source::SourceMap};
use trapjaw_engine::{Bound, Config, Forward, Input, MatchRef, Most, Origin, Shard, Sink};
use trapjaw_event::{BatchBuilder, Binding, Event, TypeId, Value, check};
use trapjaw_program::{RuleSet, Verified};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Just below a power of two, so that tables that grow by doubling are full.
const KEYS: usize = 16_000;
/// Events of each key; one second apart.
const ROUNDS: usize = 20;
const SECOND: i64 = 1_000_000_000;
const EVENT: &str = "event e { k: text, n: int, x: float, note: text }\n";

/// A rule of each kind, and how many of each thing that grows it has after all events.
const RULES: [(&str, &[u64]); 10] = [
    ("on a: e by a.k limit 40 per 1h do log(\"x\")", &[0, 20]),
    ("on a: e by a.k for 1h do log(\"{a.note}\")", &[1, 0]),
    (
        "on a: e by a.k for 1h gap 30m keep 5m limit 3 per 1d do log(\"{a.n}\")",
        &[1, 0, 0],
    ),
    (
        "on a: e by a.k absent 1h do log(\"{a.note} {a.n}\")",
        &[1, 0],
    ),
    (
        "on a: e by a.k over 1h having count() > 99 do log(\"x\")",
        &[20, 0],
    ),
    (
        "on a: e by a.k over 1h having sum(a.n) + max(a.n) > 99 and avg(a.x) > 9 do log(\"x\") on clear do log(\"{a.n}\")",
        &[1, 13, 1, 0],
    ),
    (
        "on a: e by a.k over 5s having sum(a.x) > 99 do log(\"x\")",
        &[5, 0],
    ),
    (
        "on a: e by a.k over all having sum(a.n) + max(a.n) > 99 do log(\"x\")",
        &[0],
    ),
    (
        "on a: e by a.k over 1d tumbling having avg(a.x) > 9 do log(\"{a.note}\")",
        &[1, 0],
    ),
    (
        "on a: e by a.n over 1d tumbling having min(a.n) > 99 do log(\"{a.n}\")",
        &[1],
    ),
];

struct Nothing;

impl Sink for Nothing {
    fn matched(&mut self, _found: &MatchRef<'_>) {}

    fn forward(&mut self, _forward: Forward) {}
}

fn program(rule: &str) -> Arc<Verified<RuleSet>> {
    let mut sources = SourceMap::new();
    sources.add("test.trap", format!("{EVENT}rule r {{ {rule} }}"));
    Arc::new(compile(&sources).expect("the rule is right").program)
}

/// One event of each key at each second, in full batches.
fn feed(shard: &mut Shard) {
    let registry = Arc::clone(&shard.rules().registry);
    let bindings: Vec<_> = registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(&registry, id))))
        .collect();
    let mut builder = BatchBuilder::new(registry);
    for round in 0..ROUNDS {
        for part in (0..KEYS).collect::<Vec<_>>().chunks(4_000) {
            for &key in part {
                let values = vec![
                    Value::Text(format!("k{key}").into()),
                    Value::Int(key as i64),
                    Value::Float(0.5),
                    Value::Text("ten bytes.".into()),
                ];
                let event = Event {
                    type_id: TypeId::new(0),
                    time: round as i64 * SECOND,
                    source: "s".into(),
                    id: None,
                    subject: None,
                    severity: None,
                    values,
                };
                builder.push(&event).expect("a batch has room");
            }
            let bytes = builder.finish();
            let batch = check(&bytes, &bindings).expect("it was just built");
            let origin = Origin {
                stream: 0,
                sequence: 0,
            };
            shard.step(
                Input::Batch {
                    batch,
                    origin,
                    ingest: 0,
                    wall: None,
                },
                &mut Nothing,
            );
        }
    }
}

#[test]
fn a_plan_tells_what_a_rule_takes() {
    for (rule, held) in RULES {
        let rules = program(rule);
        let config = Config::default();
        let before = HEAP.allocated();
        let mut shard = Shard::new(Arc::clone(&rules), config, (0, 1));
        feed(&mut shard);
        let heap = HEAP.allocated() - before;
        let counted = shard.bytes().next().expect("there is a rule");
        assert_eq!(shard.keys().next(), Some(KEYS), "{rule}");

        let bound = Bound::of(&rules.rules[0], &config).expect("it remembers something");
        assert_eq!(bound.growth.len(), held.len(), "{rule}: {bound:?}");
        let grown = bound.growth.iter().zip(held).map(|(growth, &held)| {
            if let Most::Count(most) = growth.most {
                assert!(held <= most, "{rule}: {growth:?}");
            }
            // The source's name is always kept, and the texts that the rule mentions.
            let texts = if growth.text_bytes > 0 {
                held as usize * 12
            } else {
                0
            };
            growth.bytes * held as usize + texts
        });
        let planned = KEYS * (bound.key_bytes + grown.sum::<usize>());
        let ratio = |bytes: usize| bytes as f64 / planned as f64;
        let (counted, heap) = (ratio(counted), ratio(heap));
        println!("counted {counted:.2}, heap {heap:.2} of {planned} B: {rule}");
        assert!(
            (0.75..=1.05).contains(&counted),
            "{rule}: {counted} of {bound:?}"
        );
        // Tables that have just doubled are half empty.
        assert!((0.75..=1.25).contains(&heap), "{rule}: {heap} of {bound:?}");
    }
}
