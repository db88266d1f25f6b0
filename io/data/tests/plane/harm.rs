//! Clients that send what they should not, or too little: each gets its code, and nobody else notices.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use trapjaw_client::Client;
use trapjaw_data::driver::Choice;
use trapjaw_data::plane::{Patience, PlaneConfig, Token};
use trapjaw_event::{DeclaredField, DeclaredType, FieldType, Registry, layout};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Codecs, Decoder, Events, Header, Hello, Kind, Level, Message, Nack, Ping, Schema,
    Subscribe,
};

use crate::rig::{PATIENCE, RULES, Rig, loads, with_each_driver};

/// A client that sends whatever it is told to.
struct Raw {
    socket: TcpStream,
    decoder: Decoder,
}

/// What the server said last.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    code: Option<Code>,
    kind: Option<Kind>,
    sequence: u64,
    reason: String,
}

impl Raw {
    fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self {
            socket,
            decoder: Decoder::new(),
        }
    }

    /// As one that was let in and has declared all types.
    fn greeted(address: SocketAddr, registry: &Registry) -> Self {
        let mut raw = Self::connect(address);
        raw.say(&Message::Hello(Hello::default()));
        for ((_, ty), number) in registry.iter().zip(0..) {
            let declared = DeclaredType::from(ty);
            raw.say(&Message::Schema(Schema::Declare { number, declared }));
        }
        raw.say(&Message::Ping(Ping { token: 1 }));
        raw.until(|message| matches!(message, Message::Pong(_)));
        raw
    }

    fn say(&mut self, message: &Message<'_>) {
        let mut out = Vec::new();
        message.encode(&mut out).expect("a message fits a frame");
        self.send(&out);
    }

    fn send(&mut self, bytes: &[u8]) {
        // A server that has hung up already is what some tests wait for.
        let _ = self.socket.write_all(bytes);
    }

    /// Sends bytes in a segment of their own: what was sent before is looked at by then.
    fn say_later(&mut self, bytes: &[u8]) {
        self.socket.set_nodelay(true).expect("a socket");
        for byte in bytes.chunks(1 + bytes.len() / 3) {
            self.send(byte);
            self.socket.flush().expect("a socket");
        }
    }

    /// Reads what is there; 0 is the end, in whatever way the server closed.
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        loop {
            match self.socket.read(buffer) {
                Ok(count) => return count,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return 0,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("the server neither answers nor closes: {error}"),
            }
        }
    }

    /// Reads until a frame is what is waited for.
    fn until(&mut self, mut is_it: impl FnMut(&Message<'_>) -> bool) {
        let mut buffer = [0; 4096];
        loop {
            let count = self.read(&mut buffer);
            assert!(count > 0, "the server closed the connection");
            let mut input = &buffer[..count];
            while let Some(frame) = self
                .decoder
                .next(&mut input)
                .expect("the server's frames are good")
            {
                if is_it(&frame.message().expect("the server's frames are good")) {
                    return;
                }
            }
        }
    }

    /// Reads to the end, and returns the refusal with which the connection ended.
    fn refusal(mut self) -> Said {
        let mut said = None;
        let mut buffer = [0; 4096];
        loop {
            let count = self.read(&mut buffer);
            if count == 0 {
                return said.expect("the server says why it closes");
            }
            let mut input = &buffer[..count];
            while let Some(frame) = self
                .decoder
                .next(&mut input)
                .expect("the server's frames are good")
            {
                if let Message::Nack(nack) = frame.message().expect("the server's frames are good")
                {
                    assert!(nack.closing, "{nack:?}");
                    said = Some(Said {
                        code: nack.known_code(),
                        kind: nack.kind,
                        sequence: nack.sequence,
                        reason: nack.reason.to_owned(),
                    });
                }
            }
        }
    }
}

/// A batch in its frame.
fn events(registry: &Arc<Registry>, first_seq: u64, rows: usize) -> Vec<u8> {
    let batch = loads(registry, &vec![0.5; rows]).finish();
    let mut out = Vec::new();
    let events = Events {
        first_seq,
        layout: layout(),
        rows: rows as u32,
        batch: &batch,
    };
    events.encode(&mut out, true).expect("a small batch");
    out
}

