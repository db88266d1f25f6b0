//! Matches as JSON: bytes that others rely on. `tests/golden/matches.ndjson` holds them fast; with
//! `TRAPJAW_REWRITE_GOLDEN=1` it is written instead of read.

use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs};

use proptest::collection::vec;
use proptest::prelude::*;
use trapjaw_event::{
    ActionCall, BoundEvent, EventType, Field, FieldId, FieldType, Match, MatchId, MatchKind,
    Registry, RuleId, Severity, TypeId, Value,
};
use trapjaw_wire::json::{
    ActionNames, EventReader, NamedType, RuleNames, write_bound_event, write_match,
};

fn phase() -> FieldType {
    FieldType::Enum(Arc::from(["started".into(), "failed".into()]))
}

fn named(name: &str, ty: FieldType) -> NamedType {
    NamedType {
        name: name.into(),
        ty,
    }
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    let fields = vec![
        Field::new("host", FieldType::Text),
        Field::new("load", FieldType::Float),
    ];
    registry.add(EventType::new("cpu_usage", fields)).unwrap();
    let fields = vec![
        Field::new("bool", FieldType::Bool),
        Field::new("int", FieldType::Int),
        Field::new("float", FieldType::Float),
        Field::new("text", FieldType::Text),
        Field::new("at", FieldType::Time),
        Field::new("span", FieldType::Duration),
        Field::new("ip", FieldType::Ip),
        Field::new("phase", phase()),
        Field::new("none", FieldType::Int).optional(),
    ];
    let all = EventType {
        wire_name: "com.example.all".into(),
        ..EventType::new("all", fields)
    };
    registry.add(all).unwrap();
    registry
}

fn names() -> RuleNames {
    RuleNames {
        rule: "hot \"rule\"".into(),
        version: "1f".into(),
        key: vec![],
        values: vec![],
        actions: vec![],
    }
}

fn bare(kind: MatchKind) -> Match {
    Match {
        rule: RuleId::new(0),
        kind,
        id: MatchId(0xfeed),
        time: 1_767_225_600_000_000_000,
        key: vec![],
        events: vec![],
        values: vec![],
        actions: vec![],
        ingest: 7,
    }
}

fn bound(alias: &str, time: i64, host: &str, load: f64) -> BoundEvent {
    BoundEvent {
        alias: alias.into(),
        type_id: TypeId::new(0),
        time,
        source: Some("/hosts".into()),
        id: None,
        subject: None,
        severity: None,
        fields: vec![
            (FieldId::new(0), Value::Text(host.into())),
            (FieldId::new(1), Value::Float(load)),
        ],
    }
}

fn json(matched: &Match, names: &RuleNames) -> String {
    let mut out = Vec::new();
    write_match(&mut out, matched, names, &registry());
    String::from_utf8(out).unwrap()
}

/// A match of each kind; between them all that can stand in one.
fn matches() -> Vec<(Match, RuleNames)> {
    let raised_names = RuleNames {
        key: vec![
            named("host", FieldType::Text),
            named("core", FieldType::Int),
        ],
        values: vec![
            named("avg", FieldType::Float),
            named("count", FieldType::Int),
        ],
        actions: vec![ActionNames {
            name: "scale_out".into(),
            arguments: vec![named("host", FieldType::Text), named("phase", phase())],
        }],
        ..names()
    };
    let raised = Match {
        key: vec![Value::Text("a".into()), Value::Null],
        events: vec![bound("c", 5, "a", 1.0)],
        values: vec![Value::Float(0.95), Value::Int(12)],
        actions: vec![ActionCall {
            action: 0,
            args: vec![Value::Text("a".into()), Value::Enum(1)],
        }],
        ..bare(MatchKind::Raised)
    };
    let full = BoundEvent {
        alias: "x".into(),
        type_id: TypeId::new(1),
        time: -1,
        source: Some("/a".into()),
        id: Some("7".into()),
        subject: Some("s".into()),
        severity: Some(Severity::High),
        fields: vec![
            (FieldId::new(0), Value::Bool(true)),
            (FieldId::new(1), Value::Int(i64::MIN)),
            (FieldId::new(2), Value::Float(-2.5e-9)),
            (
                FieldId::new(3),
                Value::Text("a\"b\\c\n\r\t\u{1}\u{1f}\u{7f}ß😀/".into()),
            ),
            (FieldId::new(4), Value::Time(5)),
            (FieldId::new(5), Value::Duration(-6)),
            (
                FieldId::new(6),
                Value::Ip("::ffff:10.0.0.1".parse().unwrap()),
            ),
            (FieldId::new(7), Value::Enum(0)),
            (FieldId::new(8), Value::Null),
        ],
    };
    let empty_envelope = BoundEvent {
        source: Some("".into()),
        id: Some("".into()),
        fields: vec![],
        ..bound("x", 1, "", 0.0)
    };
    let pattern = Match {
        events: vec![
            bound("fails", 1, "a", 0.1),
            full,
            bound("fails", 2, "a", 0.2),
            empty_envelope,
        ],
        ..bare(MatchKind::Matched)
    };
    let floats = [
        0.0,
        1e15,
        1e16,
        1e-5,
        1e-7,
        0.1 + 0.2,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        f64::INFINITY,
        f64::NAN,
    ];
    let cleared_names = RuleNames {
        values: (0..floats.len())
            .map(|i| named(&format!("f{i}"), FieldType::Float))
            .collect(),
        ..names()
    };
    let cleared = Match {
        values: floats.map(Value::Float).to_vec(),
        ..bare(MatchKind::Cleared)
    };
    vec![
        (raised, raised_names),
        (pattern, names()),
        (cleared, cleared_names),
        (bare(MatchKind::Expired), names()),
        (bare(MatchKind::Timeout), names()),
    ]
}

