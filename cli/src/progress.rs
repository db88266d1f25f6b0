//! Bars for those who wait.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use trapjaw_control::recorded::Position;

/// How often a bar is drawn.
const TICK: Duration = Duration::from_millis(200);

/// A bar on standard error where that is a terminal, with `more` behind it; `length` in bytes, where it is known.
pub(crate) fn bar(length: Option<u64>, more: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let form = if length.is_some() {
        format!("{{bar:40}} {{bytes}}/{{total_bytes}} {{bytes_per_sec}} {{eta}}{more}")
    } else {
        format!("{{spinner}} {{bytes}} {{bytes_per_sec}}{more}")
    };
    if let Ok(style) = ProgressStyle::with_template(&form) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// Shows how far a recording is, until it is dropped.
pub(crate) struct Watch {
    bar: ProgressBar,
    ended: Arc<AtomicBool>,
    watching: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts to; where nobody sees it, or `quiet` is said, there is nothing to do.
    pub(crate) fn of(position: Position, length: Option<u64>, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                ended: Arc::default(),
                watching: None,
            };
        }
        let bar = bar(length, "  {msg}");
        let ended = Arc::new(AtomicBool::new(false));
        let (shown, until) = (bar.clone(), Arc::clone(&ended));
        let watching = thread::spawn(move || {
            let start = Instant::now();
            while !until.load(Ordering::Relaxed) {
                shown.set_position(position.bytes());
                let events = position.events();
                let rate = events as f64 / start.elapsed().as_secs_f64().max(1e-9);
                shown.set_message(format!("{} events/s", HumanCount(rate as u64)));
                thread::park_timeout(TICK);
            }
        });
        Self {
            bar,
            ended,
            watching: Some(watching),
        }
    }

    /// Writes beside the bar.
    pub(crate) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(crate) fn end(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(watching) = self.watching.take() {
            watching.thread().unpark();
            // It draws, and nothing else.
            let _ = watching.join();
        }
        self.bar.finish_and_clear();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}
