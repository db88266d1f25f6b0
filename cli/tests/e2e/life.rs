//! How a server ends, and what does not end it.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use rustix::process::Signal;

use crate::hook::Hook;
use crate::http::{get, post_events};
use crate::rig::{Process, Server, beside, folder, until, with_each_driver};

/// Every event is logged: none may be dropped, and what can't be logged at once is waited for.
const EVERY: &str = "event load { n: int, host: text }\n\
    rule every { on l: load by l.host do log(\"<{l.n}>\") }\n";
const BLOCKING: &str =
    "rules = [\"rules.trap\"]\n[actions.log]\ntype = \"log\"\nwhen_full = \"block\"\n";

#[test]
fn what_was_acknowledged_is_evaluated_before_the_end() {
    with_each_driver(|driver| {
        let here = folder(&[("rules.trap", EVERY), ("trapjaw.toml", BLOCKING)]);
        let mut server = Server::start(&here, &["--driver", driver, "--shards", "2"]);
        let address = server.binary.to_string();
        let args = ["send", "--addr", &address, "--batch", "100", "-"];
        let mut send = Process::start(beside(here.path(), &args));
        let mut input = send.input();
        // More and more, until nobody reads it any more.
        let load = thread::spawn(move || {
            let mut sent = 0_u64;
            loop {
                let host = sent % 97;
                let line = format!("{{\"type\":\"load\",\"n\":{sent},\"host\":\"h{host}\"}}\n");
                if input.write_all(line.as_bytes()).is_err() {
                    return sent;
                }
                sent += 1;
            }
        });
        let is_told = |line: &str| line.contains('<');
        server.lines("the first thousands", 3_000, is_told);
        server.signal(Signal::TERM);
        assert_eq!(server.end(), Some(0), "everything was done");
        assert_eq!(send.end(), Some(1), "it was interrupted");
        let sent = load.join().expect("it ends");
        let said = send.output();
        let accepted: u64 = said
            .first()
            .and_then(|line| line.strip_prefix("accepted ")?.split(',').next())
            .and_then(|count| count.parse().ok())
            .unwrap_or_else(|| panic!("{said:?} {:?}", send.log()));
        assert!((3_000..=sent).contains(&accepted), "{accepted} of {sent}");

        let log = server.log();
        let numbers = log.iter().filter_map(|line| {
            let (_, rest) = line.split_once('<')?;
            rest.split_once('>')?.0.parse::<u64>().ok()
        });
        let mut seen = HashSet::new();
        for number in numbers {
            assert!(seen.insert(number), "{number} was evaluated twice");
        }
        let missing: Vec<u64> = (0..accepted).filter(|n| !seen.contains(n)).collect();
        assert!(
            missing.is_empty(),
            "{} of {accepted} are missing, the first is {}",
            missing.len(),
            missing[0]
        );
        let last = log.last().expect("there is a log");
        assert!(
            last.contains("stopped; everything that was taken in was evaluated and dispatched"),
            "{last}"
        );
    });
}

#[test]
fn a_second_signal_aborts() {
    let hook = Hook::silent();
    let here = folder(&[
        (
            "rules.trap",
            "event a { n: int }\nrule one { on x: a do page(n: x.n) }\n",
        ),
        (
            "trapjaw.toml",
            &format!(
                "rules = [\"rules.trap\"]\n[actions.page]\ntype = \"webhook\"\nurl = \"http://{}\"\n",
                hook.address
            ),
        ),
    ]);
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM)] {
        let mut server = Server::start(&here, &[]);
        post_events(server.http, r#"{"type":"a","n":1}"#);
        // The call is under way, and will be for longer than anybody waits.
        hook.next();
        server.signal(first);
        server.line("the end's begin", |line| {
            line.contains("stopping; once more to abort")
        });
        server.signal(second);
        assert_eq!(server.end(), Some(130));
        assert_eq!(server.log().last().map(String::as_str), Some("aborted"));
    }
}

#[test]
fn a_log_that_nobody_reads_is_no_end() {
    let here = folder(&[
        ("rules.trap", EVERY),
        ("wrong.trap", "rule r { on x: nothing }\n"),
    ]);
    let mut run = beside(here.path(), &["run", "rules.trap"])
        .args(["--http", "127.0.0.1:0", "--binary", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut log = BufReader::new(run.stderr.take().expect("it is piped"));
    let mut http = None;
    loop {
        let mut line = String::new();
        log.read_line(&mut line).expect("the log is text");
        if let Some((_, address)) = line.split_once("listening for HTTP address=") {
            http = address.trim().parse().ok();
        }
        if line.contains("listening for the binary protocol") {
            break;
        }
    }
    let http = http.expect("HTTP is listened for first");
    drop(log);
    post_events(http, r#"{"type":"load","n":1,"host":"a"}"#);
    let call = "trapjaw_action_calls_total{action=\"log\",outcome=\"ok\"} 1";
    until("the action", || {
        get(http, "/metrics").body.contains(call).then_some(())
    });
    // Errors in rules are shown at once, beside the log.
    std::fs::copy(
        here.path().join("wrong.trap"),
        here.path().join("rules.trap"),
    )
    .expect("files can be written");
    let id = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(id, Signal::HUP).expect("it runs");
    until("the reload", || {
        let failed = "trapjaw_reloads_total{outcome=\"failed\"} 1";
        get(http, "/metrics").body.contains(failed).then_some(())
    });
    rustix::process::kill_process(id, Signal::TERM).expect("it runs");
    assert_eq!(run.wait().expect("it ends").code(), Some(0));
}
