//! Rules in the documentation: blocks `trap` compile, blocks `trap,error=TJ0000` get that code, and where `events` and
//! `matches` (in short) or `ndjson,replay` (whole) follow, the ones lead to the others.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use trapjaw_control::replay::{Options, replay};
use trapjaw_data::names::rule_names;
use trapjaw_dsl::check_with_warnings;
use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::source::{SourceMap, beside};
use trapjaw_wire::json::{RuleNames, write_match};

use crate::page::{Block, Page, pages};

fn sources(page: &Page, block: &Block<'_>) -> SourceMap {
    let mut sources = SourceMap::new();
    let name = format!("{}:{}", page.path, block.line);
    sources.add(name.as_str(), block.text.as_str());
    // What stands above the rules as `csv,file=NAME` is the file of a table.
    let blocks = page.blocks();
    for file in blocks.iter().filter(|file| file.line < block.line) {
        if let Some(path) = file.option("file") {
            sources.add_table(beside(&name, path), file.text.as_str());
        }
    }
    sources
}

fn nanoseconds(text: &str) -> i64 {
    let time: jiff::Timestamp = text.parse().expect("a time of RFC 3339");
    i64::try_from(time.as_nanosecond()).expect("a time of these centuries")
}

/// A match in short: when, which rule, which kind, which key, and the text of its action.
fn short(line: &[u8], names: &RuleNames) -> String {
    let found: Value = serde_json::from_slice(line).expect("a match is JSON");
    let time = found["time"].as_i64().expect("a match has a time");
    let time = jiff::Timestamp::from_nanosecond(i128::from(time)).expect("a time");
    let time = time.to_string();
    let time = &time[time.find('T').map_or(0, |at| at + 1)..time.len() - 1];
    let text = |member: &str| found[member].as_str().expect("a text").to_owned();
    let mut short = format!("{time} {} {}", text("rule"), text("kind"));
    for part in &names.key {
        let value = &found["key"][&*part.name];
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        write!(short, " {}={value}", part.name).expect("a text grows");
    }
    if let Some(text) = found["values"]["text"].as_str() {
        write!(short, ": {text}").expect("a text grows");
    }
    short
}

/// A match as it is printed.
fn whole(line: &[u8], _: &RuleNames) -> String {
    String::from_utf8(line.to_vec()).expect("matches are told in UTF-8")
}

/// What comes of events, in short or whole.
fn matches(
    sources: &SourceMap,
    events: &Block<'_>,
    until: Option<i64>,
    show: impl Fn(&[u8], &RuleNames) -> String,
) -> String {
    let rules = trapjaw_dsl::compile(sources).expect("compiled before");
    let rules = Arc::new(rules.program);
    let names: Vec<_> = rules.rules.iter().map(rule_names).collect();
    let mut out = String::new();
    let options = Options {
        until,
        ..Options::default()
    };
    let summary = replay(
        &rules,
        events.text.as_bytes(),
        options,
        |found| {
            let mut line = Vec::new();
            let names = &names[found.rule.index()];
            write_match(&mut line, &found, names, &rules.registry);
            writeln!(out, "{}", show(&line, names)).expect("a text grows");
            Ok(())
        },
        |line, refusal| panic!("line {line} of the events: {refusal}"),
    );
    let lines = events.text.lines().count() as u64;
    assert_eq!(summary.expect("bytes can be read").events, lines);
    out
}

#[test]
fn rules_compile_or_get_their_code() {
    let (mut right, mut wrong) = (0, 0);
    for page in pages() {
        let blocks = page.blocks();
        for block in blocks.iter().filter(|block| block.language == "trap") {
            let sources = sources(&page, block);
            let checked = check_with_warnings(&sources);
            let mut codes: Vec<String> = checked
                .diagnostics
                .iter()
                .map(|finding| finding.code.to_string())
                .collect();
            codes.dedup();
            let expected: Vec<&str> = block.option("error").into_iter().collect();
            let shown = render(&checked.diagnostics, &sources, Style::Plain);
            assert_eq!(codes, expected, "{}:{}\n{shown}", page.path, block.line);
            if expected.is_empty() {
                assert!(trapjaw_dsl::compile(&sources).is_ok());
                right += 1;
            } else {
                wrong += 1;
            }
        }
    }
    assert!(right >= 20 && wrong >= 4, "{right} rules, {wrong} errors");
}

#[test]
fn events_lead_to_the_matches_that_are_shown() {
    let mut shown = 0;
    for page in pages() {
        let blocks = page.blocks();
        for (at, block) in blocks.iter().enumerate() {
            let show = match block.language {
                "matches" => short,
                "ndjson" if block.options == ["replay"] => whole,
                _ => continue,
            };
            let before = |language: &str| {
                let mut before = blocks[..at].iter().rev();
                before.find(|block| block.language == language)
            };
            let (Some(rules), Some(events)) = (before("trap"), before("events")) else {
                panic!("{}:{}: no rules and events", page.path, block.line);
            };
            let until = block.option("until").map(nanoseconds);
            let found = matches(&sources(&page, rules), events, until, show);
            assert_eq!(found, block.text, "{}:{}", page.path, block.line);
            shown += 1;
        }
    }
    assert!(shown >= 10, "only {shown} examples were found");
}

#[test]
fn json_in_the_documentation_is_json() {
    let mut shown = 0;
    for page in pages() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path, block.line);
            let parts: Vec<&str> = match block.language {
                "json" => vec![&block.text],
                "ndjson" | "events" => block.text.lines().collect(),
                _ => continue,
            };
            for part in parts {
                let read: Result<Value, _> = serde_json::from_str(part);
                assert!(read.is_ok(), "{place}: {read:?}");
            }
            shown += 1;
        }
    }
    assert!(shown >= 10, "only {shown} blocks were found");
}
