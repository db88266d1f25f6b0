//! Patterns: what a rule with `match` looks for.
//!
//! A pattern is a tree over its elements. Where a run stands in the tree is a [`Rest`], and how it goes on from there
//! follows from the tree alone: an evaluator can number the rests that it comes by, and need not look at the tree again
//! (an automaton that is made as it is needed). The book's page on patterns defines runs; its words are used here.

mod enter;
mod meaning;
mod rest;
mod take;
mod ways;

use trapjaw_event::FieldType;

pub use rest::{Arrival, AtEvent, Awaited, Choice, Rest, Taken};

use crate::code::{Code, Envelope};

/// What a rule with `match` looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Whatever may take, forbid or end, in the order of the text. Sets of elements are bits of a `u64`, this order's
    /// first the lowest.
    pub elements: Vec<Element>,
    /// Those of its [`Node::Not`]s that have a duration. Sets of them are bits too.
    pub spans: Vec<Silence>,
    /// How the elements are put together.
    pub root: Node,
    /// `within`: first and last bound event are less than this apart. Nanoseconds.
    pub within: Option<i64>,
    /// Where the search goes on behind a match.
    pub skip: Skip,
    /// Whether all matches of a moment are told as one, without their events: with [`Skip::None`], and where no timeout is
    /// reported.
    pub together: bool,
    /// What the rule's codes know as [`Input::Kept`](crate::Input::Kept).
    pub reads: Vec<Read>,
    /// Whose bound events each of [`Rule::aggregates`](crate::Rule::aggregates) is over. `None`: it is the number of
    /// matches that are told [`together`](Self::together).
    pub over: Vec<Option<u16>>,
    /// By source: the sets of elements that see its events under one key, each element of the source in one of them.
    /// [`KeyPart::output`](crate::KeyPart::output) is where the first set's key stands among the source's outputs; the
    /// next set's stands directly behind it, and so on.
    pub keys: Vec<Vec<u64>>,
    /// Whether a start that ran out of time is reported.
    pub reports_timeout: bool,
}

impl Pattern {
    /// The elements of each [`Node::Both`].
    pub fn conjunctions(&self) -> Vec<u64> {
        let mut found = Vec::new();
        self.root.collect_conjunctions(&mut found);
        found
    }

    /// Does an event matter that fits no element: since it parts what has to follow at once, or is read as the event
    /// before?
    pub fn sees_all(&self) -> bool {
        let tests = self
            .elements
            .iter()
            .flat_map(|element| element.tests.iter().flatten());
        self.root.has_strict()
            || tests
                .flat_map(|test| &test.late)
                .any(|late| late.reads_previous)
    }
}

impl Node {
    /// Collects the elements of each conjunction, and gives its own.
    fn collect_conjunctions(&self, found: &mut Vec<u64>) -> u64 {
        match self {
            Self::Element(element) => 1 << element,
            Self::Not(_) | Self::Silence(_) => 0,
            Self::Sequence(parts) => parts
                .iter()
                .fold(0, |all, (_, node)| all | node.collect_conjunctions(found)),
            Self::Either(nodes) => nodes
                .iter()
                .fold(0, |all, node| all | node.collect_conjunctions(found)),
            Self::Both(nodes, _) => {
                let all = nodes
                    .iter()
                    .fold(0, |all, node| all | node.collect_conjunctions(found));
                found.push(all);
                all
            }
            Self::Repeat(repeat) => repeat.node.collect_conjunctions(found),
        }
    }

    fn has_strict(&self) -> bool {
        match self {
            Self::Element(_) | Self::Not(_) | Self::Silence(_) => false,
            Self::Sequence(parts) => parts
                .iter()
                .any(|(contiguity, node)| *contiguity == Contiguity::Strict || node.has_strict()),
            Self::Either(nodes) | Self::Both(nodes, _) => nodes.iter().any(Self::has_strict),
            Self::Repeat(repeat) => {
                repeat.contiguity == Contiguity::Strict || repeat.node.has_strict()
            }
        }
    }
}

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its name in matches.
    pub alias: Box<str>,
    /// Whether its events are bound; if not, they forbid or end something.
    pub binds: bool,
    /// What an event of each of the rule's sources has to satisfy; `None`: no event of the source will do.
    pub tests: Vec<Option<Test>>,
}

/// What an event has to satisfy.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The output of the type's predicate program that has to be true; `None`: all events will do.
    pub condition: Option<u32>,
    /// What else has to be true, each by itself: conditions that read more than the event.
    pub late: Vec<Late>,
}

/// A condition that reads other events.
#[derive(Clone, Debug, PartialEq)]
pub struct Late {
    /// Elements in other parts of a [`Node::Both`]. As long as one of them has no event, the condition is put off; it
    /// is judged when the last of them takes one.
    pub awaits: u64,
    /// Whether it reads the event before in the pattern's input.
    pub reads_previous: bool,
    /// One bool output. Fields and envelope are those of the event under test; what is bound is as before it.
    pub code: Code,
}

/// What codes read of the bound events.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Its name, for readers of listings.
    pub name: Box<str>,
    /// Its type.
    pub ty: FieldType,
    /// What is read.
    pub what: What,
}

/// Something that codes read beside the event under test.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A field of an event: by source the place among [`Source::kept`](crate::Source::kept), `None` where no event of
    /// the source is picked.
    Field(Pick, Vec<Option<u16>>),
    /// An envelope field of an event.
    Envelope(Pick, Envelope),
    /// A part of the key.
    Key(u16),
    /// The names of the elements that a timeout waited for; null in a match.
    Waiting,
}

/// An event that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first that an element took.
    First(u16),
    /// The last that an element took.
    Last(u16),
    /// The one before the last that an element took.
    BeforeLast(u16),
    /// The one before in the pattern's input.
    Previous,
}

/// What must not occur for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The elements that must not.
    pub elements: u64,
    /// How long, in nanoseconds, positive.
    pub duration: i64,
}

/// How events follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contiguity {
    /// The next that fits.
    Relaxed,
    /// The very next of the pattern's input.
    Strict,
    /// Any that fits, later ones too.
    Any,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// One event.
    Element(u16),
    /// One part after the other, with how each follows the one before.
    Sequence(Vec<(Contiguity, Self)>),
    /// One of several, the preferred first.
    Either(Vec<Self>),
    /// All, in any order, and none of these elements meanwhile.
    Both(Vec<Self>, u64),
    /// A part again and again.
    Repeat(Box<Repeat>),
    /// None of these elements, until the next event.
    Not(u64),
    /// One of [`Pattern::spans`], and then what comes behind it.
    Silence(u16),
}

/// A repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// Of what; it does not match without an event.
    pub node: Node,
    /// At least so often.
    pub min: u32,
    /// At most so often.
    pub max: Option<u32>,
    /// Whether it takes what it must, and not what it can.
    pub reluctant: bool,
    /// How a round follows the one before it.
    pub contiguity: Contiguity,
    /// The elements that end it.
    pub until: u64,
}

/// Where the search goes on behind a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Behind its last event.
    PastLast,
    /// Behind its first event.
    ToNext,
    /// At the first event that an element took.
    ToFirst(u16),
    /// At the last event that an element took.
    ToLast(u16),
    /// Nowhere: all matches of all starts.
    None,
}
