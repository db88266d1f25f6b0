//! R1: events a second over TCP with many rules, beside what the same server takes in without any.

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::{Figure, Goal};
use crate::figures::stateless::{h1000, h1000_matches};
use crate::load::{CPU, Load};
use crate::measure::{compile, median};
use crate::network::Server;
use trapjaw_data::driver::Choice;

/// Measures it, one shard, both arms in turns.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let none = compile(CPU);
    let load = Load::cpu(&none.registry, 3, 128 * ROWS as u64, ROWS, HOSTS);
    let bytes: usize = load.batches.iter().map(|batch| batch.len()).sum();
    let expected: u64 = load.events.iter().map(h1000_matches).sum();
    let with = Server::start(&compile(&h1000()), Choice::Auto);
    let without = Server::start(&none, Choice::Auto);
    let driver = with.driver();
    let (mut ruled, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ruled.push(with.send(&load));
        bare.push(without.send(&load));
    }
    assert_eq!((with.stop(), without.stop()), (expected * ROUNDS as u64, 0));
    let note = format!(
        "rules of H1000: {:.1} M events/s, none: {:.1} M events/s; {:.1} bytes an event, batches of {ROWS}, {driver}",
        1e3 / median(&ruled),
        1e3 / median(&bare),
        bytes as f64 / load.events.len() as f64,
    );
    let ratio = median(&bare) / median(&ruled);
    tell(Figure::of_ratio("R1", Goal::AtLeast(0.6), ratio, note));
}
