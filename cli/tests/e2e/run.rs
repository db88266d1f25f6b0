//! `trapjaw run`: events in over HTTP, actions out.

use rustix::process::Signal;
use serde_json::{Value, json};
use snapbox::str;

use crate::hook::Hook;
use crate::http::{get, post, post_events};
use crate::rig::{Server, beside, command, folder, until, with_each_driver, write};

const RULES: &str = "\
event cpu_usage { host: text, load: float, core: int? }

rule hot {
    about \"A host is hot.\"
    severity high
    labels { team: \"sre\" }
    runbook \"https://example.com/hot\"
    on c: cpu_usage
    where c.load > 90%
    by c.host
    do page(host: c.host, load: c.load)
}
";

/// An event in each of the forms that HTTP takes, each from a host of its own: content type, more headers, body.
type Form<'a> = (&'a [(&'a str, &'a str)], &'a str);
const FORMS: [Form<'_>; 5] = [
    (
        &[("content-type", "application/cloudevents+json")],
        r#"{"specversion":"1.0","type":"cpu_usage","source":"/rack/7","id":"1","subject":"core",
            "time":"2026-01-01T00:00:00Z","severity":"high","data":{"host":"structured","load":0.95,"core":3}}"#,
    ),
    (
        &[
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-type", "cpu_usage"),
            ("ce-source", "/rack/7"),
            ("ce-id", "2"),
            ("ce-time", "2026-01-01T00:00:00Z"),
        ],
        r#"{"host":"binary","load":0.95}"#,
    ),
    (
        &[("content-type", "application/cloudevents-batch+json")],
        r#"[{"specversion":"1.0","type":"cpu_usage","source":"/rack/7","id":"3","data":{"host":"batched","load":0.95}}]"#,
    ),
    (
        &[("content-type", "application/x-ndjson")],
        r#"{"type":"cpu_usage","host":"lines","load":0.95}"#,
    ),
    (
        &[("content-type", "application/json")],
        r#"{"type":"cpu_usage","host":"short","load":0.95}"#,
    ),
];

