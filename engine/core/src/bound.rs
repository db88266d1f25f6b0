//! How much a rule may remember, known before its first event.
//!
//! The numbers are those by which the engine counts what it holds against [`Config`]: a machine states what a key
//! takes, and what its events add to that. So they can't differ from what is enforced.

use core::fmt;

use trapjaw_event::format;
use trapjaw_program::Rule;

use crate::config::Config;
use crate::rule::State;

/// What a rule remembers on one shard, at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Bytes that a key takes from its first event on.
    pub key_bytes: usize,
    /// What the events of a key add to that.
    pub growth: Vec<Growth>,
    /// Timers of each key.
    pub key_timers: usize,
    /// Timers that all keys share.
    pub common_timers: usize,
    /// Keys: at most so many live ones. A rule without `by` has one.
    pub keys: usize,
    /// Of a pattern whose partial matches move together where they stand alike: in how many ways they may stand. An
    /// event's cost then does not grow with their number.
    pub stands: Option<usize>,
}

/// Something of which a key's events bring more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What, as "row of the window".
    pub what: &'static str,
    /// Bytes of each, without texts.
    pub bytes: usize,
    /// Most bytes of texts that each may have besides.
    pub text_bytes: usize,
    /// How many a key may have.
    pub most: Most,
    /// What holds those of all keys together.
    pub pool: Pool,
}

/// How many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// So many.
    Count(u64),
    /// As many as come within so many nanoseconds. Their bytes have a limit for all keys together, their number has
    /// none.
    Within(i64),
}

/// Bytes that all keys of a rule share on a shard. Where they are used up, keys are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// [`Config::max_window_bytes`].
    Windows,
    /// [`Config::max_state_bytes`].
    State,
}

impl Bound {
    /// What the rule remembers on a shard with these limits; `None` for a rule that remembers nothing.
    pub fn of(rule: &Rule, config: &Config) -> Option<Self> {
        State::new(rule, config).bound(rule)
    }

    /// Most bytes of one key, where its events can't bring an unknown number of things; the pools bound it in any case.
    pub fn most_key_bytes(&self) -> Option<u64> {
        let mut bytes = self.key_bytes as u64;
        for growth in &self.growth {
            let Most::Count(count) = growth.most else {
                return None;
            };
            let each = (growth.bytes + growth.text_bytes) as u64;
            bytes = bytes.saturating_add(count.saturating_mul(each));
        }
        Some(bytes)
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.bytes, self.most) {
            (bytes, Most::Count(1)) => write!(f, "{bytes} B for the {}", self.what)?,
            (bytes, Most::Count(count)) => {
                write!(f, "{bytes} B a {} (at most {count})", self.what)?;
            }
            (bytes, Most::Within(span)) => {
                write!(f, "{bytes} B a {} ({})", self.what, format::Duration(span))?;
            }
        }
        if self.text_bytes > 0 {
            f.write_str(" and its texts")?;
        }
        Ok(())
    }
}
