//! The loop: one message after the other, and what the threads are done with between them.

use crate::answer::{METHODS, Settings, changes_texts, outdated, read, uri_of};
use crate::frame::{self, Frame};
use crate::job::{Answered, Asked, Found, Jobs, Look};
use crate::limits::{MAX_MALFORMED, MAX_UNREAD};
use crate::message::{self, Id, Incoming, Request};
use crate::open::Open;
use crate::refused::Refused;
use crate::workspace::{Set, path_of};
use crate::{Ended, Options, greeting};
use gen_lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, ErrorCodes, InitializeParams,
    PublishDiagnosticsParams, Uri,
};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

/// What the loop waits for.
pub(crate) enum Event {
    /// The editor sent something.
    Read(io::Result<Frame>),
    /// A request has its answer.
    Answered(Answered),
    /// A set was looked over.
    Found(Found),
}

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Running,
    ShutDown,
}

/// Speaks with an editor.
pub(crate) fn run(
    input: impl BufRead + Send + 'static,
    output: &mut dyn Write,
    options: Options,
) -> io::Result<Ended> {
    let (events, waiting) = sync_channel(MAX_UNREAD);
    let jobs = Jobs::start(&events)?;
    thread::Builder::new()
        .name("editor".into())
        .spawn(move || read_all(input, &events))?;
    let settings = Settings {
        docs: options.docs,
        ..Settings::default()
    };
    let mut server = Server {
        output,
        jobs,
        stage: Stage::Beginning,
        settings: Arc::new(settings),
        watches: false,
        open: Open::default(),
        running: HashMap::new(),
        told: HashMap::new(),
        malformed: 0,
    };
    server.run(&waiting)
}

fn read_all(mut input: impl BufRead, events: &SyncSender<Event>) {
    loop {
        let frame = frame::read(&mut input);
        let is_last = matches!(frame, Ok(Frame::End) | Err(_));
        if events.send(Event::Read(frame)).is_err() || is_last {
            return;
        }
    }
}

struct Server<'o> {
    output: &'o mut dyn Write,
    jobs: Jobs,
    stage: Stage,
    settings: Arc<Settings>,
    /// Whether the editor watches files for us, if it is asked.
    watches: bool,
    open: Open,
    /// Requests that wait for their answers, with what cancels them.
    running: HashMap<Id, Arc<AtomicBool>>,
    /// The files of each set of which findings were told.
    told: HashMap<Set, BTreeSet<String>>,
    /// Malformed messages since the last that was right.
    malformed: usize,
}

