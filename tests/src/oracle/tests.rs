//! Histories judged by hand, with rules built by hand: the language's front end has no part in them.
//!
//! One unit of time is a nanosecond here. Events of type `t` are written `TIME KEY VALUE`, as in `"5a1"`: the int
//! field `n` of `k: "a"` is 1 at time 5; `5a_` has a null there. Rules see them as `e`. What is reported is written
//! `RULE KIND TIME KEY<-TIME OF THE ALIAS'S EVENT`, with `'` where that event is derived, and the values.

use std::sync::Arc;

use trapjaw_dsl::hir::{
    Action, Aggregate, AggregateFunction, Arithmetic, Clause, Comparison, Emit, Envelope, Expr,
    ExprKind, KeyPart, Limit, Metadata, Piece, Rule, RuleSet, TextTest, When,
};
use trapjaw_dsl::source::{SourceMap, Span};
use trapjaw_event::{
    Event, EventType, Field, FieldId, FieldType, MatchKind, Registry, Severity, TypeId, Value,
};

use super::{Matched, Options, close_to, run};

const T: TypeId = TypeId::new(0);
/// What rules derive.
const D: TypeId = TypeId::new(1);
const K: FieldId = FieldId::new(0);
const N: FieldId = FieldId::new(1);

fn registry() -> Registry {
    let mut registry = Registry::new();
    for (name, required) in [("t", false), ("d", true)] {
        let n = Field::new("n", FieldType::Int);
        let n = if required { n } else { n.optional() };
        let fields = vec![Field::new("k", FieldType::Text).optional(), n];
        registry.add(EventType::new(name, fields)).unwrap();
    }
    registry
}

fn span() -> Span {
    let source = SourceMap::new().add("rules.trap", "");
    Span {
        source,
        start: 0,
        end: 0,
    }
}

fn expr(kind: ExprKind, ty: FieldType) -> Expr {
    Expr {
        kind,
        ty,
        span: span(),
    }
}

fn field(id: FieldId) -> Expr {
    let ty = if id == K {
        FieldType::Text
    } else {
        FieldType::Int
    };
    // Both types have the same fields, so one place serves rules over one type and over both.
    expr(ExprKind::Field([id, id].into()), ty)
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Const(Value::Int(value)), FieldType::Int)
}

fn compare(a: Expr, how: Comparison, b: Expr) -> Expr {
    expr(ExprKind::Compare(how, a.into(), b.into()), FieldType::Bool)
}

fn aggregate(index: u32) -> Expr {
    expr(ExprKind::Aggregate(index), FieldType::Int)
}

/// `on e: t where e.n > 0 by e.k CLAUSE`.
fn rule(clause: Clause) -> Rule {
    Rule {
        name: "r".into(),
        metadata: Metadata::default(),
        alias: "e".into(),
        types: vec![T],
        any: false,
        condition: Some(compare(field(N), Comparison::Gt, int(0))),
        key: vec![KeyPart {
            name: "k".into(),
            expr: field(K),
        }],
        clause,
        pattern: None,
        zone: None,
        aggregates: Vec::new(),
        having: None,
        limit: None,
        keeps_all: false,
        emit: None,
        actions: Vec::new(),
        reports_clear: false,
        span: span(),
    }
}

/// Like [`rule`], with `having AGGREGATE >= LEAST on clear`.
fn windowed(clause: Clause, function: AggregateFunction, least: i64) -> Rule {
    let argument = (function != AggregateFunction::Count).then(|| field(N));
    Rule {
        aggregates: vec![Aggregate {
            function,
            argument,
            filter: None,
            fraction: None,
            ty: FieldType::Int,
            name: format!("{}()", function.name()).into(),
        }],
        having: Some(compare(aggregate(0), Comparison::Ge, int(least))),
        reports_clear: true,
        ..rule(clause)
    }
}

/// `emit d { k: e.k, n: N }`.
fn emit(n: Expr) -> Emit {
    Emit {
        type_id: D,
        fields: vec![Some(field(K)), Some(n)],
    }
}

