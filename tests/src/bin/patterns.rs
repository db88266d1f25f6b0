//! Patterns at scale: random patterns over random histories, the engine against the oracle, until so many (pattern,
//! event) steps are done.
//!
//! `cargo run --release -p trapjaw-tests --bin patterns [-- --steps N] [--seed N] [--threads N] [--histories N]`: a
//! million steps, from seed 0, on one thread, 256 histories a pattern, untold. It tells how far it is every ten
//! seconds, and each difference as a smallest case that can be put into the corpus; it ends with 1 if there was one.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use trapjaw_tests::comparison::{Compared, compare};

#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

/// How often it is told how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

/// Differences after which it ends.
const MOST_DIFFERENCES: usize = 10;

struct Settings {
    steps: u64,
    seed: u64,
    threads: u64,
    histories: u64,
}

fn settings() -> Result<Settings, String> {
    let mut settings = Settings {
        steps: 1_000_000,
        seed: 0,
        threads: 1,
        histories: 256,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let setting = match &*name {
            "--steps" => &mut settings.steps,
            "--seed" => &mut settings.seed,
            "--threads" => &mut settings.threads,
            "--histories" => &mut settings.histories,
            _ => {
                return Err(format!(
                    "{name}: there are --steps, --seed, --threads and --histories"
                ));
            }
        };
        let value = arguments.next().map(|text| text.replace(['_', ','], ""));
        let value = value.and_then(|text| text.parse().ok());
        *setting = value
            .filter(|value| *value > 0 || name == "--seed")
            .ok_or_else(|| format!("{name} is to have a number behind it"))?;
    }
    Ok(settings)
}

fn main() -> ExitCode {
    match settings() {
        Ok(settings) => run(&settings),
        Err(what) => {
            eprintln!("{what}");
            ExitCode::from(2)
        }
    }
}

fn run(settings: &Settings) -> ExitCode {
    let begun = Instant::now();
    let next = AtomicU64::new(settings.seed);
    let done = AtomicBool::new(false);
    let (mut patterns, mut total) = (0_u64, Compared::default());
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..settings.threads {
            let (sender, next, done) = (sender.clone(), &next, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody takes it any more once all is done.
                    let _ = sender.send(compare(seed, settings.histories));
                }
            });
        }
        drop(sender);
        let mut told = begun;
        while let Ok(compared) = results.recv() {
            for difference in &compared.differences {
                println!("DIFFERENCE\n{difference}");
            }
            patterns += 1;
            total.add(compared);
            if total.steps >= settings.steps || total.differences.len() >= MOST_DIFFERENCES {
                done.store(true, Ordering::Relaxed);
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                println!("{}", progress(settings.seed, patterns, &total, begun));
            }
        }
    });
    println!("{}", progress(settings.seed, patterns, &total, begun));
    ExitCode::from(u8::from(!total.differences.is_empty()))
}

fn progress(seed: u64, patterns: u64, total: &Compared, begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs_f64();
    format!(
        "{seconds:>6.0} s  {:>11} steps ({:.0}/s), {patterns} patterns from seed {seed}, {} histories, {} matches, {} \
         longer steps, {} differences",
        total.steps,
        total.steps as f64 / seconds,
        total.histories,
        total.matches,
        total.long_steps,
        total.differences.len(),
    )
}
