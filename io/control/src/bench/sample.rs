//! Rules to measure with where none are given, and events for them.

use std::sync::Arc;

use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{Event, Registry, Value};

use super::workload::numbered;

/// When the first event happens: 2026-01-01T00:00:00Z.
const FIRST: i64 = 1_767_225_600_000_000_000;
/// Between two events.
const STEP: i64 = 1_000_000;
/// Hosts, and users.
const KEYS: u64 = 1_000;

/// Rules to measure with where there are none: a condition, a window, a duration, an absence and a pattern.
pub fn sample_rules() -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("sample.trap", include_str!("sample.trap"));
    sources
}

/// The first `count` events of a stream that is the same everywhere.
pub(super) fn events(registry: &Arc<Registry>, count: usize) -> Vec<Event> {
    let type_of = |name| registry.by_name(name).expect("the sample declares it");
    let (cpu, login) = (type_of("cpu"), type_of("login"));
    let event = |number: u64| {
        let bits = mixed(number);
        let (key, part) = (bits % KEYS, (bits >> 32) as f64 / f64::from(u32::MAX));
        let is_login = bits & 0x7_0000 == 0;
        let (type_id, values) = if is_login {
            let user = Value::Text(format!("user-{key}").into());
            (login, vec![user, Value::Bool(part < 0.3)])
        } else {
            let host = Value::Text(format!("host-{key}").into());
            (cpu, vec![host, Value::Float(part)])
        };
        let event = Event {
            type_id,
            time: FIRST + number as i64 * STEP,
            source: "bench".into(),
            id: None,
            subject: None,
            severity: None,
            values,
        };
        numbered(event, number)
    };
    (0..count as u64).map(event).collect()
}

/// Bits that look drawn (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
