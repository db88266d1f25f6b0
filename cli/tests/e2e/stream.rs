//! `trapjaw send` and `trapjaw tail`: events in and matches out over the binary protocol.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;
use snapbox::str;

use crate::http::post_events;
use crate::rig::{Process, Server, beside, command, folder, until, with_each_driver};

const RULES: &str = "\
event load { n: int, host: text }
rule every { on l: load by l.host }
rule tenth { on l: load where l.n in [0, 10, 20, 30] }
";

#[test]
fn what_is_sent_is_accepted_or_refused() {
    with_each_driver(|driver| {
        let mut lines = String::new();
        let mut good = 0;
        for n in 0..20_000 {
            match n % 1_000 {
                500 => lines += "{\"type\":\"load\"\n",
                501 => lines += "{\"type\":\"other\",\"n\":1}\n",
                _ => {
                    good += 1;
                    writeln!(lines, r#"{{"type":"load","n":{n},"host":"h{}"}}"#, n % 17)
                        .expect("memory takes it");
                }
            }
        }
        let here = folder(&[("rules.trap", RULES), ("events.ndjson", &lines)]);
        let server = Server::start(&here, &["rules.trap", "--driver", driver, "--shards", "2"]);
        let address = server.binary.to_string();
        for batch in ["4096", "333"] {
            let args = [
                "send",
                "--addr",
                &address,
                "--batch",
                batch,
                "events.ndjson",
            ];
            let sent = command(here.path(), &args)
                .assert()
                .code(1)
                .stdout_eq(format!("accepted {good}, refused 40, [..] events/s\n"));
            let told = String::from_utf8_lossy(&sent.get_output().stderr).into_owned();
            assert_eq!(told.lines().count(), 40, "{told}");
            assert!(
                told.starts_with("line 501: ")
                    && told.contains("\nline 502: no event type is named `other` [E_JSON_TYPE]\n"),
                "{told}"
            );
        }
        assert_eq!(server.metric("trapjaw_events_total"), 2 * good);
        until("the matches of each event", || {
            let matches = server.metric("trapjaw_matches_total");
            (matches == 2 * (good + 4)).then_some(())
        });
        server.stop();
    });
}

#[test]
fn lines_are_sent_as_they_come() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap"]);
    let address = server.binary.to_string();
    let mut send = Process::start(beside(here.path(), &["send", "--addr", &address, "-"]));
    let mut input = send.input();
    for n in 1..=3 {
        writeln!(input, r#"{{"type":"load","n":{n},"host":"a"}}"#).expect("it reads");
        // The next line is written when this one was taken in.
        until("the event", || {
            (server.metric("trapjaw_events_total") == n).then_some(())
        });
    }
    drop(input);
    assert_eq!(send.end(), Some(0));
    assert!(send.output()[0].starts_with("accepted 3, refused 0, "));
    server.stop();
}

#[test]
fn files_and_servers_that_are_not_there_are_told() {
    let here = folder(&[("events.ndjson", "")]);
    // A port that no system gives away by itself, of a service that is history.
    let address = "127.0.0.1:1";
    command(here.path(), &["send", "--addr", address, "missing.ndjson"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: missing.ndjson: No such file or directory (os error 2)

"#]]);
    command(here.path(), &["send", "--addr", address, "events.ndjson"])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: connecting to 127.0.0.1:1: Connection refused (os error 111)
help: nothing listens there: start `trapjaw run`, or name its binary port with --addr

"#]]);
    command(here.path(), &["tail", "--addr", address])
        .assert()
        .code(1)
        .stderr_eq(str![[r#"
error: connecting to 127.0.0.1:1: Connection refused (os error 111)
help: nothing listens there: start `trapjaw run`, or name its binary port with --addr

"#]]);
}

/// Rule and `n` of each match.
fn told(lines: &[String]) -> Vec<(String, i64)> {
    let told = lines.iter().map(|line| {
        let found: Value = serde_json::from_str(line).expect("a line is JSON");
        let rule = found["rule"].as_str().expect("a match has a rule");
        let n = found["events"]["l"][0]["n"].as_i64();
        (rule.to_owned(), n.expect("its event has a number"))
    });
    told.collect()
}

#[test]
fn matches_are_told_as_they_come() {
    with_each_driver(|driver| {
        let here = folder(&[("rules.trap", RULES)]);
        let server = Server::start(&here, &["rules.trap", "--driver", driver, "--shards", "2"]);
        let address = server.binary.to_string();
        let tail = |more: &[&str]| {
            let args = [&["tail", "--addr", &address], more].concat();
            Process::start(beside(here.path(), &args))
        };
        let mut all = tail(&[]);
        let mut some = tail(&["--rule", "tenth", "--count", "3"]);
        // It can't be seen from outside when subscriptions stand: events are sent until both tell of one.
        until("a match for both", || {
            post_events(server.http, r#"{"type":"load","n":0,"host":"probe"}"#);
            let both = !all.output().is_empty() && !some.output().is_empty();
            both.then_some(())
        });
        let lines: Vec<String> = (1..=20)
            .map(|n| format!(r#"{{"type":"load","n":{n},"host":"h{}"}}"#, n % 5))
            .collect();
        post_events(server.http, &lines.join("\n"));
        // It ends by itself when it has told of so many.
        assert_eq!(some.end(), Some(0));
        let found = told(&some.output());
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|(rule, _)| rule == "tenth"), "{found:?}");
        let numbers = until("the matches of all events", || {
            let found = told(&all.output());
            let mut numbers: Vec<i64> = found
                .iter()
                .filter(|(rule, n)| rule == "every" && *n > 0)
                .map(|(_, n)| *n)
                .collect();
            numbers.sort_unstable();
            (numbers.len() >= 20).then_some(numbers)
        });
        assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
        // The server says goodbye, which is no failure of whoever listens.
        server.stop();
        assert_eq!(all.end(), Some(0));
        assert!(
            all.log()[0].starts_with("the server closed the connection"),
            "{:?}",
            all.log()
        );
    });
}

#[test]
fn a_rule_that_is_not_there_is_refused() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap"]);
    let address = server.binary.to_string();
    let args = ["tail", "--addr", &address, "--rule", "nothing"];
    command(here.path(), &args)
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: subscribing: SUBSCRIBE refused: no rule has the name `nothing` [E_SUBSCRIBE_RULE]

"#]]);
    server.stop();
}
