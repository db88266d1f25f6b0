//! Checked rule tests: what they give, and what they expect.

use trapjaw_event::{Event, MatchKind, Value};

use crate::diagnostic::Span;

/// A rule test. All times are nanoseconds from its start, which is whoever runs it to choose.
#[derive(Clone, Debug)]
pub struct Test {
    /// What it says it shows.
    pub title: Box<str>,
    /// The events that it gives, in the order of the text.
    pub given: Vec<Given>,
    /// What it expects, in the order of the text.
    pub expected: Vec<Expectation>,
    /// Where it stands.
    pub span: Span,
}

impl Test {
    /// When it ends: at the last of its events and of the times that its expectations name.
    pub fn end(&self) -> i64 {
        let given = self.given.iter().map(Given::last);
        let expected = self.expected.iter().filter_map(|expected| expected.at);
        given.chain(expected).max().unwrap_or(0)
    }
}

/// `at D TYPE { ... } repeat every E until F`.
#[derive(Clone, Debug)]
pub struct Given {
    /// The event; its time is that of its first arrival.
    pub event: Event,
    /// The time between two arrivals, positive, and the last time at which it may arrive, not before the first.
    pub repeat: Option<(i64, i64)>,
    /// Where it stands.
    pub span: Span,
}

impl Given {
    /// When it arrives, in order.
    pub fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let (start, last) = (self.event.time, self.last());
        let step = self.repeat.map_or(1, |(every, _)| every);
        (0..=(last - start) / step).map(move |round| start + round * step)
    }

    /// When it arrives last.
    fn last(&self) -> i64 {
        let start = self.event.time;
        self.repeat.map_or(start, |(every, until)| {
            start + (until - start) / every * every
        })
    }
}

/// `expect [no] RULE at D { ... }`.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Its place among the rules.
    pub rule: u32,
    /// `no`: it is that no such match is there.
    pub negated: bool,
    /// When the match is; `None`: at any time.
    pub at: Option<i64>,
    /// What kind of match; `None`: `matched` or `raised`.
    pub kind: Option<MatchKind>,
    /// What the match holds.
    pub held: Vec<Held>,
    /// Where it stands.
    pub span: Span,
}

/// A value that a match holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// What it is called in the test.
    pub name: Box<str>,
    /// Where in the match.
    pub place: HeldAt,
    /// The value; it may be null.
    pub value: Value,
}

/// Where a match holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldAt {
    /// A part of the key.
    Key(u32),
    /// An argument of an action: places of both.
    Argument(u32, u32),
    /// A field of the last event with the alias that the name begins with, or of the rule's event.
    Event,
}
