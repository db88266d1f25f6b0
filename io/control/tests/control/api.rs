use serde_json::json;

use crate::rig::{Rig, answer, numbered, problem};

const RULES: &str = r#"
event cpu = "com.example.cpu" { host: text, load: float, level: enum(low, high)?, deep: int? = "data.a.b" }
event beat { host: text }
rule hot {
    about "A host is hot"  severity high  labels { team: "sre" }  runbook "https://example.com/hot"
    on c: cpu where c.load > 90% by c.host for 5m gap 1m do log("{c.host}")
}
rule each { on b: beat do log(text: b.host) }
"#;

#[tokio::test]
async fn rules_tell_of_themselves() {
    let rig = Rig::start(RULES, "").await;
    rig.send("{\"type\":\"beat\",\"host\":\"a\"}\n{\"type\":\"beat\",\"host\":\"b\"}")
        .await;
    rig.matches(2).await;
    let (status, body) = answer(rig.get("/api/v1/rules").send().await.unwrap()).await;
    let (hot, each) = (&body["rules"][0], &body["rules"][1]);
    assert_eq!((status, hot["version"].as_str().unwrap().len()), (200, 16));
    assert_ne!(hot["version"], each["version"]);
    assert_eq!(
        *hot,
        json!({
            "name": "hot", "version": hot["version"], "about": "A host is hot", "severity": "high",
            "labels": { "team": "sre" }, "runbook": "https://example.com/hot",
            "clause": "for 5m gap 1m", "key": ["host"], "events": ["cpu"], "actions": ["log"], "matches": 0,
        })
    );
    assert_eq!(
        *each,
        json!({
            "name": "each", "version": each["version"], "about": null, "severity": null, "labels": {},
            "runbook": null, "clause": "", "key": [], "events": ["beat"], "actions": ["log"], "matches": 2,
        })
    );
    rig.end().await;
}

#[tokio::test]
async fn event_types_are_listed() {
    let rig = Rig::start(RULES, "").await;
    let (status, body) = answer(rig.get("/api/v1/events/types").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let field = |name: &str, ty: &str, optional: bool, path: Option<&str>| json!({ "name": name, "type": ty, "optional": optional, "path": path });
    assert_eq!(
        body["types"],
        json!([
            { "name": "cpu", "wire_name": "com.example.cpu", "lateness": "0s", "fields": [
                field("host", "text", false, None),
                field("load", "float", false, None),
                field("level", "enum(low, high)", true, None),
                field("deep", "int", true, Some("data.a.b")),
            ]},
            { "name": "beat", "wire_name": "beat", "lateness": "0s", "fields": [field("host", "text", false, None)] },
        ])
    );
    rig.end().await;
}

#[tokio::test]
async fn the_last_matches_are_listed() {
    let rig = Rig::start("event e { n: int }\nrule odd { on e: e where e.n in [1, 3, 5] do log(\"x\") }\nrule all { on e: e do log(\"x\") }", "").await;
    let lines = numbered(6, |n| format!("{{\"type\":\"e\",\"time\":{n},\"n\":{n}}}"));
    rig.send(&lines).await;
    rig.matches(9).await;
    let listed = async |query: &str| {
        let sent = rig.get(&format!("/api/v1/matches{query}")).send().await;
        let (status, body) = answer(sent.unwrap()).await;
        assert_eq!(status, 200);
        let matches = body["matches"].as_array().unwrap();
        let times = matches.iter().map(|matched| {
            assert!(query.is_empty() || matched["rule"] == "odd" || !query.contains("rule"));
            matched["time"].as_i64().unwrap()
        });
        times.collect::<Vec<_>>()
    };
    assert_eq!(listed("?rule=odd").await, [5, 3, 1]);
    assert_eq!(listed("?rule=odd&limit=2").await, [5, 3]);
    assert_eq!(listed("?limit=0").await, [] as [i64; 0]);
    assert_eq!(listed("?rule=none").await, [] as [i64; 0]);
    assert_eq!(listed("").await.len(), 9);
    for query in ["?limit=1001", "?limit=x", "?limit=-1", "?rul=x"] {
        let refused = problem(rig.get(&format!("/api/v1/matches{query}"))).await;
        assert_eq!(refused, (400, "E_HTTP_QUERY".into()), "{query}");
    }
    rig.end().await;
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let rig = Rig::start(RULES, "").await;
    rig.send("{\"type\":\"beat\",\"host\":\"a\"}\n{\"type\":\"beat\",\"host\":\"b\"}")
        .await;
    for line in [
        "trapjaw_events_total{shard=\"0\"} 2",
        "trapjaw_matches_total{rule=\"each\"} 2",
        "trapjaw_matches_total{rule=\"hot\"} 0",
        "trapjaw_dropped_total{shard=\"0\",reason=\"null_key\"} 0",
        "trapjaw_keys{shard=\"0\"} 3",
        "trapjaw_queue_depth{shard=\"0\",queue=\"mailbox\"} 1",
        "trapjaw_action_calls_total{action=\"log\",outcome=\"ok\"} 2",
        "trapjaw_action_queue_depth{action=\"log\"} 0",
        "trapjaw_action_unroutable_calls_total 0",
        "trapjaw_ingest_to_match_seconds_count 2",
        "trapjaw_match_to_dispatch_seconds_count 2",
        "trapjaw_match_to_dispatch_seconds_bucket{le=\"+Inf\"} 2",
        "trapjaw_http_requests_total{route=\"/events\",status=\"202\"} 1",
        "trapjaw_rules 2",
        "# UNIT trapjaw_ingest_to_match_seconds seconds",
        "trapjaw_build_info{version=\"0.1.0\",driver=\"lockstep\"} 1",
        "# EOF",
    ] {
        rig.metric(line).await;
    }
    let latencies = rig.control.latencies();
    assert_eq!(latencies.ingest_to_match.len(), 2);
    assert_eq!(latencies.match_to_dispatch.len(), 2);
    let response = rig.get("/metrics").send().await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    rig.end().await;
}

#[tokio::test]
async fn late_events_are_shown() {
    let rig = Rig::start(RULES, "").await;
    let (status, body) = answer(rig.get("/api/v1/late").send().await.unwrap()).await;
    let late = json!({ "watermark": 5, "event": { "type": "beat", "time": 4 } });
    assert_eq!((status, body), (200, json!({ "late": [late] })));
    rig.end().await;
}
