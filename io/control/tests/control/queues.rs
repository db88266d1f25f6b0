use serde_json::json;

use crate::rig::answer;
use crate::run::{EVENT, lines, start};

const WAITING: &str = "echo begin >> begins; until [ -e go ]; do sleep 0.02; done";

#[tokio::test]
async fn a_full_queue_that_drops_counts() {
    let rig = start(
        WAITING,
        "concurrency = 1\nqueue = 1\nwhen_full = \"drop\"",
        64,
    )
    .await;
    rig.send(EVENT).await;
    // The first call runs and no longer waits.
    lines(&rig.folder.path().join("begins"), 1).await;
    for _ in 0..4 {
        rig.send(EVENT).await;
    }
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"dropped\"} 3")
        .await;
    rig.metric("trapjaw_action_queue_depth{action=\"script\"} 1")
        .await;
    std::fs::write(rig.folder.path().join("go"), "").unwrap();
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"ok\"} 2")
        .await;
    rig.metric("trapjaw_matches_total{rule=\"r\"} 5").await;
    rig.end().await;
}

#[tokio::test]
async fn a_full_queue_that_blocks_is_felt_at_the_door_and_loses_nothing() {
    let rig = start(
        WAITING,
        "concurrency = 1\nqueue = 1\nwhen_full = \"block\"",
        1,
    )
    .await;
    let mut accepted = 0;
    // One runs, one waits in the queue, one in the dispatcher's hand, one in the outbox, one in the shard.
    let refused = loop {
        let sent = rig.post("/events", "application/json", EVENT).send().await;
        let (status, body) = answer(sent.unwrap()).await;
        if status != 202 {
            break (status, body);
        }
        accepted += 1;
        assert!(accepted <= 5, "nothing holds the events back");
    };
    assert_eq!(
        (refused.0, &refused.1["error"]["code"]),
        (429, &json!("E_BUSY"))
    );
    std::fs::write(rig.folder.path().join("go"), "").unwrap();
    let done = format!(
        "trapjaw_action_calls_total{{action=\"script\",outcome=\"ok\"}} {}",
        accepted + 1
    );
    // There is room again, as soon as the first are done.
    loop {
        let sent = rig.post("/events", "application/json", EVENT).send().await;
        if answer(sent.unwrap()).await.0 == 202 {
            break;
        }
    }
    rig.metric(&done).await;
    rig.metric("trapjaw_action_calls_total{action=\"script\",outcome=\"dropped\"} 0")
        .await;
    rig.end().await;
}
