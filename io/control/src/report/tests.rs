//! Findings as other tools read them.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn place(file: &str) -> Place {
    Place {
        file: file.into(),
        start: Some((3, 5)),
        end: Some((3, 9)),
    }
}

fn findings() -> Vec<Finding> {
    let mut sources = SourceMap::new();
    let text = "event e { x: int }\nrule r { on e: e where e.x > 1 and \"🐜\" == e.yx do log(\"\") }\nrule r { on e: e do log(\"\") }\n";
    sources.add("rules/a b.trap", text);
    let checked = trapjaw_dsl::check_with_warnings(&sources);
    let mut findings: Vec<Finding> = checked
        .diagnostics
        .iter()
        .map(|diagnostic| Finding::of(diagnostic, &sources))
        .collect();
    findings.push(Finding::error("E_ODD", "100 %, so: odd".into(), None));
    findings
}

#[test]
fn annotations_are_escaped() {
    let mut finding = Finding::error(
        "TJ0105",
        "50 % off\r\nreally".into(),
        Some(place("a,b:c%.trap")),
    );
    finding.notes.push("see, here: there".into());
    let title = trapjaw_dsl::diagnostic::codes::names::UNKNOWN_FIELD
        .entry()
        .title;
    assert_eq!(
        github(&[finding.clone()]),
        format!(
            "::error file=a%2Cb%3Ac%25.trap,line=3,col=5,endColumn=9,title=TJ0105%3A {title}::50 %25 off%0D%0Areally%0Asee, here: there\n"
        )
    );
    finding.is_error = false;
    finding.place = Some(Place {
        end: Some((4, 1)),
        ..place("a.trap")
    });
    assert!(
        github(&[finding.clone()]).starts_with("::warning file=a.trap,line=3,endLine=4,title=")
    );
    finding.place = None;
    assert!(github(&[finding]).starts_with("::warning title="));
}

/// The members that the schema requires, and the rules that it can't say.
#[test]
fn a_log_has_what_the_specification_asks_for() {
    let log = sarif(&findings(), Some("https://rules.example/"));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "trapjaw");
    let rules = driver["rules"].as_array().expect("rules");
    let ids: BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(ids.len(), rules.len(), "each rule has an id of its own");
    for rule in rules.iter().filter(|rule| rule["id"] != "E_ODD") {
        for text in [
            "/shortDescription/text",
            "/fullDescription/text",
            "/help/text",
            "/help/markdown",
        ] {
            assert!(
                rule.pointer(text).is_some_and(Value::is_string),
                "{text}: {rule}"
            );
        }
        let help = rule["helpUri"].as_str().expect("a URI");
        assert!(
            help.starts_with("https://rules.example/errors.html#tj"),
            "{help}"
        );
    }
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(result["message"]["text"].is_string());
        assert!(["error", "warning"].contains(&result["level"].as_str().expect("a level")));
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "rules/a%20b.trap");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let region = &place["region"];
    // The ant before it is two units.
    let columns = (&region["startColumn"], &region["endColumn"]);
    assert_eq!(
        (&region["startLine"], columns),
        (&2.into(), (&46.into(), &48.into()))
    );
    let fix = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(fix["deletedRegion"], *region);
    assert_eq!(fix["insertedContent"]["text"], "x");
    assert_eq!(
        results[1]["relatedLocations"][0]["message"]["text"],
        "declared here"
    );
    assert!(results[2].get("locations").is_none());
}

#[test]
fn without_findings_there_is_a_log_all_the_same() {
    let log = sarif(&[], None);
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(github(&[]), "");
}

#[test]
fn absolute_paths_are_uris() {
    let finding = Finding::error("E_ODD", "odd".into(), Some(place("/tmp/é.trap")));
    let log = sarif(&[finding], None);
    let location =
        &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(
        *location,
        serde_json::json!({ "uri": "file:///tmp/%C3%A9.trap" })
    );
}
