//! The events that are sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use trapjaw_client::{Client, Options as ClientOptions};
use trapjaw_event::{BatchBuilder, Event, Registry, TypeId, Value};

use super::{CONNECTIONS, DAY, Fault, KEYS, Options};

/// When everything happens but the last event of each key: ten seconds into a day.
const FIRST: i64 = 20_000 * DAY + 10_000_000_000;

/// When the last one does: windows are over by then.
const LATER: i64 = FIRST + 2 * DAY;

/// What is sent of a key, all in all.
pub(super) fn history(key: u32, rounds: u32) -> Vec<Event> {
    let under_load = (1..=rounds).map(|round| event(key, round, FIRST));
    let later = event(key, rounds + 1, LATER);
    under_load.chain([later]).collect()
}

/// A key's event of a round, whose number it has.
fn event(key: u32, round: u32, time: i64) -> Event {
    Event {
        type_id: TypeId::new(0),
        time,
        source: "/load".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Int(i64::from(key)), Value::Int(i64::from(round))],
    }
}

/// Two connections' worth of events.
pub(super) struct Traffic {
    address: SocketAddr,
    options: Options,
}

impl Traffic {
    pub(super) fn new(address: SocketAddr, options: Options) -> Self {
        Self { address, options }
    }

    /// Sends, over all connections at once, each key's events of all rounds, and waits until they were taken in.
    pub(super) fn load(&self) {
        thread::scope(|scope| {
            for connection in 0..CONNECTIONS {
                scope.spawn(move || self.send(connection));
            }
        });
    }

    /// Sends each key's last event, two days later.
    pub(super) fn later(&self) {
        let last = self.options.rounds + 1;
        for connection in 0..CONNECTIONS {
            let (mut client, mut builder) = self.connect();
            fill(&mut builder, connection, last, LATER);
            client.send_rows(&mut builder).expect("there is credit");
            client.flush().expect("it is taken in");
        }
    }

    fn connect(&self) -> (Client, BatchBuilder) {
        let options = ClientOptions::default();
        let mut client = Client::connect(self.address, &options).expect("it is let in");
        let registry: Registry = client.types().expect("it is told");
        client
            .declare_all(&registry)
            .expect("the server's own types");
        (client, BatchBuilder::new(Arc::new(registry)))
    }

    fn send(&self, connection: u32) {
        let Options {
            rounds,
            rate,
            fault,
            ..
        } = self.options;
        let (mut client, mut builder) = self.connect();
        let begin = Instant::now();
        let of_round = rate
            .map(|rate| Duration::from_secs_f64(f64::from(CONNECTIONS * KEYS) / f64::from(rate)));
        for round in 1..=rounds {
            // Not sooner than the rate allows.
            if let Some(due) = of_round.map(|span| span * (round - 1)) {
                thread::sleep(due.saturating_sub(begin.elapsed()));
            }
            let is_faulty = connection == 0 && round == rounds / 2;
            let times = match fault.filter(|_| is_faulty) {
                Some(Fault::Gap) => 0,
                Some(Fault::Double) => 2,
                _ => 1,
            };
            for _ in 0..times {
                fill(&mut builder, connection, round, FIRST);
                client
                    .send_rows(&mut builder)
                    .expect("the connection lasts");
            }
        }
        client.flush().expect("all is taken in");
    }
}

/// One event of each key of a connection.
fn fill(builder: &mut BatchBuilder, connection: u32, round: u32, time: i64) {
    for key in connection * KEYS..(connection + 1) * KEYS {
        let event = event(key, round, time);
        builder.push(&event).expect("a batch has room for it");
    }
}
