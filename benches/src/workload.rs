//! One figure's work over and over, for a profiler: what is to be looked at happens within [`measured`], and nothing else does.

use std::time::{Duration, Instant};

use trapjaw_data::driver::Choice;

use crate::figures::patterns::{self, LOGIN, S1};
use crate::figures::stateless::{cases, h1000, h1000_matches};
use crate::figures::windows::{ended, g1, t1, w1};
use crate::figures::{HOSTS, ROWS};
use crate::load::{CPU, Load};
use crate::measure::{Run, compile};
use crate::network::Server;

/// What can be looked at.
pub const NAMES: [&str; 9] = ["F10", "G1", "W1", "T1", "P1", "P2", "P3", "S1", "network"];

/// Batches of a turn, on a state of its own.
const BATCHES: usize = 512;
/// Batches before those: what is there before time is taken.
const WARM: usize = 16;

/// Works for so long, at least one turn: nanoseconds an event. `None` where there is no work of this name.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn work(name: &str, time: Duration) -> Option<f64> {
    let cpu = |rows: usize| Load::cpu(&compile(CPU).registry, 1, rows as u64, ROWS, HOSTS);
    match name {
        "F10" => {
            let case = cases().into_iter().find(|case| case.id == name)?;
            let load = cpu((WARM + BATCHES) * ROWS);
            let expected = load.events.iter().map(case.matches).sum();
            Some(repeat(&case.rules, &load, WARM, expected, time))
        }
        "G1" => {
            let load = cpu((WARM + BATCHES) * ROWS);
            Some(repeat(&g1(), &load, WARM, 0, time))
        }
        "W1" => {
            // As many rows again as the windows hold.
            let filling = 10_000_000_usize.div_ceil(ROWS);
            let mut load = cpu(2 * filling * ROWS);
            // The first rows of a host would be above its bound, and what they say is not looked at here.
            load.events.clear();
            let rules = w1().replace("having", "having count() > 5000 and");
            Some(repeat(&rules, &load, filling, 0, time))
        }
        "T1" => {
            let load = cpu((WARM + BATCHES) * ROWS);
            let expected = ended(&load.events);
            Some(repeat(&t1(), &load, WARM, expected, time))
        }
        "P1" | "P2" | "P3" => {
            let load = patterns::logins((WARM + BATCHES) * ROWS);
            let mut cases = patterns::CASES.iter().zip(patterns::expected(&load.events));
            let (case, expected) = cases.find(|(case, _)| case.id == name)?;
            let rules = patterns::rule(LOGIN, case.pattern);
            Some(repeat(&rules, &load, WARM, expected, time))
        }
        "S1" => {
            let load = cpu((WARM + BATCHES) * ROWS);
            let expected = patterns::fives(&load.events, 0.9);
            Some(repeat(
                &patterns::rule(CPU, S1),
                &load,
                WARM,
                expected,
                time,
            ))
        }
        "network" => {
            let load = cpu(BATCHES * ROWS);
            let matches: u64 = load.events.iter().map(h1000_matches).sum();
            let server = Server::start(&compile(&h1000()), Choice::Auto);
            let (end, mut turns, mut sum) = (Instant::now() + time, 0, 0.0);
            while turns == 0 || Instant::now() < end {
                sum += server.send(&load);
                turns += 1;
            }
            assert_eq!(server.stop(), matches * turns, "network");
            Some(sum / turns as f64)
        }
        _ => None,
    }
}

/// Turns, each on a new shard, of which the first batches are not looked at.
fn repeat<E>(rules: &str, load: &Load<E>, warm: usize, expected: u64, time: Duration) -> f64 {
    let rules = compile(rules);
    let (end, mut turns, mut sum) = (Instant::now() + time, 0, 0.0);
    while turns == 0 || Instant::now() < end {
        let mut run = Run::new(&rules);
        run.pass(&load.batches[..warm], &load.bindings);
        sum += measured(&mut run, load, warm);
        assert_eq!(run.matches(), expected);
        turns += 1;
    }
    sum / f64::from(turns)
}

/// What a profile is of.
#[inline(never)]
fn measured<E>(run: &mut Run, load: &Load<E>, from: usize) -> f64 {
    let took = run.pass(&load.batches[from..], &load.bindings);
    // A call at the end would take the place of this function in the samples' stacks.
    core::hint::black_box(took)
}
