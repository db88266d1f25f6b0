//! Histories: few keys, and times that meet the rules' durations.

use trapjaw_event::{Event, Severity, TypeId, Value};

use super::random::Random;
use super::schema::{FieldDef, SECOND, Schema};

/// Hosts, the most frequent key.
const HOSTS: [&str; 4] = ["a", "a", "b", "c"];

/// Events in order of arrival.
pub(super) fn history(random: &mut Random, schema: &Schema) -> Vec<Event> {
    let inputs: Vec<usize> = (0..schema.types.len())
        .filter(|ty| schema.types[*ty].layer == 0)
        .collect();
    let mut clock = schema.start;
    let disorder = schema.types.iter().any(|ty| ty.lateness > 0);
    let mut events: Vec<Event> = Vec::new();
    for place in 0..random.between(3, 80) {
        clock += step(random);
        // What is derived may as well come from outside.
        let ty = if random.chance(95) {
            random.pick(&inputs)
        } else {
            random.below(schema.types.len())
        };
        let source = random.pick(&["s1", "s2"]);
        // Where lateness puts events in order, there is to be disorder.
        let lag = if disorder && random.chance(40) {
            random.pick(&[SECOND, 2 * SECOND, 3 * SECOND, 1])
        } else {
            0
        };
        let mut event = Event {
            type_id: TypeId::from_index(ty).expect("a case has few types"),
            time: clock + shift(random) - lag,
            source: source.into(),
            id: random.chance(80).then(|| place.to_string().into()),
            subject: random.chance(30).then(|| random.pick(&["a", "b"]).into()),
            severity: random.chance(60).then(|| random.pick(&Severity::ALL)),
            values: Vec::new(),
        };
        for field in &schema.types[ty].fields {
            // The host comes first where there is one.
            let before = events.iter().rev().find(|before| {
                before.type_id == event.type_id && before.values.first() == event.values.first()
            });
            // Conditions that last need values that do.
            let value = match before {
                Some(before) if random.chance(65) => before.values[event.values.len()].clone(),
                _ => value(random, schema, field),
            };
            event.values.push(value);
        }
        events.push(event);
    }
    events
}

fn value(random: &mut Random, schema: &Schema, field: &FieldDef) -> Value {
    if field.optional && random.chance(20) {
        Value::Null
    } else if field.name == "host" {
        Value::Text(random.pick(&HOSTS).into())
    } else {
        schema.value(random, field.ty)
    }
}

/// From one event to the next.
fn step(random: &mut Random) -> i64 {
    random.weighted(&[
        (25, 0),
        (35, SECOND),
        (12, 2 * SECOND),
        (8, 3 * SECOND),
        (4, 5 * SECOND),
        (2, 10 * SECOND),
        (3, 500_000_000),
        (1, 40 * SECOND),
        (1, 100_000 * SECOND),
    ])
}

/// How an event's own time differs: by as little as there is, or because it is out of order.
fn shift(random: &mut Random) -> i64 {
    random.weighted(&[
        (88, 0),
        (3, 1),
        (3, -1),
        (3, -SECOND),
        (2, -7 * SECOND),
        (1, 2 * SECOND),
    ])
}
