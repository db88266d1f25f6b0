//! An editor, as far as a conversation needs one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::rig::{PATIENCE, beside};

/// A language server with an editor's end of the conversation.
pub(super) struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Messages that were not asked for yet.
    aside: Vec<Value>,
    last_id: i64,
}

impl Editor {
    /// Starts a server, and says nothing yet.
    pub(super) fn silent(folder: &Path, args: &[&str]) -> Editor {
        let mut command = beside(folder, &[&["lsp"], args].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().expect("it starts");
        let output = server.stdout.take().expect("a pipe");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor {
            input: server.stdin.take(),
            server,
            messages,
            aside: Vec::new(),
            last_id: 0,
        }
    }

    /// Starts a server for a folder, and greets it.
    pub(super) fn new(folder: &Path) -> Editor {
        let mut editor = Editor::silent(folder, &["--docs", "https://rules.example/book/"]);
        let capabilities = json!({
            "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } },
            "workspace": { "workspaceEdit": { "documentChanges": true } },
        });
        let uri = uri(folder, "");
        let result = editor.ask(
            "initialize",
            &json!({
                "processId": null, "rootUri": uri, "capabilities": capabilities,
                "workspaceFolders": [{ "uri": uri, "name": "here" }],
            }),
        );
        assert_eq!(
            result["result"]["serverInfo"]["name"], "trapjaw",
            "{result}"
        );
        assert_eq!(
            result["result"]["capabilities"]["positionEncoding"],
            "utf-16"
        );
        editor.tell("initialized", &json!({}));
        editor
    }

    /// Sends bytes as they are.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the pipe is open");
        input.write_all(bytes).expect("it reads");
        input.flush().expect("it reads");
    }

    pub(super) fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.send_raw(frame.as_bytes());
    }

    pub(super) fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request, and gives its id.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The answer to a request.
    pub(super) fn answer(&mut self, id: i64) -> Value {
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// The next message of a kind; the others are kept.
    pub(super) fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&wanted) {
            return self.aside.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message = message.expect("the server says what is waited for");
            if wanted(&message) {
                return message;
            }
            self.aside.push(message);
        }
    }

    /// Opens a text.
    pub(super) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "trapjaw", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// What is found in a state of a text.
    pub(super) fn findings(&mut self, uri: &str, version: i64) -> Value {
        let found = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"]["version"] == version
        });
        found["params"]["diagnostics"].clone()
    }

    /// Ends the session as the protocol says, and gives the exit code.
    pub(super) fn end(mut self) -> Option<i32> {
        let answer = self.ask("shutdown", &Value::Null);
        assert_eq!(answer["result"], Value::Null, "{answer}");
        self.tell("exit", &Value::Null);
        self.exit_code()
    }

    /// Closes the pipe, and gives the exit code.
    pub(super) fn hang_up(mut self) -> Option<i32> {
        self.input = None;
        self.exit_code()
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.server.wait().expect("it ends").code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // A test that fails leaves no server behind; one that has ended is not there to be ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok();
        }
    }
    let mut body = vec![0; length.expect("a frame has a length")];
    output.read_exact(&mut body).ok()?;
    let message: Value = serde_json::from_slice(&body).expect("a frame holds JSON");
    assert_eq!(message["jsonrpc"], "2.0");
    Some(message)
}

/// The URI of a file in a folder.
pub(super) fn uri(folder: &Path, name: &str) -> String {
    let path = folder.canonicalize().expect("it is there").join(name);
    format!(
        "file://{}",
        path.display().to_string().trim_end_matches('/')
    )
}

/// A position: line and UTF-16 unit, both from 0.
pub(super) fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({
        "textDocument": { "uri": uri },
        "position": { "line": line, "character": character },
    })
}