fn limit(count: u32, per: i64) -> Limit {
    Limit { count, per }
}

fn event(text: &str) -> Event {
    let key = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let n = &text[key + 1..];
    Event {
        type_id: T,
        time: text[..key].parse().unwrap(),
        source: "test".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![
            Value::Text(text[key..=key].into()),
            n.parse().map_or(Value::Null, Value::Int),
        ],
    }
}

fn output(rules: Vec<Rule>, history: &str, until: Option<i64>) -> Vec<Matched> {
    let rules = RuleSet {
        tests: Vec::new(),
        tables: vec![],
        registry: Arc::new(registry()),
        rules,
    };
    let events: Vec<Event> = history.split_whitespace().map(event).collect();
    run(
        &rules,
        &events,
        Options {
            until,
            idle_ttl: 100,
            ..Options::default()
        },
    )
}

fn line(matched: &Matched) -> String {
    let of = |value: &Value| match value {
        Value::Text(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Null => "null".into(),
        other => format!("{other:?}"),
    };
    let event = &matched.events[0].1[0];
    let key: Vec<String> = matched.key.iter().map(of).collect();
    let mut line = format!(
        "{} {} {} {}<-{}{}",
        matched.rule,
        matched.kind,
        matched.time,
        key.join(","),
        event.time,
        if event.type_id == D { "'" } else { "" }
    );
    for (name, value) in &matched.values {
        line.extend([" ", name, "=", &of(value)]);
    }
    line
}

/// Runs the rules over the history, with the clock moved to 1,000 at the end.
#[track_caller]
fn check_all(rules: Vec<Rule>, history: &str, expected: &[&str]) {
    let lines: Vec<String> = output(rules, history, Some(1_000))
        .iter()
        .map(line)
        .collect();
    assert_eq!(lines, expected);
}

#[track_caller]
fn check(rule: Rule, history: &str, expected: &[&str]) {
    check_all(vec![rule], history, expected);
}

fn sustained(gap: Option<i64>, keep: i64) -> Rule {
    rule(Clause::Sustained {
        duration: 5,
        gap,
        keep,
    })
}

fn sliding(each: bool) -> Rule {
    windowed(
        Clause::Sliding { length: 5, each },
        AggregateFunction::Count,
        2,
    )
}

#[test]
fn each_event_that_satisfies_where_is_a_match() {
    check(
        rule(Clause::Each),
        "1a1 2a0 2a_ 3b1",
        &["0 matched 1 a<-1", "0 matched 3 b<-3"],
    );
}

#[test]
fn an_event_takes_effect_at_the_clock_and_keeps_its_own_time() {
    check(
        rule(Clause::Each),
        "5a1 3a1",
        &["0 matched 5 a<-5", "0 matched 5 a<-3"],
    );
}

#[test]
fn an_event_without_a_key_is_skipped() {
    let by_n = KeyPart {
        name: "n".into(),
        expr: field(N),
    };
    let rule = Rule {
        key: vec![by_n],
        condition: None,
        ..rule(Clause::Each)
    };
    check(
        rule,
        "1a7 2a_ 3a8",
        &["0 matched 1 7<-1", "0 matched 3 8<-3"],
    );
}

#[test]
fn the_limit_slides_and_is_half_open() {
    // At 11 the firing at 1 no longer counts; the held-back one at 10 never did.
    let rule = Rule {
        limit: Some(limit(2, 10)),
        ..rule(Clause::Each)
    };
    check(
        rule,
        "1a1 2a1 10a1 10b1 11a1 12a1 13a1",
        &[
            "0 matched 1 a<-1",
            "0 matched 2 a<-2",
            "0 matched 10 b<-10",
            "0 matched 11 a<-11",
            "0 matched 12 a<-12",
        ],
    );
}

#[test]
fn sustained_is_raised_at_its_duration_once_and_cleared_by_a_break() {
    check(
        sustained(None, 0),
        "0a1 4a1 5a1 9a1 11a0 12a0",
        &["0 raised 5 a<-5", "0 cleared 11 a<-11"],
    );
}

#[test]
fn sustained_starts_anew_after_a_break_and_unknown_breaks() {
    check(
        sustained(None, 0),
        "0a1 4a_ 5a1 9a1 10a1",
        &["0 raised 10 a<-10", "0 expired 110 a<-10"],
    );
}

#[test]
fn sustained_has_a_gap_and_the_timer_comes_before_an_event_at_its_instant() {
    // A silence of 3 from 2 to 5 ends the run; what comes at 5 starts the next.
    check(
        sustained(Some(3), 0),
        "0a1 2a1 5a1 7a1 9a1 10a1",
        &["0 raised 10 a<-10", "0 expired 13 a<-10"],
    );
}

#[test]
fn sustained_keeps_what_is_satisfied_again_in_time() {
    check(
        sustained(Some(6), 4),
        "0a1 5a1 6a0 7a0 9a1 11a0 20a1",
        &["0 raised 5 a<-5", "0 cleared 15 a<-11"],
    );
}

#[test]
fn sustained_is_cleared_at_the_end_of_keep_before_an_event_at_that_instant() {
    check(
        sustained(None, 4),
        "0a1 5a1 6a0 10a1 15a1",
        &[
            "0 raised 5 a<-5",
            "0 cleared 10 a<-6",
            "0 raised 15 a<-15",
            "0 expired 115 a<-15",
        ],
    );
}

#[test]
fn silence_is_not_counted_while_kept() {
    // The gap of 3 would have ended the run at 9; it is kept to 26 and goes on at 20.
    check(
        sustained(Some(3), 20),
        "0a1 2a1 4a1 5a1 6a1 6a0 20a1 22a0",
        &["0 raised 5 a<-5", "0 cleared 42 a<-22"],
    );
}

#[test]
fn a_raise_that_the_limit_holds_back_has_no_clear() {
    let rule = Rule {
        limit: Some(limit(1, 20)),
        ..sustained(None, 0)
    };
    check(
        rule,
        "0a1 5a1 6a0 7a1 12a1 13a0 20a1 25a1",
        &[
            "0 raised 5 a<-5",
            "0 cleared 6 a<-6",
            "0 raised 25 a<-25",
            "0 expired 125 a<-25",
        ],
    );
}

#[test]
fn sliding_fires_on_its_turn_and_leaves_out_the_window_s_start() {
    // (1, 6] holds no event of 1. From 9 on, having holds; it is not true again only at 20.
    check(
        sliding(false),
        "1a1 6a1 9a1 10a1 20a1 21a1",
        &[
            "0 matched 9 a<-9 count()=2",
            "0 cleared 15 a<-10 count()=0",
            "0 matched 21 a<-21 count()=2",
            "0 cleared 26 a<-21 count()=0",
        ],
    );
}

#[test]
fn sliding_clears_at_an_event_that_makes_having_not_true() {
    let sum = windowed(
        Clause::Sliding {
            length: 5,
            each: false,
        },
        AggregateFunction::Sum,
        10,
    );
    check(
        sum,
        "1a9 2a1 6a1 7a9",
        &[
            "0 matched 2 a<-2 sum()=10",
            "0 cleared 6 a<-6 sum()=2",
            "0 matched 7 a<-7 sum()=10",
            "0 cleared 12 a<-7 sum()=null",
        ],
    );
}

#[test]
fn sliding_with_each_fires_at_every_event() {
    check(
        sliding(true),
        "1a1 2a1 3a1 3b1",
        &[
            "0 matched 2 a<-2 count()=2",
            "0 matched 3 a<-3 count()=3",
            "0 cleared 8 a<-3 count()=0",
        ],
    );
}

#[test]
fn a_turn_that_the_limit_holds_back_is_not_cleared() {
    let rule = Rule {
        limit: Some(limit(1, 100)),
        ..sliding(false)
    };
    check(
        rule,
        "1a1 2a1 20a1 21a1",
        &["0 matched 2 a<-2 count()=2", "0 cleared 7 a<-2 count()=0"],
    );
}

#[test]
fn a_window_reports_its_clear_only_where_the_rule_asks() {
    let rule = Rule {
        reports_clear: false,
        ..sliding(false)
    };
    check(rule, "1a1 2a1", &["0 matched 2 a<-2 count()=2"]);
}

#[test]
fn all_forgets_nothing_until_the_key_is_idle() {
    let all = |each| windowed(Clause::All { each }, AggregateFunction::Count, 2);
    check(
        all(false),
        "1a1 50a1 60a1 160a1 161a1",
        &[
            "0 matched 50 a<-50 count()=2",
            "0 cleared 160 a<-60 count()=0",
            "0 matched 161 a<-161 count()=2",
            "0 cleared 261 a<-161 count()=0",
        ],
    );
    let sum = windowed(Clause::All { each: true }, AggregateFunction::Sum, 5);
    check(
        Rule {
            condition: None,
            ..sum
        },
        "1a5 2a-1 3a3",
        &[
            "0 matched 1 a<-1 sum()=5",
            "0 cleared 2 a<-2 sum()=4",
            "0 matched 3 a<-3 sum()=7",
            "0 cleared 103 a<-3 sum()=null",
        ],
    );
}

#[test]
fn tumbling_is_judged_at_its_end_by_timer() {
    let tumbling = windowed(Clause::Tumbling { length: 10 }, AggregateFunction::Count, 2);
    // An event at 10 belongs to [10, 20); before the epoch, windows are aligned too.
    check(
        tumbling,
        "-7a1 -1a1 1a1 9a1 10a1 20a1 20b1 29a1",
        &[
            "0 matched 0 a<--1 count()=2",
            "0 matched 10 a<-9 count()=2",
            "0 matched 30 a<-29 count()=2",
        ],
    );
}

#[test]
fn tumbling_fires_at_every_end_for_which_having_holds() {
    let tumbling = windowed(Clause::Tumbling { length: 10 }, AggregateFunction::Count, 1);
    check(
        Rule {
            limit: Some(limit(2, 30)),
            ..tumbling
        },
        "1a1 11a1 21a1 31b1 35a1",
        &[
            "0 matched 10 a<-1 count()=1",
            "0 matched 20 a<-11 count()=1",
            "0 matched 40 a<-35 count()=1",
            "0 matched 40 b<-31 count()=1",
        ],
    );
}

#[test]
fn absence_is_raised_once_and_cleared_by_the_next_event() {
    check(
        rule(Clause::Absent {
            duration: 5,
            of: None,
        }),
        "1a1 5a0 6a1 8a1 20a1",
        &[
            "0 raised 6 a<-1",
            "0 cleared 6 a<-6",
            "0 raised 13 a<-8",
            "0 cleared 20 a<-20",
            "0 raised 25 a<-20",
            "0 expired 120 a<-20",
        ],
    );
}

#[test]
fn absence_that_is_longer_than_the_idle_time_is_still_told() {
    check(
        rule(Clause::Absent {
            duration: 150,
            of: None,
        }),
        "1a1",
        &["0 raised 151 a<-1", "0 expired 251 a<-1"],
    );
    check(
        Rule {
            limit: Some(limit(1, 50)),
            ..rule(Clause::Absent {
                duration: 5,
                of: None,
            })
        },
        "1a1 10a1 20a1",
        &["0 raised 6 a<-1", "0 cleared 10 a<-10"],
    );
}

#[test]
fn without_until_the_clock_stays() {
    let rules = || {
        vec![rule(Clause::Absent {
            duration: 5,
            of: None,
        })]
    };
    assert!(output(rules(), "1a1 5a0", None).is_empty());
    assert_eq!(output(rules(), "1a1 6b0", None).len(), 1);
    assert_eq!(output(rules(), "1a1", Some(6)).len(), 1);
    assert!(output(rules(), "1a1", Some(5)).is_empty());
}

#[test]
fn timers_come_by_deadline_then_rule_then_key() {
    check_all(
        vec![
            rule(Clause::Absent {
                duration: 6,
                of: None,
            }),
            rule(Clause::Absent {
                duration: 5,
                of: None,
            }),
        ],
        "1b1 1a1 2c1 50a0 ",
        &[
            "1 raised 6 a<-1",
            "1 raised 6 b<-1",
            "0 raised 7 a<-1",
            "0 raised 7 b<-1",
            "1 raised 7 c<-2",
            "0 raised 8 c<-2",
            "0 expired 101 a<-1",
            "0 expired 101 b<-1",
            "1 expired 101 a<-1",
            "1 expired 101 b<-1",
            "0 expired 102 c<-2",
            "1 expired 102 c<-2",
        ],
    );
}

#[test]
fn derived_events_follow_their_cause_depth_first() {
    let source = Rule {
        emit: Some(emit(field(N))),
        ..rule(Clause::Each)
    };
    let consumer = Rule {
        types: vec![D],
        ..rule(Clause::Each)
    };
    let both = Rule {
        types: vec![T, D],
        ..rule(Clause::Each)
    };
    check_all(
        vec![consumer, source.clone(), both, source],
        "1a1",
        &[
            // The event itself,
            "1 matched 1 a<-1",
            "2 matched 1 a<-1",
            "3 matched 1 a<-1",
            // what the first source derives,
            "0 matched 1 a<-1'",
            "2 matched 1 a<-1'",
            // what the second does.
            "0 matched 1 a<-1'",
            "2 matched 1 a<-1'",
        ],
    );
}

#[test]
fn what_a_timer_derives_comes_before_later_timers_of_its_instant() {
    // Both deadlines are 6. Rule 0's event reaches rule 1 first, so that rule 1 is absent from 11 on.
    let source = Rule {
        emit: Some(emit(int(1))),
        ..rule(Clause::Absent {
            duration: 5,
            of: None,
        })
    };
    let consumer = Rule {
        types: vec![T, D],
        ..rule(Clause::Absent {
            duration: 5,
            of: None,
        })
    };
    check_all(
        vec![source.clone(), consumer.clone()],
        "1a1 12b0",
        &[
            "0 raised 6 a<-1",
            "1 raised 11 a<-6'",
            "0 expired 101 a<-1",
            "1 expired 106 a<-6'",
        ],
    );
    check_all(
        vec![consumer, source],
        "1a1 8b0",
        &[
            "0 raised 6 a<-1",
            "1 raised 6 a<-1",
            "0 cleared 6 a<-6'",
            "0 raised 11 a<-6'",
            "1 expired 101 a<-1",
            "0 expired 106 a<-6'",
        ],
    );
}

#[test]
fn an_event_at_a_window_s_end_that_a_timer_derives_belongs_to_the_next() {
    let tumbling = || windowed(Clause::Tumbling { length: 10 }, AggregateFunction::Count, 1);
    let source = Rule {
        emit: Some(emit(aggregate(0))),
        ..tumbling()
    };
    let consumer = Rule {
        types: vec![T, D],
        ..tumbling()
    };
    check_all(
        vec![source, consumer],
        "1a1 2a1",
        &[
            "0 matched 10 a<-2 count()=2",
            "1 matched 10 a<-2 count()=2",
            "1 matched 20 a<-10' count()=1",
        ],
    );
}

#[test]
fn null_in_a_required_field_drops_the_derived_event_alone() {
    let source = Rule {
        emit: Some(emit(field(N))),
        condition: None,
        ..rule(Clause::Each)
    };
    let source = Rule {
        metadata: Metadata {
            severity: Some(Severity::High),
            ..Metadata::default()
        },
        ..source
    };
    let matches = output(vec![source], "1a_ 2a2", None);
    assert_eq!(matches.len(), 2);
    assert_eq!(matches[0].derived, None);
    let derived = matches[1].derived.as_ref().unwrap();
    assert_eq!(
        (derived.type_id, derived.time, &*derived.source),
        (D, 2, "trapjaw/r")
    );
    assert_eq!(derived.severity, Some(Severity::High));
    assert_eq!(derived.values, [Value::Text("a".into()), Value::Int(2)]);
}

#[test]
fn actions_run_on_their_turn_and_arguments_keep_their_names_apart() {
    let action = |when, name: &str, arguments: &[(&str, i64)]| Action {
        when,
        name: name.into(),
        arguments: arguments
            .iter()
            .map(|(name, value)| ((*name).into(), int(*value)))
            .collect(),
        span: span(),
    };
    let rule = Rule {
        actions: vec![
            action(When::Fire, "log", &[("text", 1)]),
            action(When::Clear, "log", &[("text", 2)]),
            action(When::Fire, "page", &[("text", 3), ("to", 4)]),
        ],
        ..sliding(false)
    };
    let matches = output(vec![rule], "1a1 2a1", Some(10));
    assert_eq!(
        matches[0].actions,
        [
            (0, vec![Value::Int(1)]),
            (2, vec![Value::Int(3), Value::Int(4)])
        ]
    );
    assert_eq!(matches[1].actions, [(1, vec![Value::Int(2)])]);
    let lines: Vec<String> = matches.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "0 matched 2 a<-2 count()=2 text=1 page.text=3 to=4",
            "0 cleared 7 a<-2 count()=0 text=2"
        ]
    );
    assert_eq!(matches[1].kind, MatchKind::Cleared);
}

