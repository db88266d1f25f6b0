//! `trapjaw top`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use trapjaw_control::remote::{Remote, RemoteError, Status};
use trapjaw_control::top::{Key, Sort, Top};

use crate::args::{self, TopSort};
use crate::connect::remote;
use crate::failure::unwritten;

/// How often a thread that waits for keys looks whether anybody wants them.
const KEYS: Duration = Duration::from_millis(100);

/// Keys that wait to be dealt with.
const WAITING: usize = 64;

pub(crate) fn run(args: &args::Top) -> Result<ExitCode> {
    let remote = remote(&args.server)?;
    let sort = match args.sort {
        TopSort::Rate => Sort::Rate,
        TopSort::Total => Sort::Total,
        TopSort::Name => Sort::Name,
    };
    let top = Top::new(remote.address()).showing(sort, &args.filter);
    let interval = Duration::from_secs(args.interval);
    let runtime = Runtime::new().context("starting")?;
    if args.once || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return runtime.block_on(once(&remote, top, interval));
    }
    // What a panic leaves behind is a terminal that can be used: that is what `init` sees to.
    let mut terminal = ratatui::try_init().context("the terminal")?;
    let ended = runtime.block_on(screen(&mut terminal, &remote, top, interval));
    ratatui::restore();
    // The thread that waits for keys ends with the process.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

/// Looks twice and prints.
async fn once(remote: &Remote, mut top: Top, interval: Duration) -> Result<ExitCode> {
    let asking = || format!("asking {}", remote.address());
    top.take(Ok(remote.status().await.with_context(asking)?));
    tokio::time::sleep(interval).await;
    top.take(Ok(remote.status().await.with_context(asking)?));
    if let Some(figures) = top.figures() {
        write!(io::stdout(), "{figures}").map_err(unwritten)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Signals that end it.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self([
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn any(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Shows what is looked at, until a key or a signal ends it.
async fn screen(
    terminal: &mut DefaultTerminal,
    remote: &Remote,
    mut top: Top,
    interval: Duration,
) -> Result<()> {
    let mut signals = Signals::new()?;
    let (pressed, mut keys) = mpsc::channel(WAITING);
    thread::spawn(move || read_keys(&pressed));
    let (looked, mut looks) = mpsc::channel(1);
    tokio::spawn(look(remote.clone(), interval, looked));
    loop {
        terminal
            .draw(|frame| top.draw(frame))
            .context("the terminal")?;
        tokio::select! {
            () = signals.any() => return Ok(()),
            pressed = keys.recv() => match pressed {
                Some(Some(key)) => {
                    if !top.press(key) {
                        return Ok(());
                    }
                }
                // The size has changed: it is drawn anew.
                Some(None) => {}
                None => return Ok(()),
            },
            Some(look) = looks.recv() => match look {
                // A token that is wrong does not get right by waiting.
                Err(error) if error.code().is_some() => return Err(error.into()),
                look => top.take(look.map_err(|error| error.to_string())),
            },
        }
    }
}

/// Looks again and again, until nobody wants to know.
async fn look(
    remote: Remote,
    interval: Duration,
    looked: mpsc::Sender<Result<Status, RemoteError>>,
) {
    let mut due = tokio::time::interval(interval);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if looked.send(remote.status().await).await.is_err() {
            return;
        }
    }
}

/// Reads keys, `None` for anything else that changes the screen, until nobody wants them.
fn read_keys(pressed: &mpsc::Sender<Option<Key>>) {
    while !pressed.is_closed() {
        match event::poll(KEYS) {
            Ok(false) => continue,
            Ok(true) => {}
            // There is no terminal any more.
            Err(_) => return,
        }
        let key = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('c') if is_control => Some(Key::Interrupt),
                    KeyCode::Char(_) if is_control => continue,
                    KeyCode::Char(character) => Some(Key::Char(character)),
                    KeyCode::Backspace => Some(Key::Backspace),
                    KeyCode::Enter => Some(Key::Enter),
                    KeyCode::Esc => Some(Key::Escape),
                    KeyCode::Down => Some(Key::Down),
                    KeyCode::Up => Some(Key::Up),
                    _ => continue,
                }
            }
            Ok(Event::Resize(..)) => None,
            Ok(_) => continue,
            Err(_) => return,
        };
        if pressed.blocking_send(key).is_err() {
            return;
        }
    }
}
