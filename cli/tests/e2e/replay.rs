//! `trapjaw replay`.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use snapbox::str;

use crate::rig::{beside, command, examples, folder};
use crate::terminal::Terminal;

const RULES: &str = "\
event door { name: text, state: enum(open, shut), held: duration? }

rule open_door { on d: door where d.state == open by d.name, d.state do log(\"{d.name} is open\") }

rule forgotten { on d: door where d.state == open by d.name absent 1m }
";

/// The output of a replay that has to go well.
fn replayed(folder: &Path, args: &[&str]) -> String {
    let replay = [&["replay", "--rules", "rules.trap"], args].concat();
    let done = command(folder, &replay).assert().code(0);
    String::from_utf8(done.get_output().stdout.clone()).expect("text")
}

/// Shards and sizes of batches: none of them may show.
const CUTS: [[&str; 4]; 4] = [
    ["--shards", "1", "--batch", "4096"],
    ["--shards", "2", "--batch", "4096"],
    ["--shards", "2", "--batch", "1"],
    ["--shards", "1", "--batch", "7"],
];

#[test]
fn each_example_gives_the_bytes_it_promises_however_it_is_cut() {
    let mut looked_at = 0;
    for example in fs::read_dir(examples()).expect("there are examples") {
        let path = example.expect("an example").path();
        if !path.is_dir() {
            continue;
        }
        let expected = fs::read_to_string(path.join("expected.ndjson")).expect("what comes of it");
        let settings = fs::read_to_string(path.join("replay.toml")).unwrap_or_default();
        let until = settings
            .lines()
            .find_map(|line| line.strip_prefix("until = "))
            .map(|until| until.trim_matches('"'));
        for cut in CUTS {
            let mut args = vec!["--events", "events.ndjson"];
            args.extend(cut);
            args.extend(until.iter().flat_map(|until| ["--until", until]));
            let found = replayed(&path, &args);
            assert_eq!(found, expected, "{} {args:?}", path.display());
        }
        looked_at += 1;
    }
    assert!(looked_at >= 10, "{looked_at} examples");
}

#[test]
fn late_events_are_counted_and_written_to_a_file() {
    let place = folder(&[("none", "")]);
    let late = place.path().join("late.ndjson");
    let late_arg = late.to_str().expect("text");
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
    ];
    for cut in CUTS {
        let args = [&args[..], &["--late", late_arg], &cut[..]].concat();
        let done = command(&examples().join("lateness"), &args)
            .assert()
            .code(0);
        let told = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(told.contains("1 events that came too late"), "{told}");
        assert!(
            told.contains("1 events that wait for the watermark"),
            "{told}"
        );
        let line = r#"{"type":"order","time":1767225609000000000,"source":"till","id":"4","shop":"a","total":16}"#;
        let written = fs::read_to_string(&late).expect("it was written");
        assert_eq!(written, format!("{line}\n"));
    }
}

/// Events of many keys that keep all kinds of state busy.
fn many(count: u64) -> String {
    let mut lines = String::new();
    // A linear congruence: the same events in each run.
    let mut random = 7_u64;
    for number in 0..count {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (host, load) = ((random >> 33) % 41, (random >> 40) % 100);
        let time = 1_767_225_600_000_000_000 + number * 250_000_000;
        writeln!(
            lines,
            r#"{{"type":"cpu","time":{time},"host":"h{host}","load":0.{load:02}}}"#
        )
        .expect("memory takes it");
    }
    lines
}

const MANY: &str = "\
event cpu { host: text, load: float }
event hot { host: text, average: float }
rule above { on c: cpu where c.load > 95% by c.host limit 1 per 1m do log(\"{c.load}\") }
rule lasting { on c: cpu where c.load > 30% by c.host for 30s gap 1m keep 5s }
rule average { on c: cpu by c.host over 2m having avg(c.load) > 60% emit hot { host: c.host, average: avg(c.load) } }
rule turns { on c: cpu by c.host over 5m tumbling having max(c.load) > 90% }
rule silent { on c: cpu where c.load > 90% by c.host absent 3m }
rule heat { on h: hot by h.host over 10m having count() >= 2 }
rule all { on c: cpu over 1m tumbling do log(\"{count()} {sum(c.load)}\") }
";

#[test]
fn two_runs_are_equal_and_so_are_all_cuts() {
    let here = folder(&[("rules.trap", MANY), ("events.ndjson", &many(20_000))]);
    let args = |cut: [&'static str; 4]| [&["--events", "events.ndjson"][..], &cut].concat();
    let first = replayed(here.path(), &args(CUTS[0]));
    for rule in [
        "above", "lasting", "average", "turns", "silent", "heat", "all",
    ] {
        assert!(
            first.contains(&format!("{{\"rule\":\"{rule}\"")),
            "{rule} did not match"
        );
    }
    for cut in CUTS {
        let again = replayed(here.path(), &args(cut));
        assert!(again == first, "{cut:?}");
    }
}

const DOORS: &str = r#"{"type":"door","time":"2026-01-01T12:00:00Z","name":"front","state":"open","held":"1m30s"}
{"type":"door","time":1767268801000000000,"name":"ba\u001b[2Jck","state":"open"}
{"specversion":"1.0","type":"door","source":"/house","id":"1","time":"2026-01-01T12:00:02Z","data":{"name":"front","state":"shut"}}
"#;

#[test]
fn matches_are_lines_of_json() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", DOORS)]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stdout_eq(str![[r#"
{"rule":"open_door","version":"ae777c7357e4f3c6","id":"52dc6b1879737ee01d5841a2d3e44a41","kind":"matched","time":1767268800000000000,"key":{"name":"front","state":"open"},"events":{"d":[{"type":"door","time":1767268800000000000,"name":"front","state":"open","held":90000000000}]},"values":{"text":"front is open"}}
{"rule":"open_door","version":"ae777c7357e4f3c6","id":"d7fc05f1594b633be45e36ecd7ba8e45","kind":"matched","time":1767268801000000000,"key":{"name":"ba\u001b[2Jck","state":"open"},"events":{"d":[{"type":"door","time":1767268801000000000,"name":"ba\u001b[2Jck","state":"open"}]},"values":{"text":"ba\u001b[2Jck is open"}}

"#]])
        .stderr_eq(str![[r#"
events 3, lines refused 0, matches 2
  open_door                2
  forgotten                0

"#]]);
}

#[test]
fn a_table_has_names_and_is_safe_to_look_at() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", DOORS)]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
        "--output",
        "table",
        "--until",
        "2026-01-01T12:05:00Z",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stdout_eq(str![[r#"
2026-01-01T12:00:00Z            matched   open_door                 name=front state=open     text=front is open
2026-01-01T12:00:01Z            matched   open_door                 name=ba\u{1b}[2Jck state=open  text=ba\u{1b}[2Jck is open
2026-01-01T12:01:00Z            raised    forgotten                 name=front
2026-01-01T12:01:01Z            raised    forgotten                 name=ba\u{1b}[2Jck

"#]]);
}

#[test]
fn standard_input_is_a_file_as_well() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", DOORS)]);
    let from_file = replayed(here.path(), &["--events", "events.ndjson"]);
    let args = ["replay", "--rules", "rules.trap", "--events", "-"];
    command(here.path(), &args)
        .stdin(DOORS)
        .assert()
        .code(0)
        .stdout_eq(from_file);
}

#[test]
fn time_goes_on_only_where_it_is_told_to() {
    let here = folder(&[
        ("rules.trap", RULES),
        ("events.ndjson", DOORS.lines().next().expect("a line")),
    ]);
    let matches = |args: &[&str]| {
        let args = [&["--events", "events.ndjson"], args].concat();
        replayed(here.path(), &args)
            .lines()
            .filter(|line| line.contains("forgotten"))
            .count()
    };
    assert_eq!(matches(&[]), 0);
    assert_eq!(matches(&["--until", "2026-01-01T12:00:59.999999999Z"]), 0);
    assert_eq!(matches(&["--until", "2026-01-01T12:01:00Z"]), 1);
    // The same instant in nanoseconds.
    assert_eq!(matches(&["--until", "1767268860000000000"]), 1);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
        "--until",
        "tomorrow",
    ];
    command(here.path(), &args)
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: invalid value 'tomorrow' for '--until <TIME>': a time is needed, as 2026-01-31T12:00:00Z or in nanoseconds since 1970

For more information, try '--help'.

"#]]);
}

#[test]
fn bad_lines_are_told_with_number_and_reason_and_the_rest_goes_on() {
    let lines = [
        r#"{"type":"door","time":1,"name":"a","state":"open"}"#,
        "not json",
        "",
        r#"{"type":"window","time":2}"#,
        r#"{"type":"door","time":3,"name":"a"}"#,
        r#"{"type":"door","time":3,"name":7,"state":"open"}"#,
        r#"{"type":"door","time":3,"name":"a","state":"ajar"}"#,
        r#"{"type":"door","time":"noon","name":"a","state":"open"}"#,
        r#"{"type":"door","time":4,"name":"b","state":"open","colour":"red"}"#,
    ];
    let here = folder(&[("rules.trap", RULES)]);
    let args = ["replay", "--rules", "rules.trap", "--events", "-"];
    let done = command(here.path(), &args)
        .stdin(lines.join("\n"))
        .assert()
        .code(0)
        .stderr_eq(str![[r#"
line 2: expected ident at column 2 [E_JSON_SYNTAX]
line 4: no event type is named `window` [E_JSON_TYPE]
line 5: field `state` is required, and missing or null [E_JSON_MISSING]
line 6: field `name` is 7, not a text [E_JSON_VALUE]
line 7: field `state` is `ajar`, not one of open, shut [E_JSON_VALUE]
line 8: `time` is not a time of RFC 3339 between the years 1678 and 2261, nor whole nanoseconds [E_JSON_ENVELOPE]
events 2, lines refused 6, matches 2
  open_door                2
  forgotten                0
  1 members of events that no field takes

"#]]);
    let matches = done
        .get_output()
        .stdout
        .iter()
        .filter(|byte| **byte == b'\n');
    assert_eq!(matches.count(), 2);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let here = folder(&[("rules.trap", MANY), ("events.ndjson", &many(20_000))]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
    ];
    let mut replay = beside(here.path(), &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut reader = BufReader::new(replay.stdout.take().expect("it is piped"));
    let mut first = String::new();
    reader.read_line(&mut first).expect("there is a line");
    assert!(first.starts_with("{\"rule\":"), "{first}");
    drop(reader);
    let mut said = String::new();
    replay
        .stderr
        .take()
        .expect("it is piped")
        .read_to_string(&mut said)
        .expect("text");
    assert_eq!(replay.wait().expect("it ends").code(), Some(0), "{said}");
    assert_eq!(said, "");
}

#[test]
fn what_is_missing_is_told_before_anything_runs() {
    let here = folder(&[("rules.trap", RULES), ("wrong.trap", "rule {")]);
    let replay = |rules: &str, events: &str| {
        command(
            here.path(),
            &["replay", "--rules", rules, "--events", events],
        )
        .assert()
        .stdout_eq("")
    };
    replay("rules.trap", "missing.ndjson")
        .code(3)
        .stderr_eq(str![[r#"
error: missing.ndjson: No such file or directory (os error 2) [E_INPUT_UNREADABLE]

"#]]);
    replay("rules.trap", ".").code(3).stderr_eq(str![[r#"
error: .: is a folder, a file is needed [E_INPUT_UNREADABLE]

"#]]);
    replay("missing.trap", "-").code(3).stderr_eq(str![[r#"
error[E_RULES_FILE]: missing.trap: No such file or directory (os error 2)

"#]]);
    replay("wrong.trap", "-").code(2);
}

#[test]
fn standard_input_may_be_compressed() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", DOORS)]);
    let from_file = replayed(here.path(), &["--events", "events.ndjson"]);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(DOORS.as_bytes()).expect("memory takes it");
    let packed = packed.finish().expect("memory takes it");
    let args = ["replay", "--rules", "rules.trap", "--events", "-"];
    let replay = |bytes: &[u8]| command(here.path(), &args).stdin(bytes).assert();
    replay(&packed).code(0).stdout_eq(from_file);
    replay(&packed[..packed.len() / 2])
        .code(3)
        .stderr_eq(str![[r#"
events 1, lines refused 0, matches 1
  open_door                1
  forgotten                0
error: -: is cut off: what is compressed goes on, behind line 1 at byte 101 [E_INPUT_TRUNCATED]

"#]]);
}

#[test]
fn files_are_read_one_after_the_other_and_refusals_name_theirs() {
    let lines: Vec<&str> = DOORS.lines().collect();
    let here = folder(&[
        ("rules.trap", RULES),
        ("all.ndjson", DOORS),
        ("b.ndjson", lines[0]),
        (
            "a.ndjson",
            &format!("nothing\n{}\n{}\n", lines[1], lines[2]),
        ),
    ]);
    let together = replayed(here.path(), &["--events", "all.ndjson"]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "b.ndjson",
        "a.ndjson",
        "--quiet",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stdout_eq(together)
        .stderr_eq("a.ndjson: line 1: expected ident at column 2 [E_JSON_SYNTAX]\n");
}

#[test]
fn a_summary_names_keys_and_times() {
    let here = folder(&[("rules.trap", MANY), ("events.ndjson", &many(20_000))]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
        "--summary",
    ];
    command(here.path(), &args)
        .assert()
        .code(0)
        .stderr_eq(str![[r#"
events 20000, lines refused 0, matches 4907
  above    657 matched, 2026-01-01T00:00:08.5Z to 2026-01-01T01:23:15.25Z
           41 keys; most: host=h4 23, host=h1 21, host=h5 21, host=h20 20, host=h3 20
  lasting  1088 raised, 1066 cleared, 8 expired, 2026-01-01T00:00:33.5Z to 2026-01-01T01:23:19Z
           41 keys; most: host=h34 74, host=h11 64, host=h32 62, host=h8 61, host=h19 60
  average  578 matched, 2026-01-01T00:00:01.5Z to 2026-01-01T01:23:14.5Z
           41 keys; most: host=h20 20, host=h22 20, host=h27 20, host=h1 19, host=h12 19
  turns    611 matched, 2026-01-01T00:05:00Z to 2026-01-01T01:20:00Z
           41 keys; most: host=h1 16, host=h15 16, host=h16 16, host=h19 16, host=h26 16
  silent   363 raised, 353 cleared, 2026-01-01T00:03:11.75Z to 2026-01-01T01:23:15.25Z
           41 keys; most: host=h13 24, host=h30 24, host=h37 24, host=h16 22, host=h10 21
  heat     100 matched, 2026-01-01T00:00:17Z to 2026-01-01T01:23:14.5Z
           41 keys; most: host=h40 5, host=h21 4, host=h24 4, host=h26 4, host=h8 4
  all      83 matched, 2026-01-01T00:01:00Z to 2026-01-01T01:23:00Z
  157 firings held back by a limit

"#]]);
}

#[test]
fn a_change_of_rules_is_told_by_its_matches() {
    let old = RULES.replace("absent 1m", "absent 2m");
    let new = RULES.replace(
        "d.state == open by d.name, d.state",
        "d.state == shut by d.name, d.state",
    );
    let here = folder(&[
        ("old.trap", &old),
        ("new.trap", &new),
        ("events.ndjson", DOORS),
    ]);
    let compare = |old: &str, args: &[&str]| {
        let replay = [
            "replay",
            "--rules",
            "new.trap",
            "--compare",
            old,
            "--events",
            "events.ndjson",
        ];
        let args = [&replay[..], &["--until", "2026-01-01T12:05:00Z"], args].concat();
        command(here.path(), &args).assert()
    };
    compare("new.trap", &[])
        .code(0)
        .stdout_eq("")
        .stderr_eq(str![[r#"
events 3, lines refused 0
  forgotten  same 2, added 0, removed 0
  open_door  same 1, added 0, removed 0

"#]]);
    compare("old.trap", &[])
        .code(1)
        .stdout_eq(str![[r#"
- 2026-01-01T12:00:00Z            matched   open_door                 name=front state=open     text=front is open
- 2026-01-01T12:00:01Z            matched   open_door                 name=ba\u{1b}[2Jck state=open  text=ba\u{1b}[2Jck is open
+ 2026-01-01T12:00:02Z            matched   open_door                 name=front state=shut     text=front is open
+ 2026-01-01T12:01:00Z            raised    forgotten                 name=front
+ 2026-01-01T12:01:01Z            raised    forgotten                 name=ba\u{1b}[2Jck
- 2026-01-01T12:02:00Z            raised    forgotten                 name=front
- 2026-01-01T12:02:01Z            raised    forgotten                 name=ba\u{1b}[2Jck

"#]])
        .stderr_eq(str![[r#"
events 3, lines refused 0
  forgotten  same 0, added 2, removed 2
  open_door  same 0, added 1, removed 2

"#]]);
    compare("old.trap", &["--output", "ndjson", "--quiet"])
        .code(1)
        .stderr_eq("")
        .stdout_eq(str![[r#"
{"change":"removed","match":{"rule":"open_door","version":"ae777c7357e4f3c6","id":"52dc6b1879737ee01d5841a2d3e44a41","kind":"matched","time":1767268800000000000,"key":{"name":"front","state":"open"},"events":{"d":[{"type":"door","time":1767268800000000000,"name":"front","state":"open","held":90000000000}]},"values":{"text":"front is open"}}}
{"change":"removed","match":{"rule":"open_door","version":"ae777c7357e4f3c6","id":"d7fc05f1594b633be45e36ecd7ba8e45","kind":"matched","time":1767268801000000000,"key":{"name":"ba\u001b[2Jck","state":"open"},"events":{"d":[{"type":"door","time":1767268801000000000,"name":"ba\u001b[2Jck","state":"open"}]},"values":{"text":"ba\u001b[2Jck is open"}}}
{"change":"added","match":{"rule":"open_door","version":"b2d7e1369588a5ad","id":"923cfc9f6a3f2578f42e01fb588874ab","kind":"matched","time":1767268802000000000,"key":{"name":"front","state":"shut"},"events":{"d":[{"type":"door","time":1767268802000000000,"source":"/house","id":"1","name":"front","state":"shut"}]},"values":{"text":"front is open"}}}
{"change":"added","match":{"rule":"forgotten","version":"fb35f33ba93b44cd","id":"159af68e08f1eb0496c54db07ec5566a","kind":"raised","time":1767268860000000000,"key":{"name":"front"},"events":{"d":[{"type":"door","time":1767268800000000000,"name":"front","state":"open"}]},"values":{}}}
{"change":"added","match":{"rule":"forgotten","version":"fb35f33ba93b44cd","id":"446fbd852c303141406b733e487cf0d4","kind":"raised","time":1767268861000000000,"key":{"name":"ba\u001b[2Jck"},"events":{"d":[{"type":"door","time":1767268801000000000,"name":"ba\u001b[2Jck","state":"open"}]},"values":{}}}
{"change":"removed","match":{"rule":"forgotten","version":"acd48fd5be84559d","id":"f2b7ef29f44b5599a4e9c1609c84eacb","kind":"raised","time":1767268920000000000,"key":{"name":"front"},"events":{"d":[{"type":"door","time":1767268800000000000,"name":"front","state":"open"}]},"values":{}}}
{"change":"removed","match":{"rule":"forgotten","version":"acd48fd5be84559d","id":"fc6f70ae9c2041710e7e4e2e3f923dd3","kind":"raised","time":1767268921000000000,"key":{"name":"ba\u001b[2Jck"},"events":{"d":[{"type":"door","time":1767268801000000000,"name":"ba\u001b[2Jck","state":"open"}]},"values":{}}}
{"events":3,"refused":0,"rules":{"forgotten":{"added":2,"removed":2,"same":0},"open_door":{"added":1,"removed":2,"same":0}}}

"#]]);
}

#[test]
fn a_terminal_gets_a_summary_with_the_rate() {
    let here = folder(&[("rules.trap", RULES), ("events.ndjson", DOORS)]);
    let args = [
        "replay",
        "--rules",
        "rules.trap",
        "--events",
        "events.ndjson",
        "--output",
        "table",
    ];
    let mut terminal = Terminal::start(here.path(), (20, 120), &args);
    let shown = terminal.shows_part(" s: ");
    assert!(
        shown.contains("2 matched, 2026-01-01T12:00:00Z to 2026-01-01T12:00:01Z"),
        "{shown}"
    );
    assert!(shown.contains("forgotten  no match"), "{shown}");
    assert_eq!(terminal.ends(), Some(0));
}
