use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::{PATIENCE, Rig, numbered};

pub(crate) const RULES: &str =
    "event e { n: int, t: text }\nrule r { on e: e by e.n do script(text: e.t) }";

pub(crate) const EVENT: &str = "{\"type\":\"e\",\"n\":1,\"t\":\"$(touch injected); `id`\"}";

/// Starts a rig whose action `script` runs a shell script in the rig's folder. The shell is the program here; the engine
/// knows none.
pub(crate) async fn start(script: &str, more: &str, outbox: usize) -> Rig {
    let config = format!(
        "[actions.script]\ntype = \"run\"\nargv = [\"/bin/sh\", \"script.sh\", \"$HOME {{text}}\"]\ncwd = \".\"\nbackoff = \"1ms\"\n{more}\n"
    );
    let rig = Rig::with_outbox(RULES, &config, outbox).await;
    std::fs::write(rig.folder.path().join("script.sh"), script).unwrap();
    rig
}

/// A file's lines, as soon as there are so many.
pub(crate) async fn lines(path: &Path, number: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // A line is whole when its end is there.
        if text.matches('\n').count() >= number {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(Instant::now() < deadline, "{} has {text:?}", path.display());
        tokio::task::yield_now().await;
    }
}

/// Waits until a process runs no more. It may still be there as a zombie, where nobody waits for orphans.
pub(crate) async fn dead(process: &str) {
    let deadline = Instant::now() + PATIENCE;
    while let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) {
        let state = stat.rsplit(')').next().unwrap().trim_start().chars().next();
        if matches!(state, Some('Z' | 'X')) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "process {process} lives on: {stat}"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_gets_the_context_and_nothing_else() {
    let script =
        "cat > context.json; env > env.txt; printf '%s\\n' \"$@\" > args.txt; echo done > done.txt";
    let rig = start(script, "env = [\"PATH\"]", 64).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 1")
        .await;
    let folder = rig.folder.path();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let context: Value = serde_json::from_str(&read("context.json")).unwrap();
    let listed = rig.matches(1).await.remove(0);
    assert_eq!(context["match"], listed);
    assert_eq!(context["rule"]["name"], "r");
    assert_eq!(context["action"]["name"], "script");
    assert_eq!(
        context["action"]["arguments"]["text"],
        "$(touch injected); `id`"
    );
    assert_eq!(
        read("args.txt"),
        "$HOME {text}\n",
        "no shell and no template came across it"
    );
    assert!(!folder.join("injected").exists());
    let environment = read("env.txt");
    let mut names: Vec<&str> = environment
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        // The shell sets these itself.
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["PATH", "TRAPJAW_ID", "TRAPJAW_KIND", "TRAPJAW_RULE"]
    );
    assert!(
        environment.contains("TRAPJAW_RULE=r\n") && environment.contains("TRAPJAW_KIND=matched\n")
    );
    assert!(environment.contains(&format!("TRAPJAW_ID={}\n", listed["id"].as_str().unwrap())));
    rig.end().await;
}

#[tokio::test]
async fn a_program_that_fails_is_run_again_if_so_configured() {
    let script = "echo x >> runs; echo oops >&2; [ $(wc -l < runs) -ge 3 ] || exit 3";
    let rig = start(script, "retries = 5", 64).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 1")
        .await;
    rig.metric("trapjaw_action_retries_total{action=\"script\"} 2")
        .await;
    rig.end().await;

    let rig = start("exit 3", "", 64).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"failed\"} 1")
        .await;
    rig.metric("trapjaw_action_retries_total{action=\"script\"} 0")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_failure() {
    let config = "[actions.script]\ntype = \"run\"\nargv = [\"/does/not/exist\"]";
    let rig = Rig::start(RULES, config).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"failed\"} 1")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn out_of_time_a_program_is_killed_with_all_that_it_started() {
    let script = "sh -c 'sleep 1000 & echo $! >> processes; wait' & wait";
    // On a busy machine an attempt may be killed before it has told of its process.
    let rig = start(script, "timeout = \"300ms\"\nretries = 50", 64).await;
    rig.send(EVENT).await;
    let processes = rig.folder.path().join("processes");
    dead(&lines(&processes, 1).await[0]).await;
    rig.plane.stop();
    let folder = rig.folder;
    let left = rig.control.finish(Duration::ZERO).await;
    assert_eq!(left.calls, [("script".into(), 1)]);
    drop(folder);
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_killed() {
    // It also holds the outputs open, which nobody waits for.
    let rig = start("sleep 1000 & echo $! >> processes", "timeout = \"20s\"", 64).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 1")
        .await;
    dead(&lines(&rig.folder.path().join("processes"), 1).await[0]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_program_may_say_much_and_read_nothing() {
    let script = "exec 0<&-; head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero";
    let rig = start(script, "", 64).await;
    let long = "x".repeat(200_000);
    rig.send(&format!("{{\"type\":\"e\",\"n\":1,\"t\":\"{long}\"}}"))
        .await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 1")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn only_so_many_run_at_one_time() {
    let script = "echo begin >> begins; until [ -e go ]; do sleep 0.02; done";
    let rig = start(script, "concurrency = 2", 64).await;
    let events = numbered(5, |n| format!("{{\"type\":\"e\",\"n\":{n},\"t\":\"\"}}"));
    rig.send(&events).await;
    let begins = rig.folder.path().join("begins");
    assert_eq!(lines(&begins, 2).await.len(), 2);
    rig.metric("trapjaw_action_queue_depth{action=\"script\"} 3")
        .await;
    assert_eq!(lines(&begins, 2).await.len(), 2);
    std::fs::write(rig.folder.path().join("go"), "").unwrap();
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 5")
        .await;
    assert_eq!(lines(&begins, 5).await.len(), 5);
    rig.end().await;
}
