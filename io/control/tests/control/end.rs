use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::rig::{PATIENCE, Receipts, Rig};
use crate::run::{EVENT, RULES, dead, lines, start};

#[tokio::test]
async fn calls_that_are_under_way_are_done_before_the_end() {
    let script = "echo begin >> begins; until [ -e go ]; do sleep 0.02; done; echo end >> ends";
    let rig = start(script, "concurrency = 1", 64).await;
    for _ in 0..3 {
        rig.send(EVENT).await;
    }
    let folder = rig.folder.path().to_owned();
    lines(&folder.join("begins"), 1).await;
    rig.plane.stop();
    let finishing = tokio::spawn(rig.control.finish(PATIENCE));
    std::fs::write(folder.join("go"), "").unwrap();
    assert!(finishing.await.unwrap().is_nothing());
    assert_eq!(lines(&folder.join("ends"), 3).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_done_in_time_is_told_and_killed() {
    let script = "echo $$ >> processes; exec sleep 1000";
    let rig = start(script, "concurrency = 1\nqueue = 2", 64).await;
    for _ in 0..6 {
        rig.send(EVENT).await;
    }
    let process = lines(&rig.folder.path().join("processes"), 1)
        .await
        .remove(0);
    rig.metric("trapjaw_matches_total{rule=\"r\"} 4").await;
    rig.plane.stop();
    let left = rig.control.finish(Duration::ZERO).await;
    // One runs, two wait, one is in the dispatcher's hand and would wait too.
    assert_eq!(left.calls, [("script".into(), 4)]);
    assert_eq!(left.matches, 3, "the one in hand, and two behind");
    dead(&process).await;
}

#[tokio::test]
async fn requests_end_before_the_server_does() {
    let mut rig = Rig::start(RULES, "[actions.script]\ntype = \"run\"\nargv = [\"true\"]").await;
    rig.plane.state().receipts = Receipts::Kept(Vec::new());
    let request = tokio::spawn(rig.post("/events", "application/json", EVENT).send());
    rig.plane.submitted.notified().await;
    let plane = rig.plane.clone();
    let (cut_off, ()) = tokio::join!(rig.control.stop_intake(PATIENCE), async { plane.release() });
    assert_eq!(cut_off, 0);
    assert_eq!(request.await.unwrap().unwrap().status(), 202);
    // A program that another test is just about to start holds all of this process's sockets until it runs.
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(rig.control.http_address()).await.is_ok() {
        assert!(Instant::now() < deadline, "the port is still listened on");
        tokio::task::yield_now().await;
    }
    rig.end().await;
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off() {
    let mut rig = Rig::start(RULES, "[actions.script]\ntype = \"run\"\nargv = [\"true\"]").await;
    rig.plane.state().receipts = Receipts::Kept(Vec::new());
    let request = tokio::spawn(rig.post("/events", "application/json", EVENT).send());
    rig.plane.submitted.notified().await;
    assert_eq!(rig.control.stop_intake(Duration::ZERO).await, 1);
    assert!(request.await.unwrap().is_err());
    rig.end().await;
}
