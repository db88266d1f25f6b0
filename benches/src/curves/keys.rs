//! Over numbers of keys, in order, at random, and as often as words come in a text.

use std::collections::VecDeque;
use std::sync::Arc;

use trapjaw_event::BatchBuilder;

use super::spread::{Keys, Spread};
use super::{Point, ROUNDS};
use crate::figure::Goal;
use crate::figures::ROWS;
use crate::figures::patterns::{self, LOGIN, P2};
use crate::figures::windows::{W1_ABOVE, W1_OVER, g1, w1};
use crate::load::{Cpu, CpuRows, Draws, Load};
use crate::measure::{Run, Timing, compile, stream};

/// Numbers of keys.
const KEYS: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Batches of a round.
const BATCHES: usize = 32;
/// Batches that are measured.
const MEASURED: usize = ROUNDS * BATCHES;
/// Batches before those, at least.
const WARM: usize = 16;
/// What a million uniform keys may take above the goal, in nanoseconds.
const ABOVE_GOAL: f64 = 40.0;

/// G1: a sum that nothing leaves.
pub(super) fn sum(tell: &mut dyn FnMut(Point)) {
    let rules = compile(&g1());
    each(tell, 12.0, |keys, spread| {
        // Each key is there before time is taken.
        let first = (keys as usize).next_multiple_of(ROWS) + WARM * ROWS;
        let mut hosts = Hosts::new(spread, keys);
        let events = (0..first + MEASURED * ROWS).map(|number| {
            let event = hosts.next();
            let host = if number < keys as usize {
                number as u32
            } else {
                event.host
            };
            Cpu { host, ..event }
        });
        let events = events.collect();
        let writer = CpuRows::new(&rules.registry, keys);
        let load = Load::new(&rules.registry, events, ROWS, |builder, event| {
            writer.write(builder, event);
        });
        let mut run = Run::new(&rules);
        let timing = last(&mut run, &load);
        assert_eq!(run.matches(), 0, "G1 of {keys} {}", spread.name());
        assert_eq!(run.shard().keys().sum::<usize>(), keys as usize);
        (run, timing)
    });
}

/// W1: windows that are full before time is taken.
pub(super) fn window(tell: &mut dyn FnMut(Point)) {
    let rules = compile(&w1());
    let filling = W1_OVER as usize / 1_000 / ROWS + 1;
    each(tell, 25.0, |keys, spread| {
        let writer = CpuRows::new(&rules.registry, keys);
        let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
        let mut hosts = Hosts::new(spread, keys);
        let mut averages = Averages::new(keys);
        let mut next = |builder: &mut BatchBuilder| {
            let event = hosts.next();
            averages.take(event);
            writer.write(builder, &event);
            event
        };
        let bindings = crate::load::bindings(&rules.registry);
        let mut run = Run::new(&rules);
        for _ in 0..filling {
            for _ in 0..ROWS {
                next(&mut builder);
            }
            run.step(&builder.finish(), &bindings);
        }
        let mut load = Load {
            batches: Vec::with_capacity(MEASURED),
            bindings,
            rows: ROWS,
            events: Vec::<Cpu>::new(),
        };
        for _ in 0..MEASURED {
            load.events.extend((0..ROWS).map(|_| next(&mut builder)));
            load.batches.push(builder.finish());
        }
        let timing = last(&mut run, &load);
        assert_eq!(
            run.matches(),
            averages.turns,
            "W1 of {keys} {}",
            spread.name()
        );
        (run, timing)
    });
}

/// P2: logins of as many users.
pub(super) fn pattern(tell: &mut dyn FnMut(Point)) {
    let rules = compile(&patterns::rule(LOGIN, P2));
    each(tell, 40.0, |keys, spread| {
        // Most users have begun something before time is taken, and no window ends.
        let first = (2 * keys as usize).next_multiple_of(ROWS) + WARM * ROWS;
        let (mut users, mut draws) = (Keys::new(spread, keys, 3), Draws::new(4));
        let drawn = (0..first + MEASURED * ROWS).map(|_| {
            let (_, ok) = patterns::draw(&mut draws, 1);
            (users.draw(), ok)
        });
        let load = patterns::load(drawn, keys, ROWS);
        let mut run = Run::new(&rules);
        let timing = last(&mut run, &load);
        let expected = patterns::expected(&load.events)[1];
        assert_eq!(run.matches(), expected, "P2 of {keys} {}", spread.name());
        (run, timing)
    });
}

/// Tells a rule's points.
fn each(
    tell: &mut dyn FnMut(Point),
    goal: f64,
    mut measure: impl FnMut(u32, Spread) -> (Run, Timing),
) {
    for spread in Spread::ALL {
        for keys in KEYS {
            let (run, timing) = measure(keys, spread);
            assert_eq!(run.shard().counters().evicted, 0, "there is room for all");
            let is_floor = (keys, spread) == (1_000_000, Spread::Uniform);
            let bytes: usize = run.shard().bytes().sum();
            tell(Point {
                curve: spread.name().to_owned(),
                x: keys.into(),
                value: timing.median(),
                floor: match keys {
                    _ if is_floor => Goal::AtMost(goal + ABOVE_GOAL),
                    1_000 if spread == Spread::Uniform => Goal::AtMost(goal),
                    _ => Goal::None,
                },
                note: format!("{timing}, {:.1} MB", bytes as f64 / 1e6),
            });
        }
    }
}

/// Takes all batches in, and times the last ones.
fn last<E>(run: &mut Run, load: &Load<E>) -> Timing {
    let from = load.batches.len() - MEASURED;
    stream(run, load, (0, from), 1);
    stream(run, load, (from, load.batches.len()), ROUNDS)
}

/// Events of hosts.
struct Hosts {
    keys: Keys,
    draws: Draws,
    drawn: i64,
}

impl Hosts {
    fn new(spread: Spread, keys: u32) -> Self {
        Self {
            keys: Keys::new(spread, keys, 1),
            draws: Draws::new(2),
            drawn: 0,
        }
    }

    fn next(&mut self) -> Cpu {
        self.drawn += 1;
        Cpu {
            host: self.keys.draw(),
            // So few bits that sums are exact, in whatever order.
            load: self.draws.below(1 << 20) as f64 / f64::from(1 << 20),
            region: self.draws.below(16) as i64,
            time: (self.drawn - 1) * 1_000,
        }
    }
}

/// How often averages turn to above the bound of W1.
struct Averages {
    rows: VecDeque<Cpu>,
    /// Sum, count, and whether the average was above, by host.
    hosts: Vec<(f64, u32, bool)>,
    turns: u64,
}

impl Averages {
    fn new(hosts: u32) -> Self {
        Self {
            rows: VecDeque::new(),
            hosts: vec![(0.0, 0, false); hosts as usize],
            turns: 0,
        }
    }

    fn take(&mut self, event: Cpu) {
        while let Some(row) = self.rows.front() {
            if row.time + W1_OVER > event.time {
                break;
            }
            let (sum, count, above) = &mut self.hosts[row.host as usize];
            *sum -= row.load;
            *count -= 1;
            // A window that has run empty holds nothing.
            *above &= *count > 0;
            self.rows.pop_front();
        }
        let (sum, count, above) = &mut self.hosts[event.host as usize];
        *sum += event.load;
        *count += 1;
        let now = *sum / f64::from(*count) > W1_ABOVE;
        self.turns += u64::from(now && !*above);
        *above = now;
        self.rows.push_back(event);
    }
}
