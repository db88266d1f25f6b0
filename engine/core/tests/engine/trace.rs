//! What is recorded of the partial matches of patterns.

use trapjaw_engine::Config;
use trapjaw_engine::trace::{Fate, MAX_STEPS, Reading, Refusal, RunStep, Why};
use trapjaw_event::{Event, FieldType, RuleId, Value};

use crate::rig::{EVENT, Rig, SECOND, event, of};

fn traced() -> Config {
    Config {
        trace_patterns: true,
        ..Config::default()
    }
}

fn rig(pattern: &str) -> Rig {
    Rig::new(&format!("{EVENT}rule r {{ {pattern} }}"), traced())
}

/// Of each step: its second, the elements that the run had bound and those it waited for, and what it did.
fn steps(rig: &mut Rig) -> Vec<(i64, Vec<u16>, Vec<u16>, Fate)> {
    let traces = rig.shard.take_traces();
    assert_eq!(traces.left_out, []);
    let told = traces.steps.into_iter().map(|step: RunStep| {
        let bound = step.bound.iter().map(|(element, _)| *element);
        (step.time / SECOND, bound.collect(), step.awaited, step.fate)
    });
    told.collect()
}

fn seconds(events: &[(i64, i64)]) -> Vec<Event> {
    let events = events.iter();
    events
        .map(|&(time, n)| event("k", time * SECOND, n))
        .collect()
}

#[test]
fn a_match_is_told_step_by_step() {
    let mut rig =
        rig("match a: e[n == 0] -> b: e[n == 1] -> c: e[n == 2] by k within 9s do log(\"x\")");
    rig.take(&seconds(&[(1, 0), (2, 1), (3, 1), (4, 2)]));
    let missed = |element| {
        vec![Refusal {
            element,
            condition: None,
            values: Vec::new(),
        }]
    };
    assert_eq!(
        steps(&mut rig),
        [
            (1, vec![], vec![0], Fate::Took(0)),
            (2, vec![0], vec![1], Fate::Took(1)),
            (3, vec![0, 1], vec![2], Fate::Skipped(missed(2))),
            (4, vec![0, 1, 2], vec![], Fate::Completed),
            (4, vec![0, 1], vec![2], Fate::Took(2)),
        ]
    );
    assert_eq!(steps(&mut rig), []);
    assert_eq!(rig.found().len(), 1);
}

#[test]
fn the_end_of_a_run_has_a_reason() {
    for (pattern, events, tick, expected) in [
        (
            "match a: e[n == 0] -> b: e[n == 1] within 5s do log(\"x\")",
            &[(1, 0)][..],
            6,
            (6, Fate::Ended(Why::Window, Vec::new())),
        ),
        (
            "match a: e[n == 0] -> not x: e[n == 2] -> b: e[n == 1] within 5s do log(\"x\")",
            &[(1, 0), (2, 2)],
            3,
            (2, Fate::Ended(Why::Forbidden(0b010), Vec::new())),
        ),
        (
            "match a: e[n == 0] -> not x: e[n == 2] for 2s do log(\"x\")",
            &[(1, 0)],
            3,
            (3, Fate::Passed),
        ),
        (
            "match a: e[n == 0] -> b: e[n == 0] -> c: e[n == 1] within 5s do log(\"x\")",
            &[(1, 0), (2, 0), (3, 1)],
            4,
            (3, Fate::Ended(Why::PassedBy, Vec::new())),
        ),
        (
            "match a: e[n == 0] -> not x: e[n == 2] for 2s -> b: e[n == 1] within 9s do log(\"x\")",
            &[(1, 0)],
            10,
            (10, Fate::Ended(Why::Window, Vec::new())),
        ),
    ] {
        let mut rig = rig(pattern);
        rig.take(&seconds(events)).tick(tick * SECOND);
        let steps = steps(&mut rig);
        let told = steps.iter().map(|(time, _, _, fate)| (*time, fate.clone()));
        assert!(
            told.clone().any(|step| step == expected),
            "{pattern}: {steps:?}"
        );
    }
}