/// The value of an expression over one event, by way of a match.
#[track_caller]
fn check_value(value: Expr, event: &str, expected: Value) {
    let action = Action {
        when: When::Fire,
        name: "log".into(),
        arguments: vec![("x".into(), value)],
        span: span(),
    };
    let rule = Rule {
        condition: None,
        actions: vec![action],
        ..rule(Clause::Each)
    };
    let matches = output(vec![rule], event, None);
    assert_eq!(matches[0].values, [("x".into(), expected)]);
}

#[test]
fn logic_is_three_valued() {
    let unknown = || compare(field(N), Comparison::Gt, int(0));
    let known = |value| expr(ExprKind::Const(Value::Bool(value)), FieldType::Bool);
    let and = |a: Expr, b: Expr| expr(ExprKind::And(a.into(), b.into()), FieldType::Bool);
    let or = |a: Expr, b: Expr| expr(ExprKind::Or(a.into(), b.into()), FieldType::Bool);
    let not = |a: Expr| expr(ExprKind::Not(a.into()), FieldType::Bool);
    check_value(and(unknown(), known(false)), "1a_", Value::Bool(false));
    check_value(and(known(true), unknown()), "1a_", Value::Null);
    check_value(or(unknown(), known(true)), "1a_", Value::Bool(true));
    check_value(or(known(false), unknown()), "1a_", Value::Null);
    check_value(not(unknown()), "1a_", Value::Null);
    check_value(not(unknown()), "1a1", Value::Bool(false));
    let is_null = |a: Expr| expr(ExprKind::IsNull(a.into()), FieldType::Bool);
    check_value(is_null(unknown()), "1a_", Value::Bool(true));
    let one_of = |a: Expr| {
        expr(
            ExprKind::In(a.into(), [Value::Int(1)].into()),
            FieldType::Bool,
        )
    };
    check_value(one_of(field(N)), "1a_", Value::Null);
    check_value(one_of(field(N)), "1a1", Value::Bool(true));
}

