//! Over rows of a window, and over rules that have the same windows.

use super::{Point, ROUNDS};
use crate::figure::Goal;
use crate::figures::{HOSTS, ROWS, sharing};
use crate::load::{CPU, Load};
use crate::measure::{Run, Timing, compile, stream};

/// Batches of a round.
const BATCHES: usize = 32;
/// The same, of the group with a thousand rules.
const FEW_BATCHES: usize = 8;

/// One window without a key, of so many rows.
pub(super) fn rows(tell: &mut dyn FnMut(Point)) {
    for (curve, holds) in [
        ("avg(load)", "avg(c.load) < 2"),
        ("max(load)", "max(c.load) < 2"),
        ("distinct(host)", "distinct(c.host) <= 1000"),
    ] {
        for rows in [100, 1_000, 10_000, 100_000, 1_000_000_usize] {
            // An event comes each microsecond, so that the window has all its rows from then on.
            let rules = compile(&format!(
                "{CPU} rule w {{ on c: cpu over {rows}us having count() >= {rows} and {holds} do log(\"x\") }}"
            ));
            let filling = rows.div_ceil(ROWS) + 1;
            let count = (filling + ROUNDS * BATCHES) * ROWS;
            let load = Load::cpu(&rules.registry, 9, count as u64, ROWS, HOSTS);
            let mut run = Run::new(&rules);
            let timing = last(&mut run, &load, filling);
            assert_eq!(run.matches(), 1, "{curve} of {rows} rows turns once");
            tell(point(curve, rows as f64, &timing));
        }
    }
}

/// Rules that ask for averages, maxima and counts of the same windows.
pub(super) fn rules(tell: &mut dyn FnMut(Point)) {
    for number in [1, 10, 100, 1_000] {
        let rules = sharing::rules(number, "over 1s");
        let filling = 1_000_000_usize.div_ceil(ROWS);
        let count = (filling + ROUNDS * FEW_BATCHES) * ROWS;
        let load = Load::cpu(&rules.registry, 6, count as u64, ROWS, HOSTS);
        let mut run = Run::new(&rules);
        let timing = last(&mut run, &load, filling);
        let expected = sharing::turns(&load.events, number);
        assert_eq!(run.matches(), expected, "{number} rules");
        tell(point("avg, max and count", number.into(), &timing));
    }
}

/// Takes all batches in, and times those after the first ones.
fn last(run: &mut Run, load: &Load, filling: usize) -> Timing {
    stream(run, load, (0, filling), 1);
    stream(run, load, (filling, load.batches.len()), ROUNDS)
}

fn point(curve: &str, x: f64, timing: &Timing) -> Point {
    Point {
        curve: curve.to_owned(),
        x,
        value: timing.median(),
        floor: Goal::None,
        note: timing.to_string(),
    }
}
