//! The oracle: what a checked rule set means, evaluated straight from its definition.
//!
//! It is what the engine is held against, so it is to be obvious and not fast, and shares nothing with the engine but
//! the data model: no compiled program, no batches, no incremental state. Read it beside the language page:
//!
//! - this file: the order in which things happen (events, timers, derived events) and what a match tells;
//! - `order`: which events are late, and when the others' turn comes for rules that let events be late;
//! - `clause`: what each state clause makes of one key's history, always read from its beginning;
//! - `schedule`, `cron`: at which instants the rules match that the clock starts;
//! - `pattern`: what a pattern makes of a partition's input, always read from its beginning;
//! - `aggregate`, `eval`, `format`: what expressions are worth.
//!
//! Where a definition leaves the last bits of a float open (sums, averages), the oracle's are the exact ones; compare
//! with [`close_to`].

mod aggregate;
mod calendar;
mod clause;
mod cron;
mod eval;
mod format;
mod function;
mod matching;
mod order;
mod pattern;
mod schedule;
#[cfg(test)]
mod tests;
mod window;

use core::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use trapjaw_dsl::hir::{Clause, Emit, ExprKind, Rule, RuleSet, When};
use trapjaw_event::{Event, MatchKind, Registry, Value};

use clause::{Input, Judge, Report};
use eval::Scope;
use order::Order;

/// How a history is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where the clock goes after the last event, if that is later; `None`: it stays.
    pub until: Option<i64>,
    /// The silence after which a key's state is given up, in nanoseconds.
    pub idle_ttl: i64,
    /// Is each source a stream of its own? Else there is one stream.
    pub by_source: bool,
}

impl Default for Options {
    /// The clock stays; 24 hours.
    fn default() -> Self {
        Self {
            until: None,
            idle_ttl: 86_400_000_000_000,
            by_source: false,
        }
    }
}

impl Options {
    /// The stream that brings an event.
    pub fn stream_of(&self, event: &Event) -> u128 {
        if self.by_source {
            event
                .source
                .bytes()
                .fold(1, |stream, byte| stream * 257 + u128::from(byte))
        } else {
            0
        }
    }
}

/// The `id` of derived events: the oracle knows no match ids, which are a hash of the engine's.
/// A rule that reads the `id` of a derived event can't be compared.
pub const DERIVED_ID: &str = "?:0";

/// What a rule reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The rule's place in the set.
    pub rule: usize,
    /// What was reported.
    pub kind: MatchKind,
    /// When it took effect, in nanoseconds since the Unix epoch.
    pub time: i64,
    /// The partition key.
    pub key: Vec<Value>,
    /// The bound events by alias. An alias's event is whole.
    pub events: Vec<(Box<str>, Vec<Event>)>,
    /// The rule's aggregates by their names, in the rule's order; then the arguments of [`actions`](Self::actions) by
    /// theirs. An argument whose name is taken is called `action.argument`, and is left out where that is taken too.
    pub values: Vec<(Box<str>, Value)>,
    /// The actions that it sets off: place among the rule's actions, and all arguments.
    pub actions: Vec<(usize, Vec<Value>)>,
    /// The event that it derives; `None` also where null would stand in a required field.
    pub derived: Option<Event>,
}

/// All that the rules report over a history, in the order of output.
///
/// Events take effect in the order of the list. `options.idle_ttl` is to be positive.
pub fn run(rules: &RuleSet, events: &[Event], options: Options) -> Vec<Matched> {
    run_all(rules, events, options).matches
}

/// What comes of a history.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// All that the rules report, in the order of output.
    pub matches: Vec<Matched>,
    /// The events that came too late for a rule, by place in the history.
    pub late: Vec<usize>,
}

