//! What the HTTP API and the process's signals act upon.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::task::spawn_blocking;
use trapjaw_wire::json::JsonError;

use crate::action::Routes;
use crate::config::Config;
use crate::intake::{Form, Outcome, Read, Submitted};
use crate::limits::{BODY_BUDGET, BODY_UNIT, INLINE_BODY};
use crate::metrics::Metrics;
use crate::plan::ChangePlan;
use crate::plane::{Plane, ReloadError, Version};
use crate::recent::Recent;
use crate::rules::book::{Book, Books};
use crate::rules::{LoadError, Loaded};

/// The control plane's state.
pub(crate) struct Service {
    pub config: Config,
    pub plane: Arc<dyn Plane>,
    pub books: Arc<Books>,
    pub recent: Arc<Recent>,
    pub metrics: Arc<Metrics>,
    pub routes: Arc<Routes>,
    /// Memory for bodies, in units of [`BODY_UNIT`].
    pub budget: Arc<Semaphore>,
    /// The number of the rules that run. Held while rules are reloaded: one reload at a time.
    version: Mutex<Version>,
    /// Read while events of the current rules are read and handed over, written while the rules are swapped.
    gate: RwLock<()>,
    stopping: AtomicBool,
}

/// Rules were swapped.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// The number of the rules that run now.
    pub version: Version,
    /// What became of the rules that ran before.
    pub changes: ChangePlan,
    /// What was loaded, with its warnings.
    pub loaded: Loaded,
}

/// What a reload would do now.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What would become of the rules that run.
    pub changes: ChangePlan,
    /// What was loaded, with its warnings.
    pub loaded: Loaded,
}

/// Rules were not swapped: those before go on.
#[derive(Clone, Debug)]
pub enum ReloadFailure {
    /// The files don't make rules.
    Rules(LoadError),
    /// The data plane did not take them.
    Plane(ReloadError),
}

impl fmt::Display for ReloadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(error) => error.fmt(f),
            Self::Plane(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReloadFailure {}

impl Service {
    pub(crate) fn new(
        config: Config,
        plane: Arc<dyn Plane>,
        metrics: Arc<Metrics>,
        routes: Arc<Routes>,
        loaded: &Loaded,
        version: Version,
    ) -> Self {
        let book = Book::new(Arc::clone(&loaded.rules), &routes, &metrics);
        metrics.rules.set(loaded.rules.rules.len() as i64);
        Self {
            config,
            plane,
            books: Arc::new(Books::new(Arc::new(book))),
            recent: Arc::default(),
            metrics,
            routes,
            budget: Arc::new(Semaphore::new(BODY_BUDGET / BODY_UNIT)),
            version: Mutex::new(version),
            gate: RwLock::new(()),
            stopping: AtomicBool::new(false),
        }
    }

    /// From now on no events are taken.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Reads a body's events, hands them over, and waits until shards have taken them.
    pub(crate) async fn take(
        &self,
        form: Form,
        headers: HeaderMap,
        body: Bytes,
        now: i64,
    ) -> Result<Outcome, JsonError> {
        let ingest = self.plane.now();
        let gate = self.gate.read().await;
        let reader = self.books.current().reader.clone();
        let read = if body.len() <= INLINE_BODY {
            Read::of(reader, form, &headers, &body, now)
        } else {
            let reading = spawn_blocking(move || Read::of(reader, form, &headers, &body, now));
            // Reading does not panic; if it does, so does the request, alone.
            reading.await.expect("a body is read to its end")
        };
        let submitted = Submitted::of(read?, &*self.plane, ingest).await;
        drop(gate);
        Ok(submitted.confirmed().await)
    }

    /// Reads the rule files again and swaps the rules, all or nothing.
    pub(crate) async fn reload(self: Arc<Self>) -> Result<Reloaded, ReloadFailure> {
        let mut version = self.version.lock().await;
        let outcome = self.swap(&mut version).await;
        match &outcome {
            Ok(reloaded) => {
                let Reloaded {
                    version, changes, ..
                } = reloaded;
                tracing::info!(%version, changes = %changes.summary(), "rules reloaded");
            }
            Err(error) => tracing::error!("rules not reloaded: {error}"),
        }
        let name = if outcome.is_ok() { "ok" } else { "failed" };
        self.metrics.reload(name);
        outcome
    }

    /// Reads the rule files, and says what a reload would change.
    pub(crate) async fn plan(self: Arc<Self>) -> Result<Planned, LoadError> {
        let planning = spawn_blocking(move || {
            let loaded = Loaded::read(&self.config)?;
            let changes = ChangePlan::between(&self.books.current().rules, &loaded.rules);
            Ok(Planned { changes, loaded })
        });
        planning.await.expect("rules are loaded without a panic")
    }

    async fn swap(self: &Arc<Self>, version: &mut Version) -> Result<Reloaded, ReloadFailure> {
        let service = Arc::clone(self);
        let (loaded, book) = spawn_blocking(move || {
            let loaded = Loaded::read(&service.config)?;
            let rules = Arc::clone(&loaded.rules);
            let book = Book::new(rules, &service.routes, &service.metrics);
            Ok((loaded, Arc::new(book)))
        })
        .await
        .expect("rules are loaded without a panic")
        .map_err(ReloadFailure::Rules)?;
        let before = self.books.current();
        // Its matches may come before its events can.
        self.books.learn(Arc::clone(&book));
        let _gate = self.gate.write().await;
        let (plane, rules) = (Arc::clone(&self.plane), Arc::clone(&loaded.rules));
        let taken = spawn_blocking(move || plane.reload(rules))
            .await
            .unwrap_or_else(|_| Err(ReloadError::new("the data plane failed")));
        let (gone, stays) = match &taken {
            Ok(_) => (&before, &book),
            Err(_) => (&book, &before),
        };
        let names: HashSet<&str> = stays.iter().map(|(rule, _)| &*rule.name).collect();
        for (rule, _) in gone.iter() {
            if !names.contains(&*rule.name) {
                self.metrics.forget(&rule.name);
            }
        }
        *version = taken.map_err(ReloadFailure::Plane)?;
        let changes = ChangePlan::between(&before.rules, &loaded.rules);
        self.metrics.rules.set(loaded.rules.rules.len() as i64);
        self.books.make_current(book);
        Ok(Reloaded {
            version: *version,
            changes,
            loaded,
        })
    }
}

impl ReloadFailure {
    /// For machines: a list of objects, each with at least `code`, `severity` and `message`.
    pub fn to_json(&self) -> Vec<Value> {
        match self {
            Self::Rules(error) => error.to_json(),
            Self::Plane(error) => vec![json!({
                "code": "E_RELOAD",
                "severity": "error",
                "message": error.to_string(),
            })],
        }
    }
}
