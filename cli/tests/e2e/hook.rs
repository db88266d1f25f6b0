//! A small HTTP server that webhooks call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use serde_json::Value;

use crate::rig::PATIENCE;

/// A request that a webhook made.
#[derive(Debug)]
pub(crate) struct Call {
    /// Request line and headers, names in small letters.
    pub(crate) head: Vec<String>,
    pub(crate) body: Value,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.iter().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value)
            .next()
    }
}

/// The server.
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    calls: Receiver<Call>,
}

impl Hook {
    /// Answers each call with a status of this kind, "204 No Content".
    pub(crate) fn answering(status: &'static str) -> Self {
        Self::start(Some(status))
    }

    /// Takes calls, and never answers.
    pub(crate) fn silent() -> Self {
        Self::start(None)
    }

    fn start(status: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("it is bound");
        let (tell, calls) = mpsc::channel();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let tell = tell.clone();
                thread::spawn(move || serve(socket, status, &tell));
            }
        });
        Self { address, calls }
    }

    pub(crate) fn next(&self) -> Call {
        self.calls.recv_timeout(PATIENCE).expect("a webhook calls")
    }
}

/// One connection, with calls one after the other.
fn serve(socket: TcpStream, status: Option<&str>, tell: &Sender<Call>) -> Option<()> {
    let mut answers = socket.try_clone().ok()?;
    let mut reader = BufReader::new(socket);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            head.push(match line.split_once(": ") {
                Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                None => line.to_owned(),
            });
        }
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        let mut body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        let body = serde_json::from_slice(&body).ok()?;
        tell.send(Call { head, body }).ok()?;
        match status {
            Some(status) => {
                write!(answers, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").ok()?;
            }
            // Held open until the caller has enough.
            None => {
                let _ = reader.read(&mut [0]);
                return None;
            }
        }
    }
}
