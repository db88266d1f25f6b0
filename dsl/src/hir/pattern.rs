//! Checked patterns: what `match` looks for.
//!
//! What they mean is defined in the book's page on patterns, in the words that are used here.

use trapjaw_event::{FieldId, FieldType, TypeId};

use super::{Envelope, Expr};
use crate::diagnostic::Span;

/// What `match` looks for, with the clauses that belong to it.
///
/// The rule's [`types`](super::Rule::types) are those of all elements; its alias is empty, and it has neither `where`
/// nor a key of its own nor a state clause.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The pattern.
    pub root: Node,
    /// Its elements by their ids, in the order of the text, those of `not` and `until` among them.
    pub elements: Vec<Element>,
    /// `by`: empty for one partition.
    pub key: Vec<PatternKey>,
    /// `within`: nanoseconds, positive. From the first bound event to the last it is less.
    pub within: Option<i64>,
    /// Where the search goes on after a match.
    pub skip: Skip,
    /// Whether all matches of a moment are told as one, with what counts and sums say of them: with [`Skip::None`], and
    /// without `on timeout`.
    pub together: bool,
    /// For each of [`Rule::aggregates`](super::Rule::aggregates), over the events of which element it is taken.
    /// Its argument and filter read these events as the event under test. `None`: it is the number of matches that are
    /// told together.
    pub over: Vec<Option<ElementId>>,
    /// Whether the rule has `on timeout`: without, no timeout is reported.
    pub reports_timeout: bool,
}

/// An element's place in its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(u32);

impl ElementId {
    /// The element at this place.
    pub const fn new(place: u32) -> Self {
        Self(place)
    }

    /// The place, as an index into [`Pattern::elements`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// `alias: type | type [condition]`.
#[derive(Clone, Debug)]
pub struct Element {
    /// What its events are called in a match: the alias, else its types, joined by `|`.
    pub name: Box<str>,
    /// Whether the text names it, so that expressions can.
    pub named: bool,
    /// What it is there for.
    pub role: Role,
    /// Whether it may bind more than one event: it stands in a repetition.
    pub repeated: bool,
    /// Its types, in order, without repetition.
    pub types: Vec<TypeId>,
    /// Its condition, split at `and`: an event fits if all are true. They read the event under test through
    /// [`ExprKind::Field`](super::ExprKind::Field) (by the element's types), and what is bound through
    /// [`Read`]: as it was before the event under test, which is never among the bound.
    pub conditions: Vec<Condition>,
    /// Where it stands.
    pub span: Span,
}

/// What an element is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its events are bound.
    Binds,
    /// Its events must not occur: [`Not`].
    Negated,
    /// Its events end a repetition: [`Repeat::until`].
    Ends,
}

/// A part of an element's condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Of type bool.
    pub expr: Expr,
    /// What it needs.
    pub reach: Reach,
    /// Elements that it names in other operands of an `and` that it stands in. As long as one of them has not bound an
    /// event in the same passage through the `and`, the condition is put off; it is judged when the last of them
    /// binds one, whose event fits only if the condition is true. When the `and` is done and it is still put off,
    /// it is not true.
    pub awaits: Vec<ElementId>,
}

/// What a condition needs to be judged, by which an engine may choose how to evaluate it.
#[derive(Clone, Debug)]
pub enum Reach {
    /// The event under test alone.
    Event,
    /// The event under test, and the one before it in the pattern's input ([`EventRef::Before`]).
    Input,
    /// An equality of the event under test with one bound event: `own == other`, where `own` reads the event under test
    /// alone and `other` the bound event `of` alone; both are of one type.
    Equality {
        /// Of the event under test.
        own: Expr,
        /// Of the bound event.
        other: Expr,
        /// Which bound event.
        of: EventRef,
    },
    /// Bound events, in any other way. In order, without repetition; aggregates by their place in the rule.
    Bindings {
        /// Those of which fields are read.
        events: Vec<EventRef>,
        /// Aggregates over what is bound.
        aggregates: Vec<u32>,
    },
}

