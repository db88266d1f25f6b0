//! Whether a pattern knows how long it waits.

use super::super::RuleChecker;
use super::shape::takes_nothing;
use crate::diagnostic::{Diagnostic, codes::patterns as codes};
use crate::hir::pattern::{Element, Node, Not, Repeat};
use crate::source::Span;

/// Looks for waits that nothing bounds.
pub(super) struct Waits<'r, 'a> {
    pub(super) rule: &'r mut RuleChecker<'a>,
    pub(super) elements: &'r [Element],
    pub(super) within: Option<i64>,
}

/// What is bound before a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Nothing, or an event.
    Either,
    Event,
}

/// Where in a match a part stands.
#[derive(Clone, Copy)]
struct Place {
    /// What is bound before it.
    before: Before,
    /// It stands in a repetition that `until` ends.
    until: bool,
    /// The match may end right behind it.
    last: bool,
}

impl Waits<'_, '_> {
    /// Refuses the first wait without a bound, and silences that leave no time.
    pub(super) fn check(&mut self, root: &Node) {
        let place = Place {
            before: Before::Nothing,
            until: false,
            last: true,
        };
        if let Err(error) = self.node(root, place) {
            self.rule.exprs.findings.push(*error);
        }
    }

    fn node(&self, node: &Node, place: Place) -> Result<(), Box<Diagnostic>> {
        match node {
            Node::Element(element) => {
                let element = &self.elements[element.index()];
                let waits = place.before != Before::Nothing && !place.until;
                if self.within.is_none() && waits {
                    return Err(unbounded(
                        element.span,
                        "this may be waited for without end",
                    ));
                }
                Ok(())
            }
            Node::Sequence(steps) => {
                let mut at = place;
                for (index, step) in steps.iter().enumerate() {
                    let mut rest = steps[index + 1..].iter();
                    at.last = place.last && rest.all(|step| takes_nothing(&step.node));
                    if let Node::Not(not) = &step.node {
                        self.silence(not, at)?;
                        continue;
                    }
                    self.node(&step.node, at)?;
                    at.before = match (at.before, takes_nothing(&step.node)) {
                        (Before::Nothing | Before::Either, true) => Before::Either,
                        _ => Before::Event,
                    };
                }
                Ok(())
            }
            Node::Or(parts) => parts.iter().try_for_each(|part| self.node(part, place)),
            Node::And(parts) => {
                let events = parts.iter().filter(|part| !matches!(part, Node::Not(_)));
                let alone = events.count() == 1;
                parts.iter().try_for_each(|part| match part {
                    // It never looks back.
                    Node::Not(not) => {
                        let before = Before::Event;
                        self.silence(not, Place { before, ..place })
                    }
                    part => {
                        let before = match place.before {
                            Before::Nothing if !alone => Before::Either,
                            before => before,
                        };
                        self.node(part, Place { before, ..place })
                    }
                })
            }
            Node::Repeat(repeat) => self.repeat(repeat, place),
            Node::Not(not) => self.silence(not, place),
        }
    }

    fn repeat(&self, repeat: &Repeat, place: Place) -> Result<(), Box<Diagnostic>> {
        let until = place.until || !repeat.until.is_empty();
        self.node(&repeat.body, Place { until, ..place })?;
        // Where an event is bound before the first time, a later one differs in nothing: looking at both would double the
        // work with each repetition within another.
        if repeat.max == Some(1) || place.before == Before::Event {
            return Ok(());
        }
        let before = Before::Event;
        let later = Place {
            before,
            until,
            ..place
        };
        self.node(&repeat.body, later)
    }

    fn silence(&self, not: &Not, place: Place) -> Result<(), Box<Diagnostic>> {
        match (not.duration, self.within) {
            (None, None) if place.last => Err(unbounded(
                not.span,
                "it is not said until when this must not occur",
            )),
            (None, None) if place.before != Before::Event => Err(unbounded(
                not.span,
                "it is not said since when this must not have occurred",
            )),
            (Some(duration), Some(within))
                if duration >= within && place.before == Before::Event && !place.last =>
            {
                let message = "what follows comes too late for `within`";
                let error = Diagnostic::error(codes::NEVER_IN_TIME, not.span, message);
                let help = "make the silence shorter than the window, or the window longer";
                Err(Box::new(error.with_help(help)))
            }
            _ => Ok(()),
        }
    }
}

/// The error of a wait without a bound.
fn unbounded(span: Span, message: &str) -> Box<Diagnostic> {
    let error = Diagnostic::error(codes::UNBOUNDED_WAIT, span, message);
    Box::new(error.with_help(
        "bound the pattern by `within 5m`; a silence also by `for`, a repetition by `until`",
    ))
}
