//! How the latency of events is distributed, and that of pings, which is what the way alone takes.

use trapjaw_data::driver::Choice;

use super::Point;
use crate::figure::Goal;
use crate::latency::{Probe, RULES, Times};
use crate::measure::compile;
use crate::network::Server;

/// Events a second, and seconds of each arm: long enough for ten thousand events.
const RATES: [(u32, u32); 3] = [(1_000, 10), (5_000, 4), (20_000, 4)];

/// What is told of a distribution.
const PERCENTILES: [f64; 10] = [50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.95, 99.99];

pub(super) fn measure(tell: &mut dyn FnMut(Point)) {
    let server = Server::start(&compile(RULES), Choice::Auto);
    let mut probe = Probe::new(&server);
    // Connection, code and memory are warm.
    probe.events(1_000, 200);
    probe.echoes(1_000, 200);
    let mut sent = 200;
    for (rate, seconds) in RATES {
        let (turn, turns) = (rate / 2, 2 * seconds);
        let (events, pings) = probe.in_turns(rate, turn, turns);
        sent += turns * turn;
        told(tell, "events", rate, &events.all);
        told(tell, "pings", rate, &pings.all);
    }
    drop(probe);
    assert_eq!(server.stop(), u64::from(sent), "each event is one match");
}

fn told(tell: &mut dyn FnMut(Point), what: &str, rate: u32, times: &Times) {
    for percentile in PERCENTILES {
        tell(Point {
            curve: format!("{what}, {rate} a second"),
            x: percentile,
            value: times.percentile(percentile),
            floor: Goal::None,
            note: format!(
                "of {}, sent {:.0} us late at most",
                times.histogram.len(),
                times.behind as f64 / 1e3
            ),
        });
    }
}