#[test]
fn arithmetic_that_has_no_result_is_null() {
    let ints = |how, a: Expr, b| {
        expr(
            ExprKind::Arithmetic(how, a.into(), int(b).into()),
            FieldType::Int,
        )
    };
    let max = i64::MAX;
    check_value(ints(Arithmetic::Add, field(N), max), "1a1", Value::Null);
    check_value(
        ints(Arithmetic::Sub, field(N), max),
        "1a1",
        Value::Int(1 - max),
    );
    check_value(
        ints(Arithmetic::Mul, field(N), max),
        "1a-1",
        Value::Int(-max),
    );
    let seconds = expr(ExprKind::Const(Value::Duration(3)), FieldType::Duration);
    let time = expr(ExprKind::Envelope(Envelope::Time), FieldType::Time);
    let moved = ExprKind::Arithmetic(Arithmetic::Sub, time.into(), seconds.into());
    check_value(expr(moved, FieldType::Time), "1a1", Value::Time(-2));
    let float = |value| expr(ExprKind::ToFloat(int(value).into()), FieldType::Float);
    let divide = |a: Expr, b: Expr| expr(ExprKind::Divide(a.into(), b.into()), FieldType::Float);
    check_value(divide(float(1), float(4)), "1a1", Value::Float(0.25));
    check_value(divide(float(1), float(0)), "1a1", Value::Null);
    let negated = ExprKind::Negate(float(0).into());
    let zero = expr(negated, FieldType::Float);
    let text = ExprKind::Interpolate([Piece::Value(zero, None)].into());
    check_value(expr(text, FieldType::Text), "1a1", Value::Text("0".into()));
    let or_else = ExprKind::Coalesce(field(N).into(), int(9).into());
    check_value(expr(or_else, FieldType::Int), "1a_", Value::Int(9));
}

