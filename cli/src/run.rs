//! `trapjaw run`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trapjaw_control::config::{Config, Environment, Overrides, TokenPlace};
use trapjaw_control::{Loaded, ReloadFailure};

use crate::args::Run;
use crate::connect::TOKEN;
use crate::failure::tell;
use crate::log;
use crate::serve::Server;
use crate::style;

/// Read where no other configuration is named, if it is there.
const CONFIG: &str = "trapjaw.toml";

pub(crate) fn run(args: &Run) -> Result<ExitCode> {
    log::start();
    let overrides = overrides(args);
    let file = args
        .config
        .clone()
        .or_else(|| Path::new(CONFIG).exists().then(|| PathBuf::from(CONFIG)));
    if let Some(file) = &file {
        tracing::info!(file = %file.display(), "reading the configuration");
    }
    let config = Config::load(file.as_deref(), &overrides, &Environment::process())?;
    let loaded = Loaded::read(&config)?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    tracing::info!(
        rules = loaded.rules.rules.len(),
        types = loaded.rules.registry.len(),
        "rules loaded"
    );
    if loaded.rules.registry.is_empty() {
        tracing::warn!(
            "no event type is declared, so every event will be refused: name rule files, or set `rules` in {CONFIG}"
        );
    }
    let runtime = Runtime::new().context("starting the control plane's threads")?;
    // Before anybody hears that the server is there, so that none of them is missed.
    let signals = runtime.block_on(async { Signals::new() })?;
    let mut server = Server::start(&runtime, config, loaded)?;
    tracing::info!("{}", server.plane.selection());
    if let Some(address) = server.plane.address() {
        tracing::info!(%address, "listening for the binary protocol");
    }
    for unpinned in server.plane.unpinned() {
        tracing::info!("{unpinned}");
    }
    if runtime.block_on(until_stopped(&mut server, signals)) {
        return Ok(ExitCode::FAILURE);
    }
    let ended = server.stop(&runtime);
    for failure in &ended.drained.failures {
        tracing::error!("{failure}");
    }
    let whole = ended.drained.is_complete && ended.left.is_nothing();
    if whole {
        tracing::info!("stopped; everything that was taken in was evaluated and dispatched");
    } else {
        tracing::warn!(matches = ended.left.matches, calls = ?ended.left.calls, "stopped before everything was done");
    }
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn overrides(args: &Run) -> Overrides {
    let token = match &args.token_file {
        Some(file) => Some(TokenPlace::File(file.clone())),
        None => std::env::var_os(TOKEN)
            .filter(|token| !token.is_empty())
            .map(|_| TokenPlace::Environment(TOKEN.to_owned())),
    };
    Overrides {
        http: args.http,
        binary: args.binary,
        token,
        allow_remote: args.allow_remote.then_some(true),
        shards: args.shards.map(usize::from),
        driver: args.driver,
        rules: args.rules.clone(),
    }
}

struct Signals {
    stop: [Signal; 2],
    reload: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self {
            stop: [
                listen(SignalKind::terminate())?,
                listen(SignalKind::interrupt())?,
            ],
            reload: listen(SignalKind::hangup())?,
        })
    }
}

/// Reloads on SIGHUP until SIGTERM or SIGINT comes; after that a second one aborts. Has a shard failed meanwhile?
async fn until_stopped(server: &mut Server, signals: Signals) -> bool {
    let Signals {
        stop: [mut terminate, mut interrupt],
        mut reload,
    } = signals;
    let mut look = tokio::time::interval(std::time::Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => reload_rules(server).await,
            _ = look.tick() => {
                if server.plane.has_failed() {
                    tracing::error!("a shard has failed");
                    return true;
                }
            }
        }
    }
    tracing::info!("stopping; once more to abort");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tell("aborted\n");
        std::process::exit(130);
    });
    false
}

async fn reload_rules(server: &Server) {
    match server.control.reload().await {
        Ok(reloaded) => {
            tell(reloaded.loaded.rendered_warnings(style::of(&io::stderr())));
            if !reloaded.changes.is_empty() {
                tell(&reloaded.changes);
            }
        }
        Err(ReloadFailure::Rules(error)) => {
            tell(error.rendered(style::of(&io::stderr())));
            tracing::error!("the rules were not reloaded: those before go on");
        }
        Err(ReloadFailure::Plane(error)) => {
            tracing::error!(%error, "the rules were not reloaded: those before go on");
        }
    }
}
