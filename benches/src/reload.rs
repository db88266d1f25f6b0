//! Reloads under load: is each event judged by exactly one version of each rule, and does what stays keep its state?
//!
//! Two connections send events of some keys at a steady rate to a data plane of two shards, while the rules are replaced
//! over and over: ten rules, of which one has another meaning each time. Then time passes by two days, which closes
//! windows and raises absences. What comes out is compared with what the oracle makes of the same events and rules that
//! nobody replaces ([`ledger`]).
//!
//! A [`Fault`] can be put in, which the comparison has to find.

pub mod ledger;
mod traffic;

use core::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use trapjaw_data::driver::Choice;
use trapjaw_data::plane::{Handle, Outbox, Plane, PlaneConfig};
use trapjaw_engine::Config;
use trapjaw_program::{RuleSet, Verified};

use crate::measure::compile;
use ledger::{Ledger, Verdict};
use traffic::Traffic;

/// Shards of the plane.
const SHARDS: usize = 2;
/// Connections that send; each has keys of its own, so that the order of a key's events is known.
pub const CONNECTIONS: u32 = 2;
/// Keys of each connection.
pub const KEYS: u32 = 500;
/// Events of each key before time passes that the rule `all` tells, the last ones.
const LAST: i64 = 20;
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_mins(1);
/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;
/// The silence after which a key is forgotten, in nanoseconds: none is as long.
const IDLE_TTL: i64 = 30 * DAY;

/// What is sent, and how.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What moves the bytes.
    pub driver: Choice,
    /// Events of each key before time passes.
    pub rounds: u32,
    /// Events a second, over all connections; `None`: as fast as they are taken.
    pub rate: Option<u32>,
    /// Time between the end of a reload and the begin of the next.
    pub pause: Duration,
    /// What goes wrong on purpose.
    pub fault: Option<Fault>,
}

/// Something that goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A batch is not sent.
    Gap,
    /// A batch is sent twice.
    Double,
    /// A reload also changes a rule that should stay, and so drops its state.
    Forget,
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What moved the bytes.
    pub driver: String,
    /// Events that were sent under load.
    pub events: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// How long each reload took, from the request until the last shard had swapped.
    pub reloads: Vec<Duration>,
    /// What the comparison says.
    pub verdict: Verdict,
}

impl Figures {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let keys = CONNECTIONS * KEYS;
        writeln!(
            f,
            "{SHARDS} shards, {}, {CONNECTIONS} connections, {keys} keys, 10 rules of which each reload changes one",
            self.driver
        )?;
        let seconds = self.elapsed.as_secs_f64();
        writeln!(
            f,
            "events      {} in {seconds:.2} s, {:.0} events/s",
            self.events,
            self.rate()
        )?;
        let mut times = self.reloads.clone();
        times.sort_unstable();
        let at = |part: usize| times.get(part).copied().unwrap_or_default().as_secs_f64() * 1e3;
        let (median, longest) = (at(times.len() / 2), at(times.len().saturating_sub(1)));
        writeln!(
            f,
            "reloads     {}, median {median:.2} ms, longest {longest:.2} ms",
            times.len()
        )?;
        self.verdict.fmt(f)
    }
}

/// The rules as they are after so many reloads. `forgets`: a rule that should stay has another meaning too.
fn rules(generation: u32, rounds: u32, forgets: bool) -> Arc<Verified<RuleSet>> {
    compile(&text(generation, rounds, forgets))
}

