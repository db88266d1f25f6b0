//! What a rule remembers, as a plan tells it.

use serde::Serialize;
use trapjaw_engine::{Bound, Growth, Most, Pool};

/// See [`Bound`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct State {
    /// Bytes of a key, whatever comes.
    pub key_bytes: usize,
    pub growth: Vec<Part>,
    /// Most bytes of one key, where its events can't bring an unknown number of things.
    pub most_key_bytes: Option<u64>,
    /// Live keys on a shard, at most.
    pub keys: usize,
    pub timers_a_key: usize,
    pub timers_of_all: usize,
}

/// Something of which a key's events bring more.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Part {
    pub what: &'static str,
    pub bytes: usize,
    pub text_bytes: usize,
    /// So many at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// As many as come within so many nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<i64>,
    /// The limit that holds those of all keys.
    pub limit: &'static str,
}

impl State {
    pub(super) fn of(bound: &Bound) -> Self {
        Self {
            key_bytes: bound.key_bytes,
            growth: bound.growth.iter().map(Part::of).collect(),
            most_key_bytes: bound.most_key_bytes(),
            keys: bound.keys,
            timers_a_key: bound.key_timers,
            timers_of_all: bound.common_timers,
        }
    }
}

impl Part {
    fn of(growth: &Growth) -> Self {
        let (count, within) = match growth.most {
            Most::Count(count) => (Some(count), None),
            Most::Within(span) => (None, Some(span)),
        };
        Self {
            what: growth.what,
            bytes: growth.bytes,
            text_bytes: growth.text_bytes,
            count,
            within,
            limit: match growth.pool {
                Pool::Windows => "max_window_bytes",
                Pool::State => "max_state_bytes",
            },
        }
    }
}