/// Like [`run`], with the events that came too late.
pub fn run_all(rules: &RuleSet, events: &[Event], options: Options) -> Outcome {
    let mut run = Run {
        rules,
        options,
        keys: rules.rules.iter().map(|_| Vec::new()).collect(),
        output: Vec::new(),
        order: Order::new(rules),
        begun: BTreeSet::new(),
        clock: None,
        due: vec![VecDeque::new(); rules.rules.len()],
    };
    run.begin_schedules();
    let mut clock = i64::MIN;
    let mut late = Vec::new();
    for (place, event) in events.iter().enumerate() {
        if run.order.is_late(rules, event) {
            late.push(place);
        }
        clock = clock.max(event.time);
        run.pass_deadlines(0, clock);
        run.take(0, event, clock);
        let row = (options.stream_of(event), place);
        run.order.hold(rules, 0, event, Some(row));
        run.order.arrived(row.0, event.time, clock);
        run.advance();
    }
    if let Some(until) = options.until {
        run.pass_deadlines(0, clock.max(until));
        run.order.reach(until);
        run.advance();
    }
    Outcome {
        matches: run.output,
        late,
    }
}

/// Are the values the same, floats to a relative 1e-9? An infinity is close to itself alone. A deviation whose largest
/// value has left the window may stay blurred by the last digits of that value (`windows.md#deviations`), so that what is
/// 0 may come as 1e-14.
pub fn close_to(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) if a.is_finite() && b.is_finite() => {
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12
        }
        _ => a == b,
    }
}

struct Run<'r> {
    rules: &'r RuleSet,
    options: Options,
    /// The keys that each rule has seen.
    keys: Vec<Vec<Key>>,
    output: Vec<Matched>,
    order: Order,
    /// The latenesses whose clocks have a value.
    begun: BTreeSet<i64>,
    /// How far the clock of lateness 0 has come.
    clock: Option<i64>,
    /// The instants of each schedule that the clock has come to, and at which it is still to match.
    due: Vec<VecDeque<i64>>,
}

/// One key of one rule.
struct Key {
    values: Vec<Value>,
    history: Vec<Input>,
    /// What judging the history last said.
    deadline: Option<i64>,
    /// What a pattern has told so far, and when; more than one as one where its matches are told together.
    told: Vec<(i64, Vec<pattern::Report>)>,
}