#[test]
fn texts_are_tested_and_put_together() {
    let text = |text: &str| expr(ExprKind::Const(Value::Text(text.into())), FieldType::Text);
    let test = |how, a: &str, b: &str| {
        expr(
            ExprKind::Text(how, text(a).into(), text(b).into()),
            FieldType::Bool,
        )
    };
    check_value(
        test(TextTest::Contains, "abc", "b"),
        "1a1",
        Value::Bool(true),
    );
    check_value(
        test(TextTest::StartsWith, "abc", "b"),
        "1a1",
        Value::Bool(false),
    );
    check_value(
        test(TextTest::EndsWith, "abc", "bc"),
        "1a1",
        Value::Bool(true),
    );
    let pieces = [
        Piece::Text("n ".into()),
        Piece::Value(field(N), None),
        Piece::Text(" of ".into()),
        Piece::Value(field(K), None),
    ];
    check_value(
        expr(ExprKind::Interpolate(pieces.into()), FieldType::Text),
        "1a_",
        Value::Text("n null of a".into()),
    );
}

#[test]
fn aggregates_leave_nulls_and_filtered_rows_out() {
    let of = |function, argument: bool, filter: Option<Expr>| Aggregate {
        function,
        argument: argument.then(|| field(N)),
        filter,
        fraction: None,
        ty: FieldType::Int,
        name: "x".into(),
    };
    let even = || Some(compare(field(N), Comparison::Ge, int(3)));
    let cases = [
        (of(AggregateFunction::Count, false, None), Value::Int(4)),
        (of(AggregateFunction::Count, true, None), Value::Int(3)),
        (of(AggregateFunction::Count, false, even()), Value::Int(2)),
        (of(AggregateFunction::Sum, true, None), Value::Int(9)),
        (of(AggregateFunction::Sum, true, even()), Value::Int(8)),
        (of(AggregateFunction::Avg, true, None), Value::Float(3.0)),
        (of(AggregateFunction::Min, true, None), Value::Int(1)),
        (of(AggregateFunction::Max, true, None), Value::Int(5)),
    ];
    for (aggregate, expected) in cases {
        let rule = Rule {
            condition: None,
            aggregates: vec![aggregate.clone()],
            ..rule(Clause::All { each: true })
        };
        let matches = output(vec![rule], "1a5 2a_ 3a1 4a3", None);
        assert_eq!(
            matches.last().unwrap().values[0].1,
            expected,
            "{aggregate:?}"
        );
    }
}

#[test]
fn floats_are_compared_by_their_relative_distance() {
    let close = |a, b| close_to(&Value::Float(a), &Value::Float(b));
    assert!(close(1e9, 1e9 + 0.5) && close(0.0, -0.0) && close(f64::INFINITY, f64::INFINITY));
    assert!(close(0.0, 1e-14));
    assert!(!close(1e9, 1e9 + 5.0) && !close(0.0, 1e-9) && !close(f64::INFINITY, 1.0));
    assert!(!close_to(&Value::Int(1), &Value::Float(1.0)));
    assert!(close_to(&Value::Null, &Value::Null));
}