#[test]
fn the_next_event_is_told_with_what_it_missed_by_type() {
    let text = "event job { number: int, phase: enum(started, failed, done) }\n\
        rule r { match a: job[phase < done] => b: job[phase > a.phase and number == count(a)] within 9s do log(\"x\") }";
    let mut rig = Rig::new(text, traced());
    let job = |time, number, phase| of(0, time, vec![Value::Int(number), Value::Enum(phase)]);
    rig.take(&[job(1, 1, 1), job(2, 2, 0)]);
    let traces = rig.shard.take_traces();
    let ended = traces.steps.iter().find_map(|step| match &step.fate {
        Fate::Ended(Why::NotNext, refusals) => Some((step, refusals)),
        _ => None,
    });
    let (step, refusals) = ended.expect("the run ends");
    assert_eq!(step.event.as_ref().map(|event| event.time), Some(2));
    let phases = ["started", "failed", "done"].map(Into::into);
    let conditions: Vec<_> = refusals.iter().map(|refusal| refusal.condition).collect();
    assert_eq!(conditions, [Some(0), Some(1)]);
    assert_eq!(
        refusals[0].values,
        [Reading {
            name: "a.last.phase".into(),
            ty: FieldType::Enum(phases.into()),
            value: Value::Enum(1),
        }]
    );
    assert_eq!(refusals[1].values[0].value, Value::Int(1));
}

#[test]
fn open_runs_are_told_beside_the_steps() {
    let mut rig = rig("match a: e[n == 0] -> b: e[n == 1] by k within 9s do log(\"x\")");
    rig.take(&[event("k", 1, 0), event("l", 2, 0), event("k", 3, 1)]);
    let open = rig.shard.open_runs();
    let [one] = &open.steps[..] else {
        panic!("{open:?}");
    };
    assert_eq!((&one.fate, &one.awaited[..]), (&Fate::Waits, &[1_u16][..]));
    assert_eq!((one.key.len(), one.start.1.time), (1, 2));
    // The steps are still there.
    assert_eq!(rig.shard.take_traces().steps.len(), 4);
}

#[test]
fn steps_beyond_the_limit_are_counted() {
    // Each event is skipped by all runs before it, and begins one.
    let events = 1_000_i64;
    let mut rig = rig("match a: e[n == 0] -> b: e[n == 1] by k within 1h do log(\"x\")");
    let flood: Vec<Event> = (0..events).map(|time| event("k", time, 0)).collect();
    rig.take(&flood);
    let traces = rig.shard.take_traces();
    let all = events * (events - 1) / 2 + events;
    assert_eq!(traces.steps.len(), MAX_STEPS);
    assert_eq!(
        traces.left_out,
        [(RuleId::new(0), all as u64 - MAX_STEPS as u64)]
    );
    // From then on there is room again.
    rig.take(&[event("k", events, 0)]);
    let traces = rig.shard.take_traces();
    assert_eq!(
        (traces.steps.len() as i64, traces.left_out.len()),
        (events + 1, 0)
    );
}

#[test]
fn who_is_watched_does_the_same() {
    let pattern = "match a: e[n == 0] -> b: e[n > a.n]+ -> c: e[n == 0] by k within 9s do log(\"{sum(b.n)}\")";
    let events: Vec<Event> = (0..60)
        .map(|time| event("k", time * SECOND, (time * 7) % 3))
        .collect();
    let found = |config| {
        let mut rig = Rig::new(&format!("{EVENT}rule r {{ {pattern} }}"), config);
        rig.take(&events);
        (rig.found(), rig.shard.take_traces().steps.len())
    };
    let (watched, alone) = (found(traced()), found(Config::default()));
    assert_eq!(watched.0, alone.0);
    assert!(watched.0.len() > 5 && watched.1 > 100, "{watched:?}");
    assert_eq!(alone.1, 0);
}