impl Run<'_> {
    /// From `at` on, which is the first value of the clock of rules of this lateness, the keys of their tables are
    /// expected.
    fn expect_keys(&mut self, lateness: i64, at: i64) {
        for (place, rule) in self.rules.rules.iter().enumerate() {
            let Clause::Absent { of: Some(of), .. } = rule.clause else {
                continue;
            };
            if self.order.of_rule(place) != lateness {
                continue;
            }
            for key in self.rules.tables[of.index()].keys() {
                self.keys[place].push(Key {
                    values: vec![key.to_value()],
                    history: vec![Input::Expected { at }],
                    deadline: None,
                    told: Vec::new(),
                });
                let report = self.judge(place, self.keys[place].len() - 1);
                assert!(report.is_empty(), "nothing is absent yet");
            }
        }
    }

    /// Lets go what the watermark has passed: for the rules of each lateness, one lateness after the other.
    fn advance(&mut self) {
        for lateness in self.order.latenesses() {
            let watermark = self.order.watermark(lateness);
            while let Some(event) = self.order.next_before(lateness, watermark) {
                self.pass_deadlines(lateness, event.time);
                self.take(lateness, &event, event.time);
            }
            self.pass_deadlines(lateness, watermark);
        }
    }

    /// Lets every deadline up to and with `clock` come of rules of this lateness, in the order (deadline, rule, key).
    fn pass_deadlines(&mut self, lateness: i64, clock: i64) {
        if self.begun.insert(lateness) {
            self.expect_keys(lateness, clock);
        }
        if lateness == 0 {
            self.move_clock(clock);
        }
        while let Some((at, rule, key)) =
            self.next_deadline(lateness).filter(|&(at, ..)| at <= clock)
        {
            let derived = if self.due[rule].is_empty() {
                self.keys[rule][key].history.push(Input::Deadline { at });
                self.judge(rule, key)
            } else {
                self.tick(rule, at)
            };
            for (derived, at) in derived {
                self.take_derived(lateness, &derived, at);
            }
        }
    }

    /// The first deadline of all rules of this lateness: when, and of which rule and key.
    fn next_deadline(&self, lateness: i64) -> Option<(i64, usize, usize)> {
        let rules = self.keys.iter().enumerate();
        let rules = rules.filter(|(rule, _)| self.order.of_rule(*rule) == lateness);
        let keys = rules.flat_map(|(rule, keys)| {
            keys.iter()
                .enumerate()
                .map(move |(key, state)| (rule, key, state))
        });
        let deadlines = keys.filter_map(|(rule, key, state)| {
            let deadline = state.deadline.or(self.due[rule].front().copied());
            Some((deadline?, rule, key))
        });
        deadlines.min_by(|a, b| {
            let values = |(_, rule, key): (i64, usize, usize)| &*self.keys[rule][key].values;
            (a.0, a.1)
                .cmp(&(b.0, b.1))
                .then_with(|| order_keys(values(*a), values(*b)))
        })
    }

    /// Gives an event to each rule of this lateness in turn; then, in the same order, comes what they derived from it,
    /// each with all that follows.
    fn take(&mut self, lateness: i64, event: &Event, at: i64) {
        let mut derived = Vec::new();
        for (place, rule) in self.rules.rules.iter().enumerate() {
            if rule.types.contains(&event.type_id) && self.order.of_rule(place) == lateness {
                derived.extend(self.take_by_rule(place, rule, event, at));
            }
        }
        for (event, at) in derived {
            self.take_derived(lateness, &event, at);
        }
    }

    /// Takes an event that a rule of this lateness has derived; rules of a larger one wait for the watermark.
    fn take_derived(&mut self, lateness: i64, event: &Event, at: i64) {
        self.order.hold(self.rules, lateness, event, None);
        self.take(lateness, event, at);
    }

    /// The events that the rule derives, and when they take effect.
    fn take_by_rule(
        &mut self,
        place: usize,
        rule: &Rule,
        event: &Event,
        at: i64,
    ) -> Vec<(Event, i64)> {
        if let Some(pattern) = &rule.pattern {
            return self.take_by_pattern(place, pattern, event, at);
        }
        let scope = Scope {
            registry: &self.rules.registry,
            tables: &self.rules.tables,
            rule,
            event,
            is_seen: true,
            rows: &[],
            bound: None,
            length: None,
        };
        let values: Vec<Value> = rule
            .key
            .iter()
            .map(|part| eval::eval(&part.expr, scope))
            .collect();
        if values.iter().any(Value::is_null) {
            return Vec::new();
        }
        let condition = rule.condition.as_ref();
        let satisfies = condition.is_none_or(|condition| eval::holds(condition, scope));
        let known = self.keys[place].iter().any(|key| key.values == values);
        if !known && matches!(rule.clause, Clause::Absent { of: Some(_), .. }) {
            // A key that the table doesn't have is not missed.
            return Vec::new();
        }
        let key = self.key(place, values);
        self.keys[place][key].history.push(Input::Event {
            at,
            event: event.clone(),
            satisfies,
        });
        self.judge(place, key)
    }

    /// The place of a key among those that the rule has seen; now it has.
    fn key(&mut self, place: usize, values: Vec<Value>) -> usize {
        let keys = &mut self.keys[place];
        let known = keys.iter().position(|key| key.values == values);
        known.unwrap_or_else(|| {
            keys.push(Key {
                values,
                history: Vec::new(),
                deadline: None,
                told: Vec::new(),
            });
            keys.len() - 1
        })
    }

    /// Reports what the last input of a key gives rise to. The events that the rule derives, and when they take effect.
    fn judge(&mut self, place: usize, key: usize) -> Vec<(Event, i64)> {
        if let Some(pattern) = &self.rules.rules[place].pattern {
            return self.judge_pattern(place, key, pattern);
        }
        let judge = Judge {
            registry: &self.rules.registry,
            tables: &self.rules.tables,
            rule: &self.rules.rules[place],
            idle_ttl: self.options.idle_ttl,
        };
        let state = &self.keys[place][key];
        let judgement = judge.judge(&state.history);
        let matched = judgement
            .report
            .map(|report| self.matched(place, state.values.clone(), &report));
        // What would come past the end of time does not come.
        let deadline = judgement.deadline.filter(|&at| at != i64::MAX);
        self.keys[place][key].deadline = deadline;
        let derived = matched
            .iter()
            .filter_map(|matched| matched.derived.clone().zip(Some(matched.time)));
        let derived = derived.collect();
        self.output.extend(matched);
        derived
    }

    fn matched(&self, place: usize, key: Vec<Value>, report: &Report) -> Matched {
        let rule = &self.rules.rules[place];
        let registry = &self.rules.registry;
        let unseen = unseen(rule, registry, &key);
        let scope = Scope {
            registry,
            tables: &self.rules.tables,
            rule,
            event: report.event.unwrap_or(&unseen),
            is_seen: report.event.is_some(),
            rows: &report.rows,
            bound: None,
            length: report.length,
        };
        let events = report.event.into_iter();
        let events = events.map(|event| (rule.alias.clone(), vec![event.clone()]));
        let events = events.collect();
        self.tell(place, report.kind, report.time, key, events, scope)
    }

    /// What a rule tells of a match, with the values that its expressions have.
    fn tell(
        &self,
        place: usize,
        kind: MatchKind,
        time: i64,
        key: Vec<Value>,
        events: Vec<(Box<str>, Vec<Event>)>,
        scope: Scope,
    ) -> Matched {
        let rule = &self.rules.rules[place];
        let when = match kind {
            MatchKind::Matched | MatchKind::Raised => When::Fire,
            MatchKind::Cleared | MatchKind::Expired => When::Clear,
            MatchKind::Timeout => When::Timeout,
        };
        let mut values: Vec<(Box<str>, Value)> = Vec::new();
        for (index, aggregate) in rule.aggregates.iter().enumerate() {
            values.push((aggregate.name.clone(), eval::aggregate(index, scope)));
        }
        let mut actions = Vec::new();
        for (action, call) in rule
            .actions
            .iter()
            .enumerate()
            .filter(|(_, call)| call.when == when)
        {
            let mut arguments = Vec::new();
            for (name, expr) in &call.arguments {
                let value = eval::eval(expr, scope);
                arguments.push(value.clone());
                let names = [name.clone(), format!("{}.{name}", call.name).into()];
                let taken = |name: &str| values.iter().any(|(taken, _)| **taken == *name);
                if let Some(name) = names.into_iter().find(|name| !taken(name)) {
                    values.push((name, value));
                }
            }
            actions.push((action, arguments));
        }
        let emit = rule.emit.as_ref().filter(|_| when == When::Fire);
        Matched {
            rule: place,
            kind,
            time,
            key,
            events,
            values,
            actions,
            derived: emit.and_then(|emit| derive(emit, time, scope)),
        }
    }
}