/// Their text.
fn text(generation: u32, rounds: u32, forgets: bool) -> String {
    let last = i64::from(rounds) - 2;
    // What was lost or doubled before is in the count and the sum of the last ones.
    let counted = i64::from(rounds) - LAST;
    // Its condition always holds, but says another thing.
    let odd = if forgets { "where t.n > -1 " } else { "" };
    format!(
        "event tick {{ k: int, n: int }}
rule changed {{ on t: tick by t.k over all each having count() > 0 do note(n: t.n, count: count(), g: {generation}) }}
rule all {{ on t: tick {odd}by t.k over all each having count() > {counted} do note(n: t.n, count: count(), sum: sum(t.n)) }}
rule turn {{ on t: tick by t.k over all having count() >= 50 do note(n: t.n) }}
rule sliding {{ on t: tick by t.k over 1d having sum(t.n) > 1000 do note(n: t.n) }}
rule newest {{ on t: tick by t.k over 1d each having max(t.n) >= {last} and count() >= 3 do note(n: t.n) }}
rule tumbling {{ on t: tick by t.k over 1d tumbling having count() > 1 do note(n: t.n, count: count(), sum: sum(t.n)) }}
rule lasting {{ on t: tick where t.n > 0 by t.k for 1d do note(n: t.n) }}
rule silent {{ on t: tick by t.k absent 1d do note(n: t.n) }}
rule limited {{ on t: tick by t.k limit 5 per 1d do note(n: t.n) }}
rule plain {{ on t: tick where t.n == 7 by t.k do note(n: t.n) }}
"
    )
}

/// Runs it.
///
/// # Panics
///
/// If the plane does not start, or does not end in order.
pub fn run(options: Options) -> Figures {
    let Options {
        driver,
        rounds,
        pause,
        fault,
        ..
    } = options;
    let config = PlaneConfig {
        listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        shards: SHARDS,
        driver,
        pin: false,
        engine: Config {
            idle_ttl: IDLE_TTL,
            // Time passes when the events say so.
            max_ahead: i64::MAX,
            ..Config::default()
        },
        ..PlaneConfig::default()
    };
    let (plane, handle, outboxes) =
        Plane::start(config, rules(0, rounds, false), |_| {}).expect("the plane starts");
    let driver = plane.selection().to_string();
    let ledger = Ledger::new(CONNECTIONS * KEYS, rounds, &text(0, rounds, false));
    let taking = thread::spawn(move || take(outboxes, ledger));
    let address = plane.address().expect("it listens");
    let traffic = Traffic::new(address, options);

    let begin = Instant::now();
    let (reloads, elapsed) = thread::scope(|scope| {
        let load = scope.spawn(|| {
            traffic.load();
            begin.elapsed()
        });
        let mut reloads = Vec::new();
        while !load.is_finished() {
            let generation = reloads.len() as u32 + 1;
            let forgets = fault == Some(Fault::Forget) && generation == 2;
            reloads.push(reload(&handle, rules(generation, rounds, forgets)));
            thread::sleep(pause);
        }
        (reloads, load.join().expect("the load is sent"))
    });
    // No row is on its way between shards when this is over, so that no event is late to the passing of time.
    let mut reloads = reloads;
    let generation = reloads.len() as u32 + 1;
    reloads.push(reload(&handle, rules(generation, rounds, false)));
    traffic.later();
    let report = plane.drain(PATIENCE);
    assert!(report.is_complete, "everything was evaluated and handed on");
    let ledger = taking.join().expect("matches are taken");
    Figures {
        driver,
        events: u64::from(CONNECTIONS * KEYS) * u64::from(rounds),
        elapsed,
        reloads,
        verdict: ledger.verdict(),
    }
}

/// Replaces the rules, and tells how long that took.
fn reload(handle: &Handle, rules: Arc<Verified<RuleSet>>) -> Duration {
    let (sender, receiver) = mpsc::channel();
    let begin = Instant::now();
    let told = move |version| sender.send(version).expect("someone waits");
    handle.reload(rules, told).expect("no other is under way");
    receiver.recv_timeout(PATIENCE).expect("all shards take it");
    begin.elapsed()
}

/// Takes matches out until all shards have ended.
fn take(mut outboxes: Vec<Outbox>, mut ledger: Ledger) -> Ledger {
    while !outboxes.iter().all(Outbox::is_finished) {
        for outbox in &mut outboxes {
            while let Some(found) = outbox.pop() {
                ledger.take(&found);
            }
        }
        // The shards need the cores more than this does.
        thread::sleep(Duration::from_millis(1));
    }
    ledger
}
