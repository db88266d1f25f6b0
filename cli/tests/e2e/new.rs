//! `trapjaw new`, and what it leaves.

use std::fs;

use snapbox::str;

use crate::rig::{command, folder};

#[test]
fn the_starter_folder_is_right_from_the_first_minute() {
    let folder = folder(&[]);
    command(folder.path(), &["new", "first"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
first holds rules with tests, events to try them on, and a configuration. Go on with

  cd first
  trapjaw test rules
  trapjaw replay --rules rules --events events.ndjson
  trapjaw run

"#]]);
    let first = folder.path().join("first");
    for command_line in [
        &["check", "rules"][..],
        &["check", "--config", "trapjaw.toml"],
        &["fmt", "--check", "rules"],
    ] {
        command(&first, command_line)
            .assert()
            .success()
            .stdout_eq("")
            .stderr_eq("");
    }
    command(&first, &["test", "rules"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
ok    rules/hosts.trap:24  busy after five minutes, at ease at the first low load
ok    rules/hosts.trap:32  silence is told once
ok    rules/logins.trap:18  five failures within a minute, told once
ok    rules/logins.trap:23  a forgotten password is no attack
4 tests, all passed

"#]]);
    let replay = [
        "replay",
        "--rules",
        "rules",
        "--events",
        "events.ndjson",
        "--output",
        "table",
    ];
    let told = command(&first, &replay).assert().success();
    let told = String::from_utf8_lossy(&told.get_output().stdout).into_owned();
    assert!(told.contains("brute_force"), "{told}");
    assert!(told.contains("silent_host"), "{told}");
}

#[test]
fn nothing_that_is_there_is_touched() {
    let folder = folder(&[("first/trapjaw.toml", "# mine\n")]);
    command(folder.path(), &["new", "first"])
        .assert()
        .code(3)
        .stdout_eq("")
        .stderr_eq("error: first/trapjaw.toml: is there already; name a folder that is new or without such a file\n");
    let first = folder.path().join("first");
    assert_eq!(
        fs::read_to_string(first.join("trapjaw.toml")).unwrap(),
        "# mine\n"
    );
    assert!(!first.join("rules").exists());
}

#[test]
fn shells_and_man_are_told_of_every_command() {
    let folder = folder(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = command(folder.path(), &["completions", shell])
            .assert()
            .success();
        let script = String::from_utf8_lossy(&script.get_output().stdout).into_owned();
        for word in ["replay", "coverage", "fmt"] {
            assert!(script.contains(word), "{shell} is not told of {word}");
        }
    }
    command(folder.path(), &["man", "pages"]).assert().success();
    for page in ["trapjaw.1", "trapjaw-replay.1", "trapjaw-fmt.1"] {
        let text = fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}
