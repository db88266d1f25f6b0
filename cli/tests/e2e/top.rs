//! `trapjaw top`: its screen in a terminal, driven by keys, of a server that tells what the test lets it tell.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::Signal;
use serde_json::{Value, json};
use snapbox::str;

use crate::http::post_events;
use crate::rig::{Server, command, folder};
use crate::terminal::Terminal;

const SECOND: u64 = 1_000_000_000;

/// A server's status after so many seconds at a steady pace.
fn status(seconds: u64) -> Value {
    json!({
        "version": "9.9.9", "driver": "io_uring", "at": seconds * SECOND, "uptime": seconds * SECOND, "stopping": false,
        "shards": [{
            "events": seconds * 120_000, "forwarded": 0, "keys": 1_000, "state_bytes": 1_572_864, "connections": 3,
            "subscriptions": 1, "mailbox": 0, "outbox": 2, "exchange": 0, "held": 0, "dropped": 5, "late": 0, "faults": 0,
            "lived": seconds * SECOND, "asleep": seconds * SECOND / 2,
        }],
        "types": [
            { "name": "cpu", "count": seconds * 100_000 },
            { "name": "login", "count": seconds * 20_000 },
        ],
        "rules": [
            { "name": "brute_force", "count": seconds },
            { "name": "hot_average", "count": seconds * 40 },
        ],
        "actions": [{ "name": "page", "waiting": 3, "ok": seconds * 41, "failed": 2, "dropped": 0 }],
        "ingest_to_match": [[80_000, seconds * 30], [1_200_000, seconds * 11]],
        "match_to_dispatch": [[9_000, seconds * 41]],
    })
}

/// A server that answers each request with the status that it has been given last.
struct Told {
    address: SocketAddr,
    status: Arc<Mutex<Option<Value>>>,
    answering: JoinHandle<()>,
}

impl Told {
    fn start(address: &str, first: Value) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("a port");
        let status = Arc::new(Mutex::new(Some(first)));
        let given = Arc::clone(&status);
        let answering = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let answer = given.lock().expect("nobody panics").clone();
                match answer {
                    Some(answer) => respond(stream, &answer),
                    None => break,
                }
            }
        });
        Self {
            address,
            status,
            answering,
        }
    }

    fn tell(&self, status: Value) {
        *self.status.lock().expect("nobody panics") = Some(status);
    }

    /// Goes away: whoever asks then is refused.
    fn end(self) -> String {
        *self.status.lock().expect("nobody panics") = None;
        // Whoever asks next, be it this, is the last.
        let _ = TcpStream::connect(self.address);
        self.answering.join().expect("it does not panic");
        self.address.to_string()
    }
}

/// Answers one request; the head is read to its end before.
fn respond(mut stream: TcpStream, answer: &Value) {
    let mut lines = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let body = answer.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // Who asked may have gone.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn top(folder: &Path, address: &str, args: &[&str]) -> Terminal {
    let args = [&["top", "--http", address][..], args].concat();
    Terminal::start(folder, (20, 100), &args)
}

const FIRST: &str = "\
trapjaw 9.9.9   io_uring   up 1m00s   127.0.0.1:PORT
events -/s   matches -/s   keys 1,000   state 1.50 MiB   connections 3   subscriptions 1
ingest to match    p50 80.0 us   p90 1.20 ms   p99 1.20 ms   p99.9 1.20 ms   max 1.20 ms
match to dispatch  p50 9.00 us   p90 9.00 us   p99 9.00 us   p99.9 9.00 us   max 9.00 us
dropped 5   late 0   values made null 0

SHARD  LOAD  EVENTS/S  FORWARD/S   KEYS     STATE  CONN  MAILBOX  OUTBOX  EXCHANGE  HELD
0       50%         -          -  1,000  1.50 MiB     3        0       2         0     0

EVENT TYPE  EVENTS/S     EVENTS
cpu                -  6,000,000
login              -  1,200,000

RULE         MATCHES/S  MATCHES
brute_force          -       60
hot_average          -    2,400

ACTION  CALLS/S     OK  FAILED  DROPPED  WAITING
page          -  2,460       2        0        3
q quit   s sort   / filter   p pause   j k scroll   | sort: rate";

const SECOND_LOOK: &str = "\
trapjaw 9.9.9   io_uring   up 1m02s   127.0.0.1:PORT
events 120,000/s   matches 41/s   keys 1,000   state 1.50 MiB   connections 3   subscriptions 1
ingest to match    p50 80.0 us   p90 1.20 ms   p99 1.20 ms   p99.9 1.20 ms   max 1.20 ms
match to dispatch  p50 9.00 us   p90 9.00 us   p99 9.00 us   p99.9 9.00 us   max 9.00 us
dropped 5   late 0   values made null 0

SHARD  LOAD  EVENTS/S  FORWARD/S   KEYS     STATE  CONN  MAILBOX  OUTBOX  EXCHANGE  HELD
0       50%   120,000          0  1,000  1.50 MiB     3        0       2         0     0

EVENT TYPE  EVENTS/S     EVENTS
cpu          100,000  6,200,000
login         20,000  1,240,000

