//! A terminal that a program runs in, and what it shows.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Parser;

use crate::rig::{PATIENCE, beside};

/// Rows and columns.
pub(crate) type Size = (u16, u16);

/// A program that runs in a terminal of its own. When it is dropped, the program is killed.
pub(crate) struct Terminal {
    keys: File,
    side: OwnedFd,
    shown: Shown,
    child: Child,
}

/// What is shown, and whether more can come.
#[derive(Clone)]
struct Shown(Arc<(Mutex<(Parser, bool)>, Condvar)>);

fn winsize((rows, columns): Size) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Terminal {
    /// Starts the binary under test in a terminal of this size.
    pub(crate) fn start(folder: &Path, size: Size, args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).expect("a terminal");
        unlockpt(&terminal).expect("a terminal");
        tcsetwinsize(&terminal, winsize(size)).expect("it has a size");
        let name = ptsname(&terminal, Vec::new()).expect("it has a name");
        let side = || {
            let path = name.to_str().expect("a path");
            let opened = File::options().read(true).write(true).open(path);
            opened.expect("the other side")
        };
        // The terminal has to be the program's own, so that a change of its size is told.
        let within = beside(folder, args);
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "--wait"])
            .arg(within.get_program())
            .args(within.get_args())
            .current_dir(folder)
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1")
            .env("XDG_STATE_HOME", folder)
            .stdin(Stdio::from(side()))
            .stdout(Stdio::from(side()))
            .stderr(Stdio::from(side()));
        for (name, value) in within.get_envs() {
            if value.is_none() && name != "NO_COLOR" {
                command.env_remove(name);
            }
        }
        let child = command.spawn().expect("it starts");
        let parser = Parser::new(rows(size.0), rows(size.1), 0);
        let shown = Shown(Arc::new((Mutex::new((parser, false)), Condvar::new())));
        let side = OwnedFd::from(side());
        let keys = File::from(terminal);
        let (mut output, reading) = (keys.try_clone().expect("a descriptor"), shown.clone());
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            loop {
                // A terminal whose other side is closed ends with an error.
                let read = output.read(&mut bytes).unwrap_or(0);
                let mut state = reading.0.0.lock().expect("no reader panics");
                state.0.process(&bytes[..read]);
                state.1 |= read == 0;
                drop(state);
                reading.0.1.notify_all();
                if read == 0 {
                    break;
                }
            }
        });
        Self {
            keys,
            side,
            shown,
            child,
        }
    }

    /// Types something.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it is there");
    }

    pub(crate) fn resize(&self, size: Size) {
        let mut state = self.shown.0.0.lock().expect("no reader panics");
        state.0.screen_mut().set_size(rows(size.0), rows(size.1));
        drop(state);
        tcsetwinsize(&self.side, winsize(size)).expect("it has a size");
    }

    /// Waits until what is shown is this, but for blanks at the ends of lines and empty lines at the end.
    pub(crate) fn shows(&self, expected: &str) {
        let expected = trimmed(expected);
        self.wait("the screen", |screen| (screen == expected).then_some(()));
    }

    /// Waits until this can be seen.
    pub(crate) fn shows_part(&self, part: &str) -> String {
        self.wait(part, |screen| {
            screen.contains(part).then(|| screen.to_owned())
        })
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut(&str) -> Option<T>) -> T {
        let start = Instant::now();
        let mut state = self.shown.0.0.lock().expect("no reader panics");
        loop {
            let screen = trimmed(&state.0.screen().contents());
            if let Some(seen) = look(&screen) {
                return seen;
            }
            let left = PATIENCE.saturating_sub(start.elapsed());
            assert!(
                !left.is_zero() && !state.1,
                "{what} did not come; there is:\n{screen}"
            );
            let waited = self.shown.0.1.wait_timeout(state, left);
            state = waited.expect("no reader panics").0;
        }
    }

    /// Is the other screen shown, the one that programs draw on?
    pub(crate) fn is_drawn_on(&self) -> bool {
        let state = self.shown.0.0.lock().expect("no reader panics");
        state.0.screen().alternate_screen()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // `setsid` makes room for the program where it can, and waits for it elsewhere.
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end, and looks whether the terminal is as it was: its exit code.
    pub(crate) fn ends(&mut self) -> Option<i32> {
        let start = Instant::now();
        let status = crate::rig::until("the end", || self.child.try_wait().expect("it is ours"));
        assert!(start.elapsed() < PATIENCE);
        let modes = tcgetattr(&self.side).expect("a terminal").local_modes;
        assert!(
            modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG),
            "lines are edited and echoed again: {modes:?}"
        );
        crate::rig::until("the first screen and its cursor", || {
            let state = self.shown.0.0.lock().expect("no reader panics");
            let screen = state.0.screen();
            (!screen.alternate_screen() && !screen.hide_cursor()).then_some(())
        });
        status.code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn rows(count: u16) -> core::num::NonZeroU16 {
    count.try_into().expect("some rows")
}

fn trimmed(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}
