//! Rules, events and shards for tests.

use std::sync::Arc;

use trapjaw_dsl::{Compiled, compile, diagnostic, source::SourceMap};
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{
    BatchBuilder, BatchBytes, Binding, BuildError, Event, Match, Registry, TypeId, Value, check,
};
use trapjaw_program::{RuleSet, Verified};

pub(crate) const SECOND: i64 = 1_000_000_000;

/// The type of events that [`event`] makes.
pub(crate) const EVENT: &str = "event e { k: text, n: int, note: text? }\n";

/// A rule text's program, and what it was made from.
pub(crate) fn compiled(text: &str) -> Compiled {
    let mut sources = SourceMap::new();
    sources.add("test.trap", text);
    compile(&sources).unwrap_or_else(|findings| {
        let style = diagnostic::Style::Plain;
        panic!("{}", diagnostic::render(&findings, &sources, style))
    })
}

pub(crate) fn program(text: &str) -> Arc<Verified<RuleSet>> {
    Arc::new(compiled(text).program)
}

/// An event of the first type of a rule text.
pub(crate) fn of(type_id: u32, time: i64, values: Vec<Value>) -> Event {
    Event {
        type_id: TypeId::new(type_id),
        time,
        source: "test".into(),
        id: None,
        subject: None,
        severity: None,
        values,
    }
}

/// An event `e` of [`EVENT`], where that is declared first.
pub(crate) fn event(k: &str, time: i64, n: i64) -> Event {
    of(
        0,
        time,
        vec![Value::Text(k.into()), Value::Int(n), Value::Null],
    )
}

/// Matches and rows for other shards.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(crate) matches: Vec<Match>,
    pub(crate) forwards: Vec<Forward>,
}

impl Sink for Collector {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.matches.push(found.to_match());
    }

    fn forward(&mut self, forward: Forward) {
        self.forwards.push(forward);
    }
}

pub(crate) fn bindings(registry: &Registry) -> Vec<Option<Arc<Binding>>> {
    let identity = |(id, _)| Some(Arc::new(Binding::identity(registry, id)));
    registry.iter().map(identity).collect()
}

/// A shard that takes events in.
pub(crate) struct Rig {
    pub(crate) shard: Shard,
    sequence: u64,
    pub(crate) out: Collector,
}

impl Rig {
    /// A shard by itself.
    pub(crate) fn new(text: &str, config: Config) -> Self {
        Self::of(Shard::new(program(text), config, (0, 1)))
    }

    pub(crate) fn of(shard: Shard) -> Self {
        Self {
            shard,
            sequence: 0,
            out: Collector::default(),
        }
    }

    /// Takes the events in, in as many batches as they need.
    pub(crate) fn take(&mut self, events: &[Event]) -> &mut Self {
        self.take_at(events, None)
    }

    pub(crate) fn take_at(&mut self, events: &[Event], wall: Option<i64>) -> &mut Self {
        let mut builder = BatchBuilder::new(Arc::clone(&self.shard.rules().registry));
        for event in events {
            match builder.push(event) {
                Err(BuildError::Full) => {
                    self.batch(&builder.finish(), wall);
                    builder.push(event).expect("it fits an empty batch");
                }
                pushed => pushed.expect("it fits the registry"),
            }
        }
        if !builder.is_empty() {
            self.batch(&builder.finish(), wall);
        }
        self
    }

    pub(crate) fn batch(&mut self, bytes: &BatchBytes, wall: Option<i64>) {
        let bindings = bindings(&self.shard.rules().registry);
        let batch = check(bytes, &bindings).expect("a batch that was just built is sound");
        let origin = Origin {
            stream: 1,
            sequence: self.sequence,
        };
        self.sequence = self.sequence.wrapping_add(u64::from(batch.rows()));
        let input = Input::Batch {
            batch,
            origin,
            ingest: 0,
            wall,
        };
        self.shard.step(input, &mut self.out);
    }

    pub(crate) fn tick(&mut self, now: i64) -> &mut Self {
        self.shard.step(Input::Tick(now), &mut self.out);
        self
    }

    /// What was found since the last call, in short.
    pub(crate) fn found(&mut self) -> Vec<String> {
        let rules = Arc::clone(self.shard.rules());
        let matches = core::mem::take(&mut self.out.matches);
        matches.iter().map(|found| short(&rules, found)).collect()
    }

    /// Live keys of the first rule.
    pub(crate) fn keys(&self) -> usize {
        self.shard.keys().next().expect("there is a rule")
    }

    /// Bytes of the first rule's state.
    pub(crate) fn bytes(&self) -> usize {
        self.shard.bytes().next().expect("there is a rule")
    }
}

/// `rule kind time key values`.
fn short(rules: &RuleSet, found: &Match) -> String {
    let mut words = vec![
        rules.rules[found.rule.index()].name.to_string(),
        found.kind.to_string(),
        found.time.to_string(),
    ];
    words.extend(found.key.iter().chain(&found.values).map(text));
    words.join(" ")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Int(value) | Value::Time(value) | Value::Duration(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// xorshift64: the same draws everywhere.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// A rule of each clause over [`EVENT`], with whatever goes with it.
pub(crate) const CLAUSES: &[&str] = &[
    "rule r { on a: e by a.k do log(\"{a.n}\") }",
    "rule r { on a: e where a.n > 0 by a.k limit 2 per 3s do log(\"{a.n}\") }",
    "rule r { on a: e where a.n > 0 by a.k for 2s do log(\"{a.n}\") }",
    "rule r { on a: e where a.n > 0 by a.k for 1s gap 4s keep 2s limit 2 per 9s do log(\"{a.n}\") }",
    "rule r { on a: e by a.k over 4s having sum(a.n) > 2 and max(a.n) < 9 do log(\"{min(a.n)}\") }",
    "rule r { on a: e by a.k over 3s each having avg(a.n) > 0.5 limit 3 per 2s do log(\"{a.note}\") on clear do log(\"ok\") }",
    "rule r { on a: e where a.n > 0 by a.k over all having count() > 2 do log(\"{max(a.n)}\") on clear do log(\"ok\") }",
    "rule r { on a: e by a.k over 5s tumbling having count() > 1 do log(\"{sum(a.n)} {a.note}\") }",
    "rule r { on a: e by a.k over 2s tumbling having a.n > 0 limit 1 per 4s do log(\"{min(a.n)}\") }",
    "rule r { on a: e where a.n > 0 by a.k absent 2s do log(\"{a.n}\") }",
    "rule r { on a: e by a.k absent 3s limit 1 per 10s do log(\"{a.note}\") }",
];
