//! As much of an HTTP client as the tests need.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::rig::PATIENCE;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    exchange(address, "GET", path, &[], "")
}

pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    exchange(address, "POST", path, headers, body)
}

/// Posts lines of events, all of which have to be accepted.
pub(crate) fn post_events(address: SocketAddr, lines: &str) {
    let headers = [("content-type", "application/x-ndjson")];
    let answer = post(address, "/events", &headers, lines);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.body.contains("\"refused_total\":0"), "{answer:?}");
}

fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    request += "\r\n";
    request += body;
    let mut socket = TcpStream::connect(address).expect("HTTP is listened for");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket
        .write_all(request.as_bytes())
        .expect("the request is read");
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .expect("the server answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).expect("an answer has a status");
    Answer {
        status: status.parse().expect("a status is a number"),
        body: body.to_owned(),
    }
}
