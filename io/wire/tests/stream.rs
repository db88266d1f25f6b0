//! Frames out of a stream that is cut anywhere, and frames by those who mean harm.

use proptest::prelude::*;
use trapjaw_event::limits::{MAX_FRAME, MAX_ROWS};
use trapjaw_event::{BatchBuilder, Binding, Event, EventType, Field, FieldType, Registry, Value};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Bye, Decoder, Events, FrameError, Header, Hello, Kind, Malformed, Matched, Message, Nack,
    Peek, Ping, Schema, Subscribe, answer_with, peek,
};
use trapjaw_wire::limits::{HEADER, MAX_MATCH_TEXT, MAX_PAYLOAD, MAX_REASON};

mod samples;

fn all_frames() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (_, message) in samples::messages() {
        message.encode(&mut bytes).unwrap();
    }
    bytes
}

/// All that a decoder gives, from pieces; and what is pending at the end.
fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<(Vec<Header>, usize), FrameError> {
    let mut decoder = Decoder::new();
    let mut headers = Vec::new();
    for mut piece in pieces {
        while let Some(frame) = decoder.next(&mut piece)? {
            headers.push(frame.header);
        }
        assert!(piece.is_empty(), "a decoder takes all that it is given");
    }
    Ok((headers, decoder.pending()))
}

#[test]
fn a_stream_may_be_cut_at_every_byte() {
    let bytes = all_frames();
    let kinds = decoded([&bytes[..]].into_iter()).unwrap();
    assert_eq!(kinds.0.len(), samples::messages().len());
    for cut in 0..=bytes.len() {
        let (front, back) = bytes.split_at(cut);
        assert_eq!(
            decoded([front, back].into_iter()),
            Ok(kinds.clone()),
            "cut at {cut}"
        );
    }
    assert_eq!(decoded(bytes.chunks(1)), Ok(kinds));
}

#[test]
fn messages_come_out_of_pieces_as_they_went_in() {
    let bytes = all_frames();
    for size in [1, 7, 64, 100, 1_000] {
        let mut decoder = Decoder::new();
        let mut expected = samples::messages().into_iter();
        for mut piece in bytes.chunks(size) {
            while let Some(frame) = decoder.next(&mut piece).unwrap() {
                assert_eq!(frame.message().unwrap(), expected.next().unwrap().1);
            }
        }
        assert_eq!(expected.next(), None);
    }
}

#[test]
fn a_whole_frame_is_given_where_it_lies() {
    let bytes = all_frames();
    let range = bytes.as_ptr_range();
    let mut decoder = Decoder::new();
    let mut input = &bytes[..];
    while let Some(frame) = decoder.next(&mut input).unwrap() {
        assert!(range.contains(&frame.payload.as_ptr()), "not copied");
    }
    assert_eq!(decoder.pending(), 0);
}

#[test]
fn a_cut_stream_is_seen_to_be_cut() {
    let mut bytes = Vec::new();
    Ping { token: 1 }.encode(&mut bytes).unwrap();
    for cut in 0..bytes.len() {
        assert_eq!(decoded([&bytes[..cut]].into_iter()), Ok((vec![], cut)));
    }
    assert_eq!(decoded([&bytes[..]].into_iter()).unwrap().1, 0);
}

#[test]
fn a_peek_tells_how_much_is_missing() {
    let mut bytes = Vec::new();
    Bye {
        reason: &"x".repeat(100),
    }
    .encode(&mut bytes)
    .unwrap();
    assert_eq!(bytes.len(), 64 + 128);
    for cut in 0..bytes.len() {
        match peek(&bytes[..cut]).unwrap() {
            Peek::NeedHeader => assert!(cut < HEADER),
            Peek::Need { header, total } => {
                assert!(cut >= HEADER);
                assert_eq!((header.kind, total), (Kind::Bye, bytes.len()));
            }
            Peek::Frame { .. } => panic!("{cut} bytes are not the whole frame"),
        }
    }
    bytes.extend_from_slice(b"the next frame is not looked at");
    let Peek::Frame {
        header,
        payload,
        total,
    } = peek(&bytes).unwrap()
    else {
        panic!("the frame is whole");
    };
    assert_eq!((payload, total), (64..64 + 104, 192));
    assert_eq!(header.total(), total);
}