#[test]
fn the_bytes_of_matches_stay_what_they_are() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matches.ndjson");
    let written: String = matches()
        .iter()
        .map(|(matched, names)| json(matched, names) + "\n")
        .collect();
    if env::var_os("TRAPJAW_REWRITE_GOLDEN").is_some() {
        fs::write(&path, &written).unwrap();
    }
    assert_eq!(written, fs::read_to_string(&path).unwrap());
}

#[test]
fn a_match_is_one_line_of_json_with_its_members_in_order() {
    for (matched, names) in matches() {
        let line = json(&matched, &names);
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["rule"], *names.rule);
        assert_eq!(value["kind"], matched.kind.as_str());
        let places: Vec<_> = [
            "rule", "version", "id", "kind", "time", "key", "events", "values",
        ]
        .iter()
        .map(|name| line.find(&format!("\"{name}\":")).unwrap())
        .collect();
        assert!(places.is_sorted(), "{line}");
    }
}

#[test]
fn what_is_appended_stands_behind_what_was_there() {
    let (matched, names) = &matches()[3];
    let mut out = b"before ".to_vec();
    write_match(&mut out, matched, names, &registry());
    assert_eq!(out, format!("before {}", json(matched, names)).as_bytes());
}

#[test]
fn arguments_whose_name_is_taken_are_told_apart() {
    let action = |name: &str, arguments: &[&str]| ActionNames {
        name: name.into(),
        arguments: arguments
            .iter()
            .map(|name| named(name, FieldType::Int))
            .collect(),
    };
    let names = RuleNames {
        values: vec![named("count", FieldType::Int)],
        actions: vec![action("page", &["text", "count"]), action("log", &["text"])],
        ..names()
    };
    let call = |action, args: &[i64]| ActionCall {
        action,
        args: args.iter().map(|&arg| Value::Int(arg)).collect(),
    };
    let matched = Match {
        values: vec![Value::Int(1)],
        actions: vec![
            call(0, &[2, 3]),
            call(1, &[4]),
            call(1, &[5]),
            call(1, &[6]),
            call(1, &[7]),
        ],
        ..bare(MatchKind::Matched)
    };
    let line = json(&matched, &names);
    let expected = r#""values":{"count":1,"text":2,"page.count":3,"log.text":4,"log.text#2":5,"log.text#3":6,"log.text#4":7}}"#;
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn an_enum_without_its_names_is_its_code() {
    let names = RuleNames {
        values: vec![named("a", FieldType::Int), named("b", phase())],
        ..names()
    };
    let matched = Match {
        values: vec![Value::Enum(1), Value::Enum(2)],
        ..bare(MatchKind::Matched)
    };
    assert!(json(&matched, &names).ends_with(r#""values":{"a":1,"b":2}}"#));
}

#[test]
fn a_bound_event_is_an_event_in_the_short_form() {
    let (matched, names) = &matches()[1];
    let line: serde_json::Value = serde_json::from_str(&json(matched, names)).unwrap();
    let event = line["events"]["x"][0].to_string();
    let event = EventReader::new(Arc::new(registry()))
        .event(event.as_bytes(), 0)
        .unwrap();
    assert_eq!(
        (event.time, &*event.source, event.severity),
        (-1, "/a", Some(Severity::High))
    );
    assert!(
        matched.events[1]
            .fields
            .iter()
            .map(|(_, value)| value)
            .eq(&event.values)
    );
}

proptest! {
    #[test]
    fn events_stand_under_their_alias_in_the_order_of_its_first(order in vec(0..4_usize, 0..12)) {
        let aliases = ["a", "b\"", "b", "{"];
        let events: Vec<BoundEvent> = order
            .iter()
            .zip(0..)
            .map(|(&alias, time)| bound(aliases[alias], time, aliases[alias], 1.0))
            .collect();
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for event in &events {
            let mut one = Vec::new();
            write_bound_event(&mut one, event, &registry());
            let one = String::from_utf8(one).unwrap();
            match groups.iter_mut().find(|(alias, _)| **alias == *event.alias) {
                Some((_, group)) => group.push(one),
                None => groups.push((&event.alias, vec![one])),
            }
        }
        let groups: Vec<String> = groups
            .iter()
            .map(|(alias, group)| format!("{}:[{}]", serde_json::json!(alias), group.join(",")))
            .collect();
        let matched = Match { events, ..bare(MatchKind::Matched) };
        let expected = format!("\"events\":{{{}}},\"values\":{{}}}}", groups.join(","));
        prop_assert!(json(&matched, &names()).ends_with(&expected));
    }

    #[test]
    fn texts_and_floats_come_back(text in any::<String>(), float: f64) {
        let names = RuleNames {
            values: vec![named(&text, FieldType::Text), named("a float", FieldType::Float)],
            ..names()
        };
        let matched = Match {
            values: vec![Value::Text(text.as_str().into()), Value::Float(float)],
            ..bare(MatchKind::Matched)
        };
        let line: serde_json::Value = serde_json::from_str(&json(&matched, &names)).unwrap();
        prop_assert_eq!(line["values"][&text].as_str(), Some(&*text));
        let read = line["values"]["a float"].as_f64();
        prop_assert_eq!(read, float.is_finite().then_some(float));
    }
}
