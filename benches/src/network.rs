//! A server in this process, and events sent to it over loopback TCP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use trapjaw_client::{Client, Options};
use trapjaw_data::driver::Choice;
use trapjaw_data::plane::{Handle, Outbox, Plane, PlaneConfig, ShardReport};
use trapjaw_program::{RuleSet, Verified};

use crate::load::Load;

/// A data plane of one shard, whose matches are counted and dropped.
pub struct Server {
    plane: Plane,
    handle: Handle,
    counting: JoinHandle<u64>,
}

impl Server {
    /// Starts it on a port of its own.
    ///
    /// # Panics
    ///
    /// If it can't be started.
    pub fn start(rules: &Arc<Verified<RuleSet>>, driver: Choice) -> Self {
        let config = PlaneConfig {
            listen: Some("127.0.0.1:0".parse().expect("an address")),
            shards: 1,
            driver,
            pin: false,
            ..PlaneConfig::default()
        };
        let (plane, handle, outboxes) =
            Plane::start(config, Arc::clone(rules), |_| {}).expect("the plane starts");
        Self {
            plane,
            handle,
            counting: thread::spawn(move || count(outboxes)),
        }
    }

    /// Where it listens.
    ///
    /// # Panics
    ///
    /// If it doesn't.
    pub fn address(&self) -> SocketAddr {
        self.plane.address().expect("the plane listens")
    }

    /// What drives its sockets.
    pub fn driver(&self) -> String {
        self.plane.selection().to_string()
    }

    /// Sends all batches once and waits until the last is acknowledged: nanoseconds an event.
    ///
    /// # Panics
    ///
    /// If the connection fails, or an event is not acknowledged.
    pub fn send(&self, load: &Load) -> f64 {
        let options = Options {
            checksum: false,
            ..Options::default()
        };
        let address = self.plane.address().expect("the plane listens");
        let mut client = Client::connect(address, &options).expect("connected");
        let registry = client.types().expect("types");
        client.declare_all(&registry).expect("declared");
        let start = Instant::now();
        for batch in &load.batches {
            let rows = load.rows.min(load.events.len()) as u32;
            client.send(batch, rows).expect("sent");
        }
        let acknowledged = client.flush().expect("acknowledged");
        let elapsed = start.elapsed().as_nanos() as f64;
        assert_eq!(acknowledged, load.events.len() as u64);
        elapsed / load.events.len() as f64
    }

    /// How its shard is.
    ///
    /// # Panics
    ///
    /// If the shard has ended.
    pub fn report(&self) -> ShardReport {
        let (told, report) = std::sync::mpsc::channel();
        self.handle
            .report(move |reports| told.send(reports).expect("it is waited for"))
            .expect("nobody else asks");
        report.recv().expect("the shard answers").remove(0)
    }

    /// Stops it: the number of matches.
    ///
    /// # Panics
    ///
    /// If it does not end in order.
    pub fn stop(self) -> u64 {
        let report = self.plane.drain(Duration::from_secs(10));
        assert!(report.is_complete, "everything was evaluated and handed on");
        self.counting.join().expect("counting does not panic")
    }
}

fn count(mut outboxes: Vec<Outbox>) -> u64 {
    let mut matches = 0;
    while !outboxes.iter().all(Outbox::is_finished) {
        for outbox in &mut outboxes {
            while let Some(found) = outbox.pop() {
                matches += found.matches.len() as u64;
            }
        }
        // The shard needs the core more than this does.
        thread::sleep(Duration::from_millis(1));
    }
    matches
}
