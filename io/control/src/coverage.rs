//! Which clauses of rules the tests beside them have tried both ways.
//!
//! For each clause that can hold or not there are two probes: rules that match where it holds, and where it doesn't.
//! They run beside the rules under test, over the same events, on the same engine.

use std::io;
use std::sync::Arc;

use trapjaw_dsl::compile_checked;
use trapjaw_dsl::hir::{self, Clause, Expr, ExprKind, RuleSet};
use trapjaw_dsl::source::Span;
use trapjaw_event::MatchKind;

use crate::rule_test;

/// What was tried of a rule.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The rule's name.
    pub rule: Box<str>,
    /// Where it stands.
    pub span: Span,
    /// Its parts, in the order of the rule.
    pub parts: Vec<Part>,
}

/// A part of a rule that tests can try.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is.
    pub clause: Tried,
    /// Where it stands.
    pub span: Span,
    /// Was it tried?
    pub covered: bool,
}

/// What tests can try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tried {
    /// A part of a condition holds.
    Holds,
    /// A part of a condition does not hold.
    Fails,
    /// The rule matches, or is raised.
    Fires,
    /// It clears or expires.
    Clears,
    /// It runs out of time.
    TimesOut,
}

/// Runs all tests of a rule set, and tells what they tried.
///
/// # Errors
///
/// An event that fits no batch; or the probes together with the rules are more than an engine takes.
pub fn of(rules: &RuleSet) -> io::Result<Vec<Coverage>> {
    let mut probes = Probes {
        rules: rules.clone(),
        parts: Vec::new(),
    };
    for (place, rule) in rules.rules.iter().enumerate() {
        probes.of_rule(place, rule);
    }
    let program = compile_checked(&probes.rules)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let program = Arc::new(program);
    for test in &rules.tests {
        for found in rule_test::run(&program, test)?.matches {
            let clears = matches!(found.kind, MatchKind::Cleared | MatchKind::Expired);
            let way = match found.kind {
                MatchKind::Timeout => Tried::TimesOut,
                _ if clears => Tried::Clears,
                _ => Tried::Fires,
            };
            for probe in &mut probes.parts {
                probe.part.covered |=
                    probe.watched == found.rule.index() && probe.part_is_tried_by(way);
            }
        }
    }
    Ok(rules
        .rules
        .iter()
        .enumerate()
        .map(|(place, rule)| Coverage {
            rule: rule.name.clone(),
            span: rule.span,
            parts: probes
                .parts
                .iter()
                .filter(|probe| probe.rule == place)
                .map(|probe| probe.part.clone())
                .collect(),
        })
        .collect())
}

/// Rules with the probes behind them.
struct Probes {
    rules: RuleSet,
    parts: Vec<Probe>,
}

struct Probe {
    /// The rule that it is about, by its place.
    rule: usize,
    part: Part,
    /// The rule whose match tells that it was tried.
    watched: usize,
}

impl Probe {
    fn part_is_tried_by(&self, way: Tried) -> bool {
        match self.part.clause {
            Tried::Holds | Tried::Fails => way == Tried::Fires,
            clause => clause == way,
        }
    }
}

impl Probes {
    fn of_rule(&mut self, place: usize, rule: &hir::Rule) {
        let add = |probes: &mut Self, clause, span, watched| {
            let part = Part {
                clause,
                span,
                covered: false,
            };
            probes.parts.push(Probe {
                rule: place,
                part,
                watched,
            });
        };
        for part in conjuncts(rule.condition.as_ref()) {
            for (clause, condition) in [(Tried::Holds, part.clone()), (Tried::Fails, not(part))] {
                let watched = self.push(rule, |probe| {
                    probe.condition = Some(condition);
                    probe.clause = Clause::Each;
                    probe.having = None;
                    probe.aggregates = Vec::new();
                    probe.key = Vec::new();
                });
                add(self, clause, part.span, watched);
            }
        }
        for part in conjuncts(rule.having.as_ref()) {
            for (clause, having) in [(Tried::Holds, part.clone()), (Tried::Fails, not(part))] {
                let watched = self.push(rule, |probe| {
                    probe.having = Some(having);
                    at_each_evaluation(&mut probe.clause);
                });
                add(self, clause, part.span, watched);
            }
        }
        add(self, Tried::Fires, rule.span, place);
        let raises = matches!(
            rule.clause,
            Clause::Sustained { .. } | Clause::Absent { .. }
        );
        if raises || rule.reports_clear {
            add(self, Tried::Clears, rule.span, place);
        }
        if rule
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.reports_timeout)
        {
            add(self, Tried::TimesOut, rule.span, place);
        }
    }

    /// Adds a rule that does nothing but match; its place.
    fn push(&mut self, rule: &hir::Rule, change: impl FnOnce(&mut hir::Rule)) -> usize {
        let place = self.rules.rules.len();
        let mut probe = rule.clone();
        // No rule of a file can be called so.
        probe.name = format!("{} #{place}", rule.name).into();
        probe.emit = None;
        probe.actions = Vec::new();
        probe.limit = None;
        probe.reports_clear = false;
        change(&mut probe);
        self.rules.rules.push(probe);
        place
    }
}