#[test]
fn what_can_not_become_a_frame_is_refused_at_its_first_byte() {
    assert_eq!(peek(b""), Ok(Peek::NeedHeader));
    assert_eq!(peek(b"TRP"), Ok(Peek::NeedHeader));
    assert_eq!(peek(b"G"), Err(FrameError::Magic));
    assert_eq!(peek(b"TRPX"), Err(FrameError::Magic));
    assert_eq!(peek(&[0; 64]), Err(FrameError::Magic));
}

#[test]
fn an_error_is_for_ever() {
    let mut good = Vec::new();
    Ping { token: 1 }.encode(&mut good).unwrap();
    let mut decoder = Decoder::new();
    assert_eq!(
        decoder.next(&mut &b"GET / HTTP/1.1\r\n"[..]),
        Err(FrameError::Magic)
    );
    assert_eq!(decoder.next(&mut &good[..]), Err(FrameError::Magic));
}

#[test]
fn an_oversized_length_is_refused_before_its_bytes_come() {
    let header = Header {
        payload_len: MAX_PAYLOAD as u32 + 1,
        ..Header::new(Kind::Hello, 0)
    };
    let error = peek(&header.encode()).unwrap_err();
    assert_eq!(error.code(), Code::FrameLength);
    assert_eq!(
        error.to_string(),
        format!(
            "a payload of {} bytes, at most {MAX_PAYLOAD} are allowed",
            MAX_PAYLOAD + 1
        )
    );
}

#[test]
fn a_real_batch_crosses_a_stream() {
    let mut registry = Registry::new();
    let fields = vec![
        Field::new("host", FieldType::Text),
        Field::new("load", FieldType::Float),
    ];
    let type_id = registry.add(EventType::new("cpu", fields)).unwrap();
    let registry = std::sync::Arc::new(registry);
    let event = Event {
        type_id,
        time: 5,
        source: "here".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Text("a".into()), Value::Float(0.5)],
    };
    let mut builder = BatchBuilder::new(std::sync::Arc::clone(&registry));
    builder.push(&event).unwrap();
    let batch = builder.finish();
    let mut bytes = Vec::new();
    let events = Events {
        first_seq: 1,
        layout: trapjaw_event::layout(),
        rows: 1,
        batch: &batch,
    };
    events.encode(&mut bytes, false).unwrap();
    assert_eq!(bytes[..64], events.header(false).unwrap().encode());

    let mut decoder = Decoder::new();
    let frame = decoder.next(&mut &bytes[..]).unwrap().unwrap();
    assert_eq!(frame.header.payload_crc, None);
    let Message::Events(received) = frame.message().unwrap() else {
        panic!("{:?}", frame.header);
    };
    assert_eq!(received, events);
    let aligned = trapjaw_event::BatchBytes::copy_of(received.batch);
    let bindings = [Some(std::sync::Arc::new(Binding::identity(
        &registry, type_id,
    )))];
    let view = trapjaw_event::check(&aligned, &bindings).unwrap();
    assert_eq!(view.section(0).event(0), event);
}

