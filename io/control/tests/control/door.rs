use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{Receipts, Rig, problem};

const RULES: &str = "event e { t: text }\nrule r { on e: e do log(e.t) }";

const PATHS: [&str; 6] = [
    "/events",
    "/-/reload",
    "/metrics",
    "/api/v1/rules",
    "/api/v1/events/types",
    "/api/v1/matches",
];

#[tokio::test]
async fn with_a_token_everything_but_health_asks_for_it() {
    let rig = Rig::start(RULES, "token_env = \"TOKEN\"").await;
    for path in PATHS {
        let wrong = [
            rig.get(path),
            rig.get(path)
                .header("authorization", "Bearer 0123456789abcdeX"),
            rig.get(path)
                .header("authorization", "Bearer 0123456789abcde"),
            rig.get(path).header("authorization", "Bearer"),
            rig.get(path)
                .header("authorization", "Basic 0123456789abcdef"),
            rig.get(path).header("authorization", "0123456789abcdef"),
        ];
        for request in wrong {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
        }
        let right = rig
            .get(path)
            .header("authorization", "bearer  0123456789abcdef");
        let status = right.send().await.unwrap().status().as_u16();
        assert!(matches!(status, 200 | 405), "{path}: {status}");
    }
    assert_eq!(
        problem(rig.get("/secret")).await,
        (401, "E_HTTP_TOKEN".into())
    );
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(rig.get(path).send().await.unwrap().status(), 200);
    }
    rig.end().await;
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_told_as_json() {
    let rig = Rig::start(RULES, "").await;
    assert_eq!(
        problem(rig.get("/api/v2")).await,
        (404, "E_HTTP_NOT_FOUND".into())
    );
    assert_eq!(
        problem(rig.get("/events")).await,
        (405, "E_HTTP_METHOD".into())
    );
    let posted = rig.post("/metrics", "text/plain", "");
    assert_eq!(problem(posted).await, (405, "E_HTTP_METHOD".into()));
    rig.metric("trapjaw_http_requests_total{route=\"other\",status=\"404\"} 1")
        .await;
    rig.metric("trapjaw_http_requests_total{route=\"/events\",status=\"405\"} 1")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn web_pages_have_no_way_in() {
    let rig = Rig::start(RULES, "").await;
    let page = rig
        .get("/api/v1/rules")
        .header("origin", "http://evil.example");
    assert_eq!(problem(page).await, (403, "E_HTTP_ORIGIN".into()));
    for (host, status) in [
        ("evil.example:7171", 403),
        ("localhost.evil.example", 403),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
    ] {
        let named = rig.get("/api/v1/rules").header("host", host);
        assert_eq!(named.send().await.unwrap().status(), status, "{host}");
    }
    rig.end().await;
    // With a token a name is as good as an address: who has the token is no page.
    let rig = Rig::start(RULES, "token_env = \"TOKEN\"").await;
    let named = rig
        .get("/api/v1/rules")
        .header("host", "trapjaw.example")
        .bearer_auth("0123456789abcdef");
    assert_eq!(named.send().await.unwrap().status(), 200);
    rig.end().await;
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let rig = Rig::start(RULES, "").await;
    let mut stream = TcpStream::connect(rig.control.http_address())
        .await
        .unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(64 << 10)
    );
    // The server may have answered before all is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut told = vec![0; 12];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(told, b"HTTP/1.1 431");
    drop(stream);
    rig.end().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let rig = Rig::start(RULES, "connections = 2").await;
    let address = rig.control.http_address();
    let request = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        streams.push(stream);
    }
    let mut third = streams.pop().unwrap();
    let mut told = [0; 12];
    for stream in &mut streams {
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 200");
    }
    // The third was not accepted: its bytes wait. Only when one leaves is it answered.
    assert_eq!(
        third.try_read(&mut told).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
    streams.pop();
    third.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 200");
    drop((streams, third));
    rig.end().await;
}

/// What the server says to `sent` when nothing follows. Time is virtual: it jumps to the next deadline as soon as nobody
/// has anything to do.
async fn stalled(rig: &Rig, sent: &str) -> String {
    let mut stream = TcpStream::connect(rig.control.http_address())
        .await
        .unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    told
}

#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let rig = Rig::start(RULES, "").await;
    tokio::time::pause();
    let head = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n";
    for begin in ["", "PO", head] {
        let told = stalled(&rig, begin).await;
        assert!(
            told.is_empty() || told.starts_with("HTTP/1.1 408"),
            "{told}"
        );
    }
    let told = stalled(
        &rig,
        &format!("{head}Content-Length: 100\r\n\r\n{{\"type\":"),
    )
    .await;
    assert!(
        told.starts_with("HTTP/1.1 408") && told.contains("E_HTTP_TIMEOUT"),
        "{told}"
    );
}

#[tokio::test]
async fn a_receipt_that_does_not_come_is_not_waited_for() {
    let rig = Rig::start(RULES, "").await;
    tokio::time::pause();
    rig.plane.state().receipts = Receipts::Kept(Vec::new());
    let request = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{\"type\":\"e\",\"t\":\"\"}";
    let told = stalled(&rig, request).await;
    assert!(
        told.starts_with("HTTP/1.1 503") && told.contains("E_NOT_RECEIVED"),
        "{told}"
    );
}
