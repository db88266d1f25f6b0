//! R9, R9b, and latencies by rate: over TCP, counted from when an event was to be sent.

use trapjaw_data::driver::Choice;

use crate::figure::{Figure, Goal};
use crate::latency::{Probe, ROUNDS, RULES, SATURATING, Times};
use crate::measure::compile;
use crate::network::Server;

/// Rates in events a second.
const RATES: [u32; 4] = [1_000, 5_000, 20_000, 50_000];
/// Turns of the two arms of R9b, of a fifth of a second each.
const SLOW_TURNS: u32 = 10;
/// Turns of the two arms of R9, of a tenth of a second each: short enough that half of them are over before the machine takes the core
/// away again, and long enough that their p99.9 is not one event's.
const FAST_TURNS: u32 = 40;
/// What is promised of p99.9 at 70 % of what goes through, in microseconds.
const PROMISED: f64 = 1_000.0;

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

    let mut arms = |probe: &mut Probe, rate: u32, count: u32, turns: u32| {
        sent += turns * count;
        probe.in_turns(rate, count, turns)
    };

    let (events, echoes) = arms(&mut probe, 1_000, 200, SLOW_TURNS);
    let ratio = events.all.percentile(50.0) / echoes.all.percentile(50.0);
    let note = format!(
        "{}; ping: {}; {driver}",
        told(&events.all),
        told(&echoes.all)
    );
    tell(Figure::of_ratio("R9b", Goal::AtMost(1.2), ratio, note));

    let most = probe.saturation();
    let rate = (most * 0.7) as u32;
    let (events, echoes) = arms(&mut probe, rate, rate / 10, FAST_TURNS);
    sent += ROUNDS * SATURATING;
    let ([least, usual, longest], [_, echo, _]) = (events.spread(99.9), echoes.spread(99.9));
    let all = format!(
        "all turns together: {}; ping: {}; sent {:.0} us late at most, pings {:.0}",
        told(&events.all),
        told(&echoes.all),
        events.all.behind as f64 / 1e3,
        echoes.all.behind as f64 / 1e3,
    );
    let note = format!(
        "at {rate} of {most:.0} events/s, p99.9 of the median of {FAST_TURNS} turns: {usual:.0} us, ping: {echo:.0}; {all}; {driver}"
    );
    tell(Figure::of_ratio(
        "R9",
        Goal::AtMost(1.3),
        usual / echo,
        note,
    ));
    tell(Figure {
        id: "latency.70%".to_owned(),
        value: usual,
        unit: "us",
        goal: Goal::AtMost(PROMISED),
        peer: None,
        note: format!(
            "p99.9 at {rate} events/s, 70 % of what goes through, median of {FAST_TURNS} turns, {least:.0}..{longest:.0}; {all}"
        ),
    });

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
