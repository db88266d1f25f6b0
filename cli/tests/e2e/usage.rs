//! The command line itself: help, mistakes, colours.

use std::fs::File;
use std::io::Read;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use snapbox::str;

use crate::rig::{beside, command, folder};

const COMMANDS: [&str; 17] = [
    "demo",
    "new",
    "run",
    "check",
    "fmt",
    "plan",
    "test",
    "eval",
    "replay",
    "send",
    "tail",
    "tap",
    "top",
    "bench",
    "lsp",
    "completions",
    "man",
];

/// Commands that no script waits for.
const WITHOUT_EXIT_CODES: [&str; 3] = ["demo", "completions", "man"];

#[test]
fn without_a_command_there_is_help() {
    let here = folder(&[]);
    let shown = command(here.path(), &[]).assert().code(3);
    let shown = String::from_utf8_lossy(&shown.get_output().stderr).into_owned();
    for name in COMMANDS {
        assert!(shown.contains(&format!("\n  {name} ")), "{shown}");
    }
    assert!(shown.contains("Examples:"), "{shown}");
}

#[test]
fn each_command_has_help_with_examples_and_exit_codes() {
    let here = folder(&[]);
    for name in COMMANDS {
        let shown = command(here.path(), &[name, "--help"]).assert().code(0);
        let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
        assert!(
            shown.contains(&format!("Examples:\n  trapjaw {name}")),
            "{shown}"
        );
        let is_for_scripts = !WITHOUT_EXIT_CODES.contains(&name);
        assert_eq!(shown.contains("Exit codes: 0 "), is_for_scripts, "{shown}");
    }
}

/// The pages as they are read, 80 columns wide: `SNAPSHOTS=overwrite` writes them anew.
#[test]
fn pages_read_as_they_did() {
    let here = folder(&[]);
    for name in [
        "", "new", "run", "check", "fmt", "plan", "test", "eval", "send", "tail", "bench", "lsp",
    ] {
        let args: &[&str] = if name.is_empty() {
            &["--help"]
        } else {
            &[name, "--help"]
        };
        let shown = command(here.path(), args)
            .env("COLUMNS", "80")
            .assert()
            .code(0);
        let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
        // The first page names every command, also those that come later.
        let shown = match name {
            "" => shown
                .split("Commands:")
                .next()
                .unwrap_or_default()
                .to_owned(),
            _ => shown,
        };
        let page = if name.is_empty() { "trapjaw" } else { name };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("tests/e2e/help/{page}.txt"));
        let expected = snapbox::Data::read_from(&path, None);
        snapbox::Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(shown, expected);
    }
}

/// What a new user gets wrong, and reads.
#[test]
fn mistakes_are_answered_with_what_was_meant() {
    let here = folder(&[
        ("rules/a.trap", "event e { x: int }\n"),
        ("events.ndjson", ""),
    ]);
    let shown = |args: &[&str]| {
        let shown = command(here.path(), args).assert().code(3);
        let output = shown.get_output();
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        String::from_utf8(text).expect("text")
    };
    for (args, expected) in [
        (
            &["check", "rulse"][..],
            "rulse: No such file or directory (os error 2); did you mean `rules`?",
        ),
        (
            &["replay", "--rules", "rules", "--events", "event.ndjson"],
            "did you mean `events.ndjson`?",
        ),
        (
            &[
                "replay",
                "--rules",
                "rules",
                "--events",
                "events.ndjson",
                "--until",
                "tomorrow",
            ],
            "a time is needed, as 2026-01-31T12:00:00Z",
        ),
        (
            &["check", "--outptu", "json", "rules"],
            "a similar argument exists: '--output'",
        ),
        (
            &["check", "--output", "xml", "rules"],
            "[possible values: text, json, sarif, github]",
        ),
        (
            &["fmt", "--chek", "rules"],
            "a similar argument exists: '--check'",
        ),
        (&["replya"], "'replay'"),
        (&["run", "--shards", "0"], "0 is not in 1..="),
        (
            &["bench", "--rate", "fast"],
            "events a second are needed, as 20000, or sweep",
        ),
        (&["bench", "rules"], "--events <FILE>"),
        (
            &["bench", "--rate", "100000", "--duration", "3"],
            "330000 events would be needed, at most 262144 are made",
        ),
        (
            &["bench", "rules", "--events", "events.ndjson"],
            "error: the files have no events",
        ),
        (
            &["eval", "x > 1", "--event", "{bad"],
            "error: the event: key must be a string at line 1 column 2",
        ),
    ] {
        let text = shown(args);
        assert!(text.contains(expected), "{args:?}: {text}");
    }
    command(here.path(), &["test", "--filter", "nothing", "rules"])
        .assert()
        .code(0)
        .stdout_eq("no test has `nothing` in its title\n");
}

#[test]
fn a_mistyped_command_is_told_what_was_meant() {
    command(folder(&[]).path(), &["chek", "rules/"])
        .assert()
        .code(3)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: unrecognized subcommand 'chek'

  tip: a similar subcommand exists: 'check'
...
"#]]);
}

#[test]
fn addresses_say_what_they_need() {
    let here = folder(&[]);
    command(here.path(), &["run", "--http", "80"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: invalid value '80' for '--http <ADDR>': an address and a port are needed, as 127.0.0.1:7171 or [::1]:7171
...
"#]]);
    command(here.path(), &["tail", "--addr", "localhost"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: invalid value 'localhost' for '--addr <ADDR>': a host and a port are needed, as localhost:7170
...
"#]]);
}

#[test]
fn a_variable_stands_for_its_flag_and_below_it() {
    let here = folder(&[("none.trap", "")]);
    let with_driver = |args: &[&str]| command(here.path(), args).env("TRAPJAW_DRIVER", "kqueue");
    with_driver(&["run", "none.trap"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: invalid value 'kqueue' for '--driver <DRIVER>': expected auto, io_uring or epoll
...
"#]]);
    // The flag is taken, so the next thing that is wrong is told.
    with_driver(&["run", "--driver", "epoll", "missing.trap"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error[E_RULES_FILE]: missing.trap: No such file or directory (os error 2)

"#]]);
}

/// What `check` of a mistake shows on a terminal.
fn on_a_terminal(variable: Option<(&str, &str)>) -> String {
    let here = folder(&[("wrong.trap", "rule r {}\n")]);
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("a terminal");
    unlockpt(&terminal).expect("a terminal");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let other = File::options()
        .write(true)
        .read(true)
        .open(name.to_str().expect("a path"))
        .expect("the other side");
    let mut check = beside(here.path(), &["check", "wrong.trap"]);
    check.stdout(other).envs(variable);
    let status = check.status().expect("it runs");
    assert_eq!(status.code(), Some(2));
    // So that the end can be seen: this side's copy of the other side.
    drop(check);
    let mut shown = Vec::new();
    // A terminal whose other side is closed ends with an error.
    let _ = File::from(terminal).read_to_end(&mut shown);
    String::from_utf8(shown).expect("text")
}

#[test]
fn a_terminal_has_colours_unless_told_otherwise() {
    assert!(on_a_terminal(None).contains("\x1b["));
    let plain = on_a_terminal(Some(("NO_COLOR", "1")));
    assert!(
        plain.contains("error[TJ") && !plain.contains('\x1b'),
        "{plain}"
    );
    assert!(on_a_terminal(Some(("NO_COLOR", ""))).contains("\x1b["));
}
