//! Patterns: what the verifier refuses, how runs go on, and the picture.

use trapjaw_event::{FieldType, RuleId};
use trapjaw_program::pattern::{
    Contiguity, Element, Node, Pattern, Pick, Read, Repeat, Rest, Skip, Test, What,
};
use trapjaw_program::{Clause, Routing, Rule, RuleSet, VerifyError, dot, listing, verify};

use crate::fixture::{HOT, hot, set};

fn element(alias: &str) -> Element {
    Element {
        alias: alias.into(),
        binds: true,
        tests: vec![Some(Test {
            condition: Some(0),
            late: vec![],
        })],
    }
}

/// `match a+ -> not x -> b by host within 1m skip none`, where `x` is an element that binds nothing.
fn pattern() -> Pattern {
    let again = Repeat {
        node: Node::Element(0),
        min: 1,
        max: None,
        reluctant: false,
        contiguity: Contiguity::Relaxed,
        until: 0,
    };
    Pattern {
        elements: vec![
            element("a"),
            Element {
                binds: false,
                ..element("x")
            },
            element("b"),
        ],
        spans: vec![],
        root: Node::Sequence(vec![
            (Contiguity::Relaxed, Node::Repeat(Box::new(again))),
            (Contiguity::Relaxed, Node::Not(0b010)),
            (Contiguity::Relaxed, Node::Element(2)),
        ]),
        within: Some(60_000_000_000),
        skip: Skip::None,
        together: false,
        reads: vec![Read {
            name: "a.last.host".into(),
            ty: FieldType::Text,
            what: What::Field(Pick::Last(0), vec![Some(0)]),
        }],
        over: vec![],
        keys: vec![vec![0b111]],
        reports_timeout: false,
    }
}

fn rule() -> Rule {
    Rule {
        clause: Clause::Match,
        pattern: Some(Box::new(pattern())),
        kept: vec![],
        aggregates: vec![],
        having: None,
        limit: None,
        emit: None,
        actions: vec![],
        reports_clear: false,
        routing: Routing::Keyed,
        ..hot()
    }
}

fn with_pattern() -> RuleSet {
    let mut set = set();
    set.rules[HOT] = rule();
    set
}

type Damage = fn(&mut Rule);

/// A code, and one way to earn it.
const CASES: &[(&str, Damage)] = &[
    ("pattern-missing", |rule| rule.clause = Clause::Each),
    ("pattern-lists", |rule| {
        broken(rule).elements[0].tests.clear();
    }),
    ("pattern-lists", |rule| broken(rule).keys[0] = vec![0b011]),
    ("pattern-lists", |rule| broken(rule).over = vec![Some(0)]),
    ("pattern-element", |rule| {
        broken(rule).root = Node::Element(1);
    }),
    ("pattern-element", |rule| {
        broken(rule).root = Node::Element(9);
    }),
    ("pattern-part", |rule| {
        let pattern = broken(rule);
        pattern.together = true;
        pattern.skip = Skip::ToNext;
    }),
    ("pattern-part", |rule| {
        let pattern = broken(rule);
        pattern.together = true;
        pattern.reports_timeout = true;
    }),
    ("pattern-element", |rule| {
        broken(rule).skip = Skip::ToFirst(1);
    }),
    ("pattern-element", |rule| {
        broken(rule).root = Node::Either(vec![Node::Element(0), Node::Element(0)]);
    }),
    ("pattern-element", |rule| {
        broken(rule).reads[0].what = What::Field(Pick::Last(0), vec![Some(7)]);
    }),
    ("pattern-part", |rule| {
        broken(rule).root = Node::Sequence(vec![]);
    }),
    ("pattern-part", |rule| broken(rule).root = Node::Not(0b010)),
    ("duration", |rule| broken(rule).within = Some(0)),
];

fn broken(rule: &mut Rule) -> &mut Pattern {
    rule.pattern.as_mut().unwrap()
}

pub(crate) fn codes_refused() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|(code, _)| *code)
}

#[test]
fn each_rule_of_patterns_refuses() {
    verify(with_pattern()).unwrap();
    for (index, (code, damage)) in CASES.iter().enumerate() {
        let mut set = with_pattern();
        damage(&mut set.rules[HOT]);
        let error: VerifyError = verify(set).unwrap_err();
        assert_eq!(error.code(), *code, "case {index}: {error}");
    }
}

#[test]
fn a_run_goes_on_as_the_tree_says() {
    let pattern = pattern();
    let [start] = &pattern.beginnings()[..] else {
        panic!("one element begins")
    };
    let began = pattern.at_event(start, 0b001);
    let [taken] = &began.taken[..] else {
        panic!("one element takes it")
    };
    // It stays in the repetition, or leaves it and waits for `b`.
    let [stays, leaves] = &taken.arrivals[..] else {
        panic!("{taken:?}")
    };
    let (stays, leaves) = (stays.rest.as_ref().unwrap(), leaves.rest.as_ref().unwrap());
    assert_eq!(pattern.awaited(stays).elements, 0b001);
    assert_eq!(pattern.awaited(leaves).elements, 0b100);
    let ends = |rest: &Rest| pattern.at_event(rest, 0b010).ends;
    assert!(ends(leaves) && !ends(stays));
    let done = pattern.at_event(leaves, 0b100);
    assert!(!done.skipped && done.taken[0].arrivals[0].rest.is_none());
}

#[test]
fn meaning_is_the_pattern() {
    let meaning =
        |set: &RuleSet| set.rules[HOT].meaning_hash(&set.registry, &set.types, &set.tables);
    let (one, mut other) = (with_pattern(), with_pattern());
    assert_eq!(meaning(&one), meaning(&other));
    broken(&mut other.rules[HOT]).within = Some(1);
    assert_ne!(meaning(&one), meaning(&other));
}

#[test]
fn a_pattern_is_listed_and_drawn() {
    let set = with_pattern();
    let text = listing(&set);
    assert!(
        text.contains("match a+ -> not x -> b within 1m skip none"),
        "{text}"
    );
    let picture = dot(&set, RuleId::new(0)).unwrap();
    for line in [
        "start -> e0 [style=solid, label=\"\"]",
        "e0 -> e0 [style=solid, label=\"\"]",
        "e0 -> e2 [style=solid, label=\"no x\"]",
        "e2 -> end [style=solid, label=\"\"]",
    ] {
        assert!(picture.contains(line), "{line}\n{picture}");
    }
    assert_eq!(dot(&set, RuleId::new(1)), None);
}
