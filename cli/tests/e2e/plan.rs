//! `trapjaw plan`.

use snapbox::str;

use crate::rig::{command, folder};

const RULES: &str = r#"event request { service: text, status: int, ms: float }
event incident { service: text, failed: int? }

rule errors {
    about "Requests of a service fail."
    severity high
    on r: request
    where r.status >= 500 and r.ms > 10
    by r.service
    over 1m
    having count() >= 2 and avg(r.ms) > 250
    limit 5 per 1h
    emit incident { service: r.service, failed: count() }
}

rule slow {
    on r: request
    where r.status >= 500 and r.ms > 900
    do log("{r.service} is slow"), page(r.service)
}

rule widespread {
    on i: incident
    absent 10m
    do log("all is well")
    on clear do log("no more")
}
"#;

#[test]
fn a_plan_says_how_each_rule_will_be_run() {
    let here = folder(&[("rules.trap", RULES)]);
    let shown = command(here.path(), &["plan", "rules.trap"])
        .assert()
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
3 rules, 2 event types, 1 derivation

rule errors                                                         rules.trap:4
  about     Requests of a service fail.
  on        r: request
  where     r.status >= 500 and r.ms > 10
            (3 instructions, 1 shared with slow)
  by        service (text)
  over      1m
  having    count() >= 2 and avg(r.ms) > 250
  limit     5 per 1h
  emit      incident
  runs on   the shard that owns the key
  state     [..] B           a key
            + [..] B          a row in the window, for 1m
            + 4,096 B       the rest of a key of more than 22 bytes
            + 16 B          a firing that its limit counts, 5 at most
  timers    1 a key
  keys      at most 1,048,576 on a shard
  version   [..]

rule slow                                                          rules.trap:16
  on        r: request
  where     r.status >= 500 and r.ms > 900
            (3 instructions, 1 shared with errors)
  do        log, page
  runs on   whatever shard an event is on
  state     none
  version   [..]

rule widespread                                                    rules.trap:22
  on        i: incident
  absent    10m
  do        log
  on clear  log
  runs on   the one shard that owns the rule's name
  state     [..] B           a key
            + [..] B, texts   the newest event
            = 1 MiB         a key at most
  timers    1 a key
  keys      one
  version   [..]

derived events, 1 deep (at most 32)
  1         request -> errors -> incident, read by widespread

for all keys of a rule on a shard; keys that were not seen lately make room
  max_keys          1,048,576
  max_window_bytes  1 GiB
  max_state_bytes   2 GiB

"#]]);
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(line.trim_end(), line);
    }
}