impl Server<'_> {
    fn run(&mut self, events: &Receiver<Event>) -> io::Result<Ended> {
        loop {
            let event = match self.open.due() {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match event {
                Ok(Event::Read(frame)) => {
                    if let Some(ended) = self.read(frame)? {
                        return Ok(ended);
                    }
                }
                Ok(Event::Answered(answered)) => self.answered(answered)?,
                Ok(Event::Found(found)) => self.found(&found)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Abruptly),
            }
            self.look_over();
        }
    }

    fn read(&mut self, frame: io::Result<Frame>) -> io::Result<Option<Ended>> {
        let body = match frame {
            Ok(Frame::Body(body)) => body,
            Ok(Frame::End) | Err(_) => return Ok(Some(Ended::Abruptly)),
            Ok(Frame::Malformed(why)) => {
                return self.malformed(&Id::Null, Refused::rpc(ErrorCodes::ParseError, why));
            }
        };
        match message::parse(&body) {
            Ok(incoming) => {
                self.malformed = 0;
                self.take(incoming)
            }
            Err((id, refused)) => self.malformed(&id, refused),
        }
    }

    fn malformed(&mut self, id: &Id, refused: Refused) -> io::Result<Option<Ended>> {
        self.malformed += 1;
        self.reply(id, Err(refused))?;
        Ok((self.malformed > MAX_MALFORMED).then_some(Ended::Abruptly))
    }

    fn take(&mut self, incoming: Incoming) -> io::Result<Option<Ended>> {
        match incoming {
            Incoming::Request(request) => self.request(request).map(|()| None),
            Incoming::Notification { method, .. } if method == "exit" => {
                Ok(Some(if self.stage == Stage::ShutDown {
                    Ended::Orderly
                } else {
                    Ended::Abruptly
                }))
            }
            Incoming::Notification { method, params } => {
                if self.stage == Stage::Running {
                    // There is no answer that could say what is wrong with it.
                    if let Err(refused) = self.notified(&method, params)? {
                        self.log(&format!("{method}: {}", refused.message))?;
                    }
                }
                Ok(None)
            }
            Incoming::Answer => Ok(None),
        }
    }

    fn request(&mut self, request: Request) -> io::Result<()> {
        let refuse = |code, why: &str| Err(Refused::rpc(code, why));
        match (self.stage, &*request.method) {
            (Stage::Beginning, "initialize") => {
                let result = self.initialize(request.params);
                self.reply(&request.id, result)
            }
            (Stage::Beginning, _) => {
                let result = refuse(ErrorCodes::ServerNotInitialized, "`initialize` comes first");
                self.reply(&request.id, result)
            }
            (Stage::ShutDown, _) => {
                let result = refuse(ErrorCodes::InvalidRequest, "after `shutdown` comes `exit`");
                self.reply(&request.id, result)
            }
            (Stage::Running, "initialize") => {
                let result = refuse(ErrorCodes::InvalidRequest, "`initialize` comes once");
                self.reply(&request.id, result)
            }
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                self.reply(&request.id, Ok(Value::Null))
            }
            (Stage::Running, method) if METHODS.contains(&method) => {
                let id = request.id.clone();
                match self.ask(request) {
                    Ok(()) => Ok(()),
                    Err(refused) => self.reply(&id, Err(refused)),
                }
            }
            (Stage::Running, method) => {
                let why = format!("there is no method `{method}`");
                self.reply(&request.id, refuse(ErrorCodes::MethodNotFound, &why))
            }
        }
    }

    fn initialize(&mut self, params: Value) -> Result<Value, Refused> {
        let params: InitializeParams = read(params)?;
        let said = greeting::Said::of(&params);
        self.settings = Arc::new(Settings {
            docs: self.settings.docs.clone(),
            snippets: said.snippets,
            versioned_edits: said.versioned_edits,
        });
        self.watches = said.watches;
        self.open.set_folders(said.folders);
        self.stage = Stage::Running;
        Ok(greeting::capabilities())
    }

    /// Has a request about a text answered by the texts as they are now.
    fn ask(&mut self, request: Request) -> Result<(), Refused> {
        let uri = uri_of(&request.params)?;
        let (snapshot, known) = self.open.moments(&uri)?;
        let source = snapshot.id_of(&uri).ok_or_else(|| {
            Refused::failed(format!(
                "`{}` is not open, or is too long to be read",
                uri.0
            ))
        })?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let id = request.id.clone();
        let asked = Asked {
            request,
            snapshot,
            known,
            source,
            settings: Arc::clone(&self.settings),
            cancelled: Arc::clone(&cancelled),
        };
        self.jobs.ask(asked).map_err(|(_, refused)| refused)?;
        self.running.insert(id, cancelled);
        Ok(())
    }

    fn answered(&mut self, answered: Answered) -> io::Result<()> {
        self.running.remove(&answered.id);
        let mut result = answered.result;
        let is_old = self.open.number_of(&answered.uri) != Some(answered.number);
        if result.is_ok() && is_old && changes_texts(&answered.method) {
            result = Err(outdated());
        }
        self.reply(&answered.id, result)
    }

    fn notified(&mut self, method: &str, params: Value) -> io::Result<Result<(), Refused>> {
        let taken = match method {
            "initialized" => return self.initialized().map(Ok),
            "textDocument/didOpen" => read(params).and_then(|params: DidOpenTextDocumentParams| {
                let text = params.text_document;
                self.open.open(text.uri, text.version, text.text)
            }),
            "textDocument/didChange" => {
                read(params).and_then(|params: DidChangeTextDocumentParams| {
                    let text = params.text_document;
                    let uri = text.text_document_identifier.uri;
                    self.open.change(&uri, text.version, params.content_changes)
                })
            }
            "textDocument/didClose" => match read::<DidCloseTextDocumentParams>(params) {
                Ok(params) => {
                    self.open.close(&params.text_document.uri);
                    return self.forget(&params.text_document.uri).map(Ok);
                }
                Err(refused) => Err(refused),
            },
            "textDocument/didSave" => {
                self.open.reread();
                Ok(())
            }
            "workspace/didChangeWatchedFiles" => {
                read(params).map(|params: DidChangeWatchedFilesParams| {
                    let paths = params.changes.iter();
                    let paths: Vec<_> = paths.filter_map(|change| path_of(&change.uri)).collect();
                    self.open.changed_outside(&paths);
                })
            }
            "workspace/didChangeWorkspaceFolders" => {
                read(params).map(|params: DidChangeWorkspaceFoldersParams| {
                    let removed = params.event.removed.iter();
                    let added = params.event.added.iter();
                    self.open.change_folders(
                        &removed
                            .filter_map(|folder| path_of(&folder.uri))
                            .collect::<Vec<_>>(),
                        added.filter_map(|folder| path_of(&folder.uri)).collect(),
                    );
                })
            }
            "$/cancelRequest" => {
                self.cancel(&params);
                Ok(())
            }
            _ => Ok(()),
        };
        Ok(taken)
    }

    fn initialized(&mut self) -> io::Result<()> {
        if self.watches {
            let text = message::request("watch", "client/registerCapability", &greeting::watched());
            frame::write(self.output, &text)?;
        }
        Ok(())
    }

    fn cancel(&mut self, params: &Value) {
        let id = match params.get("id") {
            Some(Value::String(id)) => Id::String(id.clone()),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(number) => Id::Number(number),
                None => return,
            },
            _ => return,
        };
        if let Some(cancelled) = self.running.get(&id) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Has the sets looked over in which typing has paused.
    fn look_over(&mut self) {
        for due in self.open.take_due(Instant::now()) {
            let look = Look {
                set: due.set.clone(),
                snapshot: due.snapshot,
                settings: Arc::clone(&self.settings),
                outdated: due.outdated,
            };
            if !self.jobs.look(look) {
                self.open.touch(&due.set);
            }
        }
    }

    /// Tells what was found, and of files in which nothing is found any more that nothing is.
    fn found(&mut self, found: &Found) -> io::Result<()> {
        if self.open.number_in(&found.set) != Some(found.number) {
            return Ok(());
        }
        let told: BTreeSet<String> = found.files.keys().cloned().collect();
        let before = self.told.insert(found.set.clone(), told.clone());
        for (uri, (version, diagnostics)) in &found.files {
            self.publish(&PublishDiagnosticsParams {
                uri: Uri(uri.clone()),
                version: *version,
                diagnostics: diagnostics.clone(),
            })?;
        }
        for uri in before.unwrap_or_default().difference(&told) {
            self.publish(&nothing(uri))?;
        }
        Ok(())
    }

    /// Takes back what was told of a file, unless its set is still open.
    fn forget(&mut self, uri: &Uri) -> io::Result<()> {
        let gone: Vec<Set> = self
            .told
            .keys()
            .filter(|set| !self.open.has(set))
            .cloned()
            .collect();
        let mut files = BTreeSet::from([uri.0.clone()]);
        for set in gone {
            files.extend(self.told.remove(&set).unwrap_or_default());
        }
        for uri in files {
            self.publish(&nothing(&uri))?;
        }
        Ok(())
    }

    fn publish(&mut self, params: &PublishDiagnosticsParams) -> io::Result<()> {
        let text = message::notification("textDocument/publishDiagnostics", params);
        frame::write(self.output, &text)
    }

    fn log(&mut self, text: &str) -> io::Result<()> {
        let params = serde_json::json!({ "type": 1, "message": text });
        let text = message::notification("window/logMessage", &params);
        frame::write(self.output, &text)
    }

    fn reply(&mut self, id: &Id, result: Result<Value, Refused>) -> io::Result<()> {
        frame::write(self.output, &message::answer(id, result))
    }
}

fn nothing(uri: &str) -> PublishDiagnosticsParams {
    PublishDiagnosticsParams {
        uri: Uri(uri.to_owned()),
        version: None,
        diagnostics: Vec::new(),
    }
}
