use serde_json::json;
use trapjaw_control::ReloadFailure;

use crate::rig::{Rig, answer};

const BEFORE: &str = "event e { n: int }\nrule before { on e: e do log(\"x\") }";
/// The type has another number, and other fields.
const AFTER: &str =
    "event d { t: text }\nevent e { extra: text?, n: int }\nrule after { on e: e do log(\"x\") }";

async fn reload(rig: &Rig, rules: &str) -> (u16, serde_json::Value) {
    std::fs::write(rig.folder.path().join("rules.trap"), rules).unwrap();
    answer(rig.post("/-/reload", "", "").send().await.unwrap()).await
}

#[tokio::test]
async fn new_rules_take_the_place_of_old_ones() {
    let rig = Rig::start(BEFORE, "").await;
    rig.send("{\"type\":\"e\",\"n\":1}").await;
    rig.matches(1).await;
    let (status, body) = reload(&rig, AFTER).await;
    assert_eq!(
        (status, body),
        (
            200,
            json!({
                "version": 2,
                "rules": 1,
                "changes": {
                    "summary": { "kept": 0, "replaced": 0, "added": 1, "removed": 1 },
                    "rules": [
                        {
                            "name": "after",
                            "change": "added",
                            "note": "means what `before` meant, but takes no state over from another name",
                        },
                        { "name": "before", "change": "removed" },
                    ],
                    "types": [
                        { "name": "d", "change": "added" },
                        { "name": "e", "change": "changed", "fields": ["+ extra: text?"] },
                    ],
                },
                "warnings": [],
            })
        )
    );
    rig.send("{\"type\":\"e\",\"n\":2}").await;
    let rules: Vec<_> = rig
        .matches(2)
        .await
        .iter()
        .map(|found| found["rule"].clone())
        .collect();
    assert_eq!(
        rules,
        ["after", "before"],
        "matches keep the names of their rules"
    );
    rig.metric("trapjaw_matches_total{rule=\"after\"} 1").await;
    rig.metric("trapjaw_reloads_total{outcome=\"ok\"} 1").await;
    let text = rig
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!text.contains("rule=\"before\""), "{text}");
    rig.end().await;
}

#[tokio::test]
async fn rules_with_errors_change_nothing() {
    let rig = Rig::start(BEFORE, "").await;
    let (status, body) = reload(
        &rig,
        "event e { n: int }\nrule after { on e: e where e.m > 1 do log(\"x\") }",
    )
    .await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("E_RULES")));
    let diagnostic = &body["diagnostics"][0];
    assert!(
        diagnostic["code"].as_str().unwrap().starts_with("TJ"),
        "{diagnostic}"
    );
    assert_eq!(
        (&diagnostic["severity"], &diagnostic["start"]["line"]),
        (&json!("error"), &json!(2))
    );

    let (status, body) = reload(
        &rig,
        "event e { n: int }\nrule after { on e: e do pager(\"x\") }",
    )
    .await;
    let diagnostic = &body["diagnostics"][0];
    assert_eq!(
        (status, &diagnostic["code"]),
        (422, &json!("E_ACTION_UNKNOWN"))
    );
    assert_eq!(diagnostic["start"], json!({ "line": 2, "column": 25 }));

    rig.plane.state().refuses_rules = true;
    let (status, body) = reload(&rig, AFTER).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("E_RELOAD")));

    std::fs::remove_file(rig.folder.path().join("rules.trap")).unwrap();
    let failure = rig.control.reload().await.unwrap_err();
    assert!(
        matches!(&failure, ReloadFailure::Rules(error) if error.is_configuration()),
        "{failure}"
    );
    assert_eq!(failure.to_json()[0]["code"], "E_RULES_FILE");

    rig.send("{\"type\":\"e\",\"n\":1}").await;
    assert_eq!(rig.matches(1).await[0]["rule"], "before");
    rig.metric("trapjaw_reloads_total{outcome=\"failed\"} 4")
        .await;
    rig.end().await;
}

#[tokio::test]
async fn a_table_with_an_error_changes_nothing() {
    const LOOK_UP: &str = "event e { n: int }
table names from \"names.csv\" key n { n: int, name: text }
rule named { on e: e where e.n in names do log(\"{names[e.n].name}\") }";
    let rig = Rig::start(BEFORE, "").await;
    let table = |text: &str| std::fs::write(rig.folder.path().join("names.csv"), text).unwrap();
    table("n,name\n1,one\n");
    assert_eq!(reload(&rig, LOOK_UP).await.0, 200);

    table("n,name\n1,one\ntwo,two\n");
    let (status, body) = reload(&rig, LOOK_UP).await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("E_RULES")));
    let diagnostic = &body["diagnostics"][0];
    assert_eq!(
        (&diagnostic["code"], &diagnostic["start"]["line"]),
        (&json!("TJ0603"), &json!(3))
    );
    let file = diagnostic["file"].as_str().unwrap();
    assert!(file.ends_with("names.csv"), "{file}");
    rig.send("{\"type\":\"e\",\"n\":1}").await;
    assert_eq!(rig.matches(1).await[0]["rule"], "named");
    rig.metric("trapjaw_reloads_total{outcome=\"failed\"} 1")
        .await;

    // What a table holds is no part of what a rule means.
    table("n,name\n1,uno\n2,due\n");
    let (status, body) = reload(&rig, LOOK_UP).await;
    assert_eq!(
        (
            status,
            &body["version"],
            &body["changes"]["summary"]["kept"]
        ),
        (200, &json!(3), &json!(1))
    );
    rig.end().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let rig = Rig::start(BEFORE, "").await;
    let ask = async |rules: &str| {
        std::fs::write(rig.folder.path().join("rules.trap"), rules).unwrap();
        answer(
            rig.post("/-/reload?dry_run=true", "", "")
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let (status, body) = ask(&BEFORE.replace("e: e do", "e: e where e.n > 1 do")).await;
    assert_eq!((status, &body["dry_run"]), (200, &json!(true)));
    assert_eq!(
        body["changes"]["rules"],
        json!([{ "name": "before", "change": "replaced", "differs_in": ["condition"] }])
    );
    let planned = rig.control.plan().await.expect("the rules are right");
    assert_eq!(
        planned.changes.to_string(),
        "0 rules kept, 1 replaced, 0 added, 0 removed\n  \
         replaced  before: another condition; begins anew\n"
    );
    let (status, body) =
        ask("event e { n: int }\nrule x { on e: e where e.m > 1 do log(\"x\") }").await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("E_RULES")));
    assert_eq!(body["diagnostics"][0]["code"], "TJ0105");
    let odd = rig.post("/-/reload?dry=true", "", "").send().await.unwrap();
    let (status, body) = answer(odd).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!("E_HTTP_QUERY"))
    );

    // The rules that ran go on, under their version.
    rig.send("{\"type\":\"e\",\"n\":1}").await;
    assert_eq!(rig.matches(1).await[0]["rule"], "before");
    let (_, body) = reload(&rig, BEFORE).await;
    assert_eq!(
        (&body["version"], &body["changes"]["summary"]["kept"]),
        (&json!(2), &json!(1))
    );
    rig.end().await;
}
