//! Where the targets' corpora come from: small inputs of each kind, made from the code that they are about, so that
//! they can be made again when a format changes.

use std::sync::Arc;

use trapjaw_event::batch::{Batch, Column, ColumnData, Dictionary, Section, Text, Texts};
use trapjaw_event::{BatchBuilder, DeclaredType, Event, FieldType, Value};
use trapjaw_program::sample::Entropy;
use trapjaw_tests::generate::{PatternCase, SKIPS};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Bye, Events, Hello, Kind, Level, Matched, Message, Nack, Ping, Pong, Schema, StreamId,
    Subscribe, Welcome,
};

use crate::verify_then_run::sampled;
use crate::world::{self, REGISTRY};
use crate::{XorShift, rules};

type Seeds = Vec<(String, Vec<u8>)>;

fn random_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut random = XorShift::new(seed);
    (0..length).map(|_| random.byte()).collect()
}

/// Bytes for targets that take them as choices.
pub(crate) fn choices() -> Seeds {
    let lengths = [9, 40, 100, 200, 400, 800];
    let seeds = lengths.into_iter().zip(1..);
    let mut seeds: Seeds = seeds
        .map(|(length, seed)| (format!("choices_{length}"), random_bytes(seed, length)))
        .collect();
    seeds.push(("none".to_owned(), Vec::new()));
    seeds
}

/// Choices of patterns, three for each way on after a match; and none.
pub(crate) fn patterns() -> Seeds {
    let mut seeds = vec![("none".to_owned(), Vec::new())];
    for skip in SKIPS {
        let bytes = (1..).map(|seed| random_bytes(seed, 120 + 10 * (seed as usize % 8)));
        let right = bytes.filter(|bytes| {
            let case = PatternCase::of_bytes(bytes);
            case.is_some_and(|case| case.skip() == skip)
        });
        let names = (1..=3).map(|number| format!("{}_{number}", skip.replace(' ', "_")));
        seeds.extend(names.zip(right));
    }
    seeds
}

/// Batches: of one row and of many, of one section and two, with text columns in both forms, and as each of the
/// declarations has it.
pub(crate) fn batch() -> Seeds {
    let bytes = random_bytes(11, 32 * 1_024);
    let entropy = &mut Entropy::new(&bytes);
    let few = REGISTRY.by_name("few").expect("it is registered");
    let few_event = |host: &str, load| Event {
        type_id: few,
        time: 5,
        source: "/a".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Text(host.into()), load],
    };
    let few_events: Vec<Event> = (0..40)
        .map(|row| {
            few_event(
                if row % 3 == 0 { "web-1" } else { "web-2" },
                Value::Float(f64::from(row)),
            )
        })
        .collect();
    let all_events: Vec<Event> = (0..5).map(|_| world::event(entropy)).collect();
    let mixed: Vec<Event> = [&all_events[..2], &few_events[..3], &all_events[2..3]].concat();
    let built = |events: &[Event]| {
        let mut builder = BatchBuilder::new(Arc::clone(&REGISTRY));
        for event in events {
            builder.push(event).expect("a seed fits a batch");
        }
        builder.finish().to_vec()
    };
    let mut seeds: Seeds = [
        ("empty", built(&[])),
        ("one", built(&all_events[..1])),
        ("several", built(&all_events)),
        (
            "few",
            built(&[
                few_event("a", Value::Null),
                few_event("b", Value::Float(0.5)),
            ]),
        ),
        ("dictionary", built(&few_events)),
        ("mixed", built(&mixed)),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into();
    seeds.push(("other_declaration".to_owned(), other_declaration()));
    seeds.push(("under_nulls".to_owned(), under_nulls(entropy)));
    seeds
}

