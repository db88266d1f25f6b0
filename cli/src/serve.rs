//! A server in this process: the data plane, the control plane, and their end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use trapjaw_control::bridge::{Bells, Bridge, pump};
use trapjaw_control::plane::{MatchSender, Version, outbox};
use trapjaw_control::{Config, Control, Left, Loaded, Parts};
use trapjaw_data::driver::Backend;
use trapjaw_data::limits::SHARDS;
use trapjaw_data::plane::{DrainReport, Plane, PlaneConfig, Token};

/// Batches of matches between the shards and control.
const OUTBOX: usize = 256;

/// How long each step of an orderly end may take.
const STEP: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server {
    pub(crate) plane: Plane,
    pub(crate) control: Control,
    pumps: JoinSet<()>,
    matches: MatchSender,
}

/// How a server ended.
pub(crate) struct Ended {
    pub(crate) drained: DrainReport,
    pub(crate) left: Left,
}

impl Server {
    /// Starts everything.
    pub(crate) fn start(runtime: &Runtime, config: Config, loaded: Loaded) -> Result<Self> {
        let bells = Bells::new(SHARDS);
        let ring = bells.clone();
        let plane = PlaneConfig {
            listen: Some(config.binary),
            shards: config.shards.unwrap_or(0),
            driver: config.driver,
            token: config
                .token
                .as_ref()
                .map(|token| Token::new(token.reveal())),
            allow_remote_without_token: config.allow_remote,
            engine: config.engine,
            ..PlaneConfig::default()
        };
        let rules = Arc::clone(&loaded.rules);
        let (plane, handle, outboxes) = Plane::start(plane, rules, move |shard| ring.ring(shard))
            .context("starting the data plane")?;
        let driver = match plane.selection().backend() {
            Backend::Uring(_) => "io_uring",
            Backend::Epoll => "epoll",
        };
        let (matches, receiver) = outbox(OUTBOX);
        let _in_runtime = runtime.enter();
        let pumps = pump(outboxes, &bells, &matches);
        let parts = Parts {
            config,
            loaded,
            version: Version(0),
            plane: Arc::new(Bridge::new(handle, driver)),
            matches: receiver,
        };
        let control = runtime
            .block_on(Control::start(parts))
            .context("starting the control plane")?;
        Ok(Self {
            plane,
            control,
            pumps,
            matches,
        })
    }

    /// Ends in order: takes nothing in any more, evaluates what was taken in, sets off what was found.
    pub(crate) fn stop(self, runtime: &Runtime) -> Ended {
        let Self {
            plane,
            mut control,
            mut pumps,
            matches,
        } = self;
        runtime.block_on(control.stop_intake(STEP));
        let drained = plane.drain(STEP);
        let left = runtime.block_on(async {
            let emptied = async { while pumps.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(STEP, emptied).await;
            drop(matches);
            control.finish(STEP).await
        });
        Ended { drained, left }
    }
}
