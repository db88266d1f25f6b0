//! With what the cost of patterns grows: R3, R6, R7, R11.

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::load::{Draws, Load, push};
use crate::measure::{Run, Timing, compile, stream};
use std::collections::VecDeque;
use trapjaw_engine::{Forward, MatchRef, Sink};
use trapjaw_event::{Value, ValueRef};

const STEP: &str = "event step { key: text, kind: int, amount: float }\n";

/// Batches of a round.
const BATCHES: usize = 32;

/// A step of a kind.
#[derive(Clone, Copy, Debug)]
struct Step {
    key: u32,
    kind: i64,
    time: i64,
}

impl Step {
    /// Up to ten, in hundredths.
    fn amount(&self) -> f64 {
        (self.time / 1_000 % 1_000) as f64 / 100.0
    }
}

/// Keys and kinds.
fn steps(events: impl Iterator<Item = (u32, i64)>) -> Load<Step> {
    let registry = &compile(STEP).registry;
    let type_id = registry.by_name("step").expect("it is declared");
    let names: Vec<String> = (0..HOSTS).map(|key| format!("key-{key}")).collect();
    let events = events.enumerate().map(|(number, (key, kind))| Step {
        key,
        kind,
        time: number as i64 * 1_000,
    });
    Load::new(registry, events.collect(), ROWS, |builder, event| {
        let values = [
            ValueRef::Text(&names[event.key as usize]),
            ValueRef::Int(event.kind),
            ValueRef::Float(event.amount()),
        ];
        push(builder, type_id, event.time, &values);
    })
}

/// Steps of random keys, and of random kinds below a number.
fn random(seed: u64, kinds: u64) -> Load<Step> {
    let mut draws = Draws::new(seed);
    steps((0..ROUNDS * BATCHES * ROWS).map(|_| {
        let key = draws.below(HOSTS.into()) as u32;
        (key, draws.below(kinds) as i64)
    }))
}

/// Measures them.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    for (id, (pattern, many), completes, about) in [
        (
            "R3.untouched",
            (ALONE, 1_000_000),
            false,
            "events that touch no partial match",
        ),
        (
            "R3.completed",
            (ALONE, 1_000_000),
            true,
            "events that begin and complete one",
        ),
        (
            "R3.runs.untouched",
            (READS, 100_000),
            false,
            "the same, where conditions read what is bound",
        ),
        (
            "R3.runs.completed",
            (READS, 100_000),
            true,
            "and of those that begin and complete one",
        ),
    ] {
        tell(live(id, (pattern, many), completes, about));
    }
    tell(longer());
    tell(aggregated());
    tell(bytes());
}

fn ratio(id: &str, goal: f64, (large, small): (&Timing, &Timing), about: &str) -> Figure {
    let (large, small) = (large.median(), small.median());
    let note = format!("{about}: {large:.1} and {small:.1} ns/event");
    Figure::of_ratio(id, Goal::AtMost(goal), large / small, note)
}

fn run(pattern: &str, action: &str) -> Run {
    Run::new(&compile(&format!(
        "{STEP}rule r {{ match {pattern} do log({action}) }}"
    )))
}

/// Live partial matches of the small arm of R3.
const FEW: usize = 100;

/// Two kinds of partial matches, of which each event is judged alone.
pub(crate) const ALONE: &str =
    "(a: step[kind == 0] -> b: step[kind == 1]) or (c: step[kind == 2] -> d: step[kind == 3])
    by key within 1h skip to next";

/// The same with conditions that read what is bound, and hold.
const READS: &str = "(a: step[kind == 0] -> b: step[kind == 1 and amount >= a.amount])
    or (c: step[kind == 2] -> d: step[kind == 3 and amount >= c.amount])
    by key within 1h skip to next";

/// R3: partial matches of one kind are there so often or [`FEW`] times, while events come that touch none of them.
fn live(id: &str, (pattern, many): (&str, usize), completes: bool, about: &str) -> Figure {
    let [beside_many, beside_few] = beside(pattern, [many, FEW], completes);
    ratio(
        id,
        1.3,
        (&beside_many, &beside_few),
        &format!("{about}, beside {many} and beside {FEW}"),
    )
}

/// What events take beside so many live partial matches, which they do not touch, in turns. They begin and complete one of
/// their own, two by two, or none.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub(crate) fn beside<const N: usize>(
    pattern: &str,
    live: [usize; N],
    completes: bool,
) -> [Timing; N] {
    let count = ROUNDS * BATCHES * ROWS;
    let mut arms = live.map(|live| {
        // What fills the last batch opens and completes nothing.
        let filling = live.next_multiple_of(ROWS);
        let fill = (0..filling).map(|number| {
            let kind = if number < live { 0 } else { 3 };
            ((number % HOSTS as usize) as u32, kind)
        });
        let events = (0..count).map(|number| {
            let key = (number / 2 % HOSTS as usize) as u32;
            (key, if completes { 2 + number as i64 % 2 } else { 3 })
        });
        let load = steps(fill.chain(events));
        let mut run = run(pattern, "\"x\"");
        let from = filling / ROWS;
        assert_eq!(stream(&mut run, &load, (0, from), 1).matches, 0);
        (run, load, from, Timing::default())
    });
    for round in 0..ROUNDS {
        for (run, load, from, timing) in &mut arms {
            let first = *from + round * BATCHES;
            let part = &load.batches[first..first + BATCHES];
            timing.rounds.push(run.pass(part, &load.bindings));
        }
    }
    let expected = if completes { count as u64 / 2 } else { 0 };
    arms.map(|(run, .., mut timing)| {
        timing.matches = run.matches();
        assert_eq!(timing.matches, expected, "R3");
        timing
    })
}