#[test]
fn an_event_in_each_form_sets_off_a_webhook_with_its_context() {
    with_each_driver(|driver| {
        let hook = Hook::answering("204 No Content");
        let here = folder(&[
            ("rules.trap", RULES),
            (
                "trapjaw.toml",
                &format!(
                    "rules = [\"rules.trap\"]\n[actions.page]\ntype = \"webhook\"\nurl = \"http://{}/page\"\n\
                     headers = {{ X-Team = \"sre\" }}\n",
                    hook.address
                ),
            ),
        ]);
        let server = Server::start(&here, &["--driver", driver]);
        for (form, (headers, body)) in FORMS.iter().enumerate() {
            let answer = post(server.http, "/events", headers, body);
            assert_eq!(
                (answer.status, &*answer.body),
                (202, r#"{"accepted":1,"refused":[],"refused_total":0}"#)
            );
            let call = hook.next();
            assert_eq!(call.head[0], "POST /page HTTP/1.1");
            assert_eq!(call.header("content-type"), Some("application/json"));
            assert_eq!(call.header("x-team"), Some("sre"));
            let id = call.body["match"]["id"].as_str().expect("a match has one");
            assert_eq!(id.len(), 32);
            let key = call.header("idempotency-key").expect("a call has a key");
            assert!(key.starts_with(id), "{key}");
            let host = ["structured", "binary", "batched", "lines", "short"][form];
            assert_eq!(call.body["action"]["arguments"]["host"], host);
            if form == 0 {
                assert_eq!(call.body, context(id, &call.body["rule"]["version"]));
            }
        }
        assert_eq!(server.metric("trapjaw_events_total"), FORMS.len() as u64);
        assert_eq!(server.metric("trapjaw_matches_total"), FORMS.len() as u64);
        server.stop();
    });
}

/// What an action is told of the first form's event.
fn context(id: &str, version: &Value) -> Value {
    assert_eq!(version.as_str().map(str::len), Some(16), "{version}");
    json!({
        "match": {
            "rule": "hot",
            "version": version,
            "id": id,
            "kind": "matched",
            "time": 1_767_225_600_000_000_000_i64,
            "key": { "host": "structured" },
            "events": { "c": [{
                "type": "cpu_usage",
                "time": 1_767_225_600_000_000_000_i64,
                "source": "/rack/7",
                "id": "1",
                "subject": "core",
                "severity": "high",
                "host": "structured",
                "load": 0.95,
                "core": 3,
            }] },
            "values": { "host": "structured", "load": 0.95 },
        },
        "rule": {
            "name": "hot",
            "version": version,
            "about": "A host is hot.",
            "severity": "high",
            "labels": { "team": "sre" },
            "runbook": "https://example.com/hot",
        },
        "action": {
            "name": "page",
            "index": 0,
            "arguments": { "host": "structured", "load": 0.95 },
            "attempt": 1,
        },
    })
}

#[test]
fn a_script_reads_the_whole_context() {
    with_each_driver(|driver| {
        let here = folder(&[
            ("rules.trap", RULES),
            // Renamed when it is whole, so that whoever sees the file sees all of it.
            (
                "page.sh",
                "cat > context.part\necho \"$TRAPJAW_RULE $TRAPJAW_KIND $TRAPJAW_ID\" > variables\n\
                 mv context.part context\n",
            ),
            (
                "trapjaw.toml",
                "rules = [\"rules.trap\"]\n[actions.page]\ntype = \"run\"\nargv = [\"/bin/sh\", \"page.sh\"]\n",
            ),
        ]);
        let server = Server::start(&here, &["--driver", driver]);
        let (headers, body) = FORMS[0];
        assert_eq!(post(server.http, "/events", headers, body).status, 202);
        let told = until("the script's file", || {
            std::fs::read_to_string(here.path().join("context")).ok()
        });
        let told: Value = serde_json::from_str(&told).expect("the context is JSON");
        let id = told["match"]["id"].as_str().expect("a match has one");
        assert_eq!(told, context(id, &told["rule"]["version"]));
        let variables = std::fs::read_to_string(here.path().join("variables"));
        assert_eq!(
            variables.expect("it was written before"),
            format!("hot matched {id}\n")
        );
        server.stop();
    });
}

/// The names of the rules that run.
fn rules(server: &Server) -> Vec<String> {
    let answer: Value = serde_json::from_str(&get(server.http, "/api/v1/rules").body)
        .expect("the rules are told as JSON");
    let rules = answer["rules"].as_array().expect("a list");
    rules
        .iter()
        .map(|rule| rule["name"].as_str().expect("a rule has a name").to_owned())
        .collect()
}

#[test]
fn rules_are_reloaded_all_or_not_at_all() {
    let first = "event a { n: int }\nrule one { on x: a do log(\"one saw {x.n}\") }\n";
    let second = "rule two { on x: a do log(\"two saw {x.n}\") }\n";
    let here = folder(&[("rules/a.trap", first)]);
    let server = Server::start(&here, &["rules"]);
    post_events(server.http, r#"{"type":"a","n":1}"#);
    server.line("the action", |line| line.contains("one saw 1"));

    write(here.path(), "rules/b.trap", "rule two { on x: b }\n");
    server.signal(Signal::HUP);
    server.line("the error", |line| line.starts_with("error[TJ"));
    server.line("what is said of it", |line| {
        line.contains("the rules were not reloaded: those before go on")
    });
    assert_eq!(rules(&server), ["one"]);
    post_events(server.http, r#"{"type":"a","n":2}"#);
    server.line("the action", |line| line.contains("one saw 2"));

    write(here.path(), "rules/b.trap", second);
    server.signal(Signal::HUP);
    server.line("the reload", |line| line.contains("rules reloaded"));
    assert_eq!(rules(&server), ["one", "two"]);
    post_events(server.http, r#"{"type":"a","n":3}"#);
    for rule in ["one", "two"] {
        server.line("the action", |line| line.contains(&format!("{rule} saw 3")));
    }
    server.stop();
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SIMPLE: &str = "event a { n: int }\nrule one { on x: a }\n";

#[test]
fn a_token_is_asked_for_at_both_doors() {
    let here = folder(&[
        ("rules.trap", SIMPLE),
        ("token", &format!("{TOKEN}\n")),
        ("events.ndjson", "{\"type\":\"a\",\"n\":1}\n"),
    ]);
    let from_file = Server::start(&here, &["rules.trap", "--token-file", "token"]);
    let mut with_variable = beside(here.path(), &["run"]);
    with_variable.env("TRAPJAW_TOKEN", TOKEN);
    let from_variable = Server::of(with_variable, &["rules.trap"]);
    for server in [from_file, from_variable] {
        let event = r#"{"type":"a","n":1}"#;
        let json = ("content-type", "application/json");
        let bearer = format!("Bearer {TOKEN}");
        let wrong = bearer.replace('0', "1");
        let post = |headers: &[_]| post(server.http, "/events", headers, event).status;
        assert_eq!(post(&[json]), 401);
        assert_eq!(post(&[json, ("authorization", &wrong)]), 401);
        assert_eq!(post(&[json, ("authorization", &bearer)]), 202);
        assert_eq!(get(server.http, "/metrics").status, 401);
        assert_eq!(get(server.http, "/-/healthy").status, 200);

        let address = server.binary.to_string();
        let send = ["send", "--addr", &address, "events.ndjson"];
        for (refused, why) in [
            (command(here.path(), &send), "a token is needed"),
            (
                command(here.path(), &send).env("TRAPJAW_TOKEN", &wrong),
                "the token is wrong",
            ),
        ] {
            refused.assert().code(1).stdout_eq("").stderr_eq(format!(
                "error: connecting to {address}: HELLO refused: {why} [E_HELLO_TOKEN]\n\
                 help: name the token's file with --token-file, or put the token into TRAPJAW_TOKEN\n"
            ));
        }
        for taken in [
            command(here.path(), &send).args(["--token-file", "token"]),
            command(here.path(), &send).env("TRAPJAW_TOKEN", TOKEN),
        ] {
            taken
                .assert()
                .code(0)
                .stdout_eq("accepted 1, refused 0, [..] events/s\n");
        }
        server.stop();
    }
}

#[test]
fn nothing_listens_beyond_the_machine_without_a_token() {
    let here = folder(&[("rules.trap", SIMPLE), ("token", "too short")]);
    let run = |args: &[&str]| {
        let args = [&["run", "rules.trap"], args].concat();
        command(here.path(), &args).assert().code(3).stdout_eq("")
    };
    run(&["--http", "0.0.0.0:0"]).stderr_eq(str![[r#"
error[E_CONFIG_EXPOSED]: `http` would listen on 0.0.0.0:0, beyond this machine, without a token
help: set `token_env` or `token_file` (--token-file), or `allow_remote = true` (--allow-remote) if the network is trusted

"#]]);
    run(&["--binary", "[::]:0"]).stderr_eq(str![[r#"
error[E_CONFIG_EXPOSED]: `binary` would listen on [::]:0, beyond this machine, without a token
help: set `token_env` or `token_file` (--token-file), or `allow_remote = true` (--allow-remote) if the network is trusted

"#]]);
    run(&["--token-file", "token"]).stderr_eq(str![[r#"
error[E_CONFIG_TOKEN]: the token has 9 bytes, 16 to 4096 are needed
help: make one with `openssl rand -hex 32`

"#]]);
    run(&["--token-file", "missing"]).stderr_eq(str![[r#"
error[E_CONFIG_SECRET]: the secret in `missing` can't be read: No such file or directory (os error 2)

"#]]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let here = folder(&[("rules.trap", SIMPLE)]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let other = Server::start(&here, &["rules.trap"]);
    let others = [other.http.to_string(), other.binary.to_string()];
    for (http, binary) in [
        (&*taken, "127.0.0.1:0"),
        ("127.0.0.1:0", &*taken),
        (&*others[0], "127.0.0.1:0"),
        ("127.0.0.1:0", &*others[1]),
    ] {
        let args = ["run", "rules.trap", "--http", http, "--binary", binary];
        let refused = command(here.path(), &args).assert().code(3).stdout_eq("");
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        let address = if http == "127.0.0.1:0" { binary } else { http };
        let expected = format!("can't listen on {address}: Address already in use (os error 98)\n");
        assert!(said.ends_with(&expected), "{said}");
        assert_eq!(said.matches("in use").count(), 1, "{said}");
    }
    other.stop();
}

#[test]
fn rules_that_can_not_run_end_it_at_once() {
    let here = folder(&[
        ("wrong.trap", "rule r { on x: nothing }\n"),
        (
            "rules.trap",
            "event a { n: int }\nrule r { on x: a do page(n: x.n) }\n",
        ),
    ]);
    command(here.path(), &["run", "wrong.trap"])
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error[TJ0104]: there is no event type `nothing`
 --> wrong.trap:1:16
  |
1 | rule r { on x: nothing }
  |                ^^^^^^^
  |
  = help: declare it: `event nothing { field: type, ... }`

"#]]);
    command(here.path(), &["run", "rules.trap"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error[E_ACTION_UNKNOWN]: rule `r` calls `page`, which is no configured action
 --> rules.trap:2:21
help: add it to trapjaw.toml:

    [actions.page]
    type = "webhook"
    url = "http://127.0.0.1:8080/page"

"#]]);
}

#[test]
fn a_configuration_beside_it_is_read_untold() {
    let here = folder(&[
        ("rules/a.trap", SIMPLE),
        (
            "trapjaw.toml",
            "rules = [\"rules\"]\n[engine]\nshards = 1\ndriver = \"epoll\"\n",
        ),
    ]);
    let server = Server::start(&here, &[]);
    server.line("what drives it", |line| line.contains("epoll: "));
    assert_eq!(rules(&server), ["one"]);
    let shards = get(server.http, "/metrics").body;
    assert_eq!(
        shards.matches("\ntrapjaw_events_total{").count(),
        1,
        "{shards}"
    );
    server.stop();
}

#[test]
fn a_log_level_that_is_not_understood_is_told() {
    let here = folder(&[("rules.trap", SIMPLE)]);
    let mut run = beside(here.path(), &["run"]);
    run.env("TRAPJAW_LOG", "trapjaw=loud");
    let server = Server::of(run, &["rules.trap"]);
    server.line("the warning", |line| {
        line.contains("TRAPJAW_LOG is not understood")
    });
    server.stop();
}
