//! A message of each kind, as small as it can be while each of its fields has a value that is not the default.

use std::sync::Arc;

use trapjaw_event::{DeclaredField, DeclaredType, EventType, Field, FieldType};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Bye, Codecs, Events, Hello, Kind, Level, Matched, Message, Nack, Ping, Pong, Schema,
    StreamId, Subscribe, Welcome,
};

/// Every kind of frame, and of SCHEMA every form, each with its name.
pub(crate) fn messages() -> Vec<(&'static str, Message<'static>)> {
    vec![
        (
            "hello",
            Message::Hello(Hello {
                lowest_version: 1,
                highest_version: 2,
                level: Some(Level::Durable),
                codecs: Codecs::RKYV,
                stream: StreamId(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
                token: "sesame",
                client: "trapjaw-client 0.1.0",
            }),
        ),
        (
            "welcome",
            Message::Welcome(Welcome {
                version: 1,
                level: Level::Received,
                codec: 1,
                credit: 65_536,
                max_frame: 1 << 20,
                max_rows: 16_384,
                high_water: 1_000,
                layout: 0x0123_4567_89ab_cdef,
                server: "trapjaw",
                server_version: "0.1.0",
            }),
        ),
        ("schema_declare", Message::Schema(declare())),
        ("schema_ask", Message::Schema(Schema::Ask)),
        ("schema_answer", Message::Schema(answer())),
        (
            "events",
            Message::Events(Events {
                first_seq: 1_001,
                layout: 0x0123_4567_89ab_cdef,
                rows: 3,
                batch:
                    b"what a batch holds is not looked at by the frame: see the crate trapjaw-event",
            }),
        ),
        (
            "ack",
            Message::Ack(Ack {
                sequence: 1_003,
                credit: 3,
                level: Level::Written,
            }),
        ),
        (
            "nack",
            Message::Nack(Nack::new(
                Some(Kind::Schema),
                7,
                Code::SchemaMissingField,
                "field `host` is required but not declared",
            )),
        ),
        (
            "subscribe",
            Message::Subscribe(Subscribe {
                subscription: 5,
                rules: vec!["hot", "Größe"],
            }),
        ),
        (
            "match",
            Message::Match(Matched {
                subscription: 5,
                number: 9,
                age: 130_000,
                json: r#"{"rule":"hot"}"#,
            }),
        ),
        (
            "ping",
            Message::Ping(Ping {
                token: 0x1122_3344_5566_7788,
            }),
        ),
        (
            "pong",
            Message::Pong(Pong {
                token: 0x1122_3344_5566_7788,
            }),
        ),
        ("bye", Message::Bye(Bye { reason: "done" })),
    ]
}

fn declare() -> Schema {
    let column = |name: &str, ty, optional| DeclaredField {
        name: name.into(),
        ty,
        optional,
    };
    let phase = FieldType::Enum(Arc::from(["started".into(), "failed".into()]));
    let declared = DeclaredType {
        wire_name: "com.example.all".into(),
        fields: vec![
            column("bool", FieldType::Bool, false),
            column("int", FieldType::Int, true),
            column("float", FieldType::Float, false),
            column("text", FieldType::Text, true),
            column("at", FieldType::Time, false),
            column("span", FieldType::Duration, false),
            column("ip", FieldType::Ip, false),
            column("phase", phase, true),
        ],
    };
    Schema::Declare {
        number: 7,
        declared,
    }
}

fn answer() -> Schema {
    let order = Field {
        path: Some(["data".into(), "order".into(), "id".into()].into()),
        ..Field::new("order_id", FieldType::Text).optional()
    };
    let types = vec![
        EventType::new("beat", vec![Field::new("host", FieldType::Text)]),
        EventType {
            wire_name: "com.example.order".into(),
            lateness: 5_000_000_000,
            ..EventType::new("order", vec![order])
        },
    ];
    Schema::Answer { last: true, types }
}