/// What is read of a key's event that never came: its key, where that is a field.
fn unseen(rule: &Rule, registry: &Registry, key: &[Value]) -> Event {
    let type_id = rule.types[0];
    let mut values = vec![Value::Null; registry.get(type_id).fields.len()];
    if let [part] = &rule.key[..]
        && let ExprKind::Field(ids) = &part.expr.kind
    {
        values[ids[0].index()] = key[0].clone();
    }
    Event {
        type_id,
        time: 0,
        source: "".into(),
        id: None,
        subject: None,
        severity: None,
        values,
    }
}

/// The event that a match derives, unless null would stand in a required field.
fn derive(emit: &Emit, time: i64, scope: Scope) -> Option<Event> {
    let values: Vec<Value> = emit
        .fields
        .iter()
        .map(|field| {
            field
                .as_ref()
                .map_or(Value::Null, |expr| eval::eval(expr, scope))
        })
        .collect();
    let fields = &scope.registry.get(emit.type_id).fields;
    let complete = fields
        .iter()
        .zip(&values)
        .all(|(field, value)| field.optional || !value.is_null());
    complete.then(|| Event {
        type_id: emit.type_id,
        time,
        source: format!("trapjaw/{}", scope.rule.name).into(),
        id: Some(DERIVED_ID.into()),
        subject: None,
        severity: scope.rule.metadata.severity,
        values,
    })
}

/// Keys by their parts, first part first; no part is null.
fn order_keys(a: &[Value], b: &[Value]) -> Ordering {
    let parts = a
        .iter()
        .zip(b)
        .map(|(a, b)| eval::order(a, b).expect("no part of a key is null"));
    parts.fold(Ordering::Equal, Ordering::then)
}
