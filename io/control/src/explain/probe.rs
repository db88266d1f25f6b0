//! Probes: rules that fire wherever there is something to tell, with all that conditions read.

use std::collections::HashMap;

use trapjaw_dsl::hir::{self, Action, Clause, Expr, ExprKind, RuleSet, When};
use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{FieldType, Match, Value};

use super::account::{Verdict, conjuncts};
use crate::table::plain;

/// Values that a probe tells, at most: of what is beyond them nothing is told.
const MAX_VALUES: usize = 48;

/// What a probe is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Each event, and the condition of it.
    Events,
    /// Each evaluation of a window, and `having`.
    Windows,
    /// What there would be without a limit.
    Limit,
}

/// A rule beside the rules.
pub(super) struct Probe {
    /// The rule that it is about.
    pub(super) rule: usize,
    pub(super) about: About,
    parts: Vec<Part>,
}

/// A part of a condition: where in the arguments it is, and what it reads.
struct Part {
    text: String,
    truth: usize,
    /// Both sides of a comparison of numbers.
    sides: Option<(usize, usize)>,
    reads: Vec<(String, FieldType, usize)>,
}

/// What the parts of a condition gave.
pub(super) struct Verdicts {
    pub(super) told: Vec<Verdict>,
    /// How far it is from being true: one for each part that is not, less where numbers are near.
    pub(super) distance: f64,
}

impl Verdicts {
    pub(super) fn is_true(&self) -> bool {
        self.told.iter().all(|told| told.holds == Some(true))
    }
}

impl Probe {
    pub(super) fn verdicts(&self, found: &Match) -> Verdicts {
        let arguments: &[Value] = found.actions.first().map_or(&[], |call| &call.args);
        let value = |place: usize| arguments.get(place).unwrap_or(&Value::Null);
        let mut distance = 0.0;
        let told = self.parts.iter().map(|part| {
            let holds = match value(part.truth) {
                Value::Bool(holds) => Some(*holds),
                _ => None,
            };
            if holds != Some(true) {
                distance += part.sides.map_or(1.0, |(a, b)| apart(value(a), value(b)));
            }
            let reads = part.reads.iter();
            Verdict {
                condition: part.text.clone(),
                holds,
                values: reads
                    .map(|(name, ty, place)| (name.clone(), plain(ty, value(*place))))
                    .collect(),
            }
        });
        Verdicts {
            told: told.collect(),
            distance,
        }
    }
}

/// How far two numbers are apart, from 0 to 1; 1 also where one is unknown.
fn apart(a: &Value, b: &Value) -> f64 {
    let number = |value: &Value| match value {
        Value::Int(v) | Value::Time(v) | Value::Duration(v) => Some(*v as f64),
        Value::Float(v) => Some(*v),
        _ => None,
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => {
            let size = a.abs().max(b.abs());
            // What is near is nearer than what is true of other parts, but never as good as true.
            let apart = ((a - b).abs() / size).min(1.0);
            if apart.is_finite() {
                0.5 + apart / 2.0
            } else {
                0.5
            }
        }
        _ => 1.0,
    }
}

/// Rules with the probes behind them.
pub(super) struct Probes {
    pub(super) rules: RuleSet,
    pub(super) by_place: HashMap<usize, Probe>,
}

impl Probes {
    pub(super) fn of(rules: &RuleSet, sources: &SourceMap, asked: &[usize]) -> Self {
        let mut probes = Self {
            rules: rules.clone(),
            by_place: HashMap::new(),
        };
        for &place in asked {
            let rule = &rules.rules[place];
            if rule.limit.is_some() && rule.pattern.is_none() {
                probes.push((place, About::Limit), rule, Vec::new(), |_| {});
            }
            if rule.pattern.is_some() || rule.types.is_empty() {
                continue;
            }
            let (parts, arguments) = parts(rule.condition.as_ref(), sources);
            probes.push((place, About::Events), rule, parts, |probe| {
                probe.condition = None;
                probe.clause = Clause::Each;
                probe.having = None;
                probe.aggregates = Vec::new();
                probe.actions = vec![told(rule, arguments)];
            });
            if rule.having.is_some() {
                let (parts, arguments) = parts_of_having(rule, sources);
                probes.push((place, About::Windows), rule, parts, |probe| {
                    probe.having = None;
                    match &mut probe.clause {
                        Clause::Sliding { each, .. }
                        | Clause::All { each }
                        | Clause::Counted { each, .. } => *each = true,
                        _ => {}
                    }
                    probe.actions = vec![told(rule, arguments)];
                });
            }
        }
        probes
    }

    fn push(
        &mut self,
        (rule, about): (usize, About),
        of: &hir::Rule,
        parts: Vec<Part>,
        change: impl FnOnce(&mut hir::Rule),
    ) {
        let place = self.rules.rules.len();
        let mut probe = of.clone();
        // No rule of a file can be called so.
        probe.name = format!("{} #{place}", of.name).into();
        probe.emit = None;
        probe.actions = Vec::new();
        probe.limit = None;
        probe.reports_clear = false;
        change(&mut probe);
        self.rules.rules.push(probe);
        let probe = Probe { rule, about, parts };
        self.by_place.insert(place, probe);
    }
}

fn told(rule: &hir::Rule, arguments: Vec<(Box<str>, Expr)>) -> Action {
    Action {
        when: When::Fire,
        name: "tell".into(),
        arguments,
        span: rule.span,
    }
}

fn parts_of_having(rule: &hir::Rule, sources: &SourceMap) -> (Vec<Part>, Vec<(Box<str>, Expr)>) {
    parts(rule.having.as_ref(), sources)
}

/// The parts of a condition, and the arguments that tell of them.
fn parts(condition: Option<&Expr>, sources: &SourceMap) -> (Vec<Part>, Vec<(Box<str>, Expr)>) {
    let mut arguments: Vec<(Box<str>, Expr)> = Vec::new();
    let text = |expr: &Expr| sources.get(expr.span.source).text()[expr.span.range()].to_owned();
    let mut tell = |expr: &Expr| {
        let place = arguments.len();
        arguments.push((format!("v{place}").into(), expr.clone()));
        place
    };
    let mut parts = Vec::new();
    let mut left = MAX_VALUES;
    for expr in conjuncts(condition) {
        let mut reads = Vec::new();
        collect(expr, &mut reads);
        let mut part = Part {
            text: text(expr),
            truth: tell(expr),
            sides: None,
            reads: Vec::new(),
        };
        if let ExprKind::Compare(_, a, b) = &expr.kind
            && is_number(a)
            && is_number(b)
        {
            part.sides = Some((tell(a), tell(b)));
        }
        for read in reads {
            let name = text(read);
            if left == 0 || part.reads.iter().any(|(known, ..)| *known == name) {
                continue;
            }
            left -= 1;
            part.reads.push((name, read.ty.clone(), tell(read)));
        }
        parts.push(part);
    }
    (parts, arguments)
}

fn is_number(expr: &Expr) -> bool {
    matches!(
        expr.ty,
        FieldType::Int | FieldType::Float | FieldType::Duration | FieldType::Time
    )
}

/// What an expression reads.
fn collect<'e>(expr: &'e Expr, reads: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Field(_) | ExprKind::Envelope(_) | ExprKind::Aggregate(_) => reads.push(expr),
        ExprKind::Lookup { .. } => {
            reads.push(expr);
            expr.operands().iter().for_each(|part| collect(part, reads));
        }
        _ => expr.operands().iter().for_each(|part| collect(part, reads)),
    }
}
