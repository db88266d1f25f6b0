//! The action `run`: a program that gets the context of a match on its standard input.
//!
//! No shell is involved, and nothing of an event gets into the arguments; the environment holds the variables that the
//! configuration lets through and `TRAPJAW_RULE`, `TRAPJAW_ID`, `TRAPJAW_KIND`. The program leads a process group of its
//! own, which is killed as a whole when the program takes too long, and also when it has ended: nothing that it started
//! outlives it, unless it left the group on purpose (`setsid`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind, signal};

use super::{Again, Call, Failure};
use crate::limits::{MAX_OUTPUT, OUTPUT_GRACE};

#[derive(Debug)]
pub(super) struct Run {
    argv: Vec<String>,
    cwd: Option<PathBuf>,
    /// Taken once, so that every call gets the same.
    environment: Vec<(String, OsString)>,
}

impl Run {
    pub(super) fn new(argv: &[String], cwd: Option<&Path>, env: &[String]) -> Self {
        let environment = env
            .iter()
            .filter_map(|name| Some((name.clone(), std::env::var_os(name)?)))
            .collect();
        Self {
            argv: argv.to_owned(),
            cwd: cwd.map(Path::to_owned),
            environment,
        }
    }

    pub(super) async fn execute(
        &self,
        name: &str,
        call: &Call,
        context: Vec<u8>,
    ) -> Result<(), Failure> {
        let mut group = self.start(call)?;
        let child = &mut group.child;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A program need not read its input.
                let _ = stdin.write_all(&context).await;
            }
        };
        let mut outputs = core::pin::pin!(async { tokio::join!(capture(stdout), capture(stderr)) });
        let mut ended = core::pin::pin!(async { tokio::join!(group.ended(), feed).0 });
        // Outputs are read while the program runs: one that fills a pipe nobody reads would never end.
        let mut captured = None;
        let status = loop {
            tokio::select! {
                status = &mut ended => break status,
                both = &mut outputs, if captured.is_none() => captured = Some(both),
            }
        };
        let (stdout, stderr) = match captured {
            Some(captured) => captured,
            None => tokio::time::timeout(OUTPUT_GRACE, outputs)
                .await
                .unwrap_or_default(),
        };
        let status =
            status.map_err(|error| Failure::new(Again::Later, format!("lost: {error}")))?;
        tracing::debug!(
            target: "trapjaw::action",
            action = name,
            rule = &*call.page().names.rule,
            id = %call.matched.id,
            %status,
            stdout,
            stderr,
            "program ended"
        );
        if status.success() {
            return Ok(());
        }
        let said = [("stderr", stderr), ("stdout", stdout)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(stream, text)| format!(", {stream}: {text}"));
        let reason = status.to_string() + &said.collect::<String>();
        Err(Failure::new(Again::Later, reason))
    }

    fn start(&self, call: &Call) -> Result<Group, Failure> {
        let mut command = Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("TRAPJAW_RULE", &*call.page().names.rule)
            .env("TRAPJAW_ID", call.matched.id.to_string())
            .env("TRAPJAW_KIND", call.matched.kind.as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        // Listened for before there is anything to hear.
        let children = signal(SignalKind::child())
            .map_err(|error| Failure::new(Again::Later, format!("no signals: {error}")))?;
        let child = command.spawn().map_err(|error| {
            Failure::new(
                Again::Later,
                format!("`{}` can't be started: {error}", self.argv[0]),
            )
        })?;
        let leader = child.id().and_then(|id| Pid::from_raw(id as i32));
        Ok(Group {
            child,
            leader,
            children,
        })
    }
}

/// A program and all that it starts.
struct Group {
    child: Child,
    /// The program's process id, which is the group's. It is taken while the program has not been waited for: only so long
    /// does the number belong to it for certain.
    leader: Option<Pid>,
    /// Tells that some child of this process has ended.
    children: unix::Signal,
}

impl Group {
    /// Waits for the program to end, and kills what it left behind.
    ///
    /// The group is killed before the program is waited for. Afterwards its number could be somebody else's.
    async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        if let Some(leader) = self.leader {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            while waitid(WaitId::Pid(leader), look)?.is_none() {
                // One signal may stand for several programs that ended, so each looks after each.
                if self.children.recv().await.is_none() {
                    break;
                }
            }
            self.kill();
            self.leader = None;
        }
        self.child.wait().await
    }

    fn kill(&self) {
        if let Some(leader) = self.leader {
            // Nobody left to kill is as good.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first bytes of an output, on one line; the rest is read and dropped.
async fn capture(output: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut output) = output else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        let room = MAX_OUTPUT - kept.len();
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
    let text = String::from_utf8_lossy(&kept);
    text.trim().escape_debug().to_string()
}
