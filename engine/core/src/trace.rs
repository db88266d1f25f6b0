//! What became of the partial matches of patterns, moment by moment.
//!
//! It is recorded where [`Config::trace_patterns`](crate::Config::trace_patterns) asks for it, by the machine that
//! follows each run by itself, and read by [`Lockstep::take_traces`](crate::Lockstep::take_traces) and
//! [`Lockstep::open_runs`](crate::Lockstep::open_runs). Elements are told by
//! their places in the pattern.

use std::sync::Arc;

use trapjaw_event::{Event, FieldType, RuleId, Value};

/// Steps that are kept on one shard for one rule until they are taken; what is beyond them is left out, and counted.
pub const MAX_STEPS: usize = 1 << 18;

/// Steps, shard by shard and rule by rule, each in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traces {
    /// What runs did.
    pub steps: Vec<RunStep>,
    /// By rule, how many more steps there were than [`MAX_STEPS`]; only rules that had more, for each shard.
    pub left_out: Vec<(RuleId, u64)>,
}

impl FromIterator<Traces> for Traces {
    fn from_iter<I: IntoIterator<Item = Traces>>(traces: I) -> Self {
        let mut all = Self::default();
        for traces in traces {
            all.steps.extend(traces.steps);
            all.left_out.extend(traces.left_out);
        }
        all
    }
}

/// What one run made of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStep {
    /// The rule.
    pub rule: RuleId,
    /// The partition.
    pub key: Vec<Value>,
    /// The moment: when its event takes effect, or the deadline, in nanoseconds since the Unix epoch.
    pub time: i64,
    /// The moment's event; `None` for a deadline.
    pub event: Option<Arc<Event>>,
    /// The event with which the run began, and how many the rule had kept before it: starts are told apart by it.
    pub start: (u64, Arc<Event>),
    /// What the run had bound before, in order: elements and their events.
    pub bound: Vec<(u16, Arc<Event>)>,
    /// The elements that it waited for.
    pub awaited: Vec<u16>,
    /// What it did.
    pub fate: Fate,
}

/// What a run did at a moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// An element took the event.
    Took(u16),
    /// The event was skipped; what the elements that were waited for missed in it, where its type is one of theirs.
    Skipped(Vec<Refusal>),
    /// A silence passed as it should.
    Passed,
    /// It is open still; told by [`Lockstep::open_runs`](crate::Lockstep::open_runs).
    Waits,
    /// It came to the end of the pattern.
    Completed,
    /// It ended without a match.
    Ended(Why, Vec<Refusal>),
}

/// Why a run ended without a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its window was over.
    Window,
    /// An event came that one of these elements (a set, by bit) forbids: `not`, or `until`.
    Forbidden(u64),
    /// The next event had to be taken, and did not fit.
    NotNext,
    /// A way that it competed with took the moment.
    Rival,
    /// A preferred way of the same start has won.
    Preferred,
    /// What must not have come before it had come.
    Before,
    /// An `and` was done before a condition in it could be judged.
    Unjudged,
    /// A match was reported, and the search goes on behind it.
    PassedBy,
    /// There were too many partial matches.
    GivenUp,
}

/// Why an event of an element's type does not fit it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The element.
    pub element: u16,
    /// Which of its conditions that read other events is not true; `None`: one that reads the event alone.
    pub condition: Option<u16>,
    /// What that condition read beside the event.
    pub values: Vec<Reading>,
}

/// A value that a condition read beside the event under test.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its name, as rules write it.
    pub name: Box<str>,
    /// Its type, by which values of an enum have names.
    pub ty: FieldType,
    /// The value.
    pub value: Value,
}
