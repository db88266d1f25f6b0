//! The two threads beside the loop: one answers requests, one looks sets over.

use crate::answer::{Answering, Settings};
use crate::convert;
use crate::limits::{MAX_UNREAD, MAX_WAITING};
use crate::message::{Id, Request};
use crate::refused::Refused;
use crate::server::Event;
use crate::snapshot::Snapshot;
use crate::workspace::Set;
use gen_lsp_types::{Diagnostic, ErrorCodes, LspErrorCodes, Uri};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use trapjaw_dsl::source::SourceId;

/// A request, with all that its answer needs.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) known: Arc<Snapshot>,
    pub(crate) source: SourceId,
    pub(crate) settings: Arc<Settings>,
    /// Set when the editor does not want the answer any more.
    pub(crate) cancelled: Arc<AtomicBool>,
}

/// A set to be looked over.
pub(crate) struct Look {
    pub(crate) set: Set,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) settings: Arc<Settings>,
    /// Set when the set has changed since, so that nobody wants to know.
    pub(crate) outdated: Arc<AtomicBool>,
}

/// What was answered.
pub(crate) struct Answered {
    pub(crate) id: Id,
    pub(crate) method: String,
    pub(crate) result: Result<Value, Refused>,
    /// The state of the set from which the answer is.
    pub(crate) uri: Uri,
    pub(crate) number: u64,
}

/// What was found in a set, by file; of each file all there is.
pub(crate) struct Found {
    pub(crate) set: Set,
    pub(crate) number: u64,
    pub(crate) files: BTreeMap<String, (Option<i32>, Vec<Diagnostic>)>,
}

/// The threads.
pub(crate) struct Jobs {
    requests: SyncSender<Asked>,
    looks: SyncSender<Look>,
}

impl Jobs {
    /// Starts the threads, which send what they are done with to the loop.
    pub(crate) fn start(done: &SyncSender<Event>) -> std::io::Result<Jobs> {
        let (requests, asked) = sync_channel(MAX_WAITING);
        let (looks, to_look) = sync_channel(MAX_UNREAD);
        let answered = done.clone();
        thread::Builder::new()
            .name("answers".into())
            .spawn(move || answer_all(&asked, &answered))?;
        let found = done.clone();
        thread::Builder::new()
            .name("findings".into())
            .spawn(move || look_at_all(&to_look, &found))?;
        Ok(Jobs { requests, looks })
    }

    /// Has a request answered; one too many comes back with an error.
    pub(crate) fn ask(&self, asked: Asked) -> Result<(), (Id, Refused)> {
        self.requests
            .try_send(asked)
            .map_err(|refused| match refused {
                TrySendError::Full(asked) => {
                    let why = format!("more than {MAX_WAITING} requests wait");
                    (
                        asked.request.id,
                        Refused::lsp(LspErrorCodes::ServerCancelled, why),
                    )
                }
                TrySendError::Disconnected(asked) => {
                    let why = "the thread that answers has ended";
                    (
                        asked.request.id,
                        Refused::rpc(ErrorCodes::InternalError, why),
                    )
                }
            })
    }

    /// Has a set looked over; `false` if too many wait already.
    pub(crate) fn look(&self, look: Look) -> bool {
        self.looks.try_send(look).is_ok()
    }
}

fn answer_all(asked: &Receiver<Asked>, done: &SyncSender<Event>) {
    for asked in asked {
        let result = if asked.cancelled.load(Ordering::Relaxed) {
            Err(Refused::cancelled())
        } else {
            answer(&asked)
        };
        let cancelled = asked.cancelled.load(Ordering::Relaxed);
        let uri = asked.snapshot.uri_of(asked.source);
        let answered = Answered {
            id: asked.request.id,
            method: asked.request.method,
            result: if cancelled {
                Err(Refused::cancelled())
            } else {
                result
            },
            uri: uri.unwrap_or_else(|| Uri(String::new())),
            number: asked.snapshot.number,
        };
        if done.send(Event::Answered(answered)).is_err() {
            return;
        }
    }
}

/// The answer; a fault of ours costs this request and no other.
fn answer(asked: &Asked) -> Result<Value, Refused> {
    let answering = Answering {
        snapshot: &asked.snapshot,
        known: &asked.known,
        source: asked.source,
        settings: &asked.settings,
    };
    let Request { method, params, .. } = &asked.request;
    catch_unwind(AssertUnwindSafe(|| {
        answering.answer(method, params.clone())
    }))
    .unwrap_or_else(|_| {
        let why = "a fault of the language server; please report it with the rules";
        Err(Refused::rpc(ErrorCodes::InternalError, why))
    })
}

fn look_at_all(looks: &Receiver<Look>, done: &SyncSender<Event>) {
    for look in looks {
        if look.outdated.load(Ordering::Relaxed) {
            continue;
        }
        let found = catch_unwind(AssertUnwindSafe(|| findings(&look)));
        if let Ok(found) = found
            && done.send(Event::Found(found)).is_err()
        {
            return;
        }
    }
}

fn findings(look: &Look) -> Found {
    let snapshot = &look.snapshot;
    let docs = look.settings.docs.as_deref();
    let mut files: BTreeMap<String, (Option<i32>, Vec<Diagnostic>)> = BTreeMap::new();
    for finding in snapshot.analysis().diagnostics() {
        let source = finding.primary.source;
        let Some(uri) = snapshot.uri_of(source) else {
            continue;
        };
        let version = snapshot.version_of(source);
        let entry = files.entry(uri.0).or_insert((version, Vec::new()));
        entry.1.push(convert::diagnostic(snapshot, finding, docs));
    }
    // What is open is told of in any case, be it that all is well.
    for (id, _) in snapshot.sources().iter() {
        if let (Some(version), Some(uri)) = (snapshot.version_of(id), snapshot.uri_of(id)) {
            files.entry(uri.0).or_insert((Some(version), Vec::new()));
        }
    }
    Found {
        set: look.set.clone(),
        number: snapshot.number,
        files,
    }
}
