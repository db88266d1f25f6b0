//! Processes of the binary under test, and folders for them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::assert::DEFAULT_ACTION_ENV;
use tempfile::TempDir;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

const BINARY: &str = env!("CARGO_BIN_EXE_trapjaw");

/// Variables that would change what the binary does.
const VARIABLES: [&str; 11] = [
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TRAPJAW_ADDR",
    "TRAPJAW_BINARY",
    "TRAPJAW_CONFIG",
    "TRAPJAW_DOCS",
    "TRAPJAW_DRIVER",
    "TRAPJAW_HTTP",
    "TRAPJAW_LOG",
    "TRAPJAW_SHARDS",
    "TRAPJAW_TOKEN",
];

/// A command that runs to its end, within a folder.
pub(crate) fn command(folder: &Path, args: &[&str]) -> snapbox::cmd::Command {
    let mut command = snapbox::cmd::Command::new(BINARY)
        // A backslash in JSON is none of a path.
        .with_assert(
            snapbox::Assert::new()
                .action_env(DEFAULT_ACTION_ENV)
                .normalize_paths(false),
        )
        .current_dir(folder)
        .timeout(PATIENCE)
        .args(args);
    for variable in VARIABLES {
        command = command.env_remove(variable);
    }
    command
}

/// A process of the binary under test that goes on beside the test, as `std` starts it.
pub(crate) fn beside(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(args);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// A folder with these files in it.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

/// Writes a file and the folders above it.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

/// The root of the repository's examples.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Runs a check with each driver that this machine has.
pub(crate) fn with_each_driver(check: impl Fn(&str)) {
    check("epoll");
    let server = Server::start(&folder(&[("none.trap", "")]), &["none.trap"]);
    let chosen = server.line("what drives it", |line| {
        line.contains("io_uring: ") || line.contains("epoll: ")
    });
    server.stop();
    if chosen.contains("io_uring: ") {
        check("io_uring");
    }
}

/// Waits until something can be seen.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Lines that a process has written so far.
#[derive(Clone, Default)]
struct Lines(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Lines {
    /// Reads to the end, in a thread of its own.
    fn read(from: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let read = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let Ok(line) = line else { break };
                read.0.0.lock().expect("no reader panics").push(line);
                read.0.1.notify_all();
            }
        });
        lines
    }

    fn all(&self) -> Vec<String> {
        self.0.0.lock().expect("no reader panics").clone()
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut(&[String]) -> Option<T>) -> T {
        let start = Instant::now();
        let mut lines = self.0.0.lock().expect("no reader panics");
        loop {
            if let Some(seen) = look(&lines) {
                return seen;
            }
            let left = PATIENCE.saturating_sub(start.elapsed());
            assert!(
                !left.is_zero(),
                "{what} did not come; there is:\n{}",
                lines.join("\n")
            );
            lines = self
                .0
                .1
                .wait_timeout(lines, left)
                .expect("no reader panics")
                .0;
        }
    }
}

/// A running process. When it is dropped, it is killed.
pub(crate) struct Process {
    id: Pid,
    input: Option<ChildStdin>,
    out: Lines,
    log: Lines,
    ended: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child: Child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let id = Pid::from_child(&child);
        let input = child.stdin.take();
        let out = Lines::read(child.stdout.take().expect("it is piped"));
        let log = Lines::read(child.stderr.take().expect("it is piped"));
        let (tell, ended) = mpsc::channel();
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = tell.send(status);
            }
        });
        Self {
            id,
            input,
            out,
            log,
            ended,
            status: None,
        }
    }

    pub(crate) fn id(&self) -> i32 {
        self.id.as_raw_nonzero().get()
    }

    /// Its standard input, once.
    pub(crate) fn input(&mut self) -> ChildStdin {
        self.input.take().expect("it is taken once")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id, signal).expect("it runs");
    }

    /// The first line of its log that is looked for, waited for.
    pub(crate) fn line(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        self.log
            .wait(what, |lines| lines.iter().find(|line| is_it(line)).cloned())
    }

    /// Waits until its log has so many such lines.
    pub(crate) fn lines(&self, what: &str, count: usize, is_it: impl Fn(&str) -> bool) {
        self.log.wait(what, |lines| {
            (lines.iter().filter(|line| is_it(line)).count() >= count).then_some(())
        });
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// What it has printed so far.
    pub(crate) fn output(&self) -> Vec<String> {
        self.out.all()
    }

    /// Waits for its end: its exit code, `None` where a signal killed it.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let status = self.status.get_or_insert_with(|| {
            let log = &self.log;
            self.ended
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("it does not end; its log:\n{}", log.all().join("\n")))
        });
        // What it wrote last is read when its outputs are closed.
        for lines in [&self.out, &self.log] {
            until("the end of its outputs", || {
                (Arc::strong_count(&lines.0) == 1).then_some(())
            });
        }
        status.code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() && self.ended.try_recv().is_err() {
            let _ = kill_process(self.id, Signal::KILL);
        }
    }
}

/// A server under test.
pub(crate) struct Server {
    process: Process,
    pub(crate) http: SocketAddr,
    pub(crate) binary: SocketAddr,
}

impl core::ops::Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Server {
    /// Starts `trapjaw run` on ports of the system's choice, and waits until it listens.
    pub(crate) fn start(folder: &TempDir, args: &[&str]) -> Self {
        Self::of(beside(folder.path(), &["run"]), args)
    }

    /// As [`Server::start`], of a command that may have variables of its own.
    pub(crate) fn of(mut command: Command, args: &[&str]) -> Self {
        command
            .args(["--http", "127.0.0.1:0", "--binary", "127.0.0.1:0"])
            .args(args);
        let process = Process::start(command);
        let address = |name: &str| {
            let line = process.line(name, |line| line.contains(name));
            let (_, address) = line.split_once("address=").expect("a line with an address");
            address.parse().expect("an address")
        };
        Self {
            http: address("listening for HTTP"),
            binary: address("listening for the binary protocol"),
            process,
        }
    }

    /// Ends in order what has to end in order.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.signal(Signal::TERM);
        let code = self.process.end();
        let log = self.log();
        assert_eq!(code, Some(0), "{}", log.join("\n"));
        log
    }

    /// Waits for its end, whatever that is.
    pub(crate) fn end(&mut self) -> Option<i32> {
        self.process.end()
    }

    /// The sum of a metric's values over its labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let answer = crate::http::get(self.http, "/metrics");
        let values = answer.body.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_whole = rest.starts_with(['{', ' ']);
            let (_, value) = line.rsplit_once(' ').filter(|_| is_whole)?;
            value.parse::<u64>().ok()
        });
        values.sum()
    }
}
