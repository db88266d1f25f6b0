//! SARIF 2.1.0 (OASIS): what code scanning reads.

use super::{Finding, Place};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;
use trapjaw_dsl::diagnostic::Code;
use trapjaw_dsl::diagnostic::codes::Entry;

/// The schema that the log follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of relative paths: where the command was run.
const BASE: &str = "%SRCROOT%";

/// Findings as one log with one run. `docs` is where the book is served, if it is: then each code leads to its page.
pub fn sarif(findings: &[Finding], docs: Option<&str>) -> Value {
    let mut codes: Vec<&str> = findings.iter().map(|finding| &*finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, docs)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let index = codes.binary_search(&&*finding.code);
            result(finding, index.unwrap_or_default())
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "trapjaw",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

/// What is said of a code.
fn rule(code: &str, docs: Option<&str>) -> Value {
    let Some(known) = Code::parse(code) else {
        return json!({ "id": code });
    };
    let entry = known.entry();
    let mut rule = json!({
        "id": code,
        "shortDescription": { "text": entry.title },
        "fullDescription": { "text": entry.explanation },
        "help": { "text": entry.explanation, "markdown": help(entry) },
    });
    if let Some(docs) = docs {
        let docs = docs.trim_end_matches('/');
        rule["helpUri"] = json!(format!("{docs}/errors.html#{}", known.anchor()));
    }
    rule
}

/// The explanation with the examples, in Markdown.
fn help(entry: &Entry) -> String {
    let mut text = entry.explanation.to_owned();
    for example in entry.examples {
        text.push_str("\n\nWrong:\n\n```\n");
        text.push_str(example.wrong);
        text.push_str("\n```\n\nRight:\n\n```\n");
        text.push_str(example.right);
        text.push_str("\n```");
    }
    text
}

fn result(finding: &Finding, index: usize) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": if finding.is_error { "error" } else { "warning" },
        "message": { "text": finding.text() },
    });
    if let Some(place) = &finding.place {
        result["locations"] = json!([{ "physicalLocation": physical(place) }]);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().zip(1..);
        let related = related.map(|((place, message), id)| {
            json!({
                "id": id,
                "physicalLocation": physical(place),
                "message": { "text": message },
            })
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some((place, text, what)) = &finding.change {
        result["fixes"] = json!([{
            "description": { "text": what },
            "artifactChanges": [{
                "artifactLocation": artifact(&place.file),
                "replacements": [{
                    "deletedRegion": region(place),
                    "insertedContent": { "text": text },
                }],
            }],
        }]);
    }
    result
}

fn physical(place: &Place) -> Value {
    let mut location = json!({ "artifactLocation": artifact(&place.file) });
    if place.start.is_some() {
        location["region"] = region(place);
    }
    location
}

fn region(place: &Place) -> Value {
    let mut region = Map::new();
    if let Some((line, column)) = place.start {
        region.insert("startLine".into(), json!(line));
        region.insert("startColumn".into(), json!(column));
    }
    if let Some((line, column)) = place.end {
        region.insert("endLine".into(), json!(line));
        region.insert("endColumn".into(), json!(column));
    }
    Value::Object(region)
}

fn artifact(file: &str) -> Value {
    if Path::new(file).is_absolute() {
        return json!({ "uri": format!("file://{}", encoded(file)) });
    }
    let file = file.strip_prefix("./").unwrap_or(file);
    json!({ "uri": encoded(file), "uriBaseId": BASE })
}

/// A path as a part of a URI (RFC 3986).
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
