//! Rules over events, however they are spread and cut.

use std::sync::Arc;

use trapjaw_engine::{Config, Lockstep, Origin};
use trapjaw_event::{BatchBuilder, Binding, BuildError, Event, Match, Value, check};
use trapjaw_program::sample::Entropy;
use trapjaw_program::{RuleSet, Verified};

use crate::{Outcome, rules, world};

/// Most events of a history.
const MAX_EVENTS: usize = 80;

const SECOND: i64 = 1_000_000_000;
/// 2026-01-01, where histories begin.
const START: i64 = 1_767_225_600 * SECOND;

/// Steps of time from one event to the next. Some go back.
const STEPS: [i64; 8] = [
    0,
    1,
    SECOND / 2,
    SECOND,
    SECOND,
    3 * SECOND,
    20 * SECOND,
    -2 * SECOND,
];

/// Makes a rule file and a history from the bytes, and compares what they come to on one shard and on several, with the
/// history in one batch and in many.
pub fn engine(data: &[u8]) -> Outcome {
    let (for_rules, for_events) = data.split_at(data.len() / 2);
    let text = rules::file(&mut Entropy::new(&world::stretched(for_rules, 512)));
    let program = Arc::new(world::compiled(&text));
    let events = history(&program, &world::stretched(for_events, 4 * 1_024));

    let whole = matches(&program, &events, 1, events.len());
    for (shards, cut) in [(1, 1), (1, 7), (2, events.len()), (3, 5)] {
        let found = matches(&program, &events, shards, cut);
        if let Some(at) = first_difference(&whole, &found) {
            panic!(
                "with {shards} shards and batches of {cut}, match {at} is {:#?}, not {:#?}\n{text}\n{events:#?}",
                found.get(at),
                whole.get(at)
            );
        }
    }
    if whole.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Accepted
    }
}

fn first_difference(a: &[Match], b: &[Match]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at))
}

/// Events that the choices decide, in order of arrival.
fn history(program: &RuleSet, choices: &[u8]) -> Vec<Event> {
    let entropy = &mut Entropy::new(choices);
    let id = |name| {
        program
            .registry
            .by_name(name)
            .expect("the file declares it")
    };
    let (cpu, beat, alert) = (id("cpu"), id("beat"), id("alert"));
    let mut time = START;
    let mut events = Vec::new();
    for _ in 0..=entropy.below(MAX_EVENTS) {
        time += STEPS[entropy.below(STEPS.len())];
        let host = Value::Text(entropy.pick(&["a", "b", "ab", "c"]).unwrap_or("a").into());
        let core = match entropy.below(4) {
            3 => Value::Null,
            core => Value::Int(core as i64),
        };
        let load = Value::Float(entropy.below(9) as f64 / 8.0);
        let up = match entropy.below(3) {
            2 => Value::Null,
            up => Value::Bool(up == 1),
        };
        let (type_id, values) = match entropy.below(8) {
            0..5 => (cpu, vec![host, core, load, up]),
            5 | 6 => (beat, vec![host, core]),
            _ => (
                alert,
                vec![
                    host,
                    if entropy.below(3) == 0 {
                        Value::Null
                    } else {
                        load
                    },
                ],
            ),
        };
        events.push(Event {
            type_id,
            time,
            source: "/fuzz".into(),
            id: None,
            subject: None,
            severity: None,
            values,
        });
    }
    events
}

/// What the shards find, with at most so many events in a batch.
fn matches(
    program: &Arc<Verified<RuleSet>>,
    events: &[Event],
    shards: u32,
    cut: usize,
) -> Vec<Match> {
    let mut found = Vec::new();
    let mut lockstep = Lockstep::new(program, Config::default(), shards);
    let ids = program.registry.iter().map(|(id, _)| id);
    let bindings: Vec<_> = ids
        .map(|id| Some(Arc::new(Binding::identity(&program.registry, id))))
        .collect();
    let mut builder = BatchBuilder::new(Arc::clone(&program.registry));
    let mut sequence = 1;
    for batch in events.chunks(cut.max(1)) {
        for event in batch {
            let pushed: Result<(), BuildError> = builder.push(event);
            pushed.expect("a short history fits a batch");
        }
        let bytes = builder.finish();
        let view = check(&bytes, &bindings).expect("what was built is sound");
        let origin = Origin {
            stream: 7,
            sequence,
        };
        lockstep.batch(view, origin, &mut |one| found.push(one));
        sequence += batch.len() as u64;
    }
    let last = events.iter().map(|event| event.time).max().unwrap_or(START);
    lockstep.tick(last + 60 * SECOND, &mut |one| found.push(one));
    found
}
