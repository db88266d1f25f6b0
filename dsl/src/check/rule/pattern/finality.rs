//! Whether a match is known before the window ends.
//!
//! A greedy repetition of varying length stays open while it may take more. An event of what follows closes it, unless
//! the repetition could take that too.

use super::super::RuleChecker;
use super::shape::{firsts, takes_nothing};
use crate::diagnostic::{Diagnostic, codes::patterns as codes};
use crate::hir::pattern::{Condition, Element, ElementId, Node, Reach, Repeat};
use crate::hir::{Comparison, Expr, ExprKind};
use crate::source::SourceId;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{AstNode, Quantifier};
use trapjaw_event::Value;

/// Looks for repetitions that only the end of the window closes.
pub(super) struct Finality<'r, 'a> {
    pub(super) rule: &'r mut RuleChecker<'a>,
    pub(super) elements: &'r [Element],
    /// The `match` clause.
    pub(super) clause: &'r SyntaxNode,
}

/// What comes behind a part.
#[derive(Clone, Default)]
struct Behind {
    /// What may take the next event.
    firsts: Vec<ElementId>,
    /// The match may end here.
    end: bool,
}

impl Finality<'_, '_> {
    pub(super) fn check(&mut self, root: &Node) {
        let behind = Behind {
            firsts: Vec::new(),
            end: true,
        };
        self.node(root, &behind);
    }

    fn node(&mut self, node: &Node, behind: &Behind) {
        match node {
            Node::Element(_) | Node::Not(_) => {}
            Node::Sequence(steps) => {
                let mut behind = behind.clone();
                for step in steps.iter().rev() {
                    self.node(&step.node, &behind);
                    if let Node::Not(not) = &step.node {
                        // The match does not end before the silence does, and then it is closed.
                        behind.end = false;
                        if not.duration.is_some() {
                            behind.firsts.clear();
                        }
                        continue;
                    }
                    if !takes_nothing(&step.node) {
                        behind = Behind::default();
                    }
                    firsts(&step.node, &mut behind.firsts);
                }
            }
            Node::Or(parts) => parts.iter().for_each(|part| self.node(part, behind)),
            // No operand ends open, so what is behind matters to none.
            Node::And(parts) => {
                for part in parts {
                    self.node(part, &Behind::default());
                }
            }
            Node::Repeat(repeat) => self.repeat(repeat, behind),
        }
    }

    fn repeat(&mut self, repeat: &Repeat, behind: &Behind) {
        let mut body = Vec::new();
        firsts(&repeat.body, &mut body);
        let varies = repeat.max != Some(repeat.min);
        if varies && !repeat.reluctant && repeat.until.is_empty() {
            let taken = behind.firsts.iter().find(|follower| {
                let overlaps = |own: &&ElementId| self.overlap(**own, **follower);
                body.iter().any(|own| overlaps(&own))
            });
            if behind.end && behind.firsts.is_empty() {
                self.warn(
                    repeat,
                    "it takes all that comes in the window, so the match is reported at its end",
                );
            } else if behind.end {
                self.warn(
                    repeat,
                    "the match may go on until the window ends, and is reported then",
                );
            } else if let Some(follower) = taken {
                let name = &self.elements[follower.index()].name;
                let message = format!(
                    "it could also take what `{name}` takes, so it is known only at the end of the window which does"
                );
                self.warn(repeat, &message);
            }
        }
        let mut behind = behind.clone();
        if varies || repeat.max != Some(1) {
            behind.firsts.extend(body);
        }
        self.node(&repeat.body, &behind);
    }

    fn warn(&mut self, repeat: &Repeat, message: &str) {
        let mut warning = Diagnostic::warning(codes::LATE_MATCH, repeat.span, message);
        if let Some(text) = quantifier(self.clause, self.rule.exprs.source, repeat) {
            let message = "to take as little as there must be, and report at once";
            warning = warning.with_suggestion(repeat.span, text, message);
        }
        warning = warning.with_help("an event that ends it can be said too: `until x`");
        self.rule.exprs.findings.push(warning);
    }

    /// Whether an event may fit both elements, as far as can be seen.
    fn overlap(&self, a: ElementId, b: ElementId) -> bool {
        let (a, b) = (&self.elements[a.index()], &self.elements[b.index()]);
        let single = |element: &Element| (element.types.len() == 1).then(|| element.types[0]);
        if !a.types.iter().any(|ty| b.types.contains(ty)) {
            return false;
        }
        // Fields are numbered by type: those of elements with several are not compared.
        if single(a).is_none() || single(a) != single(b) {
            return true;
        }
        let alone = |condition: &&Condition| matches!(condition.reach, Reach::Event);
        let mut conditions = a.conditions.iter().filter(alone);
        !conditions.any(|a| {
            let mut others = b.conditions.iter().filter(alone);
            others.any(|b| exclude(&a.expr, &b.expr))
        })
    }
}

/// The quantifier made reluctant, as text.
fn quantifier(clause: &SyntaxNode, source: SourceId, repeat: &Repeat) -> Option<String> {
    let here = |quantifier: &Quantifier| {
        crate::source::Span::new(source, quantifier.syntax().text_range()) == repeat.span
    };
    let quantifier = clause
        .descendants()
        .filter_map(Quantifier::cast)
        .find(here)?;
    let text = quantifier.syntax().text().to_string();
    let mode = ["strict", "any"]
        .iter()
        .find_map(|mode| text.strip_suffix(mode).map(|bare| (bare, mode)));
    Some(match mode {
        Some((bare, mode)) => format!("{}? {mode}", bare.trim_end()),
        None => format!("{text}?"),
    })
}

/// Whether both can't be true of one event, as far as can be seen: one is the other's negation, or they ask one field
/// for different constants, or for ranges that don't meet.
fn exclude(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Not(a), _) if same(a, b) => return true,
        (_, ExprKind::Not(b)) if same(a, b) => return true,
        _ => {}
    }
    let (Some((field, how, value)), Some((other, other_how, other_value))) = (range(a), range(b))
    else {
        return false;
    };
    if !same(field, other) {
        return false;
    }
    let Some(order) = order(value, other_value) else {
        return false;
    };
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    match (how, other_how) {
        (Eq, Ne) | (Ne, Eq) => order.is_eq(),
        (Eq, Eq) => order.is_ne(),
        (Eq | Lt | Le, Gt) | (Lt, Eq | Ge) => order.is_le(),
        (Eq | Le, Ge) | (Le, Eq) => order.is_lt(),
        (Gt, Eq | Lt | Le) | (Eq | Ge, Lt) => order.is_ge(),
        (Ge, Eq | Le) | (Eq, Le) => order.is_gt(),
        _ => false,
    }
}

/// A comparison of something with a constant.
fn range(expr: &Expr) -> Option<(&Expr, Comparison, &Value)> {
    let ExprKind::Compare(how, a, b) = &expr.kind else {
        return None;
    };
    match &b.kind {
        ExprKind::Const(value) => Some((a, *how, value)),
        _ => None,
    }
}

fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Enum(a), Value::Enum(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether both read the same field of the event under test.
fn same(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Field(a), ExprKind::Field(b)) => a == b,
        (ExprKind::Envelope(a), ExprKind::Envelope(b)) => a == b,
        (ExprKind::ToFloat(a), ExprKind::ToFloat(b)) => same(a, b),
        _ => false,
    }
}
