//! What rules that have the same windows cost, beside the same rules each with windows of its own.
//!
//! A third of the rules ask for an average, a third for a maximum, a third for a count, by host over a second; each has a bound
//! of its own. Both arms take the same batches in turns.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use trapjaw_engine::Config;
use trapjaw_program::{RuleSet, Verified};

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::load::{CPU, Cpu, Load};
use crate::measure::{Run, compile, median};

const SECOND: i64 = 1_000_000_000;

/// Batches of a round.
const BATCHES: usize = 16;

/// Measures it for ten rules and for a hundred.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    for rules in [1, 10, 100] {
        sliding(rules, tell);
    }
    for rules in [10, 100] {
        tumbling(rules, tell);
    }
}

fn average(rule: u32) -> f64 {
    0.95 + f64::from(rule) / 1e4
}

fn maximum(rule: u32) -> f64 {
    0.999 + f64::from(rule) / 1e6
}

fn count(rule: u32) -> u32 {
    1_000 + rule
}

/// So many rules of the same windows.
pub(crate) fn rules(rules: u32, clause: &str) -> Arc<Verified<RuleSet>> {
    let mut text = CPU.to_owned();
    for rule in 0..rules {
        let having = match rule % 3 {
            0 => format!("avg(c.load) > {}", average(rule)),
            1 => format!("max(c.load) > {}", maximum(rule)),
            _ => format!("count() > {}", count(rule)),
        };
        let _ = writeln!(
            text,
            "rule r{rule} {{ on c: cpu by c.host {clause} having {having} do log(\"x\") }}"
        );
    }
    compile(&text)
}

/// Windows of a second, which are full before time is taken.
fn sliding(number: u32, tell: &mut dyn FnMut(Figure)) {
    let rules = rules(number, "over 1s");
    let filled = 1_000_000_usize.div_ceil(ROWS);
    let load = Load::cpu(
        &rules.registry,
        6,
        ((filled + ROUNDS * BATCHES) * ROWS) as u64,
        ROWS,
        HOSTS,
    );
    let expected = turns(&load.events, number);
    compare(
        &format!("Shared.{number}"),
        &rules,
        (&load, filled),
        expected,
        tell,
    );
}

/// How often `having` turns to true, for all rules, whose windows are those of a second.
pub(crate) fn turns(events: &[Cpu], rules: u32) -> u64 {
    let mut windows = vec![VecDeque::<(i64, f64)>::new(); HOSTS as usize];
    let mut held = vec![vec![false; rules as usize]; HOSTS as usize];
    let mut turns = 0;
    for event in events {
        let window = &mut windows[event.host as usize];
        window.push_back((event.time, event.load));
        while window
            .front()
            .is_some_and(|(time, _)| time + SECOND <= event.time)
        {
            window.pop_front();
        }
        // With many rows an average is far below all bounds.
        let average_now = if window.len() < 200 {
            window.iter().map(|(_, load)| load).sum::<f64>() / window.len() as f64
        } else {
            0.0
        };
        let maximum_now = window.iter().map(|(_, load)| *load).fold(0.0, f64::max);
        for rule in 0..rules {
            let now = match rule % 3 {
                0 => average_now > average(rule),
                1 => maximum_now > maximum(rule),
                _ => window.len() > count(rule) as usize,
            };
            let before = core::mem::replace(&mut held[event.host as usize][rule as usize], now);
            turns += u64::from(now && !before);
        }
    }
    turns
}

/// Windows of a second that are judged at their end.
fn tumbling(number: u32, tell: &mut dyn FnMut(Figure)) {
    let rules = rules(number, "over 1s tumbling");
    let batches = ROUNDS * BATCHES * 4;
    let load = Load::cpu(&rules.registry, 7, (batches * ROWS) as u64, ROWS, HOSTS);
    let clock = load.events.last().map_or(0, |event| event.time);
    let mut expected = 0;
    for window in 0..clock / SECOND {
        let mut hosts = vec![(0.0, 0.0_f64, 0_u32); HOSTS as usize];
        for event in load
            .events
            .iter()
            .filter(|event| event.time / SECOND == window)
        {
            let (sum, most, rows) = &mut hosts[event.host as usize];
            *sum += event.load;
            *most = most.max(event.load);
            *rows += 1;
        }
        for (sum, most, rows) in hosts {
            let holds = (0..number).filter(|&rule| match rule % 3 {
                0 => rows > 0 && sum / f64::from(rows) > average(rule),
                1 => most > maximum(rule),
                _ => rows > count(rule),
            });
            expected += holds.count() as u64;
        }
    }
    let id = format!("Shared.tumbling.{number}");
    compare(&id, &rules, (&load, 0), expected, tell);
}

/// Both arms over a load, of which the first batches are not timed.
fn compare(
    id: &str,
    rules: &Arc<Verified<RuleSet>>,
    (load, filled): (&Load, usize),
    expected: u64,
    tell: &mut dyn FnMut(Figure),
) {
    let mut arms = [true, false].map(|share_windows| {
        let config = Config {
            share_windows,
            ..Config::default()
        };
        (Run::with(rules, config), Vec::new())
    });
    for (run, _) in &mut arms {
        run.pass(&load.batches[..filled.max(1)], &load.bindings);
    }
    let measured = &load.batches[filled.max(1)..];
    for round in measured.chunks(measured.len().div_ceil(ROUNDS)) {
        for (run, rounds) in &mut arms {
            rounds.push(run.pass(round, &load.bindings));
        }
    }
    let [(shared, of_shared), (own, of_own)] = &arms;
    assert_eq!((shared.matches(), own.matches()), (expected, expected));
    let bytes = |run: &Run| run.shard().bytes().sum::<usize>() as f64 / 1e6;
    tell(Figure {
        id: id.to_owned(),
        value: median(of_shared),
        unit: "ns/event",
        goal: Goal::None,
        peer: None,
        note: format!(
            "each with windows of its own {:.1}, {:.1} times as much; {:.1} and {:.1} MB; {expected} matches",
            median(of_own),
            median(of_own) / median(of_shared),
            bytes(shared),
            bytes(own),
        ),
    });
}