#[test]
fn rules_with_the_same_windows_are_named() {
    let same = (0..11).map(|rule| {
        format!(
            "rule r{rule} {{ on e: e by e.k over 1m having sum(e.n) > {rule} do log(\"x\") }}\n"
        )
    });
    let mut rules = "event e { k: text, n: int }\n".to_owned() + &same.collect::<String>();
    rules += "rule all { on e: e over 1m having count() > 1 do log(\"x\") }\n\
              rule both { on e: e over 1m having max(e.n) > 1 do log(\"x\") }\n\
              rule other { on e: e by e.k over 2m having sum(e.n) > 1 do log(\"x\") }\n";
    let here = folder(&[("rules.trap", &*rules)]);
    let shown = command(here.path(), &["plan", "rules.trap"])
        .assert()
        .code(0);
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    let lines = |name: &str| -> Vec<String> {
        let lines = shown.lines().map(str::trim);
        let from = lines.skip_while(|line| !line.starts_with(&format!("rule {name} ")));
        let clause = from.skip_while(|line| !line.starts_with("over"));
        clause
            .take_while(|line| !line.starts_with("having"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        lines("r1"),
        [
            "over      1m",
            "(windows shared with r0, r2, r3, r4, r5 and 5 more)"
        ]
    );
    assert_eq!(
        lines("both"),
        [
            "over      1m",
            "(windows shared with all, where one shard owns their names)"
        ]
    );
    assert_eq!(lines("other"), ["over      2m"]);
    let told = command(here.path(), &["plan", "--output", "json", "rules.trap"])
        .assert()
        .code(0);
    let told: serde_json::Value =
        serde_json::from_slice(&told.get_output().stdout).expect("it is JSON");
    let windows = &told["rules"][10]["windows"];
    assert_eq!(windows["rules"], 11);
    assert_eq!(windows["with"].as_array().map(Vec::len), Some(8));
    assert_eq!(windows["by_name"], false);
    assert!(told["rules"][13]["windows"].is_null());
}

#[test]
fn the_program_is_shown_where_it_is_asked_for() {
    let here = folder(&[(
        "rules.trap",
        "event e { n: int }\nrule r { on e: e where e.n > 1 do log(\"x\") }\n",
    )]);
    command(here.path(), &["plan", "--verbose", "rules.trap"])
        .assert()
        .code(0)
        .stdout_eq(str![[r#"
1 rule, 1 event type, 0 derivations

rule r                                                              rules.trap:2
  on        e: e
  where     e.n > 1
            (1 instruction, none shared)
  do        log
  runs on   whatever shard an event is on
  state     none
  version   [..]

--------------------------------------------------------------------------------

event e ("e")
  r0 = load field 0 : int                  ; n
  r1 = gt.int r0, 1
  -> r1 : bool                             ; condition 0: r

rule r
  clause each event
  routing local
  on e: e where condition 0 keep n
  do log
    -> "x" : text                            ; text

"#]]);
}

#[test]
fn machines_get_the_same_as_an_object() {
    let here = folder(&[("rules.trap", RULES)]);
    let shown = command(here.path(), &["plan", "--output", "json", "rules.trap"])
        .assert()
        .code(0);
    let plan: serde_json::Value =
        serde_json::from_slice(&shown.get_output().stdout).expect("it is JSON");
    let rule = &plan["rules"][0];
    assert_eq!(rule["name"], "errors");
    assert_eq!(rule["routing"], "keyed");
    assert_eq!(rule["line"], 4);
    assert_eq!(rule["condition"], "r.status >= 500 and r.ms > 10");
    assert_eq!(rule["sharing"]["with"], serde_json::json!(["slow"]));
    assert!(rule["state"]["key_bytes"].as_u64() > Some(100), "{rule}");
    assert_eq!(rule["state"]["growth"][0]["within"], 60_000_000_000_i64);
    assert_eq!(plan["rules"][1]["state"], serde_json::Value::Null);
    assert_eq!(
        plan["derivations"][0]["readers"],
        serde_json::json!(["widespread"])
    );
    assert_eq!(plan["limits"]["max_keys"], 1_048_576);
}

#[test]
fn limits_come_from_the_configuration() {
    let config =
        "rules = [\"rules.trap\"]\n[engine]\nmax_keys = 1000\n[actions.page]\ntype = \"log\"\n";
    let here = folder(&[("rules.trap", RULES), ("trapjaw.toml", config)]);
    let shown = command(here.path(), &["plan", "--config", "trapjaw.toml"])
        .assert()
        .code(0);
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(shown.contains("at most 1,000 on a shard"), "{shown}");
}

#[test]
fn a_plan_against_other_rules_says_what_a_reload_changes() {
    let new = RULES
        .replace("failed: int? }", "failed: int?, note: text? }")
        .replace("ms: float }", "ms: float, path: text }")
        .replace("r.ms > 900", "r.ms > 800")
        .replace("rule widespread", "rule calm")
        .replace("Requests of", "Many requests of");
    let here = folder(&[("old/a.trap", RULES), ("new/a.trap", &new)]);
    command(here.path(), &["plan", "--against", "old", "new"])
        .assert()
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
1 rule kept, 1 replaced, 1 added, 1 removed
  kept      errors: says another thing of itself
  replaced  slow: another condition; begins anew
  added     calm: means what `widespread` meant, but takes no state over from
            another name
  removed   widespread: its state is dropped
event types
  changed   incident: + note: text?
  changed   request: + path: text

"#]]);
    command(
        here.path(),
        &["plan", "--against", "old", "--output", "json", "old"],
    )
    .assert()
    .code(0)
    .stdout_eq(str![[r#"
{"rules":[{"change":"kept","name":"errors"},{"change":"kept","name":"slow"},{"change":"kept","name":"widespread"}],"summary":{"added":0,"kept":3,"removed":0,"replaced":0},"types":[]}

"#]]);
    command(here.path(), &["plan", "--against", "old/a.trap", "old"])
        .assert()
        .code(0)
        .stdout_eq(str![[r#"
3 rules kept, 0 replaced, 0 added, 0 removed

"#]]);
}

#[test]
fn rules_with_errors_have_no_plan() {
    let here = folder(&[
        (
            "new.trap",
            "event e { n: int }\nrule r { on e: e where e.m > 1 do log(\"x\") }\n",
        ),
        ("old.trap", RULES),
    ]);
    for args in [
        &["plan", "new.trap"][..],
        &["plan", "--against", "new.trap", "old.trap"],
    ] {
        let shown = command(here.path(), args).assert().code(2).stdout_eq("");
        let shown = String::from_utf8_lossy(&shown.get_output().stderr).into_owned();
        assert!(shown.contains("error[TJ0105]"), "{shown}");
    }
    command(here.path(), &["plan", "nowhere"]).assert().code(3);
}

#[test]
fn a_pattern_is_drawn_for_graphviz() {
    let rules = "event login { user: text, ip: ip, ok: bool }
rule brute_force { match fails: login[not ok]{3,20} -> win: login[ok and ip == fails.last.ip] by user within 1m
    do log(win.user) }
rule each { on l: login do log(l.user) }\n";
    let here = folder(&[("rules.trap", rules)]);
    let drawn = command(here.path(), &["plan", "--dot", "brute_force", "rules.trap"])
        .assert()
        .code(0);
    let drawn = String::from_utf8(drawn.get_output().stdout.clone()).expect("it is text");
    assert!(
        drawn.starts_with("digraph") && drawn.contains("fails") && drawn.contains("win"),
        "{drawn}"
    );
    command(here.path(), &["plan", "--dot", "each", "rules.trap"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: rule each has no pattern: only `match` is drawn

"#]]);
    command(here.path(), &["plan", "--dot", "brute", "rules.trap"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: there is no rule brute; rules with a pattern: brute_force

"#]]);
}
