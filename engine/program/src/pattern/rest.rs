//! Where a run of a pattern stands, and how it goes on.
//!
//! A [`Rest`] is what is left of a pattern for one run, all choices made: it waits for one element or silence, and inside
//! of an `and` for one in each operand. Where there is a choice, a run goes on in several ways, the preferred first.

use super::enter::{Before, Out, enter};
use super::take::{can_skip, pass, take};
use super::{Contiguity, Node, Pattern};

/// What is left of a node for one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rest {
    /// Nothing.
    Done,
    /// Everything, of an operand of an `and` with which the match begins, before it has begun.
    Fresh,
    /// An element has yet to take an event.
    Element {
        /// How that follows the event before.
        contiguity: Contiguity,
        /// The elements that must not occur before.
        forbids: u64,
        /// Before a match has begun: the elements that must not have occurred.
        back: u64,
        /// The same, of silences.
        back_spans: u64,
    },
    /// A silence has yet to pass, and these elements must not occur either.
    Silence(u64),
    /// Of a sequence: of this part, and all behind it.
    Sequence(u16, Box<Rest>),
    /// Of a choice: of this alternative.
    Either(u16, Box<Rest>),
    /// Of several parts in any order: of each.
    Both {
        /// Until one takes an event: how that follows the one before, and what must not occur.
        before: Option<(Contiguity, u64)>,
        /// The parts.
        rests: Box<[Rest]>,
        /// What must not occur behind parts that are done.
        forbids: u64,
    },
    /// Of a repetition: of the round at hand, before which so many were completed. Where there is no maximum,
    /// completed rounds are counted up to the minimum.
    Repeat(u32, Box<Rest>),
    /// Of the pattern: only the end of its window is missing, and these elements must not occur before.
    Window(u64),
}

/// A choice that a run made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Which of the ways.
    pub way: u16,
    /// Whether the run ends where one that went another way takes what it does not.
    pub competes: bool,
    /// The elements in whose operand of an `and` it was made: it stands until one of them takes an event.
    pub elements: u64,
    /// The silences there: it stands until one of them passes.
    pub spans: u64,
}

/// Where a run comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What is left; `None`: it is complete.
    pub rest: Option<Rest>,
    /// The choices made on the way.
    pub path: Vec<Choice>,
    /// The silences that begin.
    pub starts: u64,
    /// The elements of each `and` that is done, the inner ones first.
    pub closes: Vec<u64>,
}

/// An event taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// By which element.
    pub element: u16,
    /// Whether it could not have been skipped.
    pub must: bool,
    /// Where that may lead to, the preferred first.
    pub arrivals: Vec<Arrival>,
    /// For the first event of a match: the elements that must not have occurred from `within` before the last event on.
    pub back: u64,
    /// For the first event of a match: the silences that must have been kept before it.
    pub back_spans: u64,
}

/// What an event does to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtEvent {
    /// Whether it ends the run, by what the run forbids.
    pub ends: bool,
    /// How it can be taken, the preferred first.
    pub taken: Vec<Taken>,
    /// Whether it can be skipped.
    pub skipped: bool,
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Elements.
    pub elements: u64,
    /// Silences.
    pub spans: u64,
    /// Elements that end it.
    pub forbidden: u64,
    /// The end of its window.
    pub window: bool,
}

impl Pattern {
    /// Where a match may begin.
    pub fn beginnings(&self) -> Vec<Rest> {
        let before = Before {
            begun: false,
            ..Before::behind(Contiguity::Relaxed, 0)
        };
        let outs = enter(&self.root, before).into_iter();
        let rests = outs.map(|out| out.rest);
        rests.filter(|rest| *rest != Rest::Done).collect()
    }

    /// What an event that fits these elements does to a run.
    pub fn at_event(&self, rest: &Rest, fits: u64) -> AtEvent {
        if let Rest::Window(forbids) = rest {
            return AtEvent {
                ends: forbids & fits != 0,
                skipped: true,
                ..AtEvent::default()
            };
        }
        if self.awaited(rest).forbidden & fits != 0 {
            return AtEvent {
                ends: true,
                ..AtEvent::default()
            };
        }
        let taken = take(&self.root, rest, fits).into_iter();
        let taken = taken.map(|taken| Taken {
            element: taken.element,
            must: taken.must,
            arrivals: taken.outs.into_iter().map(arrival).collect(),
            back: taken.back,
            back_spans: taken.back_spans,
        });
        AtEvent {
            ends: false,
            taken: taken.collect(),
            skipped: can_skip(&self.root, rest, fits, None),
        }
    }

    /// Where a run comes to when these silences have passed; empty if it waits for none of them.
    pub fn at_deadline(&self, rest: &Rest, due: u64) -> Vec<Arrival> {
        if self.awaited(rest).spans & due == 0 {
            return Vec::new();
        }
        pass(&self.root, rest, due)
            .into_iter()
            .map(arrival)
            .collect()
    }

    /// What a run waits for.
    pub fn awaited(&self, rest: &Rest) -> Awaited {
        let mut all = Awaited::default();
        match rest {
            Rest::Window(forbids) => {
                all.window = true;
                all.forbidden = *forbids;
            }
            rest => self.collect(&self.root, rest, &mut all),
        }
        all
    }

    fn collect(&self, node: &Node, rest: &Rest, all: &mut Awaited) {
        match (node, rest) {
            (Node::Element(element), Rest::Element { forbids, .. }) => {
                all.elements |= 1 << element;
                all.forbidden |= forbids;
            }
            (Node::Silence(span), Rest::Silence(forbids)) => {
                all.spans |= 1 << span;
                all.forbidden |= forbids | self.spans[usize::from(*span)].elements;
            }
            // The match begins with the `and`, and its first event is among those that it rules over.
            (Node::Silence(span), Rest::Fresh) => {
                all.forbidden |= self.spans[usize::from(*span)].elements;
            }
            (Node::Sequence(parts), Rest::Sequence(part, rest)) => {
                self.collect(&parts[usize::from(*part)].1, rest, all);
            }
            (Node::Either(nodes), Rest::Either(chosen, rest)) => {
                self.collect(&nodes[usize::from(*chosen)], rest, all);
            }
            (
                Node::Both(nodes, without),
                Rest::Both {
                    before,
                    rests,
                    forbids,
                },
            ) => {
                all.forbidden |= without | forbids | before.map_or(0, |(_, forbids)| forbids);
                for (node, rest) in nodes.iter().zip(rests) {
                    self.collect(node, rest, all);
                }
            }
            (Node::Repeat(repeat), Rest::Repeat(_, rest)) => {
                all.forbidden |= repeat.until;
                self.collect(&repeat.node, rest, all);
            }
            _ => {}
        }
    }
}

fn arrival(mut out: Out) -> Arrival {
    let rest = match out.rest {
        Rest::Done if out.carry.forbids != 0 => Some(Rest::Window(out.carry.forbids)),
        Rest::Done => None,
        rest => Some(rest),
    };
    for choice in &mut out.path {
        if (choice.elements, choice.spans) == (0, 0) {
            (choice.elements, choice.spans) = (u64::MAX, u64::MAX);
        }
    }
    Arrival {
        rest,
        path: out.path,
        starts: out.starts,
        closes: out.closes,
    }
}
