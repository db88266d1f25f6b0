//! R9, R9b, and latencies by rate: over TCP, counted from when an event was to be sent.

use trapjaw_data::driver::Choice;

use crate::figure::{Figure, Goal};
use crate::latency::{Probe, RULES, Times};
use crate::measure::compile;
use crate::network::Server;

/// Rates in events a second.
const RATES: [u32; 4] = [1_000, 5_000, 20_000, 50_000];
/// Turns of the two arms of R9 and R9b.
const TURNS: u32 = 10;
/// Events of R9 to find the rate at which no more go through, one a frame.
const SATURATING: u32 = 100_000;

/// Measures them.
///
/// # Panics
///
/// If an event has no match, or more than one.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let server = Server::start(&compile(RULES), Choice::Auto);
    let driver = server.driver();
    let mut probe = Probe::new(&server);
    // Connection, code and memory are warm.
    probe.events(1_000, 200);
    let mut sent = 200;

    let mut arms = |probe: &mut Probe, rate: u32, count: u32| {
        sent += TURNS * count;
        probe.in_turns(rate, count, TURNS)
    };

    let (events, echoes) = arms(&mut probe, 1_000, 200);
    let ratio = events.percentile(50.0) / echoes.percentile(50.0);
    let note = format!("{}; ping: {}; {driver}", told(&events), told(&echoes));
    tell(Figure::of_ratio("R9b", Goal::AtMost(1.2), ratio, note));

    let most = probe.saturation(SATURATING);
    let rate = (most * 0.7) as u32;
    let (events, echoes) = arms(&mut probe, rate, rate / 4);
    sent += SATURATING;
    let ratio = events.percentile(99.9) / echoes.percentile(99.9);
    let note = format!(
        "at {rate} of {most:.0} events/s: {}; ping: {}; sent {:.0} us late at most, pings {:.0}; {driver}",
        told(&events),
        told(&echoes),
        events.behind as f64 / 1e3,
        echoes.behind as f64 / 1e3,
    );
    tell(Figure::of_ratio("R9", Goal::AtMost(1.3), ratio, note));

    for rate in RATES {
        let count = 2 * rate;
        let times = probe.events(rate, count);
        sent += count;
        tell(Figure {
            id: format!("latency.{rate}"),
            value: times.percentile(99.9),
            unit: "us",
            goal: Goal::None,
            peer: None,
            note: format!(
                "p99.9 at {rate} events/s; {}; sent {:.0} us late at most",
                told(&times),
                times.behind as f64 / 1e3
            ),
        });
    }
    drop(probe);
    assert_eq!(server.stop(), u64::from(sent), "each event is one match");
}

fn told(times: &Times) -> String {
    let [half, most, nearly_all] = [50.0, 99.0, 99.9].map(|percent| times.percentile(percent));
    format!("p50 {half:.0} us, p99 {most:.0}, p99.9 {nearly_all:.0}")
}
