//! Rows become a batch, bytes, a checked view, and the same rows again; and no damage to the bytes does harm.

mod rows;

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use rows::{event, normal, registry};
use trapjaw_event::{
    BatchBuilder, BatchBytes, BatchView, Binding, Event, EventType, Field, FieldId, FieldType,
    Registry, TypeId, Value, check,
};

fn bindings(registry: &Registry) -> Vec<Option<Arc<Binding>>> {
    registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect()
}

/// Events as text: equal where they are equal to the bit, which `==` of floats is not.
fn exactly(events: impl IntoIterator<Item = Event>) -> String {
    format!("{:?}", events.into_iter().collect::<Vec<_>>())
}

fn build(builder: &mut BatchBuilder, events: &[Event]) -> BatchBytes {
    for event in events {
        builder.push(event).unwrap();
    }
    builder.finish()
}

/// Reads every value of every column in every way there is; returns how many were read.
fn read_all(view: BatchView<'_>) -> usize {
    let mut read = 0;
    for (section, row) in view.rows_in_order() {
        let section = view.section(section);
        let event = section.event(row);
        assert_eq!(section.severity_at(row), event.severity);
        for (field, value) in (0..).zip(&event.values) {
            assert_eq!(
                section.value(FieldId::new(field), row).is_null(),
                value.is_null()
            );
        }
        read += 1 + event.values.len();
    }
    assert_eq!(
        view.sections()
            .map(trapjaw_event::SectionView::rows)
            .sum::<usize>(),
        view.rows() as usize
    );
    read
}

/// Damaged bytes are refused with a code, or read as some batch.
fn refused_or_harmless(bytes: &[u8], bindings: &[Option<Arc<Binding>>]) -> bool {
    match check(bytes, bindings) {
        Ok(view) => {
            read_all(view);
            false
        }
        Err(error) => {
            assert!(error.code().starts_with("E_BATCH_"));
            true
        }
    }
}

/// A generator for places and bits: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// Events of all types, the same each time, in such numbers that both forms of text are there.
fn sample(count: usize) -> Vec<Event> {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let events = vec(event(&registry()), count);
    events.new_tree(&mut runner).unwrap().current()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn rows_come_back(batches in vec(vec(event(&registry()), 0..200), 1..4)) {
        let registry = Arc::new(registry());
        let bindings = bindings(&registry);
        let mut builder = BatchBuilder::new(registry);
        for events in batches {
            let bytes = build(&mut builder, &events);
            let view = check(&bytes, &bindings).unwrap();
            let back = view.rows_in_order().map(|(section, row)| view.section(section).event(row));
            prop_assert_eq!(exactly(back), exactly(events.into_iter().map(normal)));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_harmless(bytes in vec(any::<u8>(), 0..512)) {
        let registry = registry();
        refused_or_harmless(&BatchBytes::copy_of(&bytes), &bindings(&registry));
    }
}

#[test]
fn a_cut_archive_is_refused_or_harmless() {
    let registry = Arc::new(registry());
    let bindings = bindings(&registry);
    let mut builder = BatchBuilder::new(registry);
    for count in [1, 7, 40] {
        let bytes = build(&mut builder, &sample(count));
        assert!(read_all(check(&bytes, &bindings).unwrap()) >= count);
        for length in 0..bytes.len() {
            let cut_behind = BatchBytes::copy_of(&bytes[..length]);
            refused_or_harmless(&cut_behind, &bindings);
            let cut_before = BatchBytes::copy_of(&bytes[bytes.len() - length..]);
            refused_or_harmless(&cut_before, &bindings);
        }
    }
}

#[test]
fn flipped_bits_are_refused_or_harmless() {
    const FLIPS: usize = 10_000;
    let registry = Arc::new(registry());
    let bindings = bindings(&registry);
    let mut dice = Dice(1);
    let mut refused = 0;
    let mut builder = BatchBuilder::new(registry);
    let originals = [1, 3, 30].map(|count| build(&mut builder, &sample(count)).to_vec());
    for flip in 0..FLIPS {
        let mut bytes = originals[flip % originals.len()].clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        refused += usize::from(refused_or_harmless(&BatchBytes::copy_of(&bytes), &bindings));
    }
    assert!(
        refused > FLIPS / 10 && refused < FLIPS,
        "{refused} refused: both ways have to be taken"
    );
}

#[test]
fn a_peer_s_declaration_maps_its_columns() {
    use trapjaw_event::{DeclaredType, bind};
    // The peer knows an older type: other order, one field the server lacks, one field less, fewer variants.
    let colours = |names: &[&str]| FieldType::Enum(names.iter().map(|&name| name.into()).collect());
    let theirs = EventType::new(
        "cpu",
        vec![
            Field::new("rack", FieldType::Int),
            Field::new("colour", colours(&["red"])),
            Field::new("host", FieldType::Text),
        ],
    );
    let ours = EventType::new(
        "cpu",
        vec![
            Field::new("host", FieldType::Text),
            Field::new("load", FieldType::Float).optional(),
            Field::new("colour", colours(&["red", "green"])),
        ],
    );
    let (mut peer, mut server) = (Registry::new(), Registry::new());
    let declared = DeclaredType::from(&theirs);
    peer.add(theirs).unwrap();
    server.add(EventType::new("other", vec![])).unwrap();
    let id = server.add(ours).unwrap();
    let binding = bind(&server, &declared).unwrap();
    assert_eq!(binding.ignored(), 1);

    let mut builder = BatchBuilder::new(peer.into());
    let sent = Event {
        type_id: TypeId::new(0),
        time: 1,
        source: "s".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Int(7), Value::Enum(0), Value::Text("h".into())],
    };
    let bytes = build(&mut builder, std::slice::from_ref(&sent));
    let bindings = [Some(Arc::new(binding))];
    let view = check(&bytes, &bindings).unwrap();
    let values = vec![Value::Text("h".into()), Value::Null, Value::Enum(0)];
    assert_eq!(
        view.section(0).event(0),
        Event {
            type_id: id,
            values,
            ..sent
        }
    );
    assert!(view.section(0).column(FieldId::new(1)).is_none());
}
