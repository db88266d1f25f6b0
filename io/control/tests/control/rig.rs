//! A control plane over a data plane of one thread's making: it evaluates what is submitted on the spot, and can be told to
//! be busy, to keep receipts back, to lose them, or to refuse rules.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Notify;
use trapjaw_control::config::Environment;
use trapjaw_control::plane::{
    Acknowledgement, MatchBatch, MatchSender, Plane, PlaneStatistics, Receipt, Refused,
    ReloadError, SendError, ShardStatistics, Statistics, Submission, Version, outbox,
};
use trapjaw_control::{Config, Control, Loaded, Parts, StartError};
use trapjaw_engine::{Lockstep, Origin};
use trapjaw_event::{BatchView, Binding, check};
use trapjaw_program::{RuleSet, Verified};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The data plane.
pub(crate) struct StepPlane {
    state: Mutex<State>,
    begin: Instant,
    /// A batch was submitted.
    pub(crate) submitted: Notify,
}

pub(crate) struct State {
    rules: Arc<Verified<RuleSet>>,
    engine: Lockstep,
    sequence: u64,
    version: u64,
    outbox: Option<MatchSender>,
    /// Matches that the outbox had no room for.
    waiting: VecDeque<MatchBatch>,
    /// Batches that are taken before it is busy; `None`: all.
    pub(crate) credit: Option<usize>,
    pub(crate) receipts: Receipts,
    pub(crate) is_stopping: bool,
    pub(crate) refuses_rules: bool,
    /// Rows of the batches that were taken.
    pub(crate) taken: Vec<u32>,
}

/// What becomes of receipts.
pub(crate) enum Receipts {
    Given,
    Kept(Vec<Acknowledgement>),
    Lost,
}

impl StepPlane {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Gives the receipts that were kept, and all from now on.
    pub(crate) fn release(&self) {
        if let Receipts::Kept(kept) =
            core::mem::replace(&mut self.state().receipts, Receipts::Given)
        {
            kept.into_iter().for_each(Acknowledgement::received);
        }
    }

    /// No more matches will come.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        state.outbox = None;
    }
}

impl State {
    fn evaluate(&mut self, submission: &Submission, now: u64) {
        let registry = &self.rules.registry;
        let bindings: Vec<_> = registry
            .iter()
            .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
            .collect();
        let batch: BatchView<'_> = check(&submission.batch, &bindings).unwrap();
        assert_eq!(batch.rows(), submission.rows);
        let origin = Origin {
            stream: 1,
            sequence: self.sequence,
        };
        self.sequence += u64::from(submission.rows);
        let mut matches = trapjaw_event::Matches::default();
        self.engine.batch(batch, origin, &mut |matched| {
            let ingest = submission.ingest;
            trapjaw_event::Match { ingest, ..matched }.tell(&mut matches);
        });
        self.waiting.push_back(MatchBatch {
            rules: Arc::clone(&self.rules),
            made: now,
            matches,
        });
        self.flush();
    }

    /// Is there room for all that waits?
    fn flush(&mut self) -> bool {
        while let (Some(batch), Some(outbox)) = (self.waiting.pop_front(), &self.outbox) {
            if let Err(SendError::Full(batch)) = outbox.try_send(batch) {
                self.waiting.push_front(batch);
                return false;
            }
        }
        true
    }
}

impl Plane for StepPlane {
    fn submit(&self, submission: Submission) -> Result<Receipt, Refused> {
        let now = self.now();
        let mut state = self.state();
        if state.is_stopping {
            return Err(Refused::Stopping);
        }
        if !state.flush() || state.credit == Some(0) {
            return Err(Refused::Busy(submission));
        }
        if let Some(credit) = &mut state.credit {
            *credit -= 1;
        }
        state.evaluate(&submission, now);
        state.taken.push(submission.rows);
        let (acknowledgement, receipt) = Receipt::new();
        match &mut state.receipts {
            Receipts::Given => acknowledgement.received(),
            Receipts::Kept(kept) => kept.push(acknowledgement),
            Receipts::Lost => drop(acknowledgement),
        }
        self.submitted.notify_one();
        Ok(receipt)
    }

    fn reload(&self, rules: Arc<Verified<RuleSet>>) -> Result<Version, ReloadError> {
        let mut state = self.state();
        if state.refuses_rules {
            return Err(ReloadError::new("another one is under way"));
        }
        state.engine = Lockstep::new(&rules, trapjaw_engine::Config::default(), 1);
        state.rules = rules;
        state.version += 1;
        Ok(Version(state.version))
    }