/// The parts of a condition, split at `and`.
fn conjuncts(condition: Option<&Expr>) -> Vec<&Expr> {
    let mut parts = Vec::new();
    let mut left: Vec<&Expr> = condition.into_iter().collect();
    while let Some(expr) = left.pop() {
        match &expr.kind {
            ExprKind::And(a, b) => left.extend([&**b, &**a]),
            // What is always so can't be tried.
            ExprKind::Const(_) => {}
            _ => parts.push(expr),
        }
    }
    parts
}

/// The condition does not hold: it is false or unknown.
fn not(expr: &Expr) -> Expr {
    let boxed = |kind, span| {
        Box::new(Expr {
            kind,
            ty: expr.ty.clone(),
            span,
        })
    };
    let no = boxed(
        ExprKind::Const(trapjaw_event::Value::Bool(false)),
        expr.span,
    );
    let known = boxed(ExprKind::Coalesce(Box::new(expr.clone()), no), expr.span);
    Expr {
        kind: ExprKind::Not(known),
        ty: expr.ty.clone(),
        span: expr.span,
    }
}

/// A window that fires whenever `having` holds, and not only on its turn.
fn at_each_evaluation(clause: &mut Clause) {
    match clause {
        Clause::Sliding { each, .. } | Clause::All { each } => *each = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trapjaw_dsl::source::SourceMap;

    /// What is not tried, as `rule: clause text`.
    fn untried(text: &str) -> Vec<String> {
        let mut sources = SourceMap::new();
        sources.add("rules.trap", text);
        let rules = trapjaw_dsl::check(&sources).expect("the rules are right");
        let mut untried = Vec::new();
        for coverage in of(&rules).expect("the events fit") {
            for part in coverage.parts.iter().filter(|part| !part.covered) {
                let says = match part.clause {
                    Tried::Holds | Tried::Fails => &text[part.span.range()],
                    _ => "",
                };
                untried.push(format!("{} {:?} {says}", coverage.rule, part.clause));
            }
        }
        untried
    }

    const RULES: &str = "event cpu { host: text, load: float }
rule hot { on c: cpu where c.load > 90% and c.host != \"x\" by c.host for 5m do log(c.host) }
rule busy { on c: cpu over 1m having count() > 2 and avg(c.load) > 50% do log(\"busy\") }\n";

    #[test]
    fn without_tests_nothing_is_tried() {
        assert_eq!(
            untried(RULES),
            [
                "hot Holds c.load > 90%",
                "hot Fails c.load > 90%",
                "hot Holds c.host != \"x\"",
                "hot Fails c.host != \"x\"",
                "hot Fires ",
                "hot Clears ",
                "busy Holds count() > 2",
                "busy Fails count() > 2",
                "busy Holds avg(c.load) > 50%",
                "busy Fails avg(c.load) > 50%",
                "busy Fires ",
            ]
        );
    }

    #[test]
    fn what_tests_try_is_seen() {
        let test = "test \"t\" {
            at 0s cpu { host: \"a\", load: 95% } repeat every 10s until 5m
            at 5m1s cpu { host: \"a\", load: 10% }
            expect hot at 5m
        }";
        assert_eq!(
            untried(&format!("{RULES}{test}")),
            ["hot Fails c.host != \"x\"", "busy Fails avg(c.load) > 50%"]
        );
    }
}
