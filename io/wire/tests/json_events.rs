//! Which JSON is which event, and which is none.

use std::sync::Arc;

use proptest::prelude::*;
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{Event, EventType, Field, FieldType, Registry, Severity, Value};
use trapjaw_wire::Code;
use trapjaw_wire::json::{EventReader, JsonError, NdjsonReader};
use trapjaw_wire::limits::{MAX_JSON_BATCH, MAX_JSON_BATCH_EVENTS, MAX_JSON_DEPTH, MAX_LINE};

const NOW: i64 = 1_000;

fn at(path: &str, field: Field) -> Field {
    let path = path.split('.').map(Into::into).collect();
    Field {
        path: Some(path),
        ..field
    }
}

fn phase() -> FieldType {
    FieldType::Enum(Arc::from([
        "started".into(),
        "succeeded".into(),
        "failed".into(),
    ]))
}

fn registry() -> Arc<Registry> {
    let mut registry = Registry::new();
    let text = |name: &str| Field::new(name, FieldType::Text);
    let fields = vec![
        text("host"),
        Field::new("load", FieldType::Float),
        Field::new("core", FieldType::Int).optional(),
    ];
    registry.add(EventType::new("cpu_usage", fields)).unwrap();
    let fields = vec![text("service"), Field::new("phase", phase()).optional()];
    let deploy = EventType {
        wire_name: "com.example.deploy".into(),
        ..EventType::new("deploy", fields)
    };
    registry.add(deploy).unwrap();
    let fields = vec![
        at("data.order.id", text("order_id")),
        at(
            "order.total",
            Field::new("total", FieldType::Float).optional(),
        ),
        text("shop").optional(),
    ];
    registry.add(EventType::new("order", fields)).unwrap();
    let fields = vec![
        Field::new("bool", FieldType::Bool).optional(),
        Field::new("int", FieldType::Int).optional(),
        Field::new("float", FieldType::Float).optional(),
        text("text").optional(),
        Field::new("at", FieldType::Time).optional(),
        Field::new("span", FieldType::Duration).optional(),
        Field::new("ip", FieldType::Ip).optional(),
        Field::new("phase", phase()).optional(),
    ];
    registry.add(EventType::new("all", fields)).unwrap();
    registry
        .add(EventType::new("note", vec![at("data", text("body"))]))
        .unwrap();
    registry.add(EventType::new("tick", vec![])).unwrap();
    Arc::new(registry)
}

fn reader() -> EventReader {
    EventReader::new(registry())
}

fn read(json: &str) -> Result<Event, JsonError> {
    reader().event(json.as_bytes(), NOW)
}