/// Does harm, expects a code, and sees to it that a well-behaved connection goes on undisturbed.
fn check(
    rig: &Rig,
    good: &mut Client,
    registry: &Arc<Registry>,
    harm: impl FnOnce(&mut Raw),
    code: Code,
) -> Said {
    let before = good.acked();
    good.send_rows(&mut loads(registry, &[0.1; 10]))
        .expect("there is credit");
    let mut raw = Raw::greeted(rig.address, registry);
    harm(&mut raw);
    let said = raw.refusal();
    assert_eq!(said.code, Some(code), "{said:?}");
    good.send_rows(&mut loads(registry, &[0.1; 10]))
        .expect("there is credit");
    assert_eq!(good.flush().expect("it is undisturbed"), before + 20);
    said
}

fn one(driver: Choice) -> PlaneConfig {
    PlaneConfig {
        driver,
        shards: 1,
        ..PlaneConfig::default()
    }
}

#[test]
fn whatever_is_no_frame_gets_its_code() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut good, registry) = rig.client();
        let mut check = |harm: &dyn Fn(&mut Raw), code| {
            check(&rig, &mut good, &registry, harm, code);
        };
        let frame = events(&registry, 1, 3);
        let with = |at: usize, byte: u8| {
            let mut bytes = frame.clone();
            bytes[at] ^= byte;
            bytes
        };
        check(&|raw| raw.send(b"GET / HTTP/1.1\r\n\r\n"), Code::FrameMagic);
        check(&|raw| raw.send(&[0x55; 4096]), Code::FrameMagic);
        check(&|raw| raw.send(&with(9, 1)), Code::FrameHeaderCrc);
        check(&|raw| raw.send(&with(70, 1)), Code::FramePayloadCrc);
        // A length that is too large is seen in the header, before anything is set aside for it.
        let long = Header {
            rows: 1,
            first_seq: 1,
            ..Header::new(Kind::Events, u32::MAX)
        };
        check(&|raw| raw.send(&long.encode()), Code::FrameLength);
        let many = Header {
            rows: 20_000,
            first_seq: 1,
            ..Header::new(Kind::Events, 64)
        };
        check(&|raw| raw.send(&many.encode()), Code::FrameRows);
        // A frame of the right form with nothing sensible in it.
        check(
            &|raw| raw.send(&Header::new(Kind::Subscribe, 0).encode()),
            Code::FramePayload,
        );
        // Flipped in a frame that is cut, so that it is found in a buffer of its own.
        let broken = with(70, 1);
        let (front, rest) = broken.split_at(100);
        check(
            &|raw| {
                raw.send(front);
                raw.say_later(rest);
            },
            Code::FramePayloadCrc,
        );
        let (report, _) = {
            drop(good);
            rig.drain()
        };
        let tally = &report.shards[0].tally;
        assert_eq!(tally.refused[&Code::FramePayloadCrc], 2);
        assert_eq!(tally.refused.values().sum::<u64>(), 8);
        assert_eq!(report.shards[0].depths.frames, 0, "every buffer came back");
    });
}

#[test]
fn frames_out_of_their_turn_get_their_code() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut good, registry) = rig.client();
        let mut check =
            |harm: &dyn Fn(&mut Raw), code| check(&rig, &mut good, &registry, harm, code);
        check(
            &|raw| raw.say(&Message::Hello(Hello::default())),
            Code::HelloExpected,
        );
        let ack = Ack {
            sequence: 1,
            credit: 1,
            level: Level::Received,
        };
        check(&|raw| raw.say(&Message::Ack(ack)), Code::UnexpectedKind);
        check(
            &|raw| {
                raw.say(&Message::Schema(Schema::Answer {
                    last: true,
                    types: Vec::new(),
                }));
            },
            Code::UnexpectedKind,
        );
        let said = check(
            &|raw| raw.send(&events(&registry, 5, 3)),
            Code::FrameSequence,
        );
        assert_eq!((said.kind, said.sequence), (Some(Kind::Events), 5));
        let mut raw = Raw::connect(rig.address);
        raw.say(&Message::Ping(Ping { token: 1 }));
        assert_eq!(raw.refusal().code, Some(Code::HelloExpected));
    });
}