/// A section of `all` in which half of what may be null is, with something under each null.
fn under_nulls(entropy: &mut Entropy<'_>) -> Vec<u8> {
    const ROWS: usize = 4;
    let texts = || {
        Text::Plain(Texts {
            offsets: vec![0, 5, 5, 6, 8],
            bytes: "host-aé".into(),
        })
    };
    let columns = REGISTRY.get(world::all()).fields.iter().map(|field| {
        let validity = if field.optional {
            vec![0b0101]
        } else {
            Vec::new()
        };
        let mut ints = || (0..ROWS).map(|_| i64::from(entropy.byte())).collect();
        let data = match &field.ty {
            FieldType::Bool => ColumnData::Bool(vec![0b1110]),
            FieldType::Int => ColumnData::Int(ints()),
            FieldType::Time => ColumnData::Time(ints()),
            FieldType::Duration => ColumnData::Duration(ints()),
            FieldType::Float => ColumnData::Float(vec![0.25, 0.75, 0.5, 1e300]),
            FieldType::Enum(_) => ColumnData::Enum(vec![0, 1, 2, 1]),
            FieldType::Ip => ColumnData::Ip(vec![[1; 16], [2; 16], [1; 16], [0; 16]]),
            FieldType::Text => ColumnData::Text(texts()),
        };
        Column { validity, data }
    });
    let section = Section {
        schema: 0,
        rows: ROWS as u32,
        time: vec![5, 6, 1_000_000_007, 4],
        source: texts(),
        columns: columns.collect(),
        ..Section::default()
    };
    let batch = Batch {
        order: Vec::new(),
        sections: vec![section],
    };
    batch.to_bytes().to_vec()
}

/// A section of `few` as the declaration with number 2 has it, with something under its null.
fn other_declaration() -> Vec<u8> {
    let texts = |texts: &[&str]| {
        let ends = texts.iter().scan(0, |end, text| {
            *end += text.len() as u32;
            Some(*end)
        });
        Texts {
            offsets: [0].into_iter().chain(ends).collect(),
            bytes: texts.concat(),
        }
    };
    let column = |validity: &[u64], data| Column {
        validity: validity.to_vec(),
        data,
    };
    let hosts = Dictionary {
        codes: vec![1, 0, 1],
        values: texts(&["a", "é"]),
    };
    let section = Section {
        schema: 2,
        rows: 3,
        time: vec![1, 2, 3],
        source: Text::Plain(texts(&["/a", "/b", ""])),
        columns: vec![
            column(&[0b101], ColumnData::Int(vec![7, -1, 9])),
            column(&[], ColumnData::Float(vec![0.5, 1.0, 2.0])),
            column(&[], ColumnData::Text(Text::Dict(hosts))),
        ],
        ..Section::default()
    };
    let batch = Batch {
        order: Vec::new(),
        sections: vec![section],
    };
    batch.to_bytes().to_vec()
}

/// A frame of each kind, and all of them in one stream.
pub(crate) fn frame() -> Seeds {
    let ty = REGISTRY.get(world::all());
    let hello = Hello {
        stream: StreamId(7),
        token: "sesame",
        client: "fuzz 1.0",
        ..Hello::default()
    };
    let welcome = Welcome {
        version: 1,
        level: Level::Received,
        codec: 1,
        credit: 65_536,
        max_frame: 1 << 20,
        max_rows: 16_384,
        high_water: 0,
        layout: 1,
        server: "trapjaw",
        server_version: "0.1.0",
    };
    let declare = Schema::Declare {
        number: 3,
        declared: DeclaredType::from(ty),
    };
    let answer = Schema::Answer {
        last: true,
        types: vec![ty.clone()],
    };
    let one_batch = &batch()[1].1;
    let events = Events {
        first_seq: 1,
        layout: 1,
        rows: 1,
        batch: one_batch,
    };
    let ack = Ack {
        sequence: 1,
        credit: 1,
        level: Level::Received,
    };
    let subscribe = Subscribe {
        subscription: 5,
        rules: vec!["hot", "Größe"],
    };
    let matched = Matched {
        subscription: 5,
        number: 1,
        age: 130_000,
        json: r#"{"rule":"hot"}"#,
    };
    let messages = [
        ("hello", Message::Hello(hello)),
        ("welcome", Message::Welcome(welcome)),
        ("declare", Message::Schema(declare)),
        ("ask", Message::Schema(Schema::Ask)),
        ("answer", Message::Schema(answer)),
        ("events", Message::Events(events)),
        ("ack", Message::Ack(ack)),
        (
            "nack",
            Message::Nack(Nack::new(
                Some(Kind::Events),
                1,
                Code::FrameMagic,
                "no frame",
            )),
        ),
        ("subscribe", Message::Subscribe(subscribe)),
        ("match", Message::Match(matched)),
        ("ping", Message::Ping(Ping { token: 1 })),
        ("pong", Message::Pong(Pong { token: 1 })),
        ("bye", Message::Bye(Bye { reason: "done" })),
    ];
    let mut seeds = Seeds::new();
    // Checksums are put right, and pieces are 21 bytes long.
    let mut all = vec![41];
    for (name, message) in &messages {
        let mut bytes = vec![41];
        message.encode(&mut bytes).expect("a seed can be written");
        all.extend_from_slice(&bytes[1..]);
        seeds.push(((*name).to_owned(), bytes));
    }
    // Here they stay as they are.
    all[0] = 40;
    seeds.push(("stream".to_owned(), all));
    seeds
}

