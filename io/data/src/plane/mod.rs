//! The data plane as a whole: its threads, how it starts and how it ends.
//!
//! [`Plane::start`] gives three things: the [`Plane`], which owns the threads; a [`Handle`], through which the control
//! plane asks for things; and an [`Outbox`] a shard, through which matches come out.

mod config;
mod handle;
mod outbox;

use core::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use trapjaw_program::{RuleSet, Verified};

pub use config::{Clock, Patience, PlaneConfig, Recorder, Token};
pub use handle::{Busy, Declined, Handle, Refusal, Submission, Taken};
pub(crate) use outbox::OutboxSender;
pub use outbox::{Found, Outbox};

pub use crate::worker::{Depths, Done, LateTold, ShardReport, Tally, Tap, Tapped};

use crate::affinity::{self, Core, Unpinned};
use crate::driver::{Backend, Driver, Selection, Spin, Unavailable, Waker, select};
use crate::limits::{EXCHANGE, MAILBOX, SHARDS};
use crate::net::{self, Listener};
use crate::queue::{mailbox, mesh};
use crate::wake::Signal;
use crate::worker::{Loaded, Parts, Place, Settings, Shared, Worker};

/// Why a plane did not start.
#[derive(Debug)]
pub enum StartError {
    /// More shards than there may be: this many.
    Shards(usize),
    /// It would listen beyond this machine without a token, and was not told that it may.
    OpenToAll(SocketAddr),
    /// The driver that was asked for is not to be had.
    Driver(Unavailable),
    /// The address can't be listened on.
    Listen(SocketAddr, io::Error),
    /// A shard's thread or driver could not be made.
    Shard(usize, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shards(count) => write!(f, "{count} shards, at most {SHARDS} are allowed"),
            Self::OpenToAll(address) => {
                write!(
                    f,
                    "listening on {address} needs a token: it is open to other machines"
                )
            }
            Self::Driver(unavailable) => unavailable.fmt(f),
            Self::Listen(address, error) => write!(f, "can't listen on {address}: {error}"),
            Self::Shard(shard, error) => write!(f, "shard {shard}: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Driver(unavailable) => Some(unavailable),
            Self::Listen(_, error) | Self::Shard(_, error) => Some(error),
            Self::Shards(_) | Self::OpenToAll(_) => None,
        }
    }
}

/// Running shards. When it is dropped they are stopped at once; [`Plane::drain`] stops them in order.
pub struct Plane {
    address: Option<SocketAddr>,
    selection: Selection,
    unpinned: Vec<Unpinned>,
    handle: Handle,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<io::Result<ShardReport>>>,
}

/// How a plane ended.
#[derive(Debug)]
pub struct DrainReport {
    /// What each shard said at last; one whose thread failed is missing.
    pub shards: Vec<ShardReport>,
    /// Everything that was taken in was evaluated and handed on, and every connection was closed in order.
    pub is_complete: bool,
    /// Why shards failed.
    pub failures: Vec<String>,
}

/// What a shard's thread has to say before it works.
struct Ready {
    shard: usize,
    waker: io::Result<(Waker, Option<Unpinned>)>,
}

/// A shard's thread that waits for what it works with.
struct Starting {
    parts: mpsc::Sender<Parts>,
    thread: JoinHandle<io::Result<ShardReport>>,
}