#[test]
fn batches_that_are_not_what_was_declared_get_their_code() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (mut good, registry) = rig.client();
        let batch = loads(&registry, &[0.5; 3]).finish();
        let frame = |events: Events<'_>| {
            let mut out = Vec::new();
            events.encode(&mut out, true).expect("a small batch");
            out
        };
        let sound = Events {
            first_seq: 1,
            layout: layout(),
            rows: 3,
            batch: &batch,
        };
        let check = |good: &mut Client, harm: &dyn Fn(&mut Raw), code| {
            check(&rig, good, &registry, harm, code)
        };
        check(
            &mut good,
            &|raw| raw.send(&frame(Events { layout: 7, ..sound })),
            Code::EventsLayout,
        );
        check(
            &mut good,
            &|raw| raw.send(&frame(Events { rows: 4, ..sound })),
            Code::EventsRows,
        );
        let cut = &batch[..batch.len() - 8];
        check(
            &mut good,
            &|raw| {
                raw.send(&frame(Events {
                    batch: cut,
                    ..sound
                }));
            },
            Code::BatchArchive,
        );

        // A type that was not declared, and columns that disagree with the declaration.
        let mut raw = Raw::connect(rig.address);
        raw.say(&Message::Hello(Hello::default()));
        raw.send(&frame(sound));
        assert_eq!(raw.refusal().code, Some(Code::BatchSchema));
        for (column, code) in [
            (
                DeclaredField {
                    name: "extra".into(),
                    ty: FieldType::Int,
                    optional: true,
                },
                Code::BatchColumns,
            ),
            (
                DeclaredField {
                    name: "core".into(),
                    ty: FieldType::Ip,
                    optional: true,
                },
                Code::SchemaFieldType,
            ),
        ] {
            let mut raw = Raw::connect(rig.address);
            raw.say(&Message::Hello(Hello::default()));
            let (_, ty) = registry.iter().next().expect("a type");
            let mut declared = DeclaredType::from(ty);
            match declared
                .fields
                .iter_mut()
                .find(|field| field.name == column.name)
            {
                Some(field) => *field = column,
                None => declared.fields.push(column),
            }
            raw.say(&Message::Schema(Schema::Declare {
                number: 0,
                declared,
            }));
            if code == Code::SchemaFieldType {
                // A refused declaration leaves the connection open, and tells which it was.
                raw.until(|message| match message {
                    Message::Nack(nack) => {
                        assert_eq!((nack.known_code(), nack.closing), (Some(code), false));
                        true
                    }
                    _ => false,
                });
                raw.send(&frame(sound));
                assert_eq!(raw.refusal().code, Some(Code::BatchSchema));
            } else {
                raw.send(&frame(sound));
                assert_eq!(raw.refusal().code, Some(code));
            }
        }
        // A bad batch claims no numbers: the same numbers are taken when they come in a good one.
        good.send_rows(&mut loads(&registry, &[0.99]))
            .expect("there is credit");
        good.flush().expect("it is taken");
        rig.next_match();
    });
}

#[test]
fn who_says_nothing_or_stops_amid_a_frame_is_cut() {
    let patience = Patience {
        handshake: Duration::from_millis(40),
        frame: Duration::from_millis(80),
    };
    with_each_driver(|driver| {
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                patience,
                ..one(driver)
            },
        );
        let (mut good, registry) = rig.client();
        assert_eq!(Raw::connect(rig.address).refusal().code, Some(Code::Idle));
        let frame = events(&registry, 1, 5_000);
        // Amid the header, amid the first receive buffer, amid the rest.
        for sent in [10, 64, 1_000, frame.len() - 1] {
            let said = check(
                &rig,
                &mut good,
                &registry,
                |raw| raw.send(&frame[..sent]),
                Code::Idle,
            );
            assert!(said.reason.contains("frame"), "{said:?}");
        }
        // One byte of a HELLO is no HELLO.
        let mut raw = Raw::connect(rig.address);
        raw.send(b"T");
        assert_eq!(raw.refusal().code, Some(Code::Idle));
        rig.wait_for("all of them to be gone", |reports| {
            reports[0].connections == 1 && reports[0].depths.frames == 0
        });
        // Silence between frames is no offence.
        good.ping().expect("it is undisturbed");
    });
}

