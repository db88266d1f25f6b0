use reqwest::header::{CONTENT_LENGTH, RETRY_AFTER};
use serde_json::{Value, json};

use crate::rig::{Receipts, Rig, answer, numbered, problem};

const RULES: &str = r#"
event cpu = "com.example.cpu" { host: text, load: float, core: int? }
rule hot { on c: cpu where c.load > 90% do log("{c.host}") }
"#;

const CLOUD: &str = r#"{"specversion":"1.0","type":"com.example.cpu","source":"/a","id":"7",
    "time":"2026-01-01T00:00:00Z","data":{"host":"structured","load":0.95}}"#;

/// An event that matches nothing.
fn cool(host: u32) -> String {
    format!("{{\"type\":\"cpu\",\"host\":\"h{host}\",\"load\":0.1}}")
}

/// The hosts of the matches, the newest first.
fn hosts(matches: &[Value]) -> Vec<&str> {
    matches
        .iter()
        .map(|matched| matched["events"]["c"][0]["host"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn events_come_in_every_form() {
    let rig = Rig::start(RULES, "").await;
    let batch = format!(
        "[{},{}]",
        CLOUD.replace("structured", "first"),
        CLOUD.replace("structured", "second")
    );
    let short = r#"{"type":"cpu","host":"short","load":0.95}"#;
    let requests = [
        (
            rig.post(
                "/events",
                "application/cloudevents+json; charset=UTF-8",
                CLOUD,
            ),
            1,
        ),
        (
            rig.post("/events", "application/cloudevents-batch+json", batch),
            2,
        ),
        (
            rig.post(
                "/events",
                "application/json",
                r#"{"host":"binary","load":0.95}"#,
            )
            .header("ce-specversion", "1.0")
            .header("ce-type", "com.example.cpu")
            .header("ce-source", "/b")
            .header("CE-ID", "a%20b"),
            1,
        ),
        (rig.post("/events", "application/json", short), 1),
        (
            rig.post(
                "/events",
                "application/x-ndjson",
                format!("{short}\n\n{}", CLOUD.replace('\n', "")),
            ),
            2,
        ),
    ];
    for (request, events) in requests {
        let answer = answer(request.send().await.unwrap()).await;
        let expected = json!({ "accepted": events, "refused_total": 0, "refused": [] });
        assert_eq!(answer, (202, expected));
    }
    let matches = rig.matches(7).await;
    assert_eq!(
        hosts(&matches),
        [
            "structured",
            "short",
            "short",
            "binary",
            "second",
            "first",
            "structured"
        ]
    );
    assert_eq!(matches[3]["events"]["c"][0]["id"], "a b");
    assert_eq!(matches[6]["time"], 1_767_225_600_000_000_000_i64);
    rig.metric("trapjaw_http_events_total{outcome=\"accepted\"} 7")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn bad_lines_are_told_and_the_others_go_on() {
    let rig = Rig::start(RULES, "").await;
    let lines = "{\"type\":\"cpu\",\"host\":\"a\",\"load\":1}\n\nnonsense\n{\"type\":\"disk\"}\n{\"type\":\"cpu\",\"host\":\"b\",\"load\":1}\n{\"type\":\"cpu\",\"host\":1,\"load\":1}";
    let sent = rig
        .post("/events", "application/x-ndjson", lines)
        .send()
        .await;
    let (status, body) = answer(sent.unwrap()).await;
    assert_eq!(
        (status, &body["accepted"], &body["refused_total"]),
        (202, &json!(2), &json!(3))
    );
    let refused: Vec<_> = body["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| {
            (
                refused["line"].as_u64().unwrap(),
                refused["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            (3, "E_JSON_SYNTAX"),
            (4, "E_JSON_TYPE"),
            (6, "E_JSON_VALUE")
        ]
    );
    assert!(body["refused"][0]["reason"].is_string());
    assert_eq!(hosts(&rig.matches(2).await), ["b", "a"]);

    let batch = format!("[{CLOUD},{{}}]");
    let sent = rig
        .post("/events", "application/cloudevents-batch+json", batch)
        .send()
        .await;
    let (status, body) = answer(sent.unwrap()).await;
    assert_eq!(
        (status, &body["accepted"], &body["refused"][0]["item"]),
        (202, &json!(1), &json!(2))
    );

    let many = "{}\n".repeat(1_000);
    let sent = rig
        .post("/events", "application/x-ndjson", many)
        .send()
        .await;
    let (status, body) = answer(sent.unwrap()).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!("E_HTTP_EVENTS"))
    );
    assert_eq!(
        (&body["accepted"], &body["refused_total"]),
        (&json!(0), &json!(1_000))
    );
    assert_eq!(body["refused"].as_array().unwrap().len(), 100);
    rig.end().await;
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_its_code() {
    let rig = Rig::start(RULES, "").await;
    let cases = [
        ("application/json", "{", 400, "E_JSON_SYNTAX"),
        ("application/json", "[]", 400, "E_JSON_SHAPE"),
        ("application/json", r#"{"type":"disk"}"#, 400, "E_JSON_TYPE"),
        (
            "application/json",
            r#"{"type":"cpu","host":"a"}"#,
            400,
            "E_JSON_MISSING",
        ),
        (
            "application/cloudevents+json",
            r#"{"type":"cpu","host":"a","load":1}"#,
            400,
            "E_JSON_ENVELOPE",
        ),
        (
            "application/cloudevents-batch+json",
            "{}",
            400,
            "E_JSON_SHAPE",
        ),
        ("application/x-ndjson", "{}", 400, "E_JSON_TYPE"),
        ("text/plain", "{}", 415, "E_HTTP_MEDIA_TYPE"),
        ("", "{}", 415, "E_HTTP_MEDIA_TYPE"),
        (
            "application/cloudevents+avro",
            "{}",
            415,
            "E_HTTP_MEDIA_TYPE",
        ),
        (
            "application/json; charset=latin-1",
            "{}",
            415,
            "E_HTTP_MEDIA_TYPE",
        ),
    ];
    for (content_type, body, status, code) in cases {
        let refused = problem(rig.post("/events", content_type, body)).await;
        assert_eq!(refused, (status, code.to_owned()), "{content_type}: {body}");
    }
    let compressed = rig
        .post("/events", "application/json", "{}")
        .header("content-encoding", "gzip");
    assert_eq!(problem(compressed).await, (415, "E_HTTP_MEDIA_TYPE".into()));
    let too_long = (16 << 20) + 1;
    let announced = rig
        .post("/events", "application/x-ndjson", "{}")
        .header(CONTENT_LENGTH, too_long);
    assert_eq!(problem(announced).await, (413, "E_HTTP_LENGTH".into()));
    assert_eq!(rig.plane.state().taken, [] as [u32; 0]);
    rig.end().await;
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_is_bounded_all_the_same() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rig = Rig::start(RULES, "").await;
    let mut stream = tokio::net::TcpStream::connect(rig.control.http_address())
        .await
        .unwrap();
    let head = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    // The server may close while it is still being written to.
    for _ in 0..18 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut told = vec![0; 12];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(told, b"HTTP/1.1 413");
    assert_eq!(rig.plane.state().taken, [] as [u32; 0]);
    drop(stream);
    rig.end().await;
}

#[tokio::test]
async fn accepted_means_that_a_shard_has_taken_the_events() {
    let rig = Rig::start(RULES, "").await;
    rig.plane.state().receipts = Receipts::Kept(Vec::new());
    let event = r#"{"type":"cpu","host":"a","load":1}"#;
    let request = tokio::spawn(rig.post("/events", "application/json", event).send());
    rig.plane.submitted.notified().await;
    // Others are answered meanwhile, this one is not.
    for _ in 0..20 {
        assert_eq!(rig.get("/-/ready").send().await.unwrap().status(), 200);
    }
    assert!(!request.is_finished());
    rig.plane.release();
    assert_eq!(request.await.unwrap().unwrap().status(), 202);

    rig.plane.state().receipts = Receipts::Lost;
    let lost = rig.post("/events", "application/json", event);
    assert_eq!(problem(lost).await, (503, "E_NOT_RECEIVED".into()));
    rig.end().await;
}

#[tokio::test]
async fn without_room_the_client_is_told_where_to_go_on() {
    let rig = Rig::start(RULES, "").await;
    // More than one batch may hold.
    let lines = format!("nonsense\n{}nonsense\n", numbered(20_000, cool));
    rig.plane.state().credit = Some(1);
    let sent = rig
        .post("/events", "application/x-ndjson", lines.as_str())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.headers()[RETRY_AFTER], "1");
    let (status, body) = answer(sent).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("E_BUSY")));
    let accepted = body["accepted"].as_u64().unwrap();
    assert_eq!(rig.plane.state().taken, [accepted as u32]);
    // What lies behind is not judged: it will be sent again.
    assert_eq!(
        (body["resume"].as_u64(), &body["refused_total"]),
        (Some(accepted + 2), &json!(1))
    );

    rig.plane.state().credit = None;
    let rest: Vec<&str> = lines.lines().skip(accepted as usize + 1).collect();
    let sent = rig
        .post("/events", "application/x-ndjson", rest.join("\n"))
        .send()
        .await;
    let (status, body) = answer(sent.unwrap()).await;
    assert_eq!(
        (status, body["accepted"].as_u64()),
        (202, Some(20_000 - accepted))
    );
    assert_eq!(rig.plane.state().taken.iter().sum::<u32>(), 20_000);
    rig.end().await;
}

#[tokio::test]
async fn the_rest_of_a_body_waits_for_its_beginning() {
    let rig = Rig::start(RULES, "").await;
    let lines = numbered(40_000, cool);
    rig.plane.state().receipts = Receipts::Kept(Vec::new());
    rig.plane.state().credit = Some(1);
    let request = tokio::spawn(rig.post("/events", "application/x-ndjson", lines).send());
    rig.plane.submitted.notified().await;
    // The first batch is taken; with it there is room for the others.
    rig.plane.state().credit = None;
    rig.plane.release();
    let (status, body) = answer(request.await.unwrap().unwrap()).await;
    assert_eq!((status, body["accepted"].as_u64()), (202, Some(40_000)));
    assert!(rig.plane.state().taken.len() > 2);
    rig.end().await;
}

#[tokio::test]
async fn a_plane_that_stops_takes_nothing() {
    let rig = Rig::start(RULES, "").await;
    rig.plane.state().is_stopping = true;
    let event = rig.post(
        "/events",
        "application/json",
        r#"{"type":"cpu","host":"a","load":1}"#,
    );
    assert_eq!(problem(event).await, (503, "E_STOPPING".into()));
    rig.end().await;
}
