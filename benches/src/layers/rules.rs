//! What rules do with prepared batches: conditions, the index, windows, patterns.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::{KEYS, Loaded, MEASURED, ROWS, WARM};
use crate::figures::many::{Kinds, Request};
use crate::figures::patterns::{LOGIN, Login, expected, fives, logins};
use crate::figures::stateless::{Case, cases, h1000, h1000_matches};
use crate::load::{CPU, Cpu, Load};
use crate::measure::{Run, compile};

/// All batches: those that warm, and those that are measured.
const BATCHES: usize = WARM + MEASURED;
/// Nanoseconds.
const MILLISECOND: i64 = 1_000_000;

/// A rule set over a load, of which `count` says how many matches a first part of the events has.
fn layer<E: 'static>(rules: &str, load: Load<E>, count: impl Fn(&[E]) -> u64) -> Loaded {
    let rules = compile(rules);
    let expected = count(&load.events) - count(&load.events[..WARM * ROWS]);
    let load = Arc::new(load);
    Loaded {
        expected,
        ready: Box::new(move || {
            let load = Arc::clone(&load);
            let mut run = Run::new(&rules);
            for batch in &load.batches[..WARM] {
                run.step(batch, &load.bindings);
            }
            Box::new(move || {
                let before = run.matches();
                for batch in &load.batches[WARM..] {
                    run.step(batch, &load.bindings);
                }
                run.matches() - before
            })
        }),
    }
}

fn cpu() -> Load {
    let registry = compile(CPU).registry.clone();
    Load::cpu(&registry, 1, (BATCHES * ROWS) as u64, ROWS, KEYS)
}

fn each(count: impl Fn(&Cpu) -> u64) -> impl Fn(&[Cpu]) -> u64 {
    move |events| events.iter().map(&count).sum()
}

fn stateless(id: &str) -> Loaded {
    let case = cases().into_iter().find(|case| case.id == id);
    let Case { rules, matches, .. } = case.expect("a case of the speed page");
    layer(&rules, cpu(), each(matches))
}

/// F1.
pub(super) fn predicates_one() -> Loaded {
    stateless("F1")
}

/// F10.
pub(super) fn predicates_ten() -> Loaded {
    stateless("F10")
}

/// H1000.
pub(super) fn index_equal() -> Loaded {
    layer(&h1000(), cpu(), each(h1000_matches))
}

/// R2, with a thousand rules.
pub(super) fn index_mixed() -> Loaded {
    let kinds = Kinds::of(1_000);
    let rules = kinds.rules();
    let load = kinds.load(&compile(&rules).registry, BATCHES * ROWS);
    layer(&rules, load, move |events: &[Request]| {
        events.iter().map(|event| kinds.matches(event)).sum()
    })
}

fn windowed(clauses: &str, count: impl Fn(&[Cpu]) -> u64) -> Loaded {
    layer(
        &format!("{CPU} rule w {{ on c: cpu by c.host {clauses} do log(\"x\") }}"),
        cpu(),
        count,
    )
}

/// A sum that nothing leaves, and which turns once a host.
pub(super) fn window_all() -> Loaded {
    windowed("over all having sum(c.load) >= 20", |events| {
        let mut sums = vec![0.0; KEYS as usize];
        for event in events {
            sums[event.host as usize] += event.load;
        }
        sums.iter().filter(|sum| **sum >= 20.0).count() as u64
    })
}

/// An average over some ten rows a host.
pub(super) fn window_sliding() -> Loaded {
    windowed("over 10ms having avg(c.load) > 0.7", |events| {
        let mut windows = vec![(VecDeque::new(), false); KEYS as usize];
        let mut turns = 0;
        for event in events {
            let (rows, held) = &mut windows[event.host as usize];
            while rows
                .front()
                .is_some_and(|&(time, _): &(i64, f64)| time <= event.time - 10 * MILLISECOND)
            {
                rows.pop_front();
            }
            *held &= !rows.is_empty();
            rows.push_back((event.time, event.load));
            let sum: f64 = rows.iter().map(|(_, load)| load).sum();
            let holds = sum / rows.len() as f64 > 0.7;
            turns += u64::from(holds && !*held);
            *held = holds;
        }
        turns
    })
}

/// The hosts of each window of so long, one a step, whose end the clock has come to.
fn ended(events: &[Cpu], length: i64, step: i64) -> u64 {
    let clock = events.last().map_or(0, |event| event.time);
    let windows = events.iter().flat_map(|event| {
        let last = event.time.div_euclid(step);
        (0..length / step).map(move |back| ((last - back) * step, event.host))
    });
    let ended = windows.filter(|(start, _)| start + length <= clock);
    ended.collect::<HashSet<_>>().len() as u64
}

/// T1, with windows of 10 ms.
pub(super) fn window_tumbling() -> Loaded {
    windowed(
        "over 10ms tumbling having max(c.load) >= 0 and avg(c.load) >= 0 and count() > 0",
        |events| ended(events, 10 * MILLISECOND, 10 * MILLISECOND),
    )
}

/// Windows of 20 ms each 5 ms.
pub(super) fn window_hopping() -> Loaded {
    windowed("over 20ms every 5ms having avg(c.load) >= 0", |events| {
        ended(events, 20 * MILLISECOND, 5 * MILLISECOND)
    })
}

/// Different hosts of a region.
pub(super) fn window_distinct() -> Loaded {
    const ROWS_OF: i64 = 4 * MILLISECOND;
    let rules = format!(
        "{CPU} rule d {{ on c: cpu by c.region over 4ms having distinct(c.host) >= 240 do log(\"x\") }}"
    );
    layer(&rules, cpu(), |events| {
        let mut windows = vec![(VecDeque::new(), HashMap::new(), false); 16];
        let mut turns = 0;
        for event in events {
            let (rows, hosts, held) = &mut windows[event.region as usize];
            rows.push_back((event.time, event.host));
            *hosts.entry(event.host).or_insert(0) += 1;
            while let Some(&(time, host)) = rows.front() {
                if time > event.time - ROWS_OF {
                    break;
                }
                rows.pop_front();
                let count = hosts.get_mut(&host).expect("it came in");
                *count -= 1;
                if *count == 0 {
                    hosts.remove(&host);
                }
            }
            let holds = hosts.len() >= 240;
            turns += u64::from(holds && !*held);
            *held = holds;
        }
        turns
    })
}

fn pattern(pattern: &str, number: usize) -> Loaded {
    let rules = format!("{LOGIN}rule p {{ match {pattern} do log(\"x\") }}");
    layer(&rules, logins(BATCHES * ROWS), move |events: &[Login]| {
        expected(events)[number]
    })
}

/// P1.
pub(super) fn pattern_strict() -> Loaded {
    pattern(
        "a: login[not ok] => b: login[not ok] => c: login[ok] by user within 10s",
        0,
    )
}

/// P2.
pub(super) fn pattern_relaxed() -> Loaded {
    pattern(
        "a: login[not ok] -> b: login[not ok] -> c: login[ok] by user within 10s",
        1,
    )
}

/// P3.
pub(super) fn pattern_all() -> Loaded {
    pattern(
        "a: login[not ok] -> b: login[ok] by user within 10s skip none",
        2,
    )
}

/// S1.
pub(super) fn pattern_repeated() -> Loaded {
    let rules = format!(
        "{CPU}rule s {{ match a: cpu[load > 0.9]{{5}} strict by host within 10s do log(\"x\") }}"
    );
    layer(&rules, cpu(), |events| fives(events, 0.9))
}
