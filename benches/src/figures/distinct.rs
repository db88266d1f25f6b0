//! R10: what `distinct` costs beside `count`.

use super::{ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::load::{CPU, Load};
use crate::measure::{Run, Timing, compile};

/// Different values in a window.
const VALUES: u32 = 1_800;

/// Measures it for sliding windows, where it is exact, and for tumbling ones, where it is a sketch.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    for (id, window, goal) in [
        ("R10.sliding", "over 100ms", 2.5),
        ("R10.tumbling", "over 100ms tumbling", 1.25),
    ] {
        let arm = |aggregate: &str| {
            Arm::new(&format!(
                "{CPU} rule r10 {{ on c: cpu by c.region {window} having {aggregate} > 1e6 do log(\"x\") }}"
            ))
        };
        let mut arms = [arm("distinct(c.host)"), arm("count()")];
        let load = Load::cpu(
            &compile(CPU).registry,
            8,
            (ROUNDS * 32 * ROWS) as u64,
            ROWS,
            VALUES,
        );
        let length = load.batches.len() / ROUNDS;
        for round in 0..ROUNDS {
            let part = &load.batches[round * length..(round + 1) * length];
            for arm in &mut arms {
                let nanoseconds = arm.run.pass(part, &load.bindings);
                arm.timing.rounds.push(nanoseconds);
            }
        }
        let [distinct, count] = arms;
        assert_eq!((distinct.run.matches(), count.run.matches()), (0, 0));
        let (distinct, count) = (distinct.timing.median(), count.timing.median());
        let note = format!("distinct: {distinct:.1} ns/event, count: {count:.1}; {VALUES} values");
        tell(Figure::of_ratio(
            id,
            Goal::AtMost(goal),
            distinct / count,
            note,
        ));
    }
}

struct Arm {
    run: Run,
    timing: Timing,
}

impl Arm {
    fn new(rules: &str) -> Self {
        Self {
            run: Run::new(&compile(rules)),
            timing: Timing::default(),
        }
    }
}
