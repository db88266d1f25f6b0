//! The conditions of elements: what each may speak of, and what each part of it needs.

use super::super::super::Outcome;
use super::super::super::expr::{Reading, Subject};
use super::super::RuleChecker;
use super::shape::Branch;
use super::tree::Draft;
use crate::hir::pattern::{Condition, ElementId, EventRef, Reach, Read};
use crate::hir::{Comparison, Expr, ExprKind};

/// What the element at `own` may make of the one at `other`.
pub(super) fn reading(own: &[Branch], other: &[Branch]) -> Reading {
    let shared = own.iter().zip(other).take_while(|(a, b)| a == b).count();
    if shared == own.len() && shared == other.len() {
        return Reading::Bound;
    }
    let together = own[..shared].contains(&Branch::Round);
    let repeated = |path: &[Branch]| {
        path[shared..]
            .iter()
            .any(|branch| matches!(branch, Branch::Round | Branch::End | Branch::Negated))
    };
    match (own.get(shared), other.get(shared)) {
        (Some(Branch::Operand(_)), Some(Branch::Operand(_))) => {
            if repeated(own) || repeated(other) {
                Reading::Unsettled
            } else {
                Reading::Awaited
            }
        }
        (Some(Branch::Step(own)), Some(Branch::Step(other))) if other > own && !together => {
            Reading::Later
        }
        (Some(Branch::Alternative(_)), Some(Branch::Alternative(_))) if !together => {
            Reading::Alternative
        }
        _ => Reading::Bound,
    }
}

impl RuleChecker<'_> {
    /// The condition of an element, split at `and`.
    pub(super) fn conditions(&mut self, draft: &Draft) -> Outcome<Vec<Condition>> {
        let Some(condition) = draft.ast.condition() else {
            return Ok(Vec::new());
        };
        self.exprs.subject = Subject::Event(draft.binding.clone());
        let condition = self
            .exprs
            .condition(&condition, "the condition of an element");
        self.exprs.subject = Subject::Bound;
        let condition = condition?;
        self.exprs.warn_if_constant(&condition, "the condition");
        let mut parts = Vec::new();
        split(condition, &mut parts);
        Ok(parts
            .into_iter()
            .map(|expr| Condition {
                reach: reach(&expr),
                awaits: Vec::new(),
                expr,
            })
            .collect())
    }
}

fn split(expr: Expr, parts: &mut Vec<Expr>) {
    match expr.kind {
        ExprKind::And(a, b) => {
            split(*a, parts);
            split(*b, parts);
        }
        _ if super::super::always(&expr) => {}
        _ => parts.push(expr),
    }
}

/// What an expression reads.
#[derive(Default)]
struct Needs {
    /// The event under test.
    own: bool,
    events: Vec<EventRef>,
    aggregates: Vec<u32>,
}

fn reach(expr: &Expr) -> Reach {
    let needs = needs(expr);
    let before = |event: &EventRef| *event == EventRef::Before;
    if needs.aggregates.is_empty() && needs.events.is_empty() {
        return Reach::Event;
    }
    if needs.aggregates.is_empty() && needs.events.iter().all(before) {
        return Reach::Input;
    }
    if let Some(equality) = equality(expr) {
        return equality;
    }
    Reach::Bindings {
        events: needs.events,
        aggregates: needs.aggregates,
    }
}

/// `own == other`, either way round.
fn equality(expr: &Expr) -> Option<Reach> {
    let ExprKind::Compare(Comparison::Eq, a, b) = &expr.kind else {
        return None;
    };
    let (of_a, of_b) = (needs(a), needs(b));
    let alone = |needs: &Needs| needs.own && needs.events.is_empty() && needs.aggregates.is_empty();
    let bound = |needs: &Needs| match needs.events[..] {
        [event] if !needs.own && needs.aggregates.is_empty() && event != EventRef::Before => {
            Some(event)
        }
        _ => None,
    };
    let (own, other, of) = match (bound(&of_a), bound(&of_b)) {
        (None, Some(of)) if alone(&of_a) => (a, b, of),
        (Some(of), None) if alone(&of_b) => (b, a, of),
        _ => return None,
    };
    Some(Reach::Equality {
        own: Expr::clone(own),
        other: Expr::clone(other),
        of,
    })
}

fn needs(expr: &Expr) -> Needs {
    let mut needs = Needs::default();
    collect(expr, &mut needs);
    needs.events.sort_unstable();
    needs.events.dedup();
    needs.aggregates.sort_unstable();
    needs.aggregates.dedup();
    needs
}

fn collect(expr: &Expr, needs: &mut Needs) {
    match &expr.kind {
        ExprKind::Field(_) | ExprKind::Envelope(_) => needs.own = true,
        ExprKind::Pattern(Read::Field(event, _) | Read::Envelope(event, _)) => {
            needs.events.push(*event);
        }
        ExprKind::Aggregate(index) => needs.aggregates.push(*index),
        ExprKind::Const(_) | ExprKind::Pattern(Read::Key(_) | Read::Waiting) => {}
        _ => {
            for operand in expr.operands() {
                collect(operand, needs);
            }
        }
    }
}

/// The elements that a condition speaks of, with the aggregates' ones.
pub(super) fn spoken_of(condition: &Condition, over: &[Option<ElementId>]) -> Vec<ElementId> {
    let needs = needs(&condition.expr);
    let events = needs.events.iter().filter_map(|event| match *event {
        EventRef::First(element) | EventRef::Last(element) | EventRef::Previous(element) => {
            Some(element)
        }
        EventRef::Before => None,
    });
    let aggregates = needs.aggregates.iter();
    let aggregates = aggregates.filter_map(|&index| over[index as usize]);
    let mut elements: Vec<ElementId> = events.chain(aggregates).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}
