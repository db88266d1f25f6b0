//! `trapjaw bench`: counts and form, for how fast it is says nothing of a test's machine.

use serde_json::Value;

use crate::rig::{command, folder, with_each_driver};

const RULES: &str = "\
event login { user: text, ok: bool }
rule failed { on l: login where not l.ok do log(\"{l.user}\") }
rule often { on l: login by l.user over 3s having count() >= 3 do log(\"{l.user}\") }
rule quiet { on l: login by l.user absent 2s do log(\"{l.user}\") }
";
const EVENTS: &str = "\
{\"type\":\"login\",\"time\":\"2026-01-01T00:00:00Z\",\"user\":\"ann\",\"ok\":false}
{\"type\":\"login\",\"time\":\"2026-01-01T00:00:01Z\",\"user\":\"bob\",\"ok\":true}
{\"type\":\"login\",\"time\":\"2026-01-01T00:00:02Z\",\"user\":\"ann\",\"ok\":true}
{\"type\":\"login\",\"time\":\"2026-01-01T00:00:05Z\",\"user\":\"ann\",\"ok\":true}
";

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a count: {value}"))
}

#[test]
fn rules_and_events_of_ones_own_are_measured_and_gone_through_again() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", EVENTS)]);
    with_each_driver(|driver| {
        let args = [
            "bench",
            "rules.trap",
            "--events",
            "events.ndjson",
            "--rate",
            "400",
            "--duration",
            "1",
            "--output",
            "json",
            "--driver",
            driver,
        ];
        let shown = command(here.path(), &args).assert().code(0).stderr_eq("");
        let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
        let report: Value = serde_json::from_str(&shown).expect("an object");
        // As many as a round of the throughput needs.
        assert_eq!(
            (count(&report["rules"]), count(&report["events"])),
            (3, 65_536)
        );
        // One of four failed; and there is more.
        assert!(count(&report["matches"]) > 16_384, "{shown}");
        assert!(
            report["driver"]
                .as_str()
                .is_some_and(|said| said.contains(driver))
        );
        let throughput = report["throughput"]["events_per_second"].as_f64();
        assert!(throughput.is_some_and(|rate| rate > 0.0), "{shown}");
        let [at] = &report["latency"].as_array().expect("by rate")[..] else {
            panic!("one rate: {shown}");
        };
        assert_eq!((count(&at["rate"]), count(&at["events"])), (400, 400));
        assert_eq!(count(&at["echo"]["count"]), 400);
        assert!(count(&at["matches"]["count"]) >= 100, "{shown}");
        for arm in ["matches", "echo"] {
            let time = |name: &str| at[arm][name].as_f64().unwrap_or(0.0);
            assert!(time("p50") > 0.0 && time("p50") <= time("p99"), "{shown}");
            assert!(
                time("p99") <= time("p999") && time("p999") <= time("max"),
                "{shown}"
            );
        }
    });
}

#[test]
fn without_rules_there_are_some() {
    let here = folder(&[]);
    let args = ["bench", "--rate", "500", "--duration", "1"];
    let shown = command(here.path(), &args).assert().code(0).stderr_eq("");
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    let has = |start: &str| shown.lines().any(|line| line.starts_with(start));
    for start in [
        "5 rules, one shard on loopback, ",
        "in large batches  ",
        "one a frame ",
        "500 events/s ",
        "  bare echo             500 ",
        "  ratio ",
    ] {
        assert!(has(start), "no line begins with `{start}`:\n{shown}");
    }
}

#[test]
fn events_that_make_no_match_are_measured_all_the_same() {
    let rules = "event login { user: text, ok: bool } rule r { on l: login where l.user == \"eve\" do log(\"x\") }";
    let here = folder(&[("rules.trap", rules), ("events.ndjson", EVENTS)]);
    let args = [
        "bench",
        "rules.trap",
        "--events",
        "events.ndjson",
        "--rate",
        "100",
        "--duration",
        "1",
    ];
    let shown = command(here.path(), &args).assert().code(0);
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(
        shown.contains("65536 events, 0 matches, each found once"),
        "{shown}"
    );
    let ratio = shown.lines().find(|line| line.starts_with("  ratio"));
    assert!(ratio.is_some_and(|line| line.contains(" - ")), "{shown}");
}