/// The language's own samples, and rules made from choices.
pub(crate) fn parse() -> Seeds {
    let mut seeds: Seeds = [
        ("forms.trap", include_str!("../../dsl/testdata/forms.trap")),
        (
            "twelve.trap",
            include_str!("../../dsl/testdata/twelve.trap"),
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into();
    seeds.extend((1..=6).map(|seed| {
        let bytes = random_bytes(seed, 200);
        let text = rules::file(&mut Entropy::new(&bytes));
        (format!("rules_{seed}.trap"), text.into_bytes())
    }));
    seeds
}

/// Sampled code in both its forms.
pub(crate) fn decode() -> Seeds {
    let mut seeds = Seeds::new();
    for (seed, length) in [(21, 30), (22, 100), (23, 300), (24, 600)] {
        let bytes = random_bytes(seed, length);
        let code = sampled(world::all(), &mut Entropy::new(&bytes));
        seeds.push((format!("code_{length}.bin"), code.encode()));
        seeds.push((
            format!("code_{length}.txt"),
            format!(";\n{code}").into_bytes(),
        ));
    }
    seeds
}

/// Events in each form, good and bad.
pub(crate) fn json_event() -> Seeds {
    let all = r#""flag":true,"count":-3,"load":0.95,"host":"a\u00e9","at":"2026-01-01T00:00:00Z","span":"5m30s","address":"::ffff:10.0.0.1","phase":"failed""#;
    let cloud = |data: &str| {
        format!(
            r#"{{"specversion":"1.0","type":"all","source":"/ci","id":"42","time":"2026-01-01T00:00:00.5+01:00","severity":"high","subject":"s","data":{{{data}}}}}"#
        )
    };
    let short = format!(
        r#"{{"type":"all",{all},"maybe_load":null,"maybe_at":17,"maybe_span":-1,"unknown":[{{}}]}}"#
    );
    let few = r#"{"type":"few","time":1767225600000000000,"source":"x","host":"a","load":1e-7}"#;
    let nested = format!(r#"{{"type":"all",{all},"data":{{"order":{{"id":"o-1"}}}}}}"#);
    let lines = format!("{short}\n\n{few}\r\n  {nested}  \n{{\"type\":\"none\"}}\nno json\n{few}");
    [
        ("cloud.json", cloud(all)),
        (
            "cloud_nested.json",
            cloud(&format!(r#"{all},"order":{{"id":"o-1"}}"#)),
        ),
        (
            "batch.json",
            format!("[{},{few},{}]", cloud(all), cloud("")),
        ),
        ("short.json", short),
        ("few.json", few.to_owned()),
        ("nested.json", nested),
        ("lines.ndjson", lines),
    ]
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .into()
}