#[test]
fn events_are_numbered_and_counted_or_refused() {
    let events = Events {
        first_seq: 1,
        layout: 2,
        rows: 3,
        batch: b"x",
    };
    let refused = |events: Events<'_>| {
        let mut out = b"before".to_vec();
        let error = events.encode(&mut out, true).unwrap_err();
        assert_eq!(out, b"before");
        error.code()
    };
    assert_eq!(refused(Events { rows: 0, ..events }), Code::FrameRows);
    assert_eq!(
        refused(Events {
            rows: MAX_ROWS as u32 + 1,
            ..events
        }),
        Code::FrameRows
    );
    assert_eq!(
        refused(Events {
            first_seq: 0,
            ..events
        }),
        Code::FrameSequence
    );
    assert_eq!(
        refused(Events {
            first_seq: u64::MAX - 2,
            ..events
        }),
        Code::FrameSequence
    );
    let batch = &vec![0; MAX_PAYLOAD + 1][..];
    assert_eq!(refused(Events { batch, ..events }), Code::FrameLength);
    let mut out = Vec::new();
    Events {
        batch: &batch[1..],
        ..events
    }
    .encode(&mut out, true)
    .unwrap();
    assert_eq!(out.len(), MAX_FRAME);
    assert!(matches!(peek(&out), Ok(Peek::Frame { .. })));
}

#[test]
fn what_is_too_long_is_not_written() {
    let long = "x".repeat(MAX_MATCH_TEXT + 1);
    let mut out = b"before".to_vec();
    let matched = Matched {
        subscription: 1,
        number: 1,
        age: 0,
        json: &long,
    };
    let payload = |kind, field, what| FrameError::Payload { kind, field, what };
    assert_eq!(
        matched.encode(&mut out),
        Err(payload(Kind::Match, "match", Malformed::TooLong))
    );
    let hello = Hello {
        token: &long[..5_000],
        ..Hello::default()
    };
    assert_eq!(
        hello.encode(&mut out),
        Err(payload(Kind::Hello, "token", Malformed::TooLong))
    );
    let subscribe = Subscribe {
        subscription: 1,
        rules: vec![""],
    };
    assert_eq!(
        subscribe.encode(&mut out),
        Err(payload(Kind::Subscribe, "rules", Malformed::Empty))
    );
    assert_eq!(out, b"before");

    out.clear();
    Matched {
        json: &long[1..],
        ..matched
    }
    .encode(&mut out)
    .unwrap();
    assert_eq!(out.len(), MAX_FRAME);
    let frame = Decoder::new()
        .next(&mut &out[..])
        .unwrap()
        .map(|frame| frame.payload.len());
    assert_eq!(frame, Some(MAX_PAYLOAD));
}

#[test]
fn reasons_are_cut_between_characters() {
    let reason = format!("{}ß{}", "x".repeat(MAX_REASON - 1), "y".repeat(MAX_REASON));
    let mut out = Vec::new();
    Nack::new(None, 0, Code::Idle, &reason)
        .encode(&mut out)
        .unwrap();
    let mut decoder = Decoder::new();
    let frame = decoder.next(&mut &out[..]).unwrap().unwrap();
    let Message::Nack(nack) = frame.message().unwrap() else {
        panic!("{:?}", frame.header);
    };
    assert_eq!(nack.reason, &reason[..MAX_REASON - 1]);
    assert_eq!(
        (nack.name, nack.known_code(), nack.closing),
        ("E_IDLE", Some(Code::Idle), true)
    );
}

#[test]
fn a_token_is_not_printed() {
    let hello = Hello {
        token: "sesame",
        ..Hello::default()
    };
    assert!(!format!("{hello:?} {:?}", Message::Hello(hello)).contains("sesame"));
}

