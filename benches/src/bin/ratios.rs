//! Prints the figures of the speed page, one line each: `id value unit goal ok|short`.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

use trapjaw_benches::load::{CPU, Load};
use trapjaw_benches::measure::{Timing, compile, shard, stream};
use trapjaw_benches::network::Server;
use trapjaw_data::driver::Choice;

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of a prepared batch.
const ROWS: usize = 4_096;
/// Hosts of a load.
const HOSTS: u32 = 1_000;
/// Rounds of a figure; the median counts.
const ROUNDS: usize = 9;

fn main() {
    let only = std::env::args().nth(1);
    println!(
        "in process, one thread, batches of {ROWS} rows, {HOSTS} hosts; median of {ROUNDS} rounds (spread)"
    );
    if only.as_deref() != Some("windows") {
        stateless();
    }
    if only.as_deref() != Some("stateless") {
        windows();
    }
    network();
}

fn report(id: &str, goal: f64, timing: &Timing) {
    let median = timing.median();
    let verdict = if median <= goal { "ok" } else { "short" };
    let least = timing.rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = timing.rounds.iter().copied().fold(0.0, f64::max);
    println!(
        "{id} {median:.2} ns/event {goal} {verdict} ({least:.2}..{most:.2}, {} matches)",
        timing.matches
    );
}

/// Rules without state, and sums that never leave.
fn stateless() {
    let f1 = format!("{CPU} rule f1 {{ on c: cpu where c.load > 0.99 do log(\"x\") }}");
    let mut f10 = CPU.to_owned();
    for region in 0..10 {
        let _ = writeln!(
            f10,
            "rule f{region} {{ on c: cpu where c.region == {region} and c.load > 0.92 do log(\"x\") }}"
        );
    }
    let g1 = format!(
        "{CPU} rule g1 {{ on c: cpu by c.host over all having sum(c.load) >= 1e12 do log(\"x\") }}"
    );
    let load = Load::cpu(&compile(CPU).registry, 1, 9 * 64 * ROWS as u64, ROWS, HOSTS);
    let batches = (0, load.batches.len());

    let timing = stream(&mut shard(&compile(&f1)), &load, batches, ROUNDS);
    let expected = load.events.iter().filter(|event| event.load > 0.99).count();
    assert_eq!(timing.matches, expected as u64);
    report("F1", 2.0, &timing);

    let timing = stream(&mut shard(&compile(&f10)), &load, batches, ROUNDS);
    let expected = load
        .events
        .iter()
        .filter(|event| event.region < 10 && event.load > 0.92)
        .count();
    assert_eq!(timing.matches, expected as u64);
    report("F10", 6.0, &timing);

    let timing = stream(&mut shard(&compile(&g1)), &load, batches, ROUNDS);
    assert_eq!(timing.matches, 0);
    report("G1", 12.0, &timing);
}

/// A sliding window of ten million rows.
fn windows() {
    let w1 = format!(
        "{CPU} rule w1 {{ on c: cpu by c.host over 10s having avg(c.load) > 0.95 do log(\"x\") }}"
    );
    // Ten seconds fill the window; what follows is measured.
    let filled = 10_000_000 / ROWS;
    let measured = ROUNDS * 40;
    let load = Load::cpu(
        &compile(CPU).registry,
        2,
        ((filled + measured) * ROWS) as u64,
        ROWS,
        HOSTS,
    );
    let mut shard = shard(&compile(&w1));
    let filling = stream(&mut shard, &load, (0, filled), 1);
    let timing = stream(&mut shard, &load, (filled, filled + measured), ROUNDS);
    // A host's average passes 0.95 while it has few rows, and never again.
    let expected = first_rows_above(&load, filled * ROWS, 0.95);
    assert_eq!((filling.matches, timing.matches), (expected, 0));
    report("W1", 25.0, &timing);
}

/// How often an average of a growing window turns to above `bound` within the first `rows` events.
fn first_rows_above(load: &Load, rows: usize, bound: f64) -> u64 {
    let mut windows = vec![(0.0_f64, 0_u32, false); HOSTS as usize];
    let mut turns = 0;
    for event in &load.events[..rows] {
        let (sum, count, above) = &mut windows[event.host as usize];
        *sum += event.load;
        *count += 1;
        let now = *sum / f64::from(*count) > bound;
        turns += u64::from(now && !*above);
        *above = now;
    }
    turns
}

/// One rule over TCP against no rule, one shard: both arms in turns.
fn network() {
    let rules = compile(&format!(
        "{CPU} rule f1 {{ on c: cpu where c.load > 0.99 do log(\"x\") }}"
    ));
    let none = compile(CPU);
    let load = Load::cpu(&none.registry, 3, 256 * ROWS as u64, ROWS, HOSTS);
    let bytes: usize = load.batches.iter().map(|batch| batch.len()).sum();
    let expected = load.events.iter().filter(|event| event.load > 0.99).count() as u64;
    let (with, without) = (
        Server::start(&rules, Choice::Auto),
        Server::start(&none, Choice::Auto),
    );
    let driver = with.driver();
    let (mut ruled, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ruled.push(with.send(&load));
        bare.push(without.send(&load));
    }
    assert_eq!((with.stop(), without.stop()), (expected * ROUNDS as u64, 0));
    let (ruled, bare) = (
        Timing {
            rounds: ruled,
            matches: expected,
        },
        Timing {
            rounds: bare,
            matches: 0,
        },
    );
    let ratio = bare.median() / ruled.median();
    println!(
        "R1 {ratio:.2} ratio 0.6 {} (one rule: {:.1} M events/s, none: {:.1} M events/s; {:.1} bytes an event, batches of {ROWS}, {driver})",
        if ratio >= 0.6 { "ok" } else { "short" },
        1e3 / ruled.median(),
        1e3 / bare.median(),
        bytes as f64 / load.events.len() as f64,
    );
}
