//! R8: is one update of a large window as fast as any other?
//!
//! A window of a million rows is full, so that its memory has been touched, and goes on row for row. The same updates are
//! timed on several shards with the same rows; what the machine adds to one of them it does not add to all, so that the
//! least time of each group of updates is the group's own.

use std::time::Instant;

use crate::figure::{Figure, Goal};
use crate::load::{CPU, Load};
use crate::measure::{Run, compile, median};

/// Rows in the window.
const WINDOW: usize = 1_000_000;
/// Updates that are timed together.
const GROUP: usize = 16;
/// Groups that are timed: their rows replace those of the window more than once.
const GROUPS: usize = 80_000;
/// Shards that do the same.
const REPEATS: usize = 5;
/// Rows of the batches that fill the window.
const FILLING: usize = 4_000;

/// Measures it.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let rules = compile(&format!(
        "{CPU} rule r8 {{ on c: cpu over 1s having max(c.load) - avg(c.load) < 0 do log(\"x\") }}"
    ));
    let filling = Load::cpu(&rules.registry, 6, WINDOW as u64, FILLING, 1);
    let mut events = Load::cpu(&rules.registry, 7, (GROUPS * GROUP) as u64, GROUP, 1).events;
    for event in &mut events {
        event.time += (WINDOW * 1_000) as i64;
    }
    let writer = crate::load::CpuRows::new(&rules.registry, 1);
    let updates = Load::new(&rules.registry, events, GROUP, |builder, event| {
        writer.write(builder, event);
    });
    let mut least = vec![f64::INFINITY; GROUPS];
    for _ in 0..REPEATS {
        let mut run = Run::new(&rules);
        run.pass(&filling.batches, &filling.bindings);
        for (least, batch) in least.iter_mut().zip(&updates.batches) {
            let start = Instant::now();
            run.step(batch, &updates.bindings);
            *least = least.min(start.elapsed().as_nanos() as f64);
        }
        assert_eq!(run.matches(), 0, "no maximum is below the average");
    }
    let slowest = least.iter().copied().fold(0.0, f64::max);
    let usual = median(&least);
    let note = format!(
        "slowest of {GROUPS} groups of {GROUP} updates: {slowest:.0} ns, median: {usual:.0} ns; least of {REPEATS} repeats of each"
    );
    tell(Figure::of_ratio(
        "R8",
        Goal::AtMost(5.0),
        slowest / usual,
        note,
    ));
}
