//! `trapjaw explain`.

use snapbox::str;

use crate::rig::{command, folder};

const RULES: &str = r#"event cpu   { host: text, load: float? }
event login { user: text, ip: ip, ok: bool }

rule hot { on c: cpu where c.load > 90% and c.host starts_with "web-" do log("{c.host} is hot") }
rule long { on c: cpu where c.load > 90% by c.host for 5m do log(c.host) }
rule busy { on c: cpu by c.host over 1m having avg(c.load) > 80% and count() >= 3 do log(c.host) }
rule silent { on c: cpu by c.host absent 10m do log("{c.host} is silent") }
rule noisy { on c: cpu where c.load > 50% limit 1 per 1h do log("{c.host} works") }
rule brute_force {
    match fails: login[not ok]{3,20} -> win: login[ok and ip == fails.last.ip]
    by user within 1m
    do log("{win.user}: {count(fails)} failures, then success")
}
"#;

const EVENTS: &str = r#"{"type":"cpu","time":"2026-01-01T00:00:00Z","host":"web-1","load":0.95}
{"type":"cpu","time":"2026-01-01T00:00:20Z","host":"web-1","load":0.7}
{"type":"cpu","time":"2026-01-01T00:00:40Z","host":"web-1","load":0.72}
{"type":"cpu","time":"2026-01-01T00:01:00Z","host":"db-1","load":0.93}
{"type":"cpu","time":"2026-01-01T00:03:00Z","host":"db-1","load":0.97}
{"type":"cpu","time":"2026-01-01T00:05:30Z","host":"db-1"}
{"type":"login","time":"2026-01-01T00:06:00Z","user":"ada","ip":"10.0.0.1","ok":false}
{"type":"login","time":"2026-01-01T00:06:05Z","user":"ada","ip":"10.0.0.1","ok":false}
{"type":"login","time":"2026-01-01T00:06:06Z","user":"bob","ip":"10.0.0.9","ok":false}
{"type":"login","time":"2026-01-01T00:06:10Z","user":"ada","ip":"10.0.0.1","ok":false}
{"type":"login","time":"2026-01-01T00:06:20Z","user":"ada","ip":"10.0.0.2","ok":true}
{"type":"cpu","time":"2026-01-01T00:08:00Z","host":"web-1","load":0.2}
"#;

/// What is told of a rule.
fn explained(args: &[&str]) -> snapbox::cmd::OutputAssert {
    let here = folder(&[("rules.trap", RULES), ("day.ndjson", EVENTS)]);
    let args = [&["explain", "rules.trap", "--events", "day.ndjson"], args].concat();
    command(here.path(), &args).assert()
}

#[test]
fn a_threshold_tells_which_part_did_not_hold() {
    explained(&["--rule", "hot", "--most", "2"])
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
rule hot (each event), rules.trap:4
1 match

  fired  2026-01-01T00:00:00Z
         matched
    2026-01-01T00:00:00Z  c  cpu host=web-1 load=0.95
    true     c.load > 90%    [c.load = 0.95]
    true     c.host starts_with "web-"    [c.host = web-1]

  missed 2026-01-01T00:00:40Z
         1 of 2 parts of `where` not true
    FALSE    c.load > 90%    [c.load = 0.72]
    true     c.host starts_with "web-"    [c.host = web-1]

  missed 2026-01-01T00:00:20Z
         1 of 2 parts of `where` not true
    FALSE    c.load > 90%    [c.load = 0.7]
    true     c.host starts_with "web-"    [c.host = web-1]

"#]]);
}

