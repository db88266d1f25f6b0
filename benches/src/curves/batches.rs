//! Over the events of a batch.

use super::{Point, ROUNDS};
use crate::figure::Goal;
use crate::figures::HOSTS;
use crate::figures::patterns::{self, LOGIN, P2};
use crate::figures::stateless::cases;
use crate::figures::windows::g1;
use crate::load::{CPU, Draws, Load};
use crate::measure::{Run, Timing, compile, stream};

/// Events of a batch.
const SIZES: [usize; 4] = [1, 16, 256, 4_096];
/// Events of a round.
const EVENTS: usize = 1 << 17;

/// What a rule is held against: its goal, and what the best peer takes.
type Bars = (f64, f64);

pub(super) fn measure(tell: &mut dyn FnMut(Point)) {
    let registry = compile(CPU).registry.clone();
    // A first round, which is not told, makes all warm.
    let count = (ROUNDS + 1) * EVENTS;
    for rows in SIZES {
        let load = Load::cpu(&registry, 1, count as u64, rows, HOSTS);
        for case in cases() {
            if !["F1", "H1000"].contains(&case.id) {
                continue;
            }
            let timing = time(&case.rules, &load);
            let expected: u64 = load.events.iter().map(case.matches).sum();
            assert_eq!(timing.matches, expected, "{}", case.id);
            tell(point(case.id, rows, &timing, (case.goal, case.peer)));
        }
        let timing = time(&g1(), &load);
        assert_eq!(timing.matches, 0, "G1");
        tell(point("G1", rows, &timing, (12.0, 129.0)));

        let mut draws = Draws::new(4);
        let drawn = (0..count).map(|_| patterns::draw(&mut draws, HOSTS));
        let load = patterns::load(drawn, HOSTS, rows);
        let timing = time(&patterns::rule(LOGIN, P2), &load);
        assert_eq!(timing.matches, patterns::expected(&load.events)[1], "P2");
        tell(point("P2", rows, &timing, (40.0, 657.0)));
    }
}

fn time<E>(rules: &str, load: &Load<E>) -> Timing {
    let mut run = Run::new(&compile(rules));
    let mut timing = stream(&mut run, load, (0, load.batches.len()), ROUNDS + 1);
    timing.rounds.remove(0);
    timing
}

fn point(curve: &str, rows: usize, timing: &Timing, (goal, peer): Bars) -> Point {
    Point {
        curve: curve.to_owned(),
        x: rows as f64,
        value: timing.median(),
        floor: match rows {
            1 => Goal::AtMost(peer),
            256 => Goal::AtMost(3.0 * goal),
            4_096 => Goal::AtMost(goal),
            _ => Goal::None,
        },
        note: timing.to_string(),
    }
}
