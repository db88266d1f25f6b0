//! `trapjaw tap`: a server's events as they come in.

use std::fmt::Write as _;

use snapbox::str;

use crate::http::post_events;
use crate::rig::{Process, Server, beside, command, folder, until};

const RULES: &str = "\
event load { n: int, host: text, heavy: float? }
event door { name: text, state: enum(open, shut) }
rule every { on l: load by l.host }
";

fn loads(numbers: core::ops::Range<u32>) -> String {
    let mut lines = String::new();
    for n in numbers {
        let time = 1_767_225_600_000_000_000 + i64::from(n);
        writeln!(
            lines,
            r#"{{"type":"load","time":{time},"n":{n},"host":"h{}"}}"#,
            n % 3
        )
        .expect("memory takes it");
    }
    lines
}

/// A tap that has begun to look.
fn tap(server: &Server, args: &[&str]) -> Process {
    let taps = || server.metric("trapjaw_taps");
    let open = taps();
    let address = server.http.to_string();
    let args = [&["tap", "--http", &address][..], args].concat();
    let process = Process::start(beside(std::env::temp_dir().as_path(), &args));
    until("the tap", || (taps() > open).then_some(()));
    process
}

#[test]
fn events_are_told_that_pass_the_filter_in_their_order() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap", "--shards", "1"]);
    let mut some = tap(
        &server,
        &["load", "n > 3 and e.host == \"h1\"", "--count", "2"],
    );
    let mut all = tap(&server, &["--count", "9", "--pretty"]);
    let mut doors = tap(
        &server,
        &[
            "door | load",
            "e.source == \"\" and e.type like \"d*\"",
            "--count",
            "1",
        ],
    );
    post_events(server.http, &loads(0..8));
    post_events(
        server.http,
        "{\"type\":\"door\",\"time\":1,\"name\":\"a\\u001b[2J\",\"state\":\"open\"}\n",
    );
    assert_eq!(some.end(), Some(0), "{:?}", some.log());
    assert_eq!(
        some.output(),
        [
            r#"{"type":"load","time":1767225600000000004,"n":4,"host":"h1"}"#,
            r#"{"type":"load","time":1767225600000000007,"n":7,"host":"h1"}"#,
        ]
    );
    assert_eq!(all.end(), Some(0), "{:?}", all.log());
    let all = all.output();
    assert_eq!(
        all[0],
        "2026-01-01T00:00:00Z            load              host=h0 n=0"
    );
    assert_eq!(
        all[8],
        "1970-01-01T00:00:00.000000001Z  door              name=a\\u{1b}[2J state=open"
    );
    assert_eq!(doors.end(), Some(0), "{:?}", doors.log());
    assert_eq!(
        doors.output(),
        [r#"{"type":"door","time":1,"name":"a\u001b[2J","state":"open"}"#]
    );
    until("the end of the taps", || {
        (server.metric("trapjaw_taps") == 0).then_some(())
    });
    server.stop();
}

#[test]
fn what_is_told_can_be_replayed() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap"]);
    let mut tapped = tap(&server, &["load", "--count", "50"]);
    post_events(server.http, &loads(0..50));
    assert_eq!(tapped.end(), Some(0));
    server.stop();
    command(
        here.path(),
        &["replay", "--rules", "rules.trap", "--events", "-"],
    )
    .stdin(tapped.output().join("\n"))
    .assert()
    .code(0)
    .stderr_eq("events 50, lines refused 0, matches 50\n  every                    50\n");
}

#[test]
fn what_is_left_out_is_counted_and_nothing_waits() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap", "--shards", "2"]);
    let mut few = tap(&server, &["load", "--rate", "5", "--count", "6"]);
    post_events(server.http, &loads(0..2_000));
    // The events are taken in, whatever the tap does.
    assert_eq!(server.metric("trapjaw_events_total"), 2_000);
    // The rate allows some at once, and the next ones within a second.
    let mut n = 2_000;
    until("another event", || {
        post_events(server.http, &loads(n..n + 1));
        n += 1;
        (few.output().len() >= 6).then_some(())
    });
    assert_eq!(few.end(), Some(0));
    let told = few.log().join("\n");
    assert!(
        told.is_empty()
            || (told.starts_with("told 6, left out ")
                && told.contains(" beyond 5 a second, 0 not looked at")),
        "{told}"
    );
    server.stop();
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap"]);
    let address = server.http.to_string();
    let wrong = |args: &[&str]| {
        let args = [&["tap", "--http", &address][..], args].concat();
        command(here.path(), &args).assert().code(2).stdout_eq("")
    };
    wrong(&["load", "m > 3"]).stderr_eq(str![[r#"
error[TJ0106]: nothing is called `m` here
 --> expression:2:1
  |
2 | m > 3
  | ^

"#]]);
    wrong(&["loud"]).stderr_eq(str![[r#"
error[TJ0104]: there is no event type `loud`
 --> types:2:1
  |
2 | loud
  | ^^^^
  |
help: did you mean `load`?
  |
2 - loud
2 + load
  |

"#]]);
    wrong(&["load", "n + 1"]);
    wrong(&["load", "n > 1) } rule more { on e: load where (true"])
        .stderr_eq("error: there is more than types and one expression\n");
    server.stop();
    command(here.path(), &["tap", "--http", &address])
        .assert()
        .code(1)
        .stderr_eq(format!(
            "error: asking {address}: Connection refused (os error 111)\n"
        ));
}

#[test]
fn a_reload_and_the_end_of_the_server_are_no_surprise() {
    let here = folder(&[("rules.trap", RULES)]);
    let server = Server::start(&here, &["rules.trap"]);
    let mut other = tap(&server, &["door"]);
    let mut tapped = tap(&server, &["load", "n > 3"]);
    post_events(server.http, &loads(5..6));
    until("the event", || (tapped.output().len() == 1).then_some(()));
    // Types are numbered anew, and one is gone.
    crate::rig::write(
        here.path(),
        "rules.trap",
        "event extra { x: int }\nevent load { n: int, host: text }\nrule every { on l: load by l.host }\n",
    );
    let reloaded = crate::http::post(server.http, "/-/reload", &[], "");
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    post_events(server.http, &loads(6..7));
    until("the event", || (tapped.output().len() == 2).then_some(()));
    server.stop();
    assert_eq!(tapped.end(), Some(0));
    assert_eq!(tapped.log(), ["the server stops"]);
    assert_eq!(other.end(), Some(0));
}