RULE         MATCHES/S  MATCHES
hot_average         40    2,480
brute_force        1.0       62

ACTION  CALLS/S     OK  FAILED  DROPPED  WAITING
page         41  2,542       2        0        3
q quit   s sort   / filter   p pause   j k scroll   | sort: rate";

const FILTERED: &str = "\
trapjaw 9.9.9   io_uring   up 1m02s   127.0.0.1:PORT
events 120,000/s   matches 41/s   keys 1,000   state 1.50 MiB   connections 3   subscriptions 1
ingest to match    p50 80.0 us   p90 1.20 ms   p99 1.20 ms   p99.9 1.20 ms   max 1.20 ms
match to dispatch  p50 9.00 us   p90 9.00 us   p99 9.00 us   p99.9 9.00 us   max 9.00 us
dropped 5   late 0   values made null 0

SHARD  LOAD  EVENTS/S  FORWARD/S   KEYS     STATE  CONN  MAILBOX  OUTBOX  EXCHANGE  HELD
0       50%   120,000          0  1,000  1.50 MiB     3        0       2         0     0

RULE         MATCHES/S  MATCHES
brute_force        1.0       62








q quit   s sort   / filter   p pause   j k scroll   | sort: name   filter: brute";

#[test]
fn the_screen_follows_the_server_and_the_keys() {
    let here = folder(&[]);
    let server = Told::start("127.0.0.1:0", status(60));
    let port = server.address.port().to_string();
    let expected = |text: &str| text.replace("PORT", &port);
    let mut screen = top(here.path(), &server.address.to_string(), &[]);
    screen.shows(&expected(FIRST));
    server.tell(status(62));
    screen.shows(&expected(SECOND_LOOK));
    // What comes from here on is not shown.
    screen.press("p");
    screen.shows_part("paused");
    screen.press("ss/brutx\x7f");
    screen.shows_part("filter: brut_");
    screen.press("e\r");
    screen.shows_part("sort: name   filter: brute");
    screen.press("p");
    screen.shows(&expected(FILTERED));
    // The server goes away, and comes back.
    let address = server.end();
    screen.shows_part("no answer: Connection refused (os error 111); trying again");
    let _again = Told::start(&address, status(1));
    let back = screen.shows_part("up 1s");
    assert!(!back.contains("no answer"), "{back}");
    assert!(screen.is_drawn_on());
    screen.press("q");
    assert_eq!(screen.ends(), Some(0));
}

#[test]
fn the_screen_takes_any_size() {
    let here = folder(&[]);
    let server = Told::start("127.0.0.1:0", status(60));
    let mut screen = top(
        here.path(),
        &server.address.to_string(),
        &["--filter", "page"],
    );
    screen.shows_part("page");
    screen.resize((4, 30));
    let small = screen.shows_part("trapjaw 9.9.9   io_uring   up\n");
    assert!(small.lines().count() <= 4, "{small}");
    screen.resize((30, 120));
    screen.shows_part("ACTION  CALLS/S     OK  FAILED  DROPPED  WAITING\npage");
    screen.press("\x03");
    assert_eq!(screen.ends(), Some(0));
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let here = folder(&[]);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let server = Told::start("127.0.0.1:0", status(60));
        let mut screen = top(here.path(), &server.address.to_string(), &[]);
        screen.shows_part("hot_average");
        assert!(screen.is_drawn_on());
        screen.signal(signal);
        assert_eq!(screen.ends(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_pipe_gets_the_figures_as_text() {
    let here = folder(&[(
        "rules.trap",
        "event load { n: int, host: text }\nrule every { on l: load by l.host }\n",
    )]);
    let server = Server::start(&here, &["rules.trap", "--shards", "1", "--driver", "epoll"]);
    post_events(
        server.http,
        "{\"type\":\"load\",\"n\":1,\"host\":\"a\"}\n{\"type\":\"load\",\"n\":2,\"host\":\"b\"}\n",
    );
    crate::rig::until("the matches", || {
        (server.metric("trapjaw_matches_total") == 2).then_some(())
    });
    let address = server.http.to_string();
    command(here.path(), &["top", "--http", &address])
        .assert()
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
events 0/s   matches 0/s   keys 0   state [..]   connections 0   subscriptions 0
ingest to match    p50       -   p90       -   p99       -   p99.9       -   max       -
match to dispatch  p50       -   p90       -   p99       -   p99.9       -   max       -

SHARD  LOAD  EVENTS/S  FORWARD/S  KEYS  STATE  CONN  MAILBOX  OUTBOX  EXCHANGE  HELD
0  [..]%         0          0     0    [..]     0        0       0         0     0

EVENT TYPE  EVENTS/S  EVENTS
load               0       2

RULE   MATCHES/S  MATCHES
every          0        2

ACTION  CALLS/S  OK  FAILED  DROPPED  WAITING
log           0   0       0        0        0

"#]]);
    server.stop();
    command(here.path(), &["top", "--once", "--http", &address])
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(format!(
            "error: asking {address}: Connection refused (os error 111)\n"
        ));
}
