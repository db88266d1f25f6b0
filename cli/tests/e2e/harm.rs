//! Clients that mean harm: each gets its code, nobody else notices, and the server's memory stays as it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use trapjaw_client::{Client, Options};
use trapjaw_event::{
    BatchBuilder, DeclaredField, DeclaredType, Event, FieldType, Registry, Value, layout,
};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{Decoder, Events, Header, Hello, Kind, Message, Schema};

use crate::rig::{PATIENCE, Server, folder, with_each_driver};

const RULES: &str = "event load { n: int, host: text }\nrule every { on l: load by l.host }\n";

/// How often all of it is done while memory is looked at.
const ROUNDS: usize = 200;
/// Kibibytes by which the server may grow meanwhile. Each connection that stayed would keep more than
/// 20 KiB: 200 rounds of 7 connections would be seen.
const GROWTH: u64 = 16 * 1_024;

/// A connection on which anything can be said.
struct Raw(TcpStream);

impl Raw {
    fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("it is listened for");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(socket)
    }

    fn greeted(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address);
        raw.say(&Message::Hello(Hello::default()));
        raw
    }

    fn say(&mut self, message: &Message<'_>) {
        let mut frame = Vec::new();
        message.encode(&mut frame).expect("it fits a frame");
        self.send(&frame);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// Reads until something is refused: the code.
    fn refused(&mut self) -> Option<Code> {
        let mut decoder = Decoder::new();
        let mut buffer = [0; 4_096];
        loop {
            let count = self.0.read(&mut buffer).expect("the server answers");
            assert!(count > 0, "the server closes without a word");
            let mut input = &buffer[..count];
            while let Some(frame) = decoder.next(&mut input).expect("a sound frame") {
                if let Message::Nack(nack) = frame.message().expect("a sound message") {
                    return nack.known_code();
                }
            }
        }
    }
}

/// The server's types, as a client is told them, and a batch of three events.
struct Sound {
    registry: Arc<Registry>,
    declared: DeclaredType,
    frame: Vec<u8>,
}

impl Sound {
    fn ask(client: &mut Client) -> Self {
        let registry = Arc::new(client.types().expect("the server tells its types"));
        let (_, ty) = registry.iter().next().expect("there is a type");
        let declared = DeclaredType::from(ty);
        let batch = rows(&registry, 3).finish();
        let mut frame = Vec::new();
        Events {
            first_seq: 1,
            layout: layout(),
            rows: 3,
            batch: &batch,
        }
        .encode(&mut frame, true)
        .expect("a small batch");
        Self {
            registry,
            declared,
            frame,
        }
    }
}

fn rows(registry: &Arc<Registry>, count: i64) -> BatchBuilder {
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    for n in 0..count {
        let event = Event {
            type_id: registry.by_name("load").expect("the type is there"),
            time: 1_767_225_600_000_000_000,
            source: "".into(),
            id: None,
            subject: None,
            severity: None,
            values: vec![Value::Int(n), Value::Text("a".into())],
        };
        builder.push(&event).expect("there is room");
    }
    builder
}

/// One of each kind of harm.
fn harm(address: SocketAddr, sound: &Sound) {
    let mut raw = Raw::connect(address);
    raw.send(&[0x55; 512]);
    assert_eq!(raw.refused(), Some(Code::FrameMagic), "garbage");

    let mut raw = Raw::connect(address);
    raw.send(
        b"GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/html, application/xhtml+xml\r\n\r\n",
    );
    assert_eq!(raw.refused(), Some(Code::FrameMagic), "another protocol");

    let mut raw = Raw::greeted(address);
    let mut flipped = sound.frame.clone();
    flipped[12] ^= 0x40;
    raw.send(&flipped);
    assert_eq!(
        raw.refused(),
        Some(Code::FrameHeaderCrc),
        "a flipped length"
    );

    let mut raw = Raw::greeted(address);
    let long = Header {
        rows: 1,
        first_seq: 1,
        ..Header::new(Kind::Events, u32::MAX)
    };
    raw.send(&long.encode());
    assert_eq!(
        raw.refused(),
        Some(Code::FrameLength),
        "an oversized length"
    );

    let mut raw = Raw::greeted(address);
    raw.send(&sound.frame);
    assert_eq!(raw.refused(), Some(Code::BatchSchema), "an undeclared type");

    let mut raw = Raw::greeted(address);
    let mut declared = sound.declared.clone();
    declared.wire_name = "nothing".into();
    let number = 0;
    raw.say(&Message::Schema(Schema::Declare { number, declared }));
    assert_eq!(
        raw.refused(),
        Some(Code::SchemaUnknownType),
        "an unknown type"
    );

    let mut raw = Raw::greeted(address);
    let mut declared = sound.declared.clone();
    declared.fields.push(DeclaredField {
        name: "more".into(),
        ty: FieldType::Int,
        optional: true,
    });
    raw.say(&Message::Schema(Schema::Declare { number, declared }));
    raw.send(&sound.frame);
    assert_eq!(
        raw.refused(),
        Some(Code::BatchColumns),
        "columns that are not as declared"
    );
}

/// Kibibytes of memory that a process has.
fn resident(id: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.expect("a process has memory")
}

#[test]
fn harm_costs_its_sender_alone() {
    with_each_driver(|driver| {
        let here = folder(&[("rules.trap", RULES)]);
        let server = Server::start(&here, &["rules.trap", "--driver", driver]);
        let mut good = Client::connect(server.binary, &Options::default()).expect("it is let in");
        let sound = Sound::ask(&mut good);
        good.declare_all(&sound.registry).expect("the types agree");

        // These stop amid a header and amid a payload, and stay.
        let mut stalled: Vec<Raw> = (0..8).map(|_| Raw::greeted(server.binary)).collect();
        for (raw, cut) in stalled.iter_mut().zip([1, 10, 63, 64, 65, 100, 128, 200]) {
            raw.send(&sound.frame[..cut.min(sound.frame.len() - 1)]);
        }
        let mut sent = 0;
        let mut undisturbed = || {
            good.send_rows(&mut rows(&sound.registry, 100))
                .expect("there is credit");
            sent += 100;
            assert_eq!(good.flush().expect("it is undisturbed"), sent);
        };
        // What the first of them warms up is no growth.
        for _ in 0..ROUNDS / 4 {
            harm(server.binary, &sound);
            undisturbed();
        }
        let before = resident(server.id());
        for _ in 0..ROUNDS {
            harm(server.binary, &sound);
            undisturbed();
        }
        let after = resident(server.id());
        assert!(
            after <= before + GROWTH,
            "{before} KiB before, {after} KiB after"
        );
        let taken = (ROUNDS + ROUNDS / 4) as u64 * 100;
        assert_eq!(server.metric("trapjaw_events_total"), taken);
        drop(stalled);
        server.stop();
    });
}
