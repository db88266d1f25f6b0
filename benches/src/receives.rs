//! What it takes to receive, by the way in which the kernel hands the bytes over.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use trapjaw_data::driver::{Backend, Choice, Driver, Event, select};
use trapjaw_data::net;

use crate::figures::stateless::{h1000, h1000_matches};
use crate::figures::{HOSTS, ROWS};
use crate::load::{CPU, Load};
use crate::measure::{compile, median};
use crate::network::Server;

/// A backend's name, with the way in which it hands bytes over.
fn name(choice: Choice) -> String {
    match choice {
        Choice::UringWith(delivery) => format!("io_uring, {delivery}"),
        _ => "epoll".to_owned(),
    }
}

/// Sends batches of so many rows to a server of each choice, from so many clients at a time, in turns: the medians of what it
/// takes without rules and with those of H1000, and what the driver counted.
///
/// # Panics
///
/// If a server fails, or finds another number of matches.
pub fn streams(choices: &[Choice], clients: usize, rows: usize, rounds: usize) {
    let none = compile(CPU);
    let load = Load::cpu(&none.registry, 3, (64 * ROWS / clients) as u64, rows, HOSTS);
    let bytes: usize = load.batches.iter().map(|batch| batch.len()).sum();
    let expected: u64 = load.events.iter().map(h1000_matches).sum();
    println!(
        "{clients} clients, batches of {rows} rows, {} bytes each, {:.1} MB a round",
        bytes / load.batches.len(),
        (clients * bytes) as f64 / 1e6
    );
    // All clients at once: the time of each event, had they come one after the other.
    let send = |server: &Server| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..clients {
                scope.spawn(|| server.send(&load));
            }
        });
        start.elapsed().as_nanos() as f64 / (clients * load.events.len()) as f64
    };
    let ruled = compile(&h1000());
    let servers: Vec<(Server, Server)> = choices
        .iter()
        .map(|&choice| (Server::start(&ruled, choice), Server::start(&none, choice)))
        .collect();
    let mut times = vec![(Vec::new(), Vec::new()); choices.len()];
    for _ in 0..rounds {
        for ((ruled, bare), times) in servers.iter().zip(&mut times) {
            times.0.push(send(ruled));
            times.1.push(send(bare));
        }
    }
    for ((&choice, (ruled, bare)), times) in choices.iter().zip(servers).zip(times) {
        let report = bare.report();
        let driver = report.driver;
        let megabytes = (bytes * clients * rounds) as f64 / 1e6;
        println!(
            "  {:30} none {:6.1} M events/s, H1000 {:6.1}; a MB: {:6.2} receives, {:6.2} turns, {:4.2} MB copied; \
             {} starved",
            name(choice),
            1e3 / median(&times.1),
            1e3 / median(&times.0),
            driver.receives as f64 / megabytes,
            driver.turns as f64 / megabytes,
            (driver.copied + report.tally.copied) as f64 / 1e6 / megabytes,
            driver.starved,
        );
        let expected = expected * (clients * rounds) as u64;
        assert_eq!((ruled.stop(), bare.stop()), (expected, 0));
    }
}

/// Writes one frame on each of so many connections and lets a bare driver receive them, again and again, for each choice in
/// turns: the medians, and what the driver counted.
///
/// # Panics
///
/// If a connection fails.
pub fn frames(choices: &[Choice], connections: usize, size: usize, rounds: usize) {
    const WAVES: usize = 200;
    println!("a frame of {size} bytes on each of {connections} connections, {WAVES} times a round");
    let mut arms: Vec<Arm> = choices
        .iter()
        .map(|&choice| Arm::new(choice, connections))
        .collect();
    let mut times = vec![Vec::new(); choices.len()];
    for _ in 0..rounds {
        for (arm, times) in arms.iter_mut().zip(&mut times) {
            let spent: f64 = (0..WAVES).map(|_| arm.wave(size)).sum();
            times.push(spent / (WAVES * connections) as f64);
        }
    }
    for ((&choice, arm), times) in choices.iter().zip(&arms).zip(&times) {
        let stats = arm.driver.stats();
        let thousands = (rounds * WAVES * connections) as f64 / 1e3;
        println!(
            "  {:30} {:6.0} ns a frame; 1,000 frames: {:6.1} receives, {:6.2} turns, {:6.2} times starved",
            name(choice),
            median(times),
            stats.receives as f64 / thousands,
            stats.turns as f64 / thousands,
            stats.starved as f64 / thousands,
        );
    }
}

/// A driver with connections to itself, in one thread.
struct Arm {
    driver: Driver,
    peers: Vec<TcpStream>,
}

impl Arm {
    fn new(choice: Choice, connections: usize) -> Self {
        let backend: Backend = select(choice).expect("it was granted").backend();
        let mut driver = Driver::new(backend).expect("granted");
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = net::listen(loopback, 1)
            .expect("loopback is there")
            .remove(0);
        let address = listener.address();
        driver.listen(listener).expect("there is room");
        let mut peers = Vec::new();
        while peers.len() < connections {
            let peer = TcpStream::connect(address).expect("it listens");
            peer.set_nodelay(true).expect("a socket");
            peers.push(peer);
            let before = driver.connections();
            while driver.connections() == before {
                driver.wait(None).expect("a turn works");
                while let Some(event) = driver.next_event() {
                    if let Event::Accepted { socket, .. } = event {
                        driver.add(socket).expect("there is room");
                    }
                }
            }
        }
        Self { driver, peers }
    }

    /// Nanoseconds in which a frame of each connection is received; writing them does not count.
    fn wave(&mut self, size: usize) -> f64 {
        let frame = vec![7; size];
        for peer in &mut self.peers {
            peer.write_all(&frame).expect("it fits the socket");
        }
        let start = Instant::now();
        let mut left = size * self.peers.len();
        while left > 0 {
            self.driver.wait(None).expect("a turn works");
            while let Some(event) = self.driver.next_event() {
                if let Event::Received { bytes, .. } = event {
                    left -= bytes.len();
                }
            }
        }
        start.elapsed().as_nanos() as f64
    }
}
