use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig};

const RULES: &str = r#"
event cpu { host: text, load: float, note: text? }
rule hot {
    about "A host is hot"  severity high  labels { team: "sre" }  runbook "https://example.com/hot"
    on c: cpu where c.load > 90% by c.host do log("first") do page(text: "{c.host} is hot", load: c.load)
}
"#;

const EVENT: &str = r#"{"type":"cpu","time":"2026-01-01T00:00:00Z","source":"/rack","id":"1","host":"a","load":0.95}"#;

/// What a server does with a request.
#[derive(Clone)]
enum Reply {
    Status(u16),
    Later(u16),
    Redirect,
    Never,
}

struct Request {
    path: String,
    headers: HeaderMap,
    body: Value,
}

/// A server that replies as it is told, then with 204, and shows what it was asked.
struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Request>,
}

type Script = Arc<(Mutex<VecDeque<Reply>>, mpsc::UnboundedSender<Request>)>;

async fn reply(
    State(script): State<Script>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request {
        path: uri.to_string(),
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    };
    script.1.send(request).unwrap();
    let next = script.0.lock().unwrap().pop_front();
    match next.unwrap_or(Reply::Status(204)) {
        Reply::Status(status) => (StatusCode::from_u16(status).unwrap(), "because").into_response(),
        Reply::Later(status) => (
            StatusCode::from_u16(status).unwrap(),
            [("retry-after", "0")],
        )
            .into_response(),
        Reply::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
        }
        Reply::Never => core::future::pending().await,
    }
}

impl Receiver {
    async fn start(replies: &[Reply]) -> Receiver {
        let (sender, requests) = mpsc::unbounded_channel();
        let script: Script = Arc::new((Mutex::new(replies.to_vec().into()), sender));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
        let router = Router::new().fallback(reply).with_state(script);
        tokio::spawn(async { axum::serve(listener, router).await });
        Receiver { url, requests }
    }

    async fn next(&mut self) -> Request {
        timeout(PATIENCE, self.requests.recv())
            .await
            .unwrap()
            .unwrap()
    }
}

fn configured(url: &str, more: &str) -> String {
    format!("[actions.page]\ntype = \"webhook\"\nurl = \"{url}\"\nbackoff = \"1ms\"\n{more}\n")
}

#[tokio::test]
async fn a_webhook_gets_the_whole_context() {
    let mut receiver = Receiver::start(&[]).await;
    let more =
        "headers = { X-Team = \"sre\", Authorization = { env = \"TOKEN\", prefix = \"Bearer \" } }";
    let rig = Rig::start(RULES, &configured(&receiver.url, more)).await;
    rig.send(EVENT).await;
    let Request {
        path,
        headers,
        body,
    } = receiver.next().await;
    assert_eq!(path, "/hook?a=b");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], "Bearer 0123456789abcdef");
    assert_eq!(headers["x-team"], "sre");
    assert_eq!(headers["user-agent"], "trapjaw/0.1.0");
    let listed = rig.matches(1).await.remove(0);
    let id = listed["id"].as_str().unwrap();
    assert_eq!(headers["idempotency-key"], format!("{id}-1"));
    assert_eq!(
        body["match"], listed,
        "the object that the API and replay show"
    );
    assert_eq!(
        body["match"]["events"]["c"],
        json!([{ "type": "cpu", "time": 1_767_225_600_000_000_000_i64, "source": "/rack", "id": "1", "host": "a", "load": 0.95 }])
    );
    assert_eq!(
        body["rule"],
        json!({
            "name": "hot", "version": body["match"]["version"], "about": "A host is hot", "severity": "high",
            "labels": { "team": "sre" }, "runbook": "https://example.com/hot",
        })
    );
    assert_eq!(
        body["action"],
        json!({ "name": "page", "index": 1, "arguments": { "text": "a is hot", "load": 0.95 }, "attempt": 1 })
    );
    rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"ok\"} 1")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn what_may_pass_is_tried_again_under_the_same_key() {
    let replies = [
        Reply::Status(500),
        Reply::Status(429),
        Reply::Later(503),
        Reply::Never,
    ];
    let mut receiver = Receiver::start(&replies).await;
    let config = configured(&receiver.url, "retries = 9\ntimeout = \"200ms\"");
    let rig = Rig::start(RULES, &config).await;
    rig.send(EVENT).await;
    let mut keys = Vec::new();
    for attempt in 1..=5 {
        let request = receiver.next().await;
        assert_eq!(request.body["action"]["attempt"], attempt);
        keys.push(request.headers["idempotency-key"].clone());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
    rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"ok\"} 1")
        .await;
    rig.metric("trapjaw_action_retries_total{action=\"page\"} 4")
        .await;
    rig.end().await;
    assert!(receiver.requests.try_recv().is_err(), "done is done");
}

#[tokio::test]
async fn what_will_fail_again_is_given_up() {
    for reply in [Reply::Status(400), Reply::Status(404), Reply::Redirect] {
        let mut receiver = Receiver::start(&[reply]).await;
        let rig = Rig::start(RULES, &configured(&receiver.url, "")).await;
        rig.send(EVENT).await;
        assert_eq!(receiver.next().await.path, "/hook?a=b");
        rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"failed\"} 1")
            .await;
        rig.end().await;
        assert!(
            receiver.requests.try_recv().is_err(),
            "neither tried again nor redirected"
        );
    }
}

#[tokio::test]
async fn retries_come_to_an_end() {
    let mut receiver = Receiver::start(&vec![Reply::Status(500); 10]).await;
    let rig = Rig::start(RULES, &configured(&receiver.url, "retries = 2")).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"failed\"} 1")
        .await;
    for _ in 0..3 {
        receiver.next().await;
    }
    assert!(receiver.requests.try_recv().is_err());
    rig.end().await;
}

#[tokio::test]
async fn nobody_there_is_a_failure_like_others() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let rig = Rig::start(RULES, &configured(&nobody, "retries = 1")).await;
    rig.send(EVENT).await;
    rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"failed\"} 1")
        .await;
    rig.metric("trapjaw_action_retries_total{action=\"page\"} 1")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn an_encrypted_address_is_spoken_to_with_encryption_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = configured(&url, "retries = 0");
    let rig = match Rig::try_start(RULES, &config, 64).await {
        Ok(rig) => rig,
        // A machine without certificates can't tell friend from foe, and says so at once.
        Err(error) => {
            assert!(
                error.to_string().starts_with("action `page`: no TLS: "),
                "{error}"
            );
            return;
        }
    };
    rig.send(EVENT).await;
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut begin = [0; 3];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(begin[..2], [22, 3], "a TLS handshake");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    rig.metric("trapjaw_action_calls_total{action=\"page\",outcome=\"failed\"} 1")
        .await;
    rig.end().await;
}
