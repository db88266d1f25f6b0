//! From the moment at which an event should be sent to its match at the client, over loopback TCP.
//!
//! Events are sent by a clock, one a frame, whatever has come back (an open loop). The time of each is counted from the moment at which it
//! was *to be* sent. So a server that stands still for a while is charged for all events of that while, and not only for the one that
//! waited (no coordinated omission). Sender and receiver are one thread, which does not sleep.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use trapjaw_client::{Client, Options};
use trapjaw_event::{BatchBuilder, ValueRef};

use crate::load::push;
use crate::measure::compile;
use crate::network::Server;

/// Every event is a match.
pub const RULES: &str =
    "event probe { n: int }\nrule each { on p: probe where p.n >= 0 do log(n: p.n) }";

/// How long to wait for what has not come back when all is sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest time that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// A client that sends by a clock, and takes back what comes.
pub struct Probe {
    client: Client,
    batch: Vec<u8>,
}

/// What came of a run at one rate.
#[derive(Debug)]
pub struct Times {
    /// Nanoseconds from the moment at which an event was to be sent.
    pub histogram: Histogram<u64>,
    /// The latest that an event was sent: the generator's own delay, in nanoseconds.
    pub behind: u64,
}

impl Times {
    fn new() -> Self {
        Self {
            histogram: Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds with a precision"),
            behind: 0,
        }
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.histogram
            .add(&other.histogram)
            .expect("both have the same precision");
        self.behind = self.behind.max(other.behind);
    }

    fn note(&mut self, time: Duration) {
        // Whatever takes longer than the histogram can tell is its largest value.
        self.histogram.saturating_record(time.as_nanos() as u64);
    }

    /// Microseconds that so many of a hundred stay below.
    pub fn percentile(&self, percent: f64) -> f64 {
        self.histogram.value_at_percentile(percent) as f64 / 1e3
    }
}

impl Probe {
    /// Connects to a server with [`RULES`].
    ///
    /// # Panics
    ///
    /// If the connection fails.
    pub fn new(server: &Server) -> Self {
        let registry = &compile(RULES).registry;
        let mut builder = BatchBuilder::new(registry.clone());
        let ty = registry.by_name("probe").expect("declared");
        push(&mut builder, ty, 0, &[ValueRef::Int(1)]);
        let mut client = Client::connect(server.address(), &Options::default()).expect("connected");
        let types = client.types().expect("types");
        client.declare_all(&types).expect("declared");
        client.subscribe(&[]).expect("subscribed");
        Self {
            client,
            batch: builder.finish().to_vec(),
        }
    }

    /// Sends `count` events at a rate, and waits for their matches.
    ///
    /// # Panics
    ///
    /// If the connection fails, or a match does not come.
    pub fn events(&mut self, per_second: u32, count: u32) -> Times {
        let mut times = Times::new();
        let mut waiting: VecDeque<Instant> = VecDeque::new();
        let start = Instant::now() + Duration::from_millis(1);
        for number in 0..count {
            let due = start + Duration::from_secs(1) * number / per_second;
            loop {
                self.take(&mut waiting, &mut times);
                let now = Instant::now();
                if now >= due {
                    let late = now.duration_since(due).as_nanos() as u64;
                    times.behind = times.behind.max(late);
                    break;
                }
            }
            self.client.send(&self.batch, 1).expect("sent");
            waiting.push_back(due);
        }
        let end = Instant::now() + PATIENCE;
        while !waiting.is_empty() {
            assert!(
                Instant::now() < end,
                "{} matches are missing",
                waiting.len()
            );
            self.take(&mut waiting, &mut times);
        }
        times
    }

    /// Takes a match if one has come; matches of one connection come in the order of their events.
    fn take(&mut self, waiting: &mut VecDeque<Instant>, times: &mut Times) {
        if self.client.poll_match().expect("connected").is_some() {
            let due = waiting.pop_front().expect("no match without an event");
            times.note(due.elapsed());
        }
    }

    /// Has `count` frames sent back that nothing is done about, at a rate: what the way alone takes. One is under way at a
    /// time, so that the rate has to leave time for that.
    ///
    /// # Panics
    ///
    /// If the connection fails.
    pub fn echoes(&mut self, per_second: u32, count: u32) -> Times {
        let mut times = Times::new();
        let start = Instant::now() + Duration::from_millis(1);
        for number in 0..count {
            let due = start + Duration::from_secs(1) * number / per_second;
            while Instant::now() < due {
                core::hint::spin_loop();
            }
            self.client.ping().expect("answered");
            times.note(due.elapsed());
        }
        times
    }
}