#[test]
fn a_registry_is_told_in_as_many_frames_as_it_needs() {
    let variants = |count: usize| -> FieldType {
        FieldType::Enum(
            (0..count)
                .map(|i| format!("{i:0>200}").into_boxed_str())
                .collect(),
        )
    };
    let mut registry = Registry::new();
    for index in 0..12 {
        // About 200 KB each, so that five fill a frame.
        let fields = vec![Field::new("phase", variants(1_000))];
        registry
            .add(EventType::new(&format!("t{index}"), fields))
            .unwrap();
    }
    let fields = (0..3)
        .map(|i| Field::new(&format!("f{i}"), variants(4_096)))
        .collect();
    registry
        .add(EventType::new("larger than a frame", fields))
        .unwrap();
    registry.add(EventType::new("last", vec![])).unwrap();

    let mut bytes = Vec::new();
    assert_eq!(answer_with(&registry, &mut bytes), Ok(1));
    let mut decoder = Decoder::new();
    let mut input = &bytes[..];
    let (mut told, mut lasts) = (Vec::new(), Vec::new());
    while let Some(frame) = decoder.next(&mut input).unwrap() {
        let Message::Schema(Schema::Answer { last, types }) = frame.message().unwrap() else {
            panic!("{:?}", frame.header);
        };
        lasts.push(last);
        told.extend(types);
    }
    // Five, five, two; and the rest, begun anew for the one that fits nowhere.
    assert_eq!(lasts, [false, false, false, true]);
    let known = registry
        .iter()
        .map(|(_, ty)| ty)
        .filter(|ty| &*ty.name != "larger than a frame");
    assert!(told.iter().eq(known));
}

#[test]
fn an_empty_registry_is_told_too() {
    let mut bytes = Vec::new();
    assert_eq!(answer_with(&Registry::new(), &mut bytes), Ok(0));
    let mut decoder = Decoder::new();
    let frame = decoder.next(&mut &bytes[..]).unwrap().unwrap();
    let empty = Schema::Answer {
        last: true,
        types: vec![],
    };
    assert_eq!(frame.message(), Ok(Message::Schema(empty)));
}

/// A frame around any payload, with checksums that agree.
fn framed(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        first_seq: 1,
        rows: 1,
        payload_crc: Some(crc32c::crc32c(payload)),
        ..Header::new(kind, payload.len() as u32)
    };
    let mut bytes = header.encode().to_vec();
    bytes.extend_from_slice(payload);
    bytes.resize(header.total(), 0);
    bytes
}

fn message_of(kind: Kind, payload: &[u8]) -> Result<(), FrameError> {
    let bytes = framed(kind, payload);
    let mut decoder = Decoder::new();
    let frame = decoder.next(&mut &bytes[..])?.expect("it is whole");
    frame.message().map(|_| ())
}

#[test]
fn every_cut_of_a_payload_is_refused() {
    for (name, message) in samples::messages() {
        let mut bytes = Vec::new();
        message.encode(&mut bytes).unwrap();
        let Peek::Frame {
            header, payload, ..
        } = peek(&bytes).unwrap()
        else {
            panic!("{name} is not whole");
        };
        if header.kind == Kind::Events {
            continue;
        }
        let payload = &bytes[payload];
        assert_eq!(message_of(header.kind, payload), Ok(()));
        for cut in 0..payload.len() {
            let error = message_of(header.kind, &payload[..cut]).unwrap_err();
            assert_eq!(error.code(), Code::FramePayload, "{name} cut at {cut}");
        }
        let mut longer = payload.to_vec();
        longer.push(0);
        let error = message_of(header.kind, &longer).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is followed by bytes that mean nothing"),
            "{name}: {error}"
        );
    }
}

