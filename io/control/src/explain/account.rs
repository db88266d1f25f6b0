//! What is told.

use serde::{Serialize, Serializer};
use trapjaw_dsl::hir::{self, Rule, RuleSet};
use trapjaw_dsl::source::{SourceMap, Span};
use trapjaw_event::{Event, FieldType, Match, MatchKind, Registry, Value, format};

use super::Options;
use super::probe::Verdicts;
use super::shown::event_text;
use crate::table::plain;

/// What rules made of recorded events, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Events that were taken in.
    pub events: u64,
    /// The rules that were asked for, in the order of the files.
    pub rules: Vec<RuleExplanation>,
}

/// What one rule made of them.
#[derive(Clone, Debug, Serialize)]
pub struct RuleExplanation {
    /// Its name.
    pub name: Box<str>,
    /// Where it stands.
    pub file: String,
    /// The line of it.
    pub line: u32,
    /// Its state clause, as rules write it.
    pub clause: String,
    /// How often it reported something.
    pub matches: u64,
    /// What its limit held back.
    pub held_back: u64,
    /// What its partial matches did beyond what can be followed: among them may be some that came nearer.
    pub left_out: u64,
    /// The first of what it reported.
    pub fired: Vec<Account>,
    /// What came nearest to it, the nearest first.
    pub nearly: Vec<Account>,
}

/// What happened at some time to some key.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// What it came to.
    pub outcome: Outcome,
    /// When, in nanoseconds since the Unix epoch.
    #[serde(rename = "time", serialize_with = "rfc3339")]
    pub at: i64,
    /// When it began.
    #[serde(serialize_with = "rfc3339")]
    pub from: i64,
    /// The partition: names and values.
    pub key: Vec<(Box<str>, String)>,
    /// What happened, in a sentence.
    pub says: String,
    /// What the parts of its conditions gave.
    pub conditions: Vec<Verdict>,
    /// What led to it, in order.
    pub steps: Vec<Step>,
}

/// What something came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was reported.
    Fired,
    /// It was not, for something was missing.
    Missed,
    /// It may be yet: the events end before.
    Open,
}

/// What a part of a condition gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// As it is written.
    pub condition: String,
    /// `None`: unknown, for something that it reads is null.
    pub holds: Option<bool>,
    /// What it read: as it is written, and the value.
    pub values: Vec<(String, String)>,
}

/// One thing that happened on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// When.
    #[serde(rename = "time", serialize_with = "rfc3339")]
    pub at: i64,
    /// What took it, or what happened.
    pub what: String,
    /// The event, if there was one.
    pub event: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn rfc3339<S: Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format::Time(*time))
}

/// What is known of a rule while it is explained.
pub(super) struct Context<'r> {
    pub(super) rule: &'r Rule,
    pub(super) registry: &'r Registry,
    sources: &'r SourceMap,
    pub(super) options: &'r Options,
}

impl<'r> Context<'r> {
    pub(super) fn new(
        rules: &'r RuleSet,
        sources: &'r SourceMap,
        rule: usize,
        options: &'r Options,
    ) -> Self {
        Self {
            sources,
            rule: &rules.rules[rule],
            registry: &rules.registry,
            options,
        }
    }

    /// What stands in the rules at a place.
    pub(super) fn text(&self, span: Span) -> &'r str {
        &self.sources.get(span.source).text()[span.range()]
    }

    /// The parts of a key with their names.
    pub(super) fn key(&self, values: &[Value]) -> Vec<(Box<str>, String)> {
        let named: Vec<(&Box<str>, &FieldType)> = match &self.rule.pattern {
            Some(pattern) => (pattern.key.iter())
                .map(|part| (&part.name, &part.ty))
                .collect(),
            None => (self.rule.key.iter())
                .map(|part| (&part.name, &part.expr.ty))
                .collect(),
        };
        let parts = named.into_iter().zip(values);
        parts
            .map(|((name, ty), value)| (name.clone(), plain(ty, value)))
            .collect()
    }

    /// Is it one of those that were asked for?
    pub(super) fn is_asked(&self, account: &Account) -> bool {
        let key = self.options.key.as_ref();
        let at = self.options.at;
        key.is_none_or(|key| account.key.iter().any(|(_, value)| value == key))
            && at.is_none_or(|at| account.from <= at && at <= account.at)
    }

    pub(super) fn clause(&self) -> String {
        match &self.rule.pattern {
            Some(pattern) => {
                let within = pattern
                    .within
                    .map(|within| format::Duration(within).to_string());
                within.map_or_else(
                    || "match".to_owned(),
                    |within| format!("match within {within}"),
                )
            }
            None => super::shown::clause(self.rule),
        }
    }

    pub(super) fn event(&self, event: &Event) -> String {
        event_text(self.registry, event)
    }

    /// A match of the rule.
    pub(super) fn matched(&self, found: &Match) -> Account {
        let says = match found.kind {
            MatchKind::Matched => "matched".to_owned(),
            kind => kind.to_string(),
        };
        let mut account = Account {
            outcome: Outcome::Fired,
            at: found.time,
            from: found.time,
            key: self.key(&found.key),
            says,
            conditions: Vec::new(),
            steps: Vec::new(),
        };
        for bound in &found.events {
            account.from = account.from.min(bound.time);
            let ty = self.registry.get(bound.type_id);
            let fields = bound
                .fields
                .iter()
                .filter(|(_, value)| *value != Value::Null);
            let fields = fields.map(|(field, value)| {
                let field = &ty.fields[field.index()];
                format!(" {}={}", field.name, plain(&field.ty, value))
            });
            account.steps.push(Step {
                at: bound.time,
                what: bound.alias.to_string(),
                event: Some(format!("{}{}", ty.name, fields.collect::<String>())),
            });
        }
        account
    }

    /// A condition that was not true.
    pub(super) fn judged(&self, found: &Match, verdicts: &Verdicts, is_window: bool) -> Account {
        let missing = verdicts.told.iter().filter(|told| told.holds != Some(true));
        let missing = missing.count();
        let all = verdicts.told.len();
        let what = if is_window { "having" } else { "where" };
        Account {
            outcome: Outcome::Missed,
            at: found.time,
            from: found.time,
            key: self.key(&found.key),
            says: format!("{missing} of {all} parts of `{what}` not true"),
            conditions: verdicts.told.clone(),
            steps: Vec::new(),
        }
    }
}

/// The few nearest of many.
#[derive(Default)]
pub(super) struct Best {
    accounts: Vec<(f64, Account)>,
}

impl Best {
    /// Takes one in, if it is among the `most` with the least distance; of equals, the earlier ones.
    pub(super) fn offer(&mut self, distance: f64, account: Account, most: usize) {
        let place = (self.accounts).partition_point(|(known, _)| *known <= distance);
        if place < most {
            self.accounts.insert(place, (distance, account));
            self.accounts.truncate(most);
        }
    }

    pub(super) fn accounts(&mut self) -> Vec<Account> {
        let accounts = core::mem::take(&mut self.accounts);
        accounts.into_iter().map(|(_, account)| account).collect()
    }
}

/// The parts of a condition, split at `and`.
pub(super) fn conjuncts(condition: Option<&hir::Expr>) -> Vec<&hir::Expr> {
    let mut parts = Vec::new();
    let mut left: Vec<&hir::Expr> = condition.into_iter().collect();
    while let Some(expr) = left.pop() {
        match &expr.kind {
            hir::ExprKind::And(a, b) => left.extend([&**b, &**a]),
            _ => parts.push(expr),
        }
    }
    parts
}