#[test]
fn a_hello_is_let_in_or_told_why_not() {
    with_each_driver(|driver| {
        let token = Some(Token::new("correct horse"));
        let rig = Rig::with(
            RULES,
            PlaneConfig {
                token,
                ..one(driver)
            },
        );
        let refusal = |hello: Hello<'_>| {
            let mut raw = Raw::connect(rig.address);
            raw.say(&Message::Hello(hello));
            raw.refusal().code
        };
        let good = Hello {
            token: "correct horse",
            ..Hello::default()
        };
        assert_eq!(refusal(Hello::default()), Some(Code::HelloToken));
        assert_eq!(
            refusal(Hello {
                token: "correct horsf",
                ..good
            }),
            Some(Code::HelloToken)
        );
        let newer = Hello {
            lowest_version: 2,
            highest_version: 3,
            ..good
        };
        assert_eq!(refusal(newer), Some(Code::HelloVersion));
        assert_eq!(
            refusal(Hello {
                codecs: Codecs(1 << 2),
                ..good
            }),
            Some(Code::HelloCodec)
        );
        // A wish that can't be met is answered with what can be promised.
        let mut raw = Raw::connect(rig.address);
        raw.say(&Message::Hello(Hello {
            level: Some(Level::Durable),
            ..good
        }));
        raw.until(|message| match message {
            Message::Welcome(welcome) => {
                assert_eq!(welcome.level, Level::Received);
                true
            }
            _ => panic!("{message:?}"),
        });
        // What would be too long for a HELLO is not waited for.
        let mut raw = Raw::connect(rig.address);
        raw.send(&Header::new(Kind::Hello, 1 << 19).encode());
        assert_eq!(raw.refusal().code, Some(Code::FrameLength));
    });
}

#[test]
fn refusals_that_leave_the_connection_open_do() {
    with_each_driver(|driver| {
        let rig = Rig::new(driver);
        let (_, registry) = rig.client();
        let mut raw = Raw::greeted(rig.address, &registry);
        let (_, ty) = registry.iter().next().expect("a type");
        let expect = |raw: &mut Raw, message: Message<'_>, code: Code, sequence: u64| {
            raw.say(&message);
            raw.until(|message| match message {
                Message::Nack(Nack {
                    closing,
                    code: number,
                    sequence: of,
                    ..
                }) => {
                    assert_eq!((*number, *closing, *of), (code.number(), false, sequence));
                    true
                }
                _ => false,
            });
        };
        let declared = DeclaredType::from(ty);
        let again = Schema::Declare {
            number: 0,
            declared: declared.clone(),
        };
        expect(&mut raw, Message::Schema(again), Code::SchemaNumber, 0);
        let unknown = DeclaredType {
            wire_name: "nobody".into(),
            ..declared
        };
        let unknown = Schema::Declare {
            number: 9,
            declared: unknown,
        };
        expect(
            &mut raw,
            Message::Schema(unknown),
            Code::SchemaUnknownType,
            9,
        );
        let nobody = Subscribe {
            subscription: 4,
            rules: vec!["hot", "nobody"],
        };
        expect(&mut raw, Message::Subscribe(nobody), Code::SubscribeRule, 4);
        raw.say(&Message::Subscribe(Subscribe {
            subscription: 4,
            rules: vec!["hot"],
        }));
        let twice = Subscribe {
            subscription: 4,
            rules: Vec::new(),
        };
        expect(
            &mut raw,
            Message::Subscribe(twice),
            Code::SubscribeNumber,
            4,
        );
        raw.send(&events(&registry, 1, 3));
        raw.until(|message| {
            matches!(
                message,
                Message::Ack(Ack {
                    sequence: 3,
                    credit: 3,
                    ..
                })
            )
        });
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_and_the_others_hear_everything() {
    const EACH: &str = r#"
        event cpu { host: text, load: float, core: int? }
        rule each { on c: cpu do log("x") }
    "#;
    with_each_driver(|driver| {
        let rig = Rig::with(EACH, one(driver));
        let (_, registry) = rig.client();
        let mut deaf = Raw::greeted(rig.address, &registry);
        deaf.say(&Message::Subscribe(Subscribe {
            subscription: 1,
            rules: Vec::new(),
        }));
        deaf.say(&Message::Ping(Ping { token: 2 }));
        deaf.until(|message| matches!(message, Message::Pong(_)));
        let (mut tail, _) = rig.client();
        tail.subscribe(&[]).expect("all rules");
        let (mut client, _) = rig.client();
        let mut heard = 0;
        let batch = loads(&registry, &[0.5; 1_000]).finish();
        // Until the kernel's buffers and the server's are full.
        let slow = |rig: &Rig| rig.report()[0].tally.slow_readers;
        while slow(&rig) == 0 {
            assert!(heard < 1_000_000, "nobody was cut");
            client.send(&batch, 1_000).expect("there is credit");
            client.flush().expect("it is taken");
            for number in 1..=1_000 {
                let told = tail
                    .next_match(Some(PATIENCE))
                    .expect("it is told")
                    .expect("in time");
                assert_eq!(told.number, heard + number);
            }
            heard += 1_000;
        }
        assert_eq!(deaf.refusal().code, Some(Code::SlowReader));
        client.ping().expect("it is undisturbed");
        tail.ping().expect("it is undisturbed");
    });
}