/// R6: sequences of 12 and of 3; each event is of one of their steps.
fn longer() -> Figure {
    let arm = |length: i64| {
        let elements = (0..length).map(|kind| format!("s{kind}: step[kind == {kind}]"));
        let pattern = elements.collect::<Vec<_>>().join(" -> ") + " by key within 1h";
        let load = random(6, length as u64);
        let mut run = run(&pattern, "\"x\"");
        let timing = stream(&mut run, &load, (0, load.batches.len()), ROUNDS);
        // The oldest start is ahead of all others.
        let mut next = vec![0; HOSTS as usize];
        let mut expected = 0;
        for event in &load.events {
            let next = &mut next[event.key as usize];
            *next += i64::from(event.kind == *next);
            if *next == length {
                expected += 1;
                *next = 0;
            }
        }
        assert_eq!(timing.matches, expected, "a sequence of {length}");
        timing
    };
    ratio("R6", 1.3, (&arm(12), &arm(3)), "a sequence of 12 and of 3")
}

/// How long a match of R7 may take, in nanoseconds: of a hundred events of a key.
const TOGETHER: i64 = 100_000_000;

/// R7: how many matches end at each event and a sum over them, and only that some do; beside it, each of them told.
fn aggregated() -> Figure {
    let pattern = "a: step[kind > 0] ~> b: step[kind == 0] by key within 100ms skip none";
    let together = format!("{pattern} together");
    let load = random(7, 10);
    let sums = "\"{count()} {sum(a.amount)}\"";
    let mut arms = [
        (&*together, sums),
        (&*together, "\"x\""),
        (pattern, "\"x\""),
    ]
    .map(|(pattern, action)| (run(pattern, action), Timing::default()));
    for part in load.batches.chunks(BATCHES) {
        for (run, timing) in &mut arms {
            timing.rounds.push(run.pass(part, &load.bindings));
        }
    }
    let expected = ending_at_each(&load);
    let moments = expected.moments;
    for ((run, _), matches) in arms.iter().zip([moments, moments, expected.matches]) {
        assert_eq!(run.matches(), matches, "R7");
    }
    let mut told = Told::default();
    let mut run = run(&together, sums);
    for bytes in &load.batches {
        run.step_to(bytes, &load.bindings, &mut told);
    }
    assert_eq!(
        (told.moments, told.matches),
        (moments, expected.matches),
        "R7"
    );
    let error = (told.amount - expected.amount).abs() / expected.amount;
    assert!(error < 1e-12, "R7: {} for {}", told.amount, expected.amount);
    let [(_, summed), (_, detected), (_, each)] = &arms;
    let about = format!(
        "a count and a sum over the {:.0} matches that end at an event, and no more than that some do; each told: {:.1}",
        expected.matches as f64 / moments as f64,
        each.median()
    );
    ratio("R7", 1.2, (summed, detected), &about)
}

/// What matches that are told together come to.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Events at which matches end.
    moments: u64,
    matches: u64,
    /// A sum over all that they bound first.
    amount: f64,
}

impl Sink for Told {
    fn matched(&mut self, found: &MatchRef<'_>) {
        let values = found.to_match().values;
        let [Value::Int(matches), Value::Float(amount), ..] = values[..] else {
            panic!("R7: no count and sum: {values:?}");
        };
        self.moments += 1;
        self.matches += matches as u64;
        self.amount += amount;
    }

    fn forward(&mut self, _forward: Forward) {
        unreachable!("a single shard owns every key")
    }
}

/// What R7 has to find, from the newest events of each key.
fn ending_at_each(load: &Load<Step>) -> Told {
    let mut expected = Told::default();
    let mut begun = vec![VecDeque::new(); HOSTS as usize];
    for event in &load.events {
        let begun = &mut begun[event.key as usize];
        while begun
            .front()
            .is_some_and(|(time, _)| event.time - time >= TOGETHER)
        {
            begun.pop_front();
        }
        if event.kind > 0 {
            begun.push_back((event.time, event.amount()));
        } else if !begun.is_empty() {
            expected.moments += 1;
            expected.matches += begun.len() as u64;
            expected.amount += begun.iter().map(|(_, amount)| amount).sum::<f64>();
        }
    }
    expected
}

/// R11: bytes of a live partial match, of which no text is kept.
fn bytes() -> Figure {
    const FEW: usize = 2;
    const MANY: usize = 1_000;
    let pattern = "a: step[kind == 0] -> b: step[kind == 0] -> c: step[kind == 1] by key within 1h";
    let arm = |each: usize| {
        let count = each * HOSTS as usize;
        let load = steps((0..count).map(|number| ((number % HOSTS as usize) as u32, 0)));
        let mut run = run(pattern, "\"x\"");
        let matches = stream(&mut run, &load, (0, load.batches.len()), 1).matches;
        assert_eq!(matches, 0, "R11");
        run.shard().bytes().sum::<usize>()
    };
    let more = (MANY - FEW) * HOSTS as usize;
    let bytes = (arm(MANY) - arm(FEW)) as f64 / more as f64;
    Figure {
        unit: "bytes",
        ..Figure::of_ratio(
            "R11",
            Goal::AtMost(64.0),
            bytes,
            format!("a live partial match, of {}", MANY * HOSTS as usize),
        )
    }
}
