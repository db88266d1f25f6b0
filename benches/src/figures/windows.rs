//! Aggregates by key: G1, W1, T1.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Instant;

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::load::{CPU, Cpu, CpuRows, Load};
use crate::measure::{Run, compile, median, stream, stream_rows};

/// Measures them, over prepared batches and over rows.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    all(tell);
    sliding(tell);
    tumbling(tell);
}

/// The rules of G1.
pub fn g1() -> String {
    format!(
        "{CPU} rule g1 {{ on c: cpu by c.host over all having sum(c.load) >= 1e12 do log(\"x\") }}"
    )
}

/// How long the windows of W1 are, in nanoseconds.
pub(crate) const W1_OVER: i64 = 10_000_000_000;
/// What W1 asks of its averages.
pub(crate) const W1_ABOVE: f64 = 0.95;

/// The rules of W1.
pub fn w1() -> String {
    format!(
        "{CPU} rule w1 {{ on c: cpu by c.host over {}s having avg(c.load) > {W1_ABOVE} do log(\"x\") }}",
        W1_OVER / 1_000_000_000
    )
}

/// A sum that nothing leaves.
fn all(tell: &mut dyn FnMut(Figure)) {
    let rules = compile(&g1());
    let load = Load::cpu(&rules.registry, 1, (ROUNDS * 64 * ROWS) as u64, ROWS, HOSTS);
    let batches = (0, load.batches.len());
    let timing = stream(&mut Run::new(&rules), &load, batches, ROUNDS);
    assert_eq!(timing.matches, 0);
    tell(Figure::of_timing("G1", 12.0, &timing).with_peer(129.0));

    let writer = CpuRows::new(&rules.registry, HOSTS);
    let mut run = Run::new(&rules);
    let timing = stream_rows(&mut run, &load, batches, ROUNDS, |builder, event| {
        writer.write(builder, event);
    });
    assert_eq!(timing.matches, 0);
    tell(Figure::of_timing("G1.rows", 64.5, &timing));
}

/// A sliding window of ten million rows.
fn sliding(tell: &mut dyn FnMut(Figure)) {
    let rules = compile(&w1());
    // Ten seconds fill the window; what follows is measured.
    let filled = 10_000_000 / ROWS;
    let measured = ROUNDS * 40;
    let count = (filled + 2 * measured) * ROWS;
    let load = Load::cpu(&rules.registry, 2, count as u64, ROWS, HOSTS);
    let mut run = Run::new(&rules);
    let filling = stream(&mut run, &load, (0, filled), 1);
    let timing = stream(&mut run, &load, (filled, filled + measured), ROUNDS);
    // A host's average passes 0.95 while it has few rows, and never again.
    let expected = first_rows_above(&load.events[..filled * ROWS], W1_ABOVE);
    assert_eq!((filling.matches, timing.matches), (expected, 0));
    let bytes: usize = run.shard().bytes().sum();
    let mut figure = Figure::of_timing("W1", 25.0, &timing).with_peer(280.0);
    let _ = write!(figure.note, ", {:.1} bytes a row", bytes as f64 / 1e7);
    tell(figure);

    let writer = CpuRows::new(&rules.registry, HOSTS);
    let rest = (filled + measured, filled + 2 * measured);
    let timing = stream_rows(&mut run, &load, rest, ROUNDS, |builder, event| {
        writer.write(builder, event);
    });
    assert_eq!(timing.matches, 0);
    tell(Figure::of_timing("W1.rows", 140.0, &timing));
}

/// How often an average of a growing window turns to above `bound`.
fn first_rows_above(events: &[Cpu], bound: f64) -> u64 {
    let mut windows = vec![(0.0_f64, 0_u32, false); HOSTS as usize];
    let mut turns = 0;
    for event in events {
        let (sum, count, above) = &mut windows[event.host as usize];
        *sum += event.load;
        *count += 1;
        let now = *sum / f64::from(*count) > bound;
        turns += u64::from(now && !*above);
        *above = now;
    }
    turns
}

/// The rules of T1.
pub fn t1() -> String {
    format!(
        "{CPU} rule t1 {{ on c: cpu by c.host over 1s tumbling \
         do log(avg: avg(c.load), max: max(c.load), count: count()) }}"
    )
}

/// Windows of T1 that are over when the clock has come to the last event.
pub(crate) fn ended(events: &[Cpu]) -> u64 {
    const SECOND: i64 = 1_000_000_000;
    let clock = events.last().map_or(0, |event| event.time);
    let ended = events.iter().filter_map(|event| {
        let window = event.time / SECOND;
        ((window + 1) * SECOND <= clock).then_some((window, event.host))
    });
    ended.collect::<HashSet<_>>().len() as u64
}

/// Windows of a second, all of whose keys are told at their end.
fn tumbling(tell: &mut dyn FnMut(Figure)) {
    let rules = compile(&t1());
    let load = Load::cpu(&rules.registry, 5, (ROUNDS * 64 * ROWS) as u64, ROWS, HOSTS);
    let batches = (0, load.batches.len());
    let expected = ended(&load.events);

    let timing = stream(&mut Run::new(&rules), &load, batches, ROUNDS);
    assert_eq!(timing.matches, expected);
    tell(Figure::of_timing("T1", 20.0, &timing).with_peer(710.0));

    let writer = CpuRows::new(&rules.registry, HOSTS);
    let mut run = Run::new(&rules);
    let timing = stream_rows(&mut run, &load, batches, ROUNDS, |builder, event| {
        writer.write(builder, event);
    });
    assert_eq!(timing.matches, expected);
    tell(Figure::of_timing("T1.rows", 355.0, &timing));

    // What the end of a window adds to the step in which it comes.
    let mut run = Run::new(&rules);
    let (mut steps, mut ends) = (Vec::new(), Vec::new());
    for batch in &load.batches {
        let before = run.matches();
        let start = Instant::now();
        run.step(batch, &load.bindings);
        let elapsed = start.elapsed().as_nanos() as f64;
        let kind = if run.matches() > before {
            &mut ends
        } else {
            &mut steps
        };
        kind.push(elapsed);
    }
    assert_eq!(run.matches(), expected);
    let burst = (median(&ends) - median(&steps)) / f64::from(HOSTS);
    tell(Figure {
        id: "T1.burst".to_owned(),
        value: burst,
        unit: "ns/key",
        goal: Goal::None,
        peer: None,
        note: format!("{} ends of windows with {HOSTS} keys", ends.len()),
    });
}