#[test]
fn malformed_payloads_are_told_apart() {
    let refused = |kind, payload: &[u8]| message_of(kind, payload).unwrap_err().to_string();
    assert_eq!(
        refused(Kind::Bye, b"\x02\0\0\0\xff\xff"),
        "BYE: reason is not UTF-8"
    );
    assert_eq!(
        refused(Kind::Bye, b"\xff\xff\xff\xff"),
        "BYE: reason is longer than allowed"
    );
    assert_eq!(
        refused(Kind::Bye, b"\x05\0\0\0abcd"),
        "BYE: reason is cut off"
    );
    assert_eq!(
        refused(Kind::Subscribe, b"\x01\0\0\0\0\0\0\0"),
        "SUBSCRIBE: rules is empty or zero"
    );
    assert_eq!(
        refused(Kind::Subscribe, b"\0\x08\0\0ab"),
        "SUBSCRIBE: rules is cut off"
    );
    assert_eq!(
        refused(Kind::Schema, b"\x04\0\0\0"),
        "SCHEMA: form has an unknown value"
    );
    assert_eq!(
        refused(Kind::Schema, b"\x01\0\0\x10"),
        "SCHEMA: number is longer than allowed"
    );
    assert_eq!(
        refused(Kind::Schema, b"\x02\0\x01\0"),
        "SCHEMA: reserved is not zero"
    );
    let column = |bytes: &[u8]| [b"\x01\0\0\0\x01\0\0\0t\x01\0\0\0\x01\0\0\0f", bytes].concat();
    assert_eq!(
        refused(Kind::Schema, &column(b"\x02\x01")),
        "SCHEMA: optional has an unknown value"
    );
    assert_eq!(
        refused(Kind::Schema, &column(b"\x00\x09")),
        "SCHEMA: field type has an unknown value"
    );
    assert_eq!(
        refused(Kind::Schema, &column(b"\x00\x08\0\0\0\0")),
        "SCHEMA: variants is empty or zero"
    );
    let mut ack = Vec::new();
    Ack {
        sequence: 1,
        credit: 1,
        level: trapjaw_wire::frame::Level::Received,
    }
    .encode(&mut ack)
    .unwrap();
    ack[64 + 12] = 4;
    assert_eq!(
        refused(Kind::Ack, &ack[64..80]),
        "ACK: level has an unknown value"
    );
}

fn kinds() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_payload_panics(kind in kinds(), payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = message_of(kind, &payload) {
            prop_assert_eq!(error.code(), Code::FramePayload);
        }
    }

    #[test]
    fn no_stream_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let mut stream = if magic { b"TRPJ".to_vec() } else { vec![] };
        stream.extend(bytes);
        let whole = decoded([&stream[..]].into_iter());
        prop_assert_eq!(decoded(stream.chunks(1)), whole);
    }

    #[test]
    fn changed_bytes_behind_good_checksums_never_panic(
        which in 0..13usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = Vec::new();
        samples::messages()[which].1.encode(&mut bytes).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let len = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        if let Some(payload) = bytes.get(64..64usize.saturating_add(len)) {
            let crc = crc32c::crc32c(payload);
            bytes[56..60].copy_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        let mut decoder = Decoder::new();
        if let Ok(Some(frame)) = decoder.next(&mut &bytes[..])
            && let Ok(message) = frame.message()
        {
            // What is read can be written, and reads as the same again.
            let mut again = Vec::new();
            message.encode(&mut again).unwrap();
            let mut decoder = Decoder::new();
            let frame = decoder.next(&mut &again[..]).unwrap().unwrap();
            prop_assert_eq!(frame.message().unwrap(), message);
        }
    }

    #[test]
    fn headers_come_back(kind in kinds(), channel: u32, len in 0..=MAX_PAYLOAD as u32, first_seq in 1u64..1 << 60,
        layout: u64, rows in 1..=MAX_ROWS as u32, payload_crc: Option<u32>)
    {
        let header = Header { kind, channel, payload_len: len, first_seq, layout, rows, payload_crc };
        prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn texts_of_any_kind_come_back(reason in ".{0,200}", rules in proptest::collection::vec(".{1,40}", 0..6), id: u32) {
        let mut bytes = Vec::new();
        let subscribe = Subscribe { subscription: id, rules: rules.iter().map(|rule| &**rule).collect() };
        subscribe.encode(&mut bytes).unwrap();
        Bye { reason: &reason }.encode(&mut bytes).unwrap();
        let mut decoder = Decoder::new();
        let mut input = &bytes[..];
        let frame = decoder.next(&mut input).unwrap().unwrap();
        prop_assert_eq!(frame.message().unwrap(), Message::Subscribe(subscribe));
        let frame = decoder.next(&mut input).unwrap().unwrap();
        prop_assert_eq!(frame.message().unwrap(), Message::Bye(Bye { reason: &reason }));
    }
}
