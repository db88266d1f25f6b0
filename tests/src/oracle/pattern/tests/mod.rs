//! The definition's sentences, one by one, judged by hand.
//!
//! One unit of time is a nanosecond. Events are written `TIME TYPE VALUE /KEY`, without blanks, of which value and key
//! may be left out: `5a3/k`. What is reported is written `TIME: ELEMENT=PLACES ...`, with the places of the
//! bound events in the history, counted from 0; of a timeout `TIME timeout(WAITED FOR): ...`. The clock goes to 1,000 in the end.

mod bindings;
mod choice;
mod operators;
mod silence;

use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::hir::RuleSet;
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{Event, MatchKind, Value};

use crate::oracle::{Matched, Options, run};

const TYPES: [&str; 5] = ["a", "b", "c", "d", "x"];

/// The rule with this pattern and these clauses.
fn rules(text: &str) -> RuleSet {
    let types: String = TYPES
        .map(|name| format!("event {name} {{ k: text?, v: int? }}\n"))
        .concat();
    let mut sources = SourceMap::new();
    sources.add("rule.trap", format!("{types}rule r {{ match {text} }}"));
    trapjaw_dsl::check(&sources)
        .unwrap_or_else(|found| panic!("{}", render(&found, &sources, Style::Plain)))
}

fn event(place: usize, text: &str) -> Event {
    let (text, key) = match text.split_once('/') {
        Some((text, key)) => (text, Value::Text(key.into())),
        None => (text, Value::Null),
    };
    let ty = text
        .find(|c: char| c.is_ascii_alphabetic())
        .expect("an event has a type");
    let name = &text[ty..=ty];
    let type_id = TYPES
        .iter()
        .position(|known| *known == name)
        .expect("the type is known");
    Event {
        type_id: trapjaw_event::TypeId::new(type_id as u32),
        time: text[..ty].parse().expect("an event has a time"),
        source: "test".into(),
        id: Some(place.to_string().into()),
        subject: None,
        severity: None,
        values: vec![key, text[ty + 1..].parse().map_or(Value::Null, Value::Int)],
    }
}

fn output(text: &str, history: &str) -> Vec<Matched> {
    let events: Vec<Event> = history
        .split_whitespace()
        .enumerate()
        .map(|(place, text)| event(place, text))
        .collect();
    let options = Options {
        until: Some(1_000),
        idle_ttl: 100,
        ..Options::default()
    };
    run(&rules(text), &events, options)
}

fn line(matched: &Matched) -> String {
    let mut line = matched.time.to_string();
    if matched.kind == MatchKind::Timeout {
        let waited = matched.values.iter().find(|(name, _)| **name == *"text");
        let Some((_, Value::Text(waited))) = waited else {
            panic!("a timeout tells what it waited for: {matched:?}")
        };
        line.extend([" timeout(", waited, ")"]);
    }
    line += ":";
    for (name, events) in &matched.events {
        let places: Vec<&str> = events
            .iter()
            .map(|event| event.id.as_deref().expect("events have ids"))
            .collect();
        line.extend([" ", name, "=", &places.join(",")]);
    }
    line
}

/// What a pattern with its clauses reports of a history.
#[track_caller]
fn check(text: &str, history: &str, expected: &[&str]) {
    let lines: Vec<String> = output(&format!("{text} do log(\"found\")"), history)
        .iter()
        .map(line)
        .collect();
    assert_eq!(lines, expected, "{text}");
}

/// As [`check`], with timeouts.
#[track_caller]
fn check_timeouts(text: &str, history: &str, expected: &[&str]) {
    let text = format!("{text} do log(\"found\") on timeout do log(waiting)");
    let lines: Vec<String> = output(&text, history).iter().map(line).collect();
    assert_eq!(lines, expected, "{text}");
}

/// The text that a pattern's action gets at each match.
#[track_caller]
fn check_texts(text: &str, history: &str, expected: &[&str]) {
    let texts: Vec<Value> = output(text, history)
        .iter()
        .map(|matched| matched.actions[0].1[0].clone())
        .collect();
    let expected: Vec<Value> = expected
        .iter()
        .map(|text| Value::Text((*text).into()))
        .collect();
    assert_eq!(texts, expected, "{text}");
}
