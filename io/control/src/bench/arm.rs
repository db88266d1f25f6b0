//! The server that is measured, and the two ways of sending.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use trapjaw_client::{Client, Match, Options as ClientOptions, Pace};
use trapjaw_data::driver::Choice;
use trapjaw_data::plane::{Clock, Outbox, Plane, PlaneConfig};
use trapjaw_event::MatchId;

use super::report::{Latency, Spread, Throughput};
use super::workload::Workload;
use super::{BenchError, Options};

/// Rounds of the throughput.
const ROUNDS: usize = 5;
/// Turns of events and of pings, beside one of each that does not count.
pub(super) const TURNS: u32 = 10;
/// How long what is under way is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// What may be sent later than this is sent at a rate that this machine does not keep up with.
const LATE: Duration = Duration::from_millis(100);
/// The longest time that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// A data plane of one shard on loopback, whose matches are kept.
pub(super) struct Server {
    plane: Plane,
    address: SocketAddr,
    /// When so many matches are there, it is over.
    wanted: Arc<AtomicUsize>,
    found: JoinHandle<Vec<MatchId>>,
}

impl Server {
    pub(super) fn start(workload: &Workload, driver: Choice) -> Result<Self, BenchError> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = PlaneConfig {
            listen: Some(listen),
            shards: 1,
            driver,
            pin: false,
            clock: Clock::Events,
            ..PlaneConfig::default()
        };
        let started = Plane::start(config, Arc::clone(&workload.rules), |_| {});
        let (plane, _, outboxes) = started.map_err(BenchError::Start)?;
        let wanted = Arc::new(AtomicUsize::new(usize::MAX));
        Ok(Self {
            address: plane.address().unwrap_or(listen),
            plane,
            found: thread::spawn({
                let wanted = Arc::clone(&wanted);
                move || keep(outboxes, &wanted)
            }),
            wanted,
        })
    }

    /// What drives its sockets, and why.
    pub(super) fn driver(&self) -> String {
        self.plane.selection().to_string()
    }

    fn connect(&self, workload: &Workload, checksum: bool) -> Result<Client, BenchError> {
        let options = ClientOptions {
            checksum,
            ..ClientOptions::default()
        };
        let mut client = Client::connect(self.address, &options)?;
        client.declare_all(&workload.rules.registry)?;
        Ok(client)
    }

    /// Stops it at once: the matches that it found. So many are waited for.
    fn stop(self, wanted: u64) -> Vec<MatchId> {
        self.wanted.store(wanted as usize, Ordering::Release);
        let found = self.found.join().expect("keeping does not panic");
        drop(self.plane);
        found
    }
}

fn keep(mut outboxes: Vec<Outbox>, wanted: &AtomicUsize) -> Vec<MatchId> {
    let mut kept = Vec::new();
    let mut end = None;
    loop {
        // Looked at before the outboxes: what is in them by then is kept, be it more than is wanted.
        let wanted = wanted.load(Ordering::Acquire);
        for outbox in &mut outboxes {
            while let Some(found) = outbox.pop() {
                kept.extend(found.matches.iter().map(|found| found.id));
            }
        }
        if wanted != usize::MAX {
            let end = end.get_or_insert_with(|| Instant::now() + PATIENCE);
            if kept.len() >= wanted || Instant::now() >= *end {
                return kept;
            }
        }
        // The shard needs the core more than this does.
        thread::sleep(Duration::from_millis(1));
    }
}

/// As many events as go through, in large batches, with a new server for each round.
pub(super) fn throughput(workload: &Workload, driver: Choice) -> Result<Throughput, BenchError> {
    let mut rates = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let server = Server::start(workload, driver)?;
        let mut client = server.connect(workload, false)?;
        let start = Instant::now();
        for (batch, rows) in workload.batches() {
            client.send(batch, *rows)?;
        }
        client.flush()?;
        // The answer comes when all that was sent before has been looked at.
        client.ping()?;
        rates.push(workload.len() as f64 / start.elapsed().as_secs_f64());
        workload.judge(
            workload.len(),
            server.stop(workload.matches(workload.len())).into_iter(),
        )?;
    }
    rates.sort_by(f64::total_cmp);
    Ok(Throughput {
        events_per_second: rates[ROUNDS / 2],
        least: rates[0],
        most: rates[ROUNDS - 1],
    })
}

/// What is under way at one rate.
struct Arm<'w> {
    workload: &'w Workload,
    client: Client,
    /// When each event so far was to be sent.
    due: Vec<Instant>,
    /// Matches as they came, and when.
    told: Vec<(MatchId, Instant)>,
}