    fn statistics(&self) -> Statistics {
        let mut state = self.state();
        state.flush();
        let statistics = PlaneStatistics {
            driver: "lockstep",
            shards: vec![ShardStatistics {
                counters: state.engine.counters(),
                keys: 3,
                connections: 2,
                mailbox: 1,
                outbox: state.waiting.len() as u64,
                exchange: 0,
                late: vec![r#"{"watermark":5,"event":{"type":"beat","time":4}}"#.into()],
                ..ShardStatistics::default()
            }],
        };
        Box::pin(async { statistics })
    }

    fn now(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }
}

/// A control plane that runs, and all that it needs.
pub(crate) struct Rig {
    pub(crate) control: Control,
    pub(crate) plane: Arc<StepPlane>,
    pub(crate) client: Client,
    /// Holds the rules and whatever a test puts there.
    pub(crate) folder: TempDir,
}

/// A client without proxies and certificates.
pub(crate) fn client() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap()
}

/// The environment of every test.
pub(crate) fn environment() -> Environment<'static> {
    Environment::of(|name| (name == "TOKEN").then(|| "0123456789abcdef".to_owned()))
}

/// A configuration that listens wherever there is room. `server` is what its table `server` says beside that, and the
/// tables behind.
pub(crate) fn configured(folder: &Path, server: &str) -> Config {
    let text = format!("rules = [\"rules.trap\"]\n[server]\nhttp = \"127.0.0.1:0\"\n{server}");
    Config::read("trapjaw.toml", &text, folder, &environment()).unwrap()
}

impl Rig {
    pub(crate) async fn start(rules: &str, server: &str) -> Rig {
        Self::with_outbox(rules, server, 64).await
    }

    pub(crate) async fn with_outbox(rules: &str, server: &str, batches: usize) -> Rig {
        Self::try_start(rules, server, batches).await.unwrap()
    }

    pub(crate) async fn try_start(
        rules: &str,
        server: &str,
        batches: usize,
    ) -> Result<Rig, StartError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.trap"), rules).unwrap();
        let config = configured(folder.path(), server);
        let loaded = Loaded::read(&config).unwrap();
        let (sender, matches) = outbox(batches);
        let plane = Arc::new(StepPlane {
            state: Mutex::new(State {
                engine: Lockstep::new(&loaded.rules, config.engine, 1),
                rules: Arc::clone(&loaded.rules),
                sequence: 0,
                version: 1,
                outbox: Some(sender),
                waiting: VecDeque::new(),
                credit: None,
                receipts: Receipts::Given,
                is_stopping: false,
                refuses_rules: false,
                taken: Vec::new(),
            }),
            begin: Instant::now(),
            submitted: Notify::new(),
        });
        let control = Control::start(Parts {
            config,
            loaded,
            version: Version(1),
            plane: Arc::clone(&plane) as Arc<dyn Plane>,
            matches,
        })
        .await?;
        Ok(Rig {
            control,
            plane,
            client: client(),
            folder,
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.control.http_address())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<String>,
    ) -> RequestBuilder {
        self.client
            .post(self.url(path))
            .header(CONTENT_TYPE, content_type)
            .body(body.into())
    }

    /// Sends events in the short form, one a line, and expects all of them to be taken.
    pub(crate) async fn send(&self, lines: &str) {
        let sent = self
            .post("/events", "application/x-ndjson", lines)
            .send()
            .await;
        let answer = answer(sent.unwrap()).await;
        assert_eq!(
            (answer.0, &answer.1["refused_total"]),
            (202, &Value::from(0)),
            "{answer:?}"
        );
    }

    /// The last matches, the newest first, as soon as there are so many.
    pub(crate) async fn matches(&self, number: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, body) = answer(self.get("/api/v1/matches").send().await.unwrap()).await;
            assert_eq!(status, 200);
            let matches = body["matches"].as_array().unwrap();
            if matches.len() >= number {
                return matches.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{} of {number} matches",
                matches.len()
            );
            tokio::task::yield_now().await;
        }
    }

    /// A line of the metrics, as soon as it is there.
    pub(crate) async fn metric(&self, line: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self
                .get("/metrics")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            if text.lines().any(|other| other == line) {
                return;
            }
            assert!(Instant::now() < deadline, "{line} is not in\n{text}");
            tokio::task::yield_now().await;
        }
    }

    /// Ends it all, and expects nothing to be left.
    pub(crate) async fn end(self) {
        self.plane.stop();
        let left = self.control.finish(PATIENCE).await;
        assert!(left.is_nothing(), "{left:?}");
    }
}

/// So many lines, made of their numbers from 0.
pub(crate) fn numbered(number: u32, line: impl Fn(u32) -> String) -> String {
    (0..number).map(|n| line(n) + "\n").collect()
}

/// Status and JSON of an answer.
pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (status, body)
}

/// Status and code of an answer that says what is wrong.
pub(crate) async fn problem(request: RequestBuilder) -> (u16, String) {
    let (status, body) = answer(request.send().await.unwrap()).await;
    assert!(body["error"]["message"].is_string(), "{body}");
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}
