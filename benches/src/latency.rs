//! From the moment at which an event should be sent to its match at the client, over loopback TCP.
//!
//! Events are sent by a clock, one a frame, whatever has come back (an open loop). The time of each is counted from the moment at which it
//! was *to be* sent. So a server that stands still for a while is charged for all events of that while, and not only for the one that
//! waited (no coordinated omission). Sender and receiver are one thread, which does not sleep; events that are due together, because it
//! was late, go with one system call.

use core::ops::Range;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use trapjaw_client::{Client, Error, Options, Pace};
use trapjaw_event::{BatchBuilder, ValueRef};

use crate::load::push;
use crate::measure::{compile, median};
use crate::network::Server;

/// Every event is a match.
pub const RULES: &str =
    "event probe { n: int }\nrule each { on p: probe where p.n >= 0 do log(n: p.n) }";

/// Events of a round that finds how many go through at most, one a frame.
pub const SATURATING: u32 = 100_000;
/// Its rounds.
pub const ROUNDS: u32 = 5;
/// Of these, how many are on their way at a time. With thousands more go through, since frames that wait together are received
/// together; then each is late for those before it.
pub const UNDER_WAY: u32 = 64;

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

/// What came of several turns at one rate.
#[derive(Debug)]
pub struct Turns {
    /// Of all of them together.
    pub all: Times,
    /// Of each.
    pub each: Vec<Times>,
}

impl Turns {
    fn new() -> Self {
        Self {
            all: Times::new(),
            each: Vec::new(),
        }
    }

    fn add(&mut self, turn: Times) {
        self.all.add(&turn);
        self.each.push(turn);
    }

    /// The least, the median and the most of what so many of a hundred stay below in a turn, in microseconds. Where the machine takes
    /// the core from client or server for a while that is in the turns that it meets, and not in the median.
    pub fn spread(&self, percent: f64) -> [f64; 3] {
        let turns: Vec<f64> = self
            .each
            .iter()
            .map(|turn| turn.percentile(percent))
            .collect();
        let least = turns.iter().copied().fold(f64::INFINITY, f64::min);
        let most = turns.iter().copied().fold(0.0, f64::max);
        [least, median(&turns), most]
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
        let Self { client, batch } = self;
        turn(
            client,
            (per_second, count),
            |client, mut due| {
                client.cork();
                due.try_for_each(|_| client.send(batch, 1).map(drop))?;
                client.uncork()
            },
            |client| client.poll_match().map(|found| found.is_some()),
        )
    }

    /// Has `count` frames sent back that nothing is done about, at a rate: what the way alone takes.
    ///
    /// # Panics
    ///
    /// If the connection fails, or a frame is not sent back.
    pub fn echoes(&mut self, per_second: u32, count: u32) -> Times {
        turn(
            &mut self.client,
            (per_second, count),
            |client, mut due| {
                client.cork();
                due.try_for_each(|_| client.send_ping().map(drop))?;
                client.uncork()
            },
            |client| client.poll_pong().map(|pong| pong.is_some()),
        )
    }

    /// Events and echoes in turns, so that what else the machine does meets both: so many turns, each of `count` of
    /// both, at a rate.
    ///
    /// # Panics
    ///
    /// If the connection fails, or something does not come back.
    pub fn in_turns(&mut self, per_second: u32, count: u32, turns: u32) -> (Turns, Turns) {
        let (mut events, mut echoes) = (Turns::new(), Turns::new());
        for _ in 0..turns {
            events.add(self.events(per_second, count));
            echoes.add(self.echoes(per_second, count));
        }
        (events, echoes)
    }

    /// Events a second, of [`SATURATING`] that are sent one a frame as fast as their matches come back, with [`UNDER_WAY`] on their way:
    /// the median of [`ROUNDS`].
    ///
    /// # Panics
    ///
    /// If the connection fails, or a match does not come.
    pub fn saturation(&mut self) -> f64 {
        let rates: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                self.round_trips();
                f64::from(SATURATING) / start.elapsed().as_secs_f64()
            })
            .collect();
        median(&rates)
    }

    /// Sends [`SATURATING`] events, another for each that is back.
    fn round_trips(&mut self) {
        let Self { client, batch } = self;
        let (mut sent, mut answered) = (0, 0);
        let end = Instant::now() + PATIENCE;
        while answered < SATURATING {
            let may = SATURATING.min(answered + UNDER_WAY);
            client.cork();
            for _ in sent..may {
                client.send(batch, 1).expect("connected");
            }
            client.uncork().expect("connected");
            sent = may;
            while client.poll_match().expect("connected").is_some() {
                answered += 1;
            }
            assert!(Instant::now() < end, "not all was answered");
        }
    }
}

/// Sends by a clock, and takes back an answer for each, in the order of what was sent.
fn turn(
    client: &mut Client,
    (per_second, count): (u32, u32),
    send: impl FnMut(&mut Client, Range<u32>) -> Result<(), Error>,
    mut poll: impl FnMut(&mut Client) -> Result<bool, Error>,
) -> Times {
    let mut times = Times::new();
    let pace = Pace::new(Instant::now() + Duration::from_millis(1), per_second);
    let mut answered = 0;
    let mut answer = |times: &mut Times| {
        times.note(pace.due(answered).elapsed());
        answered += 1;
        answered
    };
    let behind = pace.run(client, count, send, |client| {
        let answered = poll(client)?;
        if answered {
            answer(&mut times);
        }
        Ok(answered)
    });
    times.behind = behind.expect("connected").as_nanos() as u64;
    let end = Instant::now() + PATIENCE;
    while times.histogram.len() < u64::from(count) {
        assert!(Instant::now() < end, "not all was answered");
        if poll(client).expect("connected") {
            assert!(answer(&mut times) <= count, "an answer without a question");
        }
    }
    times
}