/// A part of a pattern. Sequences, `or` and `and` are flat and have two parts or more; but a sequence whose first step is
/// a repetition that may take nothing can be a step of another. Neither an alternative of
/// `or`, nor what is repeated, nor an operand of `and` matches without an event.
#[derive(Clone, Debug)]
pub enum Node {
    /// One event.
    Element(ElementId),
    /// One part after the other.
    Sequence(Vec<Step>),
    /// One of the parts, the first preferred.
    Or(Vec<Node>),
    /// All parts, in any order. [`Node::Not`] among them rules over the whole span.
    And(Vec<Node>),
    /// The same part several times.
    Repeat(Repeat),
    /// Nothing of some kind. Stands in sequences and `and`, and as an alternative of `or` with a duration.
    Not(Not),
}

/// A step of a sequence.
#[derive(Clone, Debug)]
pub struct Step {
    /// How its first event follows the event before it in the match; [`Contiguity::Relaxed`] for the first step. For the
    /// event with which a group begins (an alternative, an operand, a round, a sequence within another), what stands
    /// before the group counts instead, unless a `not` was passed.
    pub contiguity: Contiguity,
    /// What stands there.
    pub node: Node,
}

/// How an event follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contiguity {
    /// `=>`: it is the next of the pattern's input.
    Strict,
    /// `->`: what does not fit is skipped.
    Relaxed,
    /// `~>`: anything may be skipped.
    Any,
}

/// `p{min,max}`.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// What is repeated.
    pub body: Box<Node>,
    /// Rounds at least.
    pub min: u32,
    /// Rounds at most, not below `min` and not 0; `None`: no end.
    pub max: Option<u32>,
    /// It takes what it must, and not all that it can.
    pub reluctant: bool,
    /// How a round's first event follows the round before.
    pub contiguity: Contiguity,
    /// `until`: an event that fits one of these ends it, and is not taken by it.
    pub until: Vec<ElementId>,
    /// Where the quantifier stands.
    pub span: Span,
}

/// `not x [for D]`.
#[derive(Clone, Debug)]
pub struct Not {
    /// What must not occur: an event that fits one of these.
    pub elements: Vec<ElementId>,
    /// For how long, in nanoseconds, positive.
    pub duration: Option<i64>,
    /// Where it stands.
    pub span: Span,
}

/// Where the search goes on after a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Behind the last bound event.
    PastLast,
    /// Behind the first bound event.
    ToNext,
    /// At the first event of this element.
    ToFirst(ElementId),
    /// At the last event of this element.
    ToLast(ElementId),
    /// Everywhere: every match is reported.
    None,
}

/// One part of a pattern's partition key.
#[derive(Clone, Debug)]
pub struct PatternKey {
    /// Its name in a match.
    pub name: Box<str>,
    /// Its type, never float.
    pub ty: FieldType,
    /// Its value for an event, by element: reads the event under test alone. An element does not see events for which
    /// one of its parts is null.
    pub of: Vec<Expr>,
}

/// One of the events that a match has bound, or the one before the event under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventRef {
    /// `a.first`: the first event that the element bound; none is null.
    First(ElementId),
    /// `a.last`, and `a` itself outside of its own brackets: the last.
    Last(ElementId),
    /// `a.prev` outside of its own brackets: the one before the last. (Inside it is the last that was bound.)
    Previous(ElementId),
    /// `prev`: the event before the one under test in the pattern's input, bound or not; null if there is none, or if
    /// it took effect `idle_ttl` or longer ago. Only in the conditions of elements.
    Before,
}

/// What expressions of a pattern read beside the event under test.
#[derive(Clone, Debug)]
pub enum Read {
    /// A declared field: its id in each of the element's types, in their order (of [`EventRef::Before`]: in each of
    /// the rule's types).
    Field(EventRef, Box<[FieldId]>),
    /// An envelope field.
    Envelope(EventRef, Envelope),
    /// A part of the key. Not in the conditions of elements.
    Key(u32),
    /// What a timeout waited for: the names of the elements, joined by `, `, null in a match. A text; only in
    /// outputs.
    Waiting,
}
