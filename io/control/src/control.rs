//! The control plane, put together.

use core::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::action::{ActionError, Actions, Dispatcher, Pending};
use crate::config::Config;
use crate::http::{Server, serve};
use crate::metrics::{Latencies, Metrics};
use crate::plane::{MatchReceiver, Plane, Version};
use crate::rules::LoadError;
use crate::rules::Loaded;
use crate::service::{Planned, ReloadFailure, Reloaded, Service};

/// What the control plane is made of.
pub struct Parts {
    /// What it is told. [`Config::rules`] is where a reload reads.
    pub config: Config,
    /// The rules that the data plane runs.
    pub loaded: Loaded,
    /// Their number.
    pub version: Version,
    /// The data plane.
    pub plane: Arc<dyn Plane>,
    /// Where its matches come out.
    pub matches: MatchReceiver,
}

/// The control plane at work. Dropped, it stops at once, and programs that actions run are killed.
pub struct Control {
    service: Arc<Service>,
    server: Option<Server>,
    address: SocketAddr,
    /// Gives the matches that were left.
    dispatching: JoinSet<u64>,
    working: JoinSet<()>,
    stop: watch::Sender<bool>,
    pending: Vec<Pending>,
}

/// What was not done when the control plane had to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Matches whose actions were not put into their queues.
    pub matches: u64,
    /// Calls that waited or ran, by action; only actions that have any.
    pub calls: Vec<(Box<str>, u64)>,
}

impl Left {
    /// Was everything done?
    pub fn is_nothing(&self) -> bool {
        self.matches == 0 && self.calls.is_empty()
    }
}

impl Control {
    /// Sets up the actions, listens for HTTP and dispatches matches. To be called inside a tokio runtime, which has to
    /// stay as long as the control plane.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing runs then.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts {
            config,
            loaded,
            version,
            plane,
            matches,
        } = parts;
        let metrics = Arc::new(Metrics::new(Arc::clone(&plane)));
        let mut working = JoinSet::new();
        let (actions, pending) = Actions::start(&config.actions, &plane, &metrics, &mut working)
            .map_err(StartError::Action)?;
        let address = config.http;
        let routes = Arc::clone(actions.names());
        let service = Service::new(config, plane, metrics, routes, &loaded, version);
        let service = Arc::new(service);
        let server = serve(address, &service)
            .await
            .map_err(|error| StartError::Listen(address, error))?;
        let dispatcher = Dispatcher {
            outbox: matches,
            books: Arc::clone(&service.books),
            actions,
            recent: Arc::clone(&service.recent),
            metrics: Arc::clone(&service.metrics),
        };
        let (stop, stopped) = watch::channel(false);
        let mut dispatching = JoinSet::new();
        dispatching.spawn(dispatcher.run(stopped));
        let address = server.address();
        tracing::info!(%address, "listening for HTTP");
        Ok(Self {
            service,
            address,
            server: Some(server),
            dispatching,
            working,
            stop,
            pending,
        })
    }

    /// Where HTTP is listened for.
    pub fn http_address(&self) -> SocketAddr {
        self.address
    }

    /// Reads the rule files again and swaps the rules, all or nothing.
    ///
    /// # Errors
    ///
    /// See [`ReloadFailure`]; the rules before go on.
    pub async fn reload(&self) -> Result<Reloaded, ReloadFailure> {
        Arc::clone(&self.service).reload().await
    }

    /// What a reload would do now. Nothing changes.
    ///
    /// # Errors
    ///
    /// The files don't make rules; see [`LoadError`].
    pub async fn plan(&self) -> Result<Planned, LoadError> {
        Arc::clone(&self.service).plan().await
    }

    /// How long things took so far.
    pub fn latencies(&self) -> Latencies {
        self.service.metrics.latencies()
    }

    /// First step of the end: takes no more events by HTTP, and lets requests end for at most so long. Gives the number
    /// of connections that were cut off. The data plane still runs, and is to be stopped next.
    pub async fn stop_intake(&mut self, within: Duration) -> usize {
        self.service.stop();
        match self.server.take() {
            Some(server) => server.stop(Instant::now() + within).await,
            None => 0,
        }
    }

    /// Last step of the end: waits for at most so long until all matches are dispatched and all calls are done, and tells
    /// what is left. The data plane has stopped and dropped its [`MatchSender`](crate::plane::MatchSender)s, or the time
    /// runs out waiting for more.
    pub async fn finish(mut self, within: Duration) -> Left {
        let deadline = Instant::now() + within;
        self.stop_intake(Duration::ZERO).await;
        let dispatched = timeout_at(deadline, self.dispatching.join_next()).await;
        let matches = match dispatched {
            Ok(left) => left,
            Err(_) => {
                // The dispatcher is there as long as its receiver is.
                let _ = self.stop.send(true);
                self.dispatching.join_next().await
            }
        };
        while let Ok(Some(_)) = timeout_at(deadline, self.working.join_next()).await {}
        let calls = self
            .pending
            .iter()
            .map(|pending| (pending.action().into(), pending.calls()))
            .filter(|(_, calls)| *calls > 0)
            .collect();
        Left {
            matches: matches.and_then(Result::ok).unwrap_or_default(),
            calls,
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("config", &self.config)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why the control plane did not start.
#[derive(Debug)]
pub enum StartError {
    /// An action can't be set up.
    Action(ActionError),
    /// The address can't be listened on.
    Listen(SocketAddr, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(error) => error.fmt(f),
            Self::Listen(address, error) => write!(f, "can't listen on {address}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