impl Plane {
    /// Starts a plane with these rules. `wake` is called with a shard's number, from that shard's thread, when its
    /// outbox has something and its consumer has [announced](Outbox::announce) that it sleeps.
    pub fn start(
        config: PlaneConfig,
        rules: Arc<Verified<RuleSet>>,
        wake: impl Fn(usize) + Send + Sync + 'static,
    ) -> Result<(Self, Handle, Vec<Outbox>), StartError> {
        let cores = affinity::cores().unwrap_or_default();
        let shards = if config.shards == 0 {
            cores.len().clamp(1, SHARDS)
        } else {
            config.shards
        };
        if shards > SHARDS {
            return Err(StartError::Shards(shards));
        }
        if let Some(address) = config.listen
            && config.token.is_none()
            && !config.allow_remote_without_token
            && !address.ip().is_loopback()
        {
            return Err(StartError::OpenToAll(address));
        }
        let selection = select(config.driver).map_err(StartError::Driver)?;
        let mut listeners = match config.listen {
            Some(address) => {
                net::listen(address, shards).map_err(|error| StartError::Listen(address, error))?
            }
            None => Vec::new(),
        };
        let address = listeners.first().map(Listener::address);

        let (ready, readies) = mpsc::channel();
        let mut starting = Vec::with_capacity(shards);
        for shard in 0..shards {
            let listener = (!listeners.is_empty()).then(|| listeners.remove(0));
            let pin = cores
                .get(shard)
                .copied()
                .filter(|_| config.pin && shards <= cores.len());
            let begin = Begin {
                shard,
                backend: selection.backend(),
                listener,
                pin,
            };
            starting.push(begin.spawn(ready.clone())?);
        }
        drop(ready);
        let mut wakers: Vec<Option<Waker>> = vec![None; shards];
        let mut unpinned = Vec::new();
        for Ready { shard, waker } in readies {
            let (waker, not_pinned) = waker.map_err(|error| StartError::Shard(shard, error))?;
            wakers[shard] = Some(waker);
            unpinned.extend(not_pinned);
        }

        let signals: Vec<_> = wakers
            .into_iter()
            .flatten()
            .map(|waker| Arc::new(Signal::new(waker)))
            .collect();
        let places = signals
            .iter()
            .map(|signal| Place::new(Arc::clone(signal)))
            .collect();
        let PlaneConfig {
            token,
            patience,
            recorder,
            engine,
            clock,
            ..
        } = config;
        let shared = Shared::new(
            places,
            Settings {
                token,
                patience,
                recorder,
                clock,
            },
        );
        let loaded = Loaded::new(Arc::clone(&rules));
        let wake: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(wake);
        let (mut mailboxes, mut outboxes, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        let ports = mesh(EXCHANGE, &signals);
        for (place, (port, Starting { parts, thread })) in
            ports.into_iter().zip(starting).enumerate()
        {
            let (sender, mailbox) = mailbox(MAILBOX, Arc::clone(&signals[place]));
            let (found, outbox) = outbox::outbox(place, Arc::clone(&wake), Arc::clone(&shared));
            mailboxes.push(sender);
            outboxes.push(outbox);
            let sent = parts.send(Parts {
                place,
                shared: Arc::clone(&shared),
                loaded: Arc::clone(&loaded),
                config: engine,
                port,
                mailbox,
                outbox: found,
                spin: Spin::new(shards, cores.len()),
            });
            // A thread that is gone by now has failed; it says why when it is joined.
            if sent.is_err() {
                shared.fail();
            }
            threads.push(thread);
        }
        let handle = Handle::new(Arc::clone(&shared), mailboxes, rules);
        let plane = Self {
            address,
            selection,
            unpinned,
            handle: handle.clone(),
            shared,
            threads,
        };
        Ok((plane, handle, outboxes))
    }

    /// Where it listens, with the port that was chosen.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// What drives the sockets, and why.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Why shards run unpinned that were to be pinned.
    pub fn unpinned(&self) -> &[Unpinned] {
        &self.unpinned
    }

    /// Has a shard failed? Nothing is taken in any more then.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed()
    }

    /// Ends the plane in order, at the latest after `allowed`: it accepts no more connections and takes no more events
    /// in; everything that was taken in is evaluated and acknowledged, matches are handed to the outboxes, whose
    /// consumer has to go on; clients get their goodbye. Waits until all threads have ended.
    pub fn drain(mut self, allowed: Duration) -> DrainReport {
        self.handle.stop(Instant::now() + allowed);
        self.join()
    }

    fn join(&mut self) -> DrainReport {
        let mut report = DrainReport {
            shards: Vec::new(),
            is_complete: true,
            failures: Vec::new(),
        };
        for (shard, thread) in self.threads.drain(..).enumerate() {
            match thread.join() {
                Ok(Ok(shard)) => report.shards.push(shard),
                Ok(Err(error)) => report.failures.push(format!("shard {shard}: {error}")),
                Err(_) => report
                    .failures
                    .push(format!("shard {shard}: its thread panicked")),
            }
        }
        let settled = |shard: &ShardReport| {
            shard.connections == 0 && shard.depths.backlog == 0 && shard.depths.exchange == 0
        };
        report.is_complete = report.failures.is_empty()
            && !self.shared.has_failed()
            && report.shards.iter().all(settled);
        report
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.handle.stop(Instant::now());
            self.join();
        }
    }
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane")
            .field("address", &self.address)
            .field("selection", &self.selection)
            .field("shards", &self.threads.len())
            .finish_non_exhaustive()
    }
}

/// What a shard's thread begins with.
struct Begin {
    shard: usize,
    backend: Backend,
    listener: Option<Listener>,
    pin: Option<Core>,
}

impl Begin {
    /// Starts the thread. It makes its driver, which belongs to it alone, says so, and waits for the rest.
    fn spawn(self, ready: mpsc::Sender<Ready>) -> Result<Starting, StartError> {
        let shard = self.shard;
        let (parts, given) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(format!("shard-{shard}"))
            .spawn(move || self.run(ready, &given))
            .map_err(|error| StartError::Shard(shard, error))?;
        Ok(Starting { parts, thread })
    }

    fn run(
        self,
        ready: mpsc::Sender<Ready>,
        given: &mpsc::Receiver<Parts>,
    ) -> io::Result<ShardReport> {
        let Self {
            shard,
            backend,
            listener,
            pin,
        } = self;
        let unpinned = pin.and_then(|core| affinity::pin(core).err());
        let made = Driver::new(backend).and_then(|mut driver| {
            let listener = listener.map(|listener| driver.listen(listener)).transpose();
            Ok((listener.map_err(|refused| refused.error)?, driver))
        });
        // Who does not want to know any more has given the start up.
        match made {
            Ok((listener, driver)) => {
                let waker = Ok((driver.waker(), unpinned));
                let _ = ready.send(Ready { shard, waker });
                drop(ready);
                let parts = given.recv().map_err(|_| io::ErrorKind::Interrupted)?;
                Worker::new(driver, listener, parts).run()
            }
            Err(error) => {
                let _ = ready.send(Ready {
                    shard,
                    waker: Err(error),
                });
                Err(io::ErrorKind::Interrupted.into())
            }
        }
    }
}
