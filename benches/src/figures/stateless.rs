//! Rules without state: F1, F10, F100, H1000.

use std::fmt::Write as _;

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::Figure;
use crate::load::{CPU, Cpu, CpuRows, Load};
use crate::measure::{Run, compile, stream, stream_rows};

/// A rule set, its goal, what the best peer takes, and whether it takes an event how often.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) rules: String,
    pub(crate) goal: f64,
    pub(crate) peer: f64,
    pub(crate) matches: fn(&Cpu) -> u64,
}

/// The rules of H1000.
pub fn h1000() -> String {
    let mut rules = CPU.to_owned();
    for host in 0..1_000 {
        let _ = writeln!(
            rules,
            "rule h{host} {{ on c: cpu where c.host == \"host-{host}\" and c.load > 0.95 do log(\"x\") }}"
        );
    }
    rules
}

/// How many of the rules of H1000 an event satisfies.
pub fn h1000_matches(event: &Cpu) -> u64 {
    u64::from(event.host < 1_000 && event.load > 0.95)
}

/// F1, F10, F100 and H1000.
pub(crate) fn cases() -> [Case; 4] {
    let f1 = format!("{CPU} rule f1 {{ on c: cpu where c.load > 0.99 do log(\"x\") }}");
    let mut f10 = CPU.to_owned();
    for region in 0..10 {
        let _ = writeln!(
            f10,
            "rule f{region} {{ on c: cpu where c.region == {region} and c.load > 0.92 do log(\"x\") }}"
        );
    }
    let mut f100 = CPU.to_owned();
    for rule in 0..100 {
        let _ = writeln!(
            f100,
            "rule f{rule} {{ on c: cpu where c.load > {} and c.region == {} do log(\"x\") }}",
            bound(rule),
            rule % 16
        );
    }
    [
        Case {
            id: "F1",
            rules: f1,
            goal: 2.0,
            peer: 88.0,
            matches: |event| u64::from(event.load > 0.99),
        },
        Case {
            id: "F10",
            rules: f10,
            goal: 6.0,
            peer: 112.0,
            matches: |event| u64::from(event.region < 10 && event.load > 0.92),
        },
        Case {
            id: "F100",
            rules: f100,
            goal: 10.0,
            peer: 112.0,
            matches: |event| {
                let satisfied =
                    |rule: &u32| i64::from(rule % 16) == event.region && event.load > bound(*rule);
                (0..100).filter(satisfied).count() as u64
            },
        },
        Case {
            id: "H1000",
            rules: h1000(),
            goal: 20.0,
            peer: 415.0,
            matches: h1000_matches,
        },
    ]
}

/// The load above which a rule of F100 fires.
fn bound(rule: u32) -> f64 {
    f64::from(9_900 + rule) / 1e4
}

/// Measures them, over prepared batches and over rows.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let registry = compile(CPU).registry.clone();
    let load = Load::cpu(&registry, 1, (ROUNDS * 64 * ROWS) as u64, ROWS, HOSTS);
    let writer = CpuRows::new(&registry, HOSTS);
    let batches = (0, load.batches.len());
    for case in cases() {
        let rules = compile(&case.rules);
        let expected: u64 = load.events.iter().map(case.matches).sum();

        let timing = stream(&mut Run::new(&rules), &load, batches, ROUNDS);
        assert_eq!(timing.matches, expected, "{}", case.id);
        tell(Figure::of_timing(case.id, case.goal, &timing).with_peer(case.peer));

        let mut run = Run::new(&rules);
        let timing = stream_rows(&mut run, &load, batches, ROUNDS, |builder, event| {
            writer.write(builder, event);
        });
        assert_eq!(timing.matches, expected, "{} rows", case.id);
        let id = format!("{}.rows", case.id);
        tell(Figure::of_timing(&id, case.peer / 2.0, &timing));
    }
}