impl Arm<'_> {
    /// Sends the next events by a clock, and waits for their matches. How late the latest was sent.
    fn events(&mut self, per_second: u32, count: u32) -> Result<Duration, BenchError> {
        let pace = Pace::new(Instant::now() + Duration::from_millis(1), per_second);
        let first = self.due.len();
        let frames = self.workload.frames(first..first + count as usize);
        let late = pace.run(
            self,
            count,
            |arm, due| {
                arm.client.cork();
                for number in due {
                    arm.due.push(pace.due(number));
                    arm.client.send(&frames[number as usize], 1)?;
                }
                Ok::<_, BenchError>(arm.client.uncork()?)
            },
            Arm::take,
        )?;
        let expected = self.workload.matches(self.due.len()) as usize;
        let end = Instant::now() + PATIENCE;
        while self.told.len() < expected && Instant::now() < end {
            self.take()?;
        }
        Ok(late)
    }

    /// Takes a match, and tells whether one has come.
    fn take(&mut self) -> Result<bool, BenchError> {
        let found = self.client.poll_match()?;
        if let Some(found) = &found {
            let id = identity(found).unwrap_or(MatchId(0));
            self.told.push((id, Instant::now()));
        }
        Ok(found.is_some())
    }

    /// Has so many pings answered. How late the latest was sent.
    fn pings(
        &mut self,
        per_second: u32,
        count: u32,
        times: &mut Histogram<u64>,
    ) -> Result<Duration, BenchError> {
        let pace = Pace::new(Instant::now() + Duration::from_millis(1), per_second);
        let mut answered = 0;
        let mut take = |client: &mut Client| {
            let came = client.poll_pong()?.is_some();
            if came {
                note(times, pace.due(answered).elapsed());
                answered += 1;
            }
            Ok::<_, BenchError>((came, answered))
        };
        let late = pace.run(
            &mut self.client,
            count,
            |client, mut due| {
                client.cork();
                due.try_for_each(|_| client.send_ping().map(drop))?;
                Ok(client.uncork()?)
            },
            |client| take(client).map(|(came, _)| came),
        )?;
        let end = Instant::now() + PATIENCE;
        while take(&mut self.client)?.1 < count {
            if Instant::now() >= end {
                return Err(BenchError::Connection(trapjaw_client::Error::Timeout));
            }
        }
        Ok(late)
    }
}

/// One event a frame at a rate, and pings at the same rate, in turns.
pub(super) fn latency(
    workload: &Workload,
    options: &Options,
    rate: u32,
) -> Result<Latency, BenchError> {
    let server = Server::start(workload, options.driver)?;
    let mut client = server.connect(workload, true)?;
    client.subscribe(&[])?;
    let mut arm = Arm {
        workload,
        client,
        due: Vec::new(),
        told: Vec::new(),
    };
    let count = (rate.saturating_mul(options.seconds) / TURNS).max(1);
    let mut echo = histogram();
    arm.events(rate, count)?;
    arm.pings(rate, count, &mut histogram())?;
    let warm = arm.due.len();
    let mut late = Duration::ZERO;
    for _ in 0..TURNS {
        late = late.max(arm.events(rate, count)?);
        late = late.max(arm.pings(rate, count, &mut echo)?);
    }
    let events = arm.due.len();
    workload.judge(events, arm.told.iter().map(|(id, _)| *id))?;
    workload.judge(events, server.stop(workload.matches(events)).into_iter())?;
    let mut matches = histogram();
    for (id, told) in &arm.told {
        let cause = workload.cause(*id).map_or(0, |event| event as usize);
        if cause >= warm {
            note(&mut matches, told.saturating_duration_since(arm.due[cause]));
        }
    }
    Ok(Latency {
        rate,
        events: (events - warm) as u64,
        matches: Spread::of(&matches),
        echo: Spread::of(&echo),
        late_us: late.as_nanos() as f64 / 1e3,
        keeps_up: late <= LATE,
    })
}

/// The identity that a match tells; `None` where it tells none.
fn identity(found: &Match) -> Option<MatchId> {
    let (_, rest) = found.json.split_once("\"id\":\"")?;
    let digits = rest.get(..32)?;
    u128::from_str_radix(digits, 16).ok().map(MatchId)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds with a precision")
}

fn note(times: &mut Histogram<u64>, time: Duration) {
    // Whatever takes longer than the histogram can tell is its largest value.
    times.saturating_record(time.as_nanos() as u64);
}
