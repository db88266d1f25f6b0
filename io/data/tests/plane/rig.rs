//! A running plane with someone who consumes its outboxes, and events to send.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trapjaw_client::{Client, Options};
use trapjaw_data::driver::{Choice, select};
use trapjaw_data::plane::{DrainReport, Found, Handle, Outbox, Plane, PlaneConfig, ShardReport};
use trapjaw_dsl::compile;
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{BatchBuilder, Event, Match, Registry, Value};
use trapjaw_program::{RuleSet, Verified};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One second of event time.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// Two rules: one without state, one that counts by key.
pub(crate) const RULES: &str = r#"
event cpu { host: text, load: float, core: int? }
rule hot { on c: cpu where c.load > 0.9 do log("{c.host}") }
rule busy { on c: cpu by c.host over all having count() == 10 do log("{c.host}") }
"#;

/// Runs a test with each driver that the system grants, and with each way in which it hands received bytes over.
pub(crate) fn with_each_driver(test: impl Fn(Choice)) {
    test(Choice::Epoll);
    match select(Choice::Uring) {
        Ok(selection) => {
            for level in selection.levels() {
                test(Choice::UringWith(level));
            }
        }
        Err(refused) => println!("without io_uring: {refused}"),
    }
}

/// Compiles rules.
pub(crate) fn rules(text: &str) -> Arc<Verified<RuleSet>> {
    let mut sources = SourceMap::new();
    sources.add("test.trap", text);
    match compile(&sources) {
        Ok(compiled) => Arc::new(compiled.program),
        Err(findings) => panic!("{findings:?}"),
    }
}

/// A running plane.
pub(crate) struct Rig {
    pub(crate) plane: Plane,
    pub(crate) handle: Handle,
    pub(crate) address: SocketAddr,
    pub(crate) matches: mpsc::Receiver<Match>,
    /// Who holds it keeps the outboxes from being consumed.
    pub(crate) tap: Arc<Mutex<()>>,
    consumer: JoinHandle<()>,
}

impl Rig {
    /// With one shard and the common rules.
    pub(crate) fn new(driver: Choice) -> Self {
        Self::with(
            RULES,
            PlaneConfig {
                driver,
                shards: 1,
                ..PlaneConfig::default()
            },
        )
    }

    /// With these rules, listening on loopback.
    pub(crate) fn with(text: &str, config: PlaneConfig) -> Self {
        let config = PlaneConfig {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            // Several tests run at a time.
            pin: false,
            ..config
        };
        let bell = Arc::new((Mutex::new(false), Condvar::new()));
        let ring = Arc::clone(&bell);
        let wake = move |_| {
            *ring.0.lock().expect("nobody panics with it") = true;
            ring.1.notify_all();
        };
        let (plane, handle, outboxes) =
            Plane::start(config, rules(text), wake).expect("loopback is there");
        let (sender, matches) = mpsc::channel();
        let tap = Arc::new(Mutex::new(()));
        let turned = Arc::clone(&tap);
        let consumer = thread::spawn(move || consume(outboxes, &bell, &sender, &turned));
        let address = plane.address().expect("it listens");
        Self {
            plane,
            handle,
            address,
            matches,
            tap,
            consumer,
        }
    }

    /// A client that has declared all types.
    pub(crate) fn client(&self) -> (Client, Arc<Registry>) {
        self.client_with(&Options::default())
    }

    pub(crate) fn client_with(&self, options: &Options) -> (Client, Arc<Registry>) {
        let mut client = Client::connect(self.address, options).expect("it is let in");
        let registry = Arc::new(client.types().expect("it is told"));
        client
            .declare_all(&registry)
            .expect("the server's own types");
        (client, registry)
    }

    /// The next match in an outbox.
    pub(crate) fn next_match(&self) -> Match {
        self.matches.recv_timeout(PATIENCE).expect("a match comes")
    }

    /// What the shards say.
    pub(crate) fn report(&self) -> Vec<ShardReport> {
        let (sender, receiver) = mpsc::channel();
        let told = move |reports| sender.send(reports).expect("someone waits");
        self.handle.report(told).expect("few reports are asked for");
        receiver.recv_timeout(PATIENCE).expect("all shards answer")
    }

    /// Waits until the shards' reports say what they should.
    pub(crate) fn wait_for(&self, what: &str, mut is_so: impl FnMut(&[ShardReport]) -> bool) {
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            let reports = self.report();
            if is_so(&reports) {
                return;
            }
            assert!(
                std::time::Instant::now() < until,
                "waited in vain for {what}: {reports:?}"
            );
            thread::yield_now();
        }
    }

    /// Replaces the rules, and waits until they hold.
    pub(crate) fn reload(&self, text: &str) -> u64 {
        let (sender, receiver) = mpsc::channel();
        let told = move |version| sender.send(version).expect("someone waits");
        self.handle
            .reload(rules(text), told)
            .expect("no other reload is under way");
        receiver.recv_timeout(PATIENCE).expect("all shards take it")
    }

    /// Ends the plane in order, and returns what it says and all matches that were not taken before.
    pub(crate) fn drain(self) -> (DrainReport, Vec<Match>) {
        let report = self.plane.drain(PATIENCE);
        self.consumer.join().expect("the consumer sees the end");
        (report, self.matches.into_iter().collect())
    }
}

/// Takes matches out until all shards have ended.
fn consume(
    mut outboxes: Vec<Outbox>,
    bell: &(Mutex<bool>, Condvar),
    sender: &mpsc::Sender<Match>,
    tap: &Mutex<()>,
) {
    let empty = |outboxes: &[Outbox]| outboxes.iter().all(Outbox::is_empty);
    let finished = |outboxes: &[Outbox]| outboxes.iter().all(Outbox::is_finished);
    while !finished(&outboxes) {
        for outbox in &mut outboxes {
            loop {
                let open = tap.lock().expect("nobody panics with it");
                let Some(Found { matches, .. }) = outbox.pop() else {
                    break;
                };
                drop(open);
                for matched in matches {
                    // A test that has seen enough listens no more.
                    let _ = sender.send(matched);
                }
            }
        }
        outboxes.iter().for_each(Outbox::announce);
        if empty(&outboxes) && !finished(&outboxes) {
            let rung = bell.0.lock().expect("nobody panics with it");
            let (mut rung, _) = bell
                .1
                .wait_timeout_while(rung, PATIENCE, |rung| !*rung)
                .expect("nobody panics with it");
            *rung = false;
        }
        outboxes.iter().for_each(Outbox::retract);
    }
}

/// An event of a CPU's load.
pub(crate) fn cpu(registry: &Registry, host: &str, load: f64, time: i64) -> Event {
    Event {
        type_id: registry.by_name("cpu").expect("a type of the rules"),
        time,
        source: "/test".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Text(host.into()), Value::Float(load), Value::Null],
    }
}

/// A batch of loads, one host each.
pub(crate) fn loads(registry: &Arc<Registry>, loads: &[f64]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    for (index, &load) in loads.iter().enumerate() {
        let event = cpu(registry, &format!("h{index}"), load, SECOND + index as i64);
        builder.push(&event).expect("a small batch");
    }
    builder
}
