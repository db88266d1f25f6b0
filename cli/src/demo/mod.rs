//! `trapjaw demo`: real load on this machine sets off rules, and each reaction is timed.
//!
//! A server on loopback takes in samples of `/proc` by the binary protocol; a subscriber prints what comes back. In
//! between the demo keeps a core busy, and lets a heart stop beating, so that there is something to see.

mod latency;
mod sample;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;
use trapjaw_client::{Client, Options};
use trapjaw_control::config::Config;
use trapjaw_control::rules::Loaded;
use trapjaw_data::time::wall;
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{BatchBuilder, Event, Registry, Value};

use crate::args::Demo;
use crate::failure::unwritten;
use crate::serve::Server;
use latency::Reactions;

const RULES: &str = include_str!("demo.trap");
/// Between two samples.
const PERIOD: Duration = Duration::from_millis(100);
/// Hearts that beat with each sample; the last one falls silent for a while.
const HEARTS: [&str; 2] = ["heart-a", "heart-b"];

pub(crate) fn run(args: &Demo) -> Result<ExitCode> {
    let mut sources = SourceMap::new();
    sources.add("demo.trap", RULES);
    let loopback = "127.0.0.1:0".parse().context("loopback")?;
    let config = Config {
        http: loopback,
        binary: loopback,
        driver: args.driver,
        ..Config::default()
    };
    let loaded = Loaded::compile(sources, &config)?;
    let rules = loaded.rules.rules.len();
    let runtime = Runtime::new().context("starting the control plane's threads")?;
    let server = Server::start(&runtime, config, loaded)?;
    let address = server.plane.address().context("the data plane listens")?;
    print(format_args!(
        "{rules} rules on {address}, {}\nthis machine's own load, ten samples a second, for {} s\n\n",
        server.plane.selection(),
        args.seconds
    ))?;

    let over = Arc::new(AtomicBool::new(false));
    let mut subscriber = Client::connect(address, &Options::default()).context("subscribing")?;
    subscriber.subscribe(&[])?;
    // The subscription stands before the first event is sent.
    subscriber.ping()?;
    let listener = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let reactions = listen(subscriber, &over);
            // Where it failed, or nobody reads it, there is nothing to feed any more.
            over.store(true, Ordering::Release);
            reactions
        }
    });
    let sent = feed(address, args.seconds, &over);
    // What the last samples set off is on its way.
    thread::sleep(PERIOD);
    over.store(true, Ordering::Release);
    let reactions = listener.join().expect("the listener does not panic")?;
    let ended = server.stop(&runtime);
    let sent = sent?;
    print(format_args!(
        "\n{sent} events, {} matches\n{}",
        reactions.count(),
        reactions.table()
    ))?;
    ensure!(
        ended.drained.is_complete && ended.left.is_nothing(),
        "not everything was evaluated and dispatched"
    );
    ensure!(reactions.count() > 0, "no rule matched");
    Ok(ExitCode::SUCCESS)
}

fn print(text: core::fmt::Arguments<'_>) -> Result<()> {
    io::stdout().write_fmt(text).map_err(unwritten)
}

/// Prints what comes, but for the rule that fires at each sample, until it is over.
fn listen(mut subscriber: Client, over: &AtomicBool) -> Result<Reactions> {
    let mut reactions = Reactions::default();
    while !over.load(Ordering::Acquire) {
        let Some(found) = subscriber.next_match(Some(Duration::from_millis(50)))? else {
            continue;
        };
        if let Some(line) = reactions.add(&found.json, wall())? {
            print(format_args!("{line}\n"))?;
        }
    }
    Ok(reactions)
}

/// Sends samples for so many seconds, or until it is over. The number of events.
fn feed(address: std::net::SocketAddr, seconds: u64, over: &AtomicBool) -> Result<u64> {
    let mut client = Client::connect(address, &Options::default()).context("connecting")?;
    let registry = Arc::new(client.types()?);
    client.declare_all(&registry)?;
    let mut builder = BatchBuilder::new(Arc::clone(&registry));
    let mut cores = sample::Cores::default();
    let start = Instant::now();
    let length = Duration::from_secs(seconds);
    burn(length);
    let mut next = start;
    while start.elapsed() < length && !over.load(Ordering::Acquire) {
        let part = start.elapsed().as_secs_f64() / length.as_secs_f64();
        for event in samples(&registry, &mut cores, part)? {
            builder.push(&event)?;
        }
        client.send_rows(&mut builder)?;
        next += PERIOD;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(client.close()?)
}

/// Keeps one core busy from a tenth of the time on, for two to five seconds; the end of the demo ends it as well.
fn burn(length: Duration) {
    thread::spawn(move || {
        thread::sleep(length / 10);
        let until = Instant::now()
            + (length / 3).clamp(Duration::from_millis(2_600), Duration::from_secs(5));
        // One core: a thread that moves about keeps none of them busy for long.
        if let Some(&core) = trapjaw_data::affinity::cores().unwrap_or_default().last() {
            let _ = trapjaw_data::affinity::pin(core);
        }
        while Instant::now() < until {
            std::hint::spin_loop();
        }
    });
}

/// A look at the machine. `part`: how much of the time has passed, from 0 to 1.
fn samples(registry: &Registry, cores: &mut sample::Cores, part: f64) -> Result<Vec<Event>> {
    let text = |text: &str| Value::Text(text.into());
    let busy = cores.look()?;
    let memory = sample::memory()?;
    let (minute, running) = sample::run_queue()?;
    let mut events = Vec::new();
    let mut add = |name: &str, values: Vec<Value>| -> Result<()> {
        let type_id = registry
            .by_name(name)
            .with_context(|| format!("the rules declare {name}"))?;
        // The sample was taken just now, and is sent at once.
        let (time, source) = (wall(), "demo".into());
        events.push(Event {
            type_id,
            time,
            source,
            id: None,
            subject: None,
            severity: None,
            values,
        });
        Ok(())
    };
    for (core, busy) in busy {
        add("cpu", vec![text(&core), Value::Float(busy)])?;
    }
    add("memory", vec![Value::Float(memory)])?;
    add("run_queue", vec![Value::Float(minute), Value::Int(running)])?;
    for (number, heart) in HEARTS.iter().enumerate() {
        let is_silent = number + 1 == HEARTS.len() && (0.5..0.8).contains(&part);
        if !is_silent {
            add("heartbeat", vec![text(heart)])?;
        }
    }
    Ok(events)
}