#[test]
fn a_sustained_condition_tells_how_much_was_missing() {
    explained(&["--rule", "long"]).code(0).stdout_eq(str![[r#"
rule long (for 5m), rules.trap:5
0 matches

  missed 2026-01-01T00:05:30Z  host=db-1
         held for 2m over 2 events, 3m missing: broken by an event
    2026-01-01T00:01:00Z  the first event for which `where` holds
    2026-01-01T00:03:00Z  the last one
    UNKNOWN  c.load > 90%    [c.load = null]

  missed 2026-01-01T00:00:20Z  host=web-1
         held for 0s over 1 event, 5m missing: broken by an event
    2026-01-01T00:00:00Z  the first event for which `where` holds
    2026-01-01T00:00:00Z  the last one
    FALSE    c.load > 90%    [c.load = 0.7]

"#]]);
}

#[test]
fn a_window_tells_its_aggregates() {
    explained(&["--rule", "busy", "--most", "2"])
        .code(0)
        .stdout_eq(str![[r#"
rule busy (over 1m), rules.trap:6
0 matches

  missed 2026-01-01T00:00:40Z  host=web-1
         1 of 2 parts of `having` not true
    FALSE    avg(c.load) > 80%    [avg(c.load) = 0.79]
    true     count() >= 3    [count() = 3]

  missed 2026-01-01T00:00:20Z  host=web-1
         1 of 2 parts of `having` not true
    true     avg(c.load) > 80%    [avg(c.load) = 0.825]
    FALSE    count() >= 3    [count() = 2]

"#]]);
}

#[test]
fn a_silence_tells_how_long_it_was() {
    explained(&["--rule", "silent"]).code(0).stdout_eq(str![[r#"
rule silent (absent 10m), rules.trap:7
0 matches

  missed 2026-01-01T00:08:00Z  host=web-1
         silent for 7m20s, 2m40s missing: then an event came
    2026-01-01T00:00:40Z  the last event for which `where` holds

  missed 2026-01-01T00:05:30Z  host=db-1
         silent for 2m30s, 7m30s missing: then an event came
    2026-01-01T00:03:00Z  the last event for which `where` holds

  open   2026-01-01T00:08:00Z  host=db-1
         silent for 2m30s, 7m30s missing: the events end; `--until` lets time go on
    2026-01-01T00:05:30Z  the last event for which `where` holds

"#]]);
}

#[test]
fn a_limit_tells_what_it_held_back() {
    explained(&["--rule", "noisy", "--most", "1"])
        .code(0)
        .stdout_eq(str![[r#"
rule noisy (each event), rules.trap:8
1 match, 4 held back by its limit

  fired  2026-01-01T00:00:00Z
         matched
    2026-01-01T00:00:00Z  c  cpu host=web-1 load=0.95
    true     c.load > 50%    [c.load = 0.95]

  missed 2026-01-01T00:08:00Z
         1 of 1 parts of `where` not true
    FALSE    c.load > 50%    [c.load = 0.2]

"#]]);
}

#[test]
fn a_sequence_that_nearly_fired_tells_what_it_waited_for() {
    explained(&["--rule", "brute_force", "--most", "1"])
        .code(0)
        .stdout_eq(str![[r#"
rule brute_force (match within 1m), rules.trap:9
0 matches

  missed 2026-01-01T00:07:00Z  user=ada
         waited for fails or win; its window of 1m was over
    2026-01-01T00:06:00Z  fails  login user=ada ip=10.0.0.1 ok=false
    2026-01-01T00:06:05Z  fails  login user=ada ip=10.0.0.1 ok=false
    2026-01-01T00:06:10Z  fails  login user=ada ip=10.0.0.1 ok=false
    2026-01-01T00:06:20Z  login user=ada ip=10.0.0.2 ok=true
         not fails: `not ok` is not true
    2026-01-01T00:06:20Z  login user=ada ip=10.0.0.2 ok=true
         not win: `ip == fails.last.ip` is not true (fails.last.ip = 10.0.0.1)

"#]]);
}

#[test]
fn a_key_and_an_instant_can_be_asked_for() {
    explained(&[
        "--rule",
        "brute_force",
        "--key",
        "bob",
        "--at",
        "2026-01-01T00:06:30Z",
    ])
    .code(0)
    .stdout_eq(str![[r#"
rule brute_force (match within 1m), rules.trap:9
0 matches

  missed 2026-01-01T00:07:06Z  user=bob
         waited for fails; its window of 1m was over
    2026-01-01T00:06:06Z  fails  login user=bob ip=10.0.0.9 ok=false

"#]]);
}

#[test]
fn machines_get_one_object() {
    explained(&["--rule", "long", "--most", "1", "--output", "json"])
        .code(0)
        .stdout_eq(str![[r#"
{"events":12,"rules":[{"clause":"for 5m","file":"rules.trap","fired":[],"held_back":0,"left_out":0,"line":5,"matches":0,"name":"long","nearly":[{"conditions":[{"condition":"c.load > 90%","holds":null,"values":[["c.load","null"]]}],"from":"2026-01-01T00:01:00Z","key":[["host","db-1"]],"outcome":"missed","says":"held for 2m over 2 events, 3m missing: broken by an event","steps":[{"event":null,"time":"2026-01-01T00:01:00Z","what":"the first event for which `where` holds"},{"event":null,"time":"2026-01-01T00:03:00Z","what":"the last one"}],"time":"2026-01-01T00:05:30Z"}]}]}

"#]]);
}

#[test]
fn a_rule_that_is_not_there_gets_a_suggestion() {
    explained(&["--rule", "brute_forse"])
        .code(3)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: there is no rule brute_forse; did you mean brute_force?

"#]]);
}

#[test]
fn the_book_shows_what_is_told() {
    let page = include_str!("../../../docs/src/tools.md");
    let output = explained(&["--rule", "brute_force", "--most", "1"]);
    let told = String::from_utf8(output.get_output().stdout.clone()).expect("it is text");
    assert!(
        told.contains("waited for") && page.contains(told.trim_end()),
        "{told}"
    );
}

#[test]
fn a_value_of_an_enum_is_told_by_its_name() {
    let rules = r#"event deploy { service: text, phase: enum(started, failed, done) }
rule worse { match a: deploy -> b: deploy[phase > a.phase] by service within 1h do log("{b.service}") }
"#;
    let events = r#"{"type":"deploy","time":"2026-01-01T00:00:00Z","service":"shop","phase":"failed"}
{"type":"deploy","time":"2026-01-01T00:01:00Z","service":"shop","phase":"started"}
"#;
    let here = folder(&[("rules.trap", rules), ("day.ndjson", events)]);
    let args = [
        "explain",
        "rules.trap",
        "--events",
        "day.ndjson",
        "--most",
        "1",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
rule worse (match within 1h), rules.trap:2
0 matches

  open   2026-01-01T00:01:00Z  service=shop
         waited for b; the events end; `--until` lets time go on
    2026-01-01T00:00:00Z  a  deploy service=shop phase=failed
    2026-01-01T00:01:00Z  deploy service=shop phase=started
         not b: `phase > a.phase` is not true (a.last.phase = failed)

"#]]);
}

#[test]
fn what_could_not_be_followed_is_counted() {
    let rules = r#"event login { user: text, ok: bool }
rule guessed { match f: login[not ok] -> w: login[ok] by user within 1h do log("{w.user}") }
"#;
    // Each is skipped by all partial matches before it: of 256 events at a time that is more than is kept.
    let events: Vec<String> = (0..1_400)
        .map(|second| {
            let (minute, second) = (second / 60, second % 60);
            format!(
                r#"{{"type":"login","time":"2026-01-01T00:{minute:02}:{second:02}Z","user":"ada","ok":false}}"#
            )
        })
        .collect();
    let events = events.join("\n");
    let here = folder(&[("rules.trap", rules), ("day.ndjson", &events)]);
    let args = [
        "explain",
        "rules.trap",
        "--events",
        "day.ndjson",
        "--most",
        "1",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
rule guessed (match within 1h), rules.trap:2
0 matches
its partial matches did more than is followed: 32896 steps are left out; over fewer events all are told

  open   2026-01-01T00:23:19Z  user=ada
         waited for w; the events end; `--until` lets time go on
    2026-01-01T00:00:00Z  f  login user=ada ok=false
    2026-01-01T00:00:01Z  login user=ada ok=false
         not w: `ok` is not true
    2026-01-01T00:00:02Z  login user=ada ok=false
         not w: `ok` is not true
    2026-01-01T00:00:03Z  login user=ada ok=false
         not w: `ok` is not true
    2026-01-01T00:00:04Z  login user=ada ok=false
         not w: `ok` is not true
    2026-01-01T00:00:05Z  login user=ada ok=false
         not w: `ok` is not true

"#]]);
}