fn refused(json: &str) -> (Code, String) {
    let error = read(json).expect_err(json);
    (error.code(), error.reason().into())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The value of the one field of `all` that is given, or why it has none.
fn field(name: &str, json: &str) -> Result<Value, String> {
    let event = read(&format!(r#"{{"type":"all","{name}":{json}}}"#)).map_err(|error| {
        assert_eq!(error.code(), Code::JsonValue);
        error.reason().to_owned()
    })?;
    let registry = registry();
    let (id, _) = registry.get(event.type_id).field(name).unwrap();
    Ok(event.values[id.index()].clone())
}

#[test]
fn the_short_form() {
    let event =
        read(r#"{"type":"cpu_usage","time":"2026-01-01T00:00:00Z","host":"a","load":0.95}"#)
            .unwrap();
    let expected = Event {
        type_id: registry().by_name("cpu_usage").unwrap(),
        time: 1_767_225_600_000_000_000,
        source: "".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![text("a"), Value::Float(0.95), Value::Null],
    };
    assert_eq!(event, expected);
}

#[test]
fn the_short_form_with_the_whole_envelope_in_any_order() {
    let event = read(
        r#"{"load":1,"severity":"high","core":3,"id":"7","subject":"rack 1","host":"a","source":"/x","time":5,"type":"cpu_usage"}"#,
    )
    .unwrap();
    assert_eq!((event.time, &*event.source), (5, "/x"));
    assert_eq!(event.id.as_deref(), Some("7"));
    assert_eq!(event.subject.as_deref(), Some("rack 1"));
    assert_eq!(event.severity, Some(Severity::High));
    assert_eq!(event.values, [text("a"), Value::Float(1.0), Value::Int(3)]);
}

#[test]
fn cloud_events() {
    let event = read(
        r#"{"specversion":"1.0","type":"com.example.deploy","source":"/ci","id":"42","time":"2026-01-01T01:30:00.5+01:30",
            "subject":"shop","datacontenttype":"application/json","severity":"critical","traceparent":"00-1",
            "data":{"service":"shop","phase":"failed"}}"#,
    )
    .unwrap();
    let expected = Event {
        type_id: registry().by_name("deploy").unwrap(),
        time: 1_767_225_600_500_000_000,
        source: "/ci".into(),
        id: Some("42".into()),
        subject: Some("shop".into()),
        severity: Some(Severity::Critical),
        values: vec![text("shop"), Value::Enum(2)],
    };
    assert_eq!(event, expected);
}

#[test]
fn the_form_decides_where_fields_stand() {
    let beside =
        r#"{"specversion":"1.0","type":"deploy","source":"/ci","id":"42","service":"shop"}"#;
    assert_eq!(refused(beside).0, Code::JsonMissing);
    let within = r#"{"type":"deploy","data":{"service":"shop"}}"#;
    assert_eq!(refused(within).0, Code::JsonMissing);
}

#[test]
fn types_go_by_either_name() {
    for name in ["deploy", "com.example.deploy"] {
        let event = read(&format!(r#"{{"type":"{name}","service":"s"}}"#)).unwrap();
        assert_eq!(event.type_id, registry().by_name("deploy").unwrap());
    }
}

#[test]
fn an_event_without_time_has_the_time_of_its_intake() {
    for time in ["", r#""time":null,"#] {
        assert_eq!(
            read(&format!(r#"{{{time}"type":"tick"}}"#)).unwrap().time,
            NOW
        );
    }
}

#[test]
fn fields_are_found_at_their_paths() {
    let values = |json: &str| read(json).map(|event| event.values);
    let expected = Ok(vec![text("7"), Value::Float(9.5), text("s")]);
    let cloud = r#"{"specversion":"1.0","type":"order","source":"a","id":"1","data":{"order":{"id":"7","total":9.5},"shop":"s"}}"#;
    assert_eq!(values(cloud), expected);
    let flat = r#"{"type":"order","order":{"total":9.5,"id":"7","lines":[{"id":1}]},"shop":"s"}"#;
    assert_eq!(values(flat), expected);
    let nested = r#"{"type":"order","data":{"order":{"id":"7"}},"order":{"total":9.5},"shop":"s"}"#;
    assert_eq!(values(nested), expected);
    let other_data = r#"{"type":"order","data":"x","order":{"id":"7","total":9.5},"shop":"s"}"#;
    assert_eq!(values(other_data), expected);
    let step_is_no_object = r#"{"type":"order","order":"7"}"#;
    assert_eq!(refused(step_is_no_object).0, Code::JsonMissing);
    let missing = r#"{"type":"order","order":{"total":1}}"#;
    assert_eq!(
        refused(missing).1,
        "field `order_id` is required, and missing or null"
    );
}

#[test]
fn data_itself_can_be_a_field() {
    let head = r#""specversion":"1.0","type":"note","source":"a","id":"1""#;
    assert_eq!(
        read(&format!(r#"{{{head},"data":"hello"}}"#))
            .unwrap()
            .values,
        [text("hello")]
    );
    assert_eq!(
        read(r#"{"type":"note","data":"hello"}"#).unwrap().values,
        [text("hello")]
    );
    let object = format!(r#"{{{head},"data":{{}}}}"#);
    assert_eq!(
        refused(&object),
        (
            Code::JsonValue,
            "field `body` is an object, not a text".into()
        )
    );
    let no_fields = r#"{"specversion":"1.0","type":"tick","source":"a","id":"1","data":"hello"}"#;
    assert_eq!(read(no_fields).unwrap().values, []);
    let fields = r#"{"specversion":"1.0","type":"deploy","source":"a","id":"1","data":"hello"}"#;
    assert_eq!(
        refused(fields),
        (Code::JsonData, "`data` is a text, not an object".into())
    );
    let none = r#"{"specversion":"1.0","type":"all","source":"a","id":"1","data":null}"#;
    assert!(read(none).unwrap().values.iter().all(Value::is_null));
}

#[test]
fn values_are_converted() {
    let cases = [
        ("bool", "true", Value::Bool(true)),
        ("int", "-9223372036854775808", Value::Int(i64::MIN)),
        ("int", "9223372036854775807", Value::Int(i64::MAX)),
        ("int", "1.0", Value::Int(1)),
        ("int", "-0", Value::Int(0)),
        ("int", "1e3", Value::Int(1_000)),
        ("float", "1", Value::Float(1.0)),
        (
            "float",
            "18446744073709551616",
            Value::Float(18_446_744_073_709_551_616.0),
        ),
        ("float", "0.1", Value::Float(0.1)),
        ("float", "5e-324", Value::Float(5e-324)),
        // Needs more than the parser's fast path to be exact.
        (
            "float",
            "31.245270191439438",
            Value::Float(31.245_270_191_439_438),
        ),
        ("text", r#""a\n\u00df\ud83d\ude00""#, text("a\nß😀")),
        ("at", r#""1969-12-31T23:59:59.999999999Z""#, Value::Time(-1)),
        (
            "at",
            r#""2026-01-01T00:00:00-08:00""#,
            Value::Time(1_767_254_400_000_000_000),
        ),
        ("at", "7", Value::Time(7)),
        ("span", r#""5m30s""#, Value::Duration(330_000_000_000)),
        ("span", "-5", Value::Duration(-5)),
        (
            "ip",
            r#""10.0.0.1""#,
            Value::Ip("10.0.0.1".parse().unwrap()),
        ),
        (
            "ip",
            r#""2001:db8::1""#,
            Value::Ip("2001:db8::1".parse().unwrap()),
        ),
        ("phase", r#""succeeded""#, Value::Enum(1)),
    ];
    for (name, json, value) in cases {
        assert_eq!(field(name, json), Ok(value), "{name}: {json}");
        assert_eq!(field(name, "null"), Ok(Value::Null));
    }
}

#[test]
fn minus_zero_is_zero() {
    for json in ["-0", "-0.0"] {
        let Ok(Value::Float(zero)) = field("float", json) else {
            panic!("{json} is a float");
        };
        assert!(zero.is_sign_positive());
    }
}

#[test]
fn values_of_another_type_are_refused_with_a_reason() {
    let cases = [
        ("bool", "1", "is 1, not true or false"),
        ("int", "1.5", "is 1.5, not a whole number of 64 bits"),
        (
            "int",
            "9223372036854775808",
            "is 9.223372036854776e18, not a whole number of 64 bits",
        ),
        ("int", r#""1""#, "is `1`, not a whole number of 64 bits"),
        ("float", "true", "is a bool, not a number"),
        ("text", "5", "is 5, not a text"),
        ("text", "[\"a\"]", "is an array, not a text"),
        ("text", "{}", "is an object, not a text"),
        (
            "at",
            r#""yesterday""#,
            "is `yesterday`, not a time of RFC 3339 or whole nanoseconds",
        ),
        (
            "at",
            r#""2026-01-01T00:00:00""#,
            "is `2026-01-01T00:00:00`, not a time of RFC 3339 or whole nanoseconds",
        ),
        (
            "at",
            r#""2300-01-01T00:00:00Z""#,
            "is `2300-01-01T00:00:00Z`, not a time of RFC 3339 or whole nanoseconds",
        ),
        (
            "span",
            r#""5 minutes""#,
            "is `5 minutes`, not a duration such as `5m30s` or whole nanoseconds",
        ),
        ("ip", r#""10.0.0""#, "is `10.0.0`, not an IP address"),
        (
            "phase",
            r#""done""#,
            "is `done`, not one of started, succeeded, failed",
        ),
        ("phase", "0", "is 0, not one of started, succeeded, failed"),
    ];
    for (name, json, reason) in cases {
        assert_eq!(field(name, json), Err(format!("field `{name}` {reason}")));
    }
}

#[test]
fn reasons_do_not_grow_with_the_input() {
    let json = format!(r#"{{"type":"all","ip":"{}"}}"#, "ä\\u0001".repeat(10_000));
    let (code, reason) = refused(&json);
    assert_eq!(code, Code::JsonValue);
    assert!(reason.len() < 400, "{reason}");
}

#[test]
fn what_is_no_event_is_refused_with_its_code() {
    let cases = [
        (
            "",
            Code::JsonSyntax,
            "EOF while parsing a value at column 0",
        ),
        (
            "{",
            Code::JsonSyntax,
            "EOF while parsing an object at column 1",
        ),
        (
            r#"{"type":}"#,
            Code::JsonSyntax,
            "expected value at column 9",
        ),
        (
            r#"{"type":"tick"} x"#,
            Code::JsonSyntax,
            "trailing characters at column 17",
        ),
        (
            r#"{"type":"tick","x":1e999}"#,
            Code::JsonSyntax,
            "number out of range at column 24",
        ),
        (
            r#"{"type":"tick","x":NaN}"#,
            Code::JsonSyntax,
            "expected value at column 20",
        ),
        ("[]", Code::JsonShape, "an event is an object, not an array"),
        ("5", Code::JsonShape, "an event is an object, not a number"),
        ("{}", Code::JsonType, "`type` is missing"),
        (r#"{"type":null}"#, Code::JsonType, "`type` is missing"),
        (
            r#"{"type":5}"#,
            Code::JsonType,
            "`type` is a number, not a text",
        ),
        (
            r#"{"type":"disk"}"#,
            Code::JsonType,
            "no event type is named `disk`",
        ),
        (
            r#"{"type":"tick","source":5}"#,
            Code::JsonEnvelope,
            "`source` is a number, not a text",
        ),
        (
            r#"{"type":"tick","id":[]}"#,
            Code::JsonEnvelope,
            "`id` is an array, not a text",
        ),
        (
            r#"{"type":"tick","severity":"bad"}"#,
            Code::JsonEnvelope,
            "`severity` is not one of info, low, medium, high, critical",
        ),
        (
            r#"{"type":"tick","time":"noon"}"#,
            Code::JsonEnvelope,
            "`time` is not a time of RFC 3339 between the years 1678 and 2261, nor whole nanoseconds",
        ),
        (
            r#"{"type":"deploy"}"#,
            Code::JsonMissing,
            "field `service` is required, and missing or null",
        ),
        (
            r#"{"type":"deploy","service":null}"#,
            Code::JsonMissing,
            "field `service` is required, and missing or null",
        ),
    ];
    for (json, code, reason) in cases {
        assert_eq!(refused(json), (code, reason.into()), "{json}");
    }
    let error = reader().event(b"{\"type\":\"\xff\"}", NOW).unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::JsonUtf8, "not UTF-8 at byte 10")
    );
}

#[test]
fn cloud_events_need_their_attributes() {
    let cases = [
        (
            r#""specversion":"0.3","source":"a","id":"1""#,
            "`specversion` is not \"1.0\"",
        ),
        (
            r#""specversion":1.0,"source":"a","id":"1""#,
            "`specversion` is not \"1.0\"",
        ),
        (r#""specversion":"1.0","id":"1""#, "`source` is missing"),
        (r#""specversion":"1.0","source":"a""#, "`id` is missing"),
        (
            r#""specversion":"1.0","source":"a","id":null"#,
            "`id` is missing",
        ),
        (
            r#""specversion":"1.0","source":"","id":"1""#,
            "`source` is empty",
        ),
    ];
    for (head, reason) in cases {
        let json = format!(r#"{{{head},"type":"tick"}}"#);
        assert_eq!(refused(&json), (Code::JsonEnvelope, reason.into()));
    }
    let base64 =
        r#"{"specversion":"1.0","type":"tick","source":"a","id":"1","data_base64":"e30="}"#;
    assert_eq!(refused(base64).0, Code::JsonData);
}

#[test]
fn what_is_read_may_not_stand_twice() {
    for json in [
        r#"{"type":"tick","type":"tick"}"#,
        r#"{"type":"tick","time":1,"time":1}"#,
        r#"{"type":"deploy","service":"a","service":"a"}"#,
        r#"{"type":"deploy","service":"a","phase":null,"phase":null}"#,
        r#"{"type":"deploy","service":"a","\u0073ervice":"a"}"#,
        r#"{"type":"order","order":{"id":"7"},"order":{"total":1}}"#,
        r#"{"type":"order","order":{"id":"7","id":"7"}}"#,
        r#"{"specversion":"1.0","type":"tick","source":"a","id":"1","data":{},"data":{}}"#,
    ] {
        assert_eq!(refused(json).0, Code::JsonDuplicate, "{json}");
    }
    assert!(
        read(r#"{"type":"tick","x":1,"x":2}"#).is_ok(),
        "nothing reads x"
    );
}

#[test]
fn members_that_nothing_reads_are_counted() {
    let mut reader = reader();
    let mut ignored = |json: &str| {
        let before = reader.ignored();
        reader.event(json.as_bytes(), NOW).unwrap();
        reader.ignored() - before
    };
    assert_eq!(
        ignored(r#"{"type":"tick","id":"1","source":"a","subject":"b","severity":"low","time":1}"#),
        0
    );
    assert_eq!(ignored(r#"{"type":"tick","a":1,"b":{"c":1,"d":1}}"#), 2);
    assert_eq!(
        ignored(r#"{"type":"order","order":{"id":"7","total":1,"x":1,"y":[1,2]}}"#),
        2
    );
    let cloud =
        r#"{"specversion":"1.0","type":"tick","source":"a","id":"1","ext":"x","data":{"a":1}}"#;
    assert_eq!(ignored(cloud), 1, "extensions are no data");
}

#[test]
fn limits_are_kept() {
    let with = |count: usize| {
        let json = format!(r#"{{"type":"all","text":"{}"}}"#, "x".repeat(count));
        read(&json).map_err(|error| (error.code(), error.reason().to_owned()))
    };
    assert!(with(MAX_TEXT).is_ok());
    assert_eq!(with(MAX_TEXT + 1).unwrap_err().0, Code::JsonValue);
    assert_eq!(with(MAX_LINE).unwrap_err().0, Code::JsonLength);
    let id = format!(r#"{{"type":"tick","id":"{}"}}"#, "x".repeat(MAX_TEXT + 1));
    assert_eq!(refused(&id).0, Code::JsonEnvelope);
    let spaces = format!("{}{{\"type\":\"tick\"}}", " ".repeat(MAX_LINE - 15));
    assert!(read(&spaces).is_ok());
    assert_eq!(refused(&format!(" {spaces}")).0, Code::JsonLength);

    let deep = |objects: usize| {
        let inner = objects - 1;
        format!(
            r#"{{"type":"tick","x":{}1{}}}"#,
            "{\"x\":".repeat(inner),
            "}".repeat(inner)
        )
    };
    assert!(read(&deep(MAX_JSON_DEPTH)).is_ok());
    assert_eq!(refused(&deep(MAX_JSON_DEPTH + 1)).0, Code::JsonDepth);
    assert_eq!(refused(&deep(100_000)).0, Code::JsonDepth);
    let arrays = format!(
        r#"{{"type":"tick","x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(
        read(&arrays).is_ok(),
        "arrays are skipped without recursion"
    );
}

#[test]
fn many_members_cost_no_more_than_they_are_long() {
    let members: Vec<String> = (0..60_000).map(|index| format!(r#""{index}":1"#)).collect();
    let json = format!(r#"{{"type":"tick",{}}}"#, members.join(","));
    let mut reader = reader();
    assert!(reader.event(json.as_bytes(), NOW).is_ok());
    assert_eq!(reader.ignored(), 60_000);
}

#[test]
fn structured_bodies_are_cloud_events() {
    let mut reader = reader();
    let body = br#"{"specversion":"1.0","type":"tick","source":"a","id":"1"}"#;
    assert_eq!(reader.structured(body, NOW).unwrap().time, NOW);
    let error = reader
        .structured(br#"{"type":"tick","source":"a","id":"1"}"#, NOW)
        .unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::JsonEnvelope, "`specversion` is missing")
    );
    let long = vec![b' '; MAX_LINE + 1];
    assert_eq!(
        reader.structured(&long, NOW).unwrap_err().code(),
        Code::JsonLength
    );
}

#[test]
fn batches_are_refused_event_by_event() {
    let mut reader = reader();
    let body = br#" [{"specversion":"1.0","type":"tick","source":"a","id":"1"},
        {"type":"tick"}, 5, {"specversion":"1.0","type":"deploy","source":"a","id":"2","data":{"service":"s"}}]"#;
    let events = reader.batched(body, NOW).unwrap();
    let ids: Vec<_> = events
        .into_iter()
        .map(|event| {
            event
                .map(|event| event.id.unwrap())
                .map_err(|error| error.code())
        })
        .collect();
    assert_eq!(
        ids,
        [
            Ok("1".into()),
            Err(Code::JsonEnvelope),
            Err(Code::JsonShape),
            Ok("2".into())
        ]
    );
    assert_eq!(reader.batched(b"[]", NOW), Ok(vec![]));

    let mut refused = |body: &[u8]| reader.batched(body, NOW).unwrap_err().code();
    assert_eq!(refused(b"{}"), Code::JsonShape);
    assert_eq!(refused(b""), Code::JsonShape);
    assert_eq!(refused(b"[{}"), Code::JsonSyntax);
    assert_eq!(refused(b"[{}] []"), Code::JsonSyntax);
    assert_eq!(refused(b"[\xff]"), Code::JsonUtf8);
    let nested = format!("[{}", "{\"x\":".repeat(MAX_JSON_DEPTH + 1));
    assert_eq!(refused(nested.as_bytes()), Code::JsonDepth);
    let most = format!("[{}1]", "1,".repeat(MAX_JSON_BATCH_EVENTS - 1));
    assert_eq!(
        refused(format!("[1,{}", &most[1..]).as_bytes()),
        Code::JsonBatch
    );
    assert_eq!(refused(&vec![b' '; MAX_JSON_BATCH + 1]), Code::JsonLength);
    assert_eq!(
        reader.batched(most.as_bytes(), NOW).unwrap().len(),
        MAX_JSON_BATCH_EVENTS
    );
}

fn binary(
    headers: &[(&str, &str)],
    content_type: Option<&str>,
    body: &str,
) -> Result<Event, (Code, String)> {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    reader()
        .binary(headers, content_type, body.as_bytes(), NOW)
        .map_err(|error| (error.code(), error.reason().into()))
}

const HEAD: [(&str, &str); 4] = [
    ("ce-specversion", "1.0"),
    ("ce-type", "deploy"),
    ("ce-source", "/ci"),
    ("ce-id", "1"),
];

#[test]
fn binary_mode_has_its_envelope_in_headers() {
    let headers = [
        ("host", "example.com"),
        ("Ce-SpecVersion", "1.0"),
        ("CE-Type", "com.example.deploy"),
        ("ce-source", "/ci/%E2%82%AC%20x"),
        ("ce-id", "\"a \\\" b\""),
        ("ce-subject", "  100%25  "),
        ("ce-time", "1970-01-01T00:00:01Z"),
        ("ce-severity", "low"),
        ("ce-traceparent", "00-1"),
        ("c", "short"),
        ("é-type", "no"),
    ];
    let event = binary(
        &headers,
        Some("application/json; charset=utf-8"),
        r#"{"service":"s"}"#,
    )
    .unwrap();
    let expected = Event {
        type_id: registry().by_name("deploy").unwrap(),
        time: 1_000_000_000,
        source: "/ci/€ x".into(),
        id: Some("a \" b".into()),
        subject: Some("100%".into()),
        severity: Some(Severity::Low),
        values: vec![text("s"), Value::Null],
    };
    assert_eq!(event, expected);
}

#[test]
fn the_content_type_says_what_a_body_is() {
    let body = r#"{"service":"s"}"#;
    for content_type in [
        None,
        Some("application/json"),
        Some("application/vnd.x+JSON"),
        Some("text/json"),
    ] {
        assert!(
            binary(&HEAD, content_type, body).is_ok(),
            "{content_type:?}"
        );
    }
    for content_type in ["application/xml", "json", ""] {
        assert_eq!(
            binary(&HEAD, Some(content_type), body).unwrap_err().0,
            Code::JsonData
        );
    }
    assert_eq!(
        binary(&HEAD, Some("text/plain"), body).unwrap_err().1,
        "`data` is a text, not an object"
    );
    let mut note = HEAD;
    note[1].1 = "note";
    assert_eq!(
        binary(&note, Some("text/plain"), "hello").unwrap().values,
        [text("hello")]
    );
    let mut tick = HEAD;
    tick[1].1 = "tick";
    assert!(
        binary(&tick, Some("application/xml"), "").is_ok(),
        "no body, no data"
    );
    assert_eq!(binary(&HEAD, None, "{").unwrap_err().0, Code::JsonSyntax);
}

#[test]
fn headers_that_are_malformed_are_refused() {
    for id in ["%", "%4", "%zz", "%ff", "\"open", "\"a\"b\"", "\"a\\"] {
        let mut headers = HEAD;
        headers[3].1 = id;
        let malformed = (Code::JsonEnvelope, "header `ce-id` is malformed".into());
        assert_eq!(binary(&headers, None, "{}"), Err(malformed), "{id}");
    }
    let error = reader()
        .binary([("ce-id", &b"\xff"[..])], None, b"", NOW)
        .unwrap_err();
    assert_eq!(error.code(), Code::JsonEnvelope);
    let twice = [HEAD[0], HEAD[1], HEAD[2], HEAD[3], ("CE-ID", "2")];
    assert_eq!(
        binary(&twice, None, r#"{"service":"s"}"#).unwrap_err().0,
        Code::JsonDuplicate
    );
    assert_eq!(
        binary(&HEAD[1..], None, "{}").unwrap_err().1,
        "`specversion` is missing"
    );
}

fn lines(input: &[u8], buffer: usize) -> Vec<(u64, Result<i64, Code>)> {
    let input = std::io::BufReader::with_capacity(buffer, input);
    NdjsonReader::new(input, reader(), NOW)
        .map(|line| line.unwrap())
        .map(|(number, event)| {
            (
                number,
                event.map(|event| event.time).map_err(|error| error.code()),
            )
        })
        .collect()
}

#[test]
fn lines_are_counted_and_bad_ones_do_not_end_the_reading() {
    let input = b"{\"type\":\"tick\",\"time\":1}\n\n \t\r\n{\"type\":\"tick\",\"time\":4}\r\nbad\n{\"type\":\"disk\"}\n{\"type\":\"tick\"}";
    let expected = vec![
        (1, Ok(1)),
        (4, Ok(4)),
        (5, Err(Code::JsonSyntax)),
        (6, Err(Code::JsonType)),
        (7, Ok(NOW)),
    ];
    for buffer in [1, 2, 7, 30, 10_000] {
        assert_eq!(lines(input, buffer), expected, "with a buffer of {buffer}");
    }
    assert_eq!(lines(b"", 10), []);
    assert_eq!(lines(b"\n\n", 10), []);
}

#[test]
fn overlong_lines_are_skipped_and_not_kept() {
    let mut input = vec![b' '; MAX_LINE - 15];
    input.extend_from_slice(b"{\"type\":\"tick\"}\n");
    input.extend_from_slice(&vec![b' '; 3 * MAX_LINE]);
    input.extend_from_slice(b"{\"type\":\"tick\"}\n{\"type\":\"tick\"}\n");
    input.extend_from_slice(&vec![b'x'; MAX_LINE + 1]);
    let expected = vec![
        (1, Ok(NOW)),
        (2, Err(Code::JsonLength)),
        (3, Ok(NOW)),
        (4, Err(Code::JsonLength)),
    ];
    for buffer in [8_192, MAX_LINE, 10 * MAX_LINE] {
        assert_eq!(lines(&input, buffer), expected, "with a buffer of {buffer}");
    }
}

#[test]
fn an_error_of_the_input_ends_the_reading() {
    use std::io::{BufReader, Error, Read};
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("cable"))
        }
    }
    let input = BufReader::new(b"{\"type\":\"tick\"}\n{".chain(Broken));
    let mut lines = NdjsonReader::new(input, reader(), NOW);
    assert_eq!(lines.next().unwrap().unwrap().1.unwrap().time, NOW);
    lines.set_now(5);
    assert_eq!(lines.next().unwrap().unwrap_err().to_string(), "cable");
    assert!(lines.next().is_none());
    assert_eq!((lines.lines(), lines.ignored()), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(json in "[\\[\\]{}:,\"a-z0-9.\\\\ue+ -]{0,60}") {
        let refused = |error: JsonError| error.code().number() > 600 && !error.reason().is_empty();
        prop_assert!(read(&json).err().is_none_or(refused));
        prop_assert!(reader().batched(json.as_bytes(), NOW).err().is_none_or(refused));
    }

    #[test]
    fn no_change_of_an_event_panics(
        at in any::<proptest::sample::Index>(), byte: u8, cut in any::<proptest::sample::Index>(),
    ) {
        let mut json = br#"{"specversion":"1.0","type":"order","source":"a","id":"1","time":"2026-01-01T00:00:00Z","severity":"low","data":{"order":{"id":"7","total":9.5},"shop":"s\u00df"}}"#.to_vec();
        let at = at.index(json.len());
        json[at] = byte;
        if let Ok(event) = reader().event(&json, NOW) {
            prop_assert_eq!(event.values.len(), registry().get(event.type_id).fields.len());
        }
        json.truncate(cut.index(json.len()));
        prop_assert!(reader().event(&json, NOW).is_err(), "a cut object is none");
    }

    #[test]
    fn floats_are_read_exactly(value: f64) {
        prop_assume!(value.is_finite());
        prop_assert_eq!(field("float", &format!("{value:e}")), Ok(Value::Float(value)));
    }

    #[test]
    fn integers_are_read_exactly(value: i64) {
        prop_assert_eq!(field("int", &value.to_string()), Ok(Value::Int(value)));
        prop_assert_eq!(field("at", &value.to_string()), Ok(Value::Time(value)));
    }
}
