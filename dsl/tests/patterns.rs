//! What the checker makes of patterns: their shape, what conditions need, and what is said of those that are wrong.

use trapjaw_dsl::check_with_warnings;
use trapjaw_dsl::hir::pattern::{Contiguity, ElementId, EventRef, Node, Pattern, Reach};
use trapjaw_dsl::source::SourceMap;

const EVENTS: &str = "
event a { k: text, v: int }
event b { k: text, v: int }
event c { key: text, v: float }
";

/// The codes that are found, and the pattern if there is no error.
fn checked(text: &str) -> (Vec<String>, Option<Pattern>) {
    let mut sources = SourceMap::new();
    sources.add(
        "rule.trap",
        format!("{EVENTS}rule r {{ match {text} do log(\"found\") }}"),
    );
    let checked = check_with_warnings(&sources);
    let codes = checked
        .diagnostics
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    let rules = checked.rules.map(|rules| rules.rules);
    let pattern = rules.and_then(|mut rules| rules.pop()?.pattern);
    (codes, pattern.map(|pattern| *pattern))
}

#[track_caller]
fn pattern(text: &str) -> Pattern {
    let (codes, pattern) = checked(text);
    pattern.unwrap_or_else(|| panic!("{text}: {codes:?}"))
}

/// A tree as a nested list.
fn shape(pattern: &Pattern, node: &Node) -> String {
    let list = |nodes: &[Node]| {
        let shapes: Vec<String> = nodes.iter().map(|node| shape(pattern, node)).collect();
        shapes.join(" ")
    };
    let names = |elements: &[ElementId]| {
        let names: Vec<&str> = elements
            .iter()
            .map(|element| &*pattern.elements[element.index()].name)
            .collect();
        names.join(" ")
    };
    match node {
        Node::Element(element) => names(&[*element]),
        Node::Sequence(steps) => {
            let steps = steps.iter().enumerate().map(|(place, step)| {
                let arrow = match step.contiguity {
                    _ if place == 0 => "",
                    Contiguity::Relaxed => "-> ",
                    Contiguity::Strict => "=> ",
                    Contiguity::Any => "~> ",
                };
                format!("{arrow}{}", shape(pattern, &step.node))
            });
            format!("({})", steps.collect::<Vec<_>>().join(" "))
        }
        Node::Or(parts) => format!("(or {})", list(parts)),
        Node::And(parts) => format!("(and {})", list(parts)),
        Node::Repeat(repeat) => {
            let max = repeat.max.map_or_else(String::new, |max| max.to_string());
            let until = if repeat.until.is_empty() {
                String::new()
            } else {
                format!(" until {}", names(&repeat.until))
            };
            let how = if repeat.reluctant { "?" } else { "" };
            format!(
                "{}{{{},{max}}}{how}{until}",
                shape(pattern, &repeat.body),
                repeat.min
            )
        }
        Node::Not(not) => {
            let time = not
                .duration
                .map_or_else(String::new, |time| format!(" for {time}"));
            format!("not {}{time}", names(&not.elements))
        }
    }
}

#[track_caller]
fn check_shape(text: &str, expected: &str) {
    let pattern = pattern(&format!("{text} within 1m"));
    assert_eq!(shape(&pattern, &pattern.root), expected);
}

#[track_caller]
fn check_codes(text: &str, expected: &[&str]) {
    assert_eq!(checked(text).0, expected, "{text}");
}

#[test]
fn groups_are_dissolved_where_they_say_nothing() {
    check_shape("x: a -> (y: b => z: a)", "(x -> y => z)");
    check_shape("x: a ~> (y: b => z: a)", "(x ~> y => z)");
    check_shape("x: a -> (not y: b -> z: a)", "(x -> not y -> z)");
    check_shape("(x: a or y: b) or z: a", "(or x y z)");
    check_shape("x: a and (y: b and z: a)", "(and x y z)");
    check_shape("((x: a){2})", "x{2,2}");
    // What the group begins with follows by the arrow before the group.
    check_shape("x: a => (y: b? -> z: a)", "(x => (y{0,1} -> z))");
}

#[test]
fn repetitions_and_what_ends_them() {
    check_shape("x: a{2,}? until (y: b or z: b)", "x{2,}? until y z");
    check_shape("(x: a -> y: b){1,3}", "(x -> y){1,3}");
    check_shape("x: a -> not (y: b or z: b) for 5ns", "(x -> not y z for 5)");
}

#[test]
fn elements_without_a_name_are_called_by_their_types() {
    let pattern = pattern("a | b -> c within 1m");
    let names: Vec<(&str, bool)> = pattern
        .elements
        .iter()
        .map(|element| (&*element.name, element.named))
        .collect();
    assert_eq!(names, [("a|b", false), ("c", false)]);
}

/// What the parts of the second element's condition need, in short.
fn reaches(condition: &str) -> Vec<String> {
    let pattern = pattern(&format!("x: a+ -> y: b[{condition}] within 1m"));
    let short = |reach: &Reach| match reach {
        Reach::Event => "event".to_owned(),
        Reach::Input => "input".to_owned(),
        Reach::Equality { of, .. } => format!("equality with {of:?}"),
        Reach::Bindings { events, aggregates } => format!("{events:?} {aggregates:?}"),
    };
    pattern.elements[1]
        .conditions
        .iter()
        .map(|condition| short(&condition.reach))
        .collect()
}

#[test]
fn conditions_are_parted_and_told_by_what_they_need() {
    assert_eq!(reaches("v > 1 and k == \"x\""), ["event", "event"]);
    assert_eq!(reaches("v > prev.v"), ["input"]);
    assert_eq!(
        reaches("v == x.v and y.v > 2"),
        ["equality with Last(ElementId(0))", "event"]
    );
    assert_eq!(
        reaches("x.first.v == v + 1"),
        ["equality with First(ElementId(0))"]
    );
    assert_eq!(reaches("v > x.prev.v"), ["[Previous(ElementId(0))] []"]);
    assert_eq!(
        reaches("v > count(x) and sum(x.v) > count(x)"),
        ["[] [0]", "[] [0, 1]"]
    );
    assert_eq!(
        reaches("v == x.v or v == prev.v"),
        ["[Last(ElementId(0)), Before] []"]
    );
    assert_eq!(
        reaches("x.v == x.first.v"),
        ["[First(ElementId(0)), Last(ElementId(0))] []"]
    );
}

#[test]
fn in_its_own_brackets_the_event_before_is_the_last_that_was_bound() {
    let pattern = pattern("x: a[x.prev.v < x.v]{3} within 1m");
    let Reach::Bindings { events, .. } = &pattern.elements[0].conditions[0].reach else {
        panic!("it reads what is bound")
    };
    assert_eq!(*events, [EventRef::Last(ElementId::new(0))]);
    assert!(pattern.elements[0].repeated);
}

#[test]
fn across_an_and_conditions_wait() {
    let across = pattern("x: a[v == y.v and v > 1] and y: b within 1m");
    let awaits: Vec<usize> = across.elements[0]
        .conditions
        .iter()
        .map(|part| part.awaits.len())
        .collect();
    assert_eq!(awaits, [1, 0]);
    check_codes("x: a[v == y.v] and y: b{2} within 1m", &["TJ0512"]);
    check_codes("x: a[v == y.v]{2} and y: b within 1m", &["TJ0512"]);
    check_codes("x: a and y: b and not a[v == y.v] within 1m", &["TJ0512"]);
}

#[test]
fn what_is_not_bound_can_not_be_spoken_of() {
    check_codes("x: a[v == y.v] -> y: b within 1m", &["TJ0512"]);
    check_codes(
        "(x: a[v > 0] or y: b[v == x.v]) -> z: a within 1m",
        &["TJ0512"],
    );
    check_codes("x: a -> not y: b -> z: a[v == y.v] within 1m", &["TJ0512"]);
    check_codes("x: a+ until y: b -> z: a[v == y.v] within 1m", &["TJ0512"]);
    // In a repetition an earlier round has bound it.
    check_codes("(x: a[v == (y.v ?? 0)] -> y: b){2} within 1m", &[]);
    check_codes("((x: a or y: b[v == x.v]) -> z: a){2} within 1m", &[]);
}

#[test]
fn every_wait_needs_a_bound() {
    for bounded in [
        "x: a",
        "x: a or y: b",
        "x: a -> not b for 5s",
        "not b for 5s -> x: a",
        "x: a+ until b",
        "x: a and not b for 5s",
        "(x: a -> y: b)+ until c",
    ] {
        check_codes(bounded, &[]);
    }
    for unbounded in [
        "x: a -> y: b",
        "x: a => y: b",
        "x: a? -> y: b",
        "x: a{2}",
        "x: a and y: b",
        "x: a -> not b",
        "not b -> x: a",
        "x: a and not b",
        "x: a -> not b for 5s -> y: b",
        "x: a+ until b -> y: b",
        "x: a -> not b -> y: b??",
    ] {
        check_codes(unbounded, &["TJ0501"]);
    }
}

#[test]
fn what_is_known_only_at_the_end_of_the_window_is_told() {
    for late in [
        "x: a -> y: b+ within 1m",
        "x: a -> y: b? within 1m",
        "x: a{1,3} -> y: a within 1m",
        "x: a[v > 1]+ -> y: a[v < 5] within 1m",
        "(x: a -> y: b){1,2} within 1m",
    ] {
        check_codes(late, &["TJ0516"]);
    }
    for prompt in [
        "x: a+ -> y: b within 1m",
        "x: a[v > 1]+ -> y: a[v <= 1] within 1m",
        "x: a[v == 1]+ -> y: a[v == 2] within 1m",
        "x: a -> y: b+? within 1m",
        "x: a -> y: b{3} within 1m",
        "x: a -> y: b+ until c within 1m",
        "x: a+ -> not b for 5s within 1m",
        "x: a -> y: b? -> z: c within 1m",
        "x: a -> y: b+ within 1m skip none",
    ] {
        check_codes(prompt, &[]);
    }
}

#[test]
fn keys_are_asked_of_each_element() {
    check_codes("x: a -> y: b by k within 1m", &[]);
    check_codes("x: a -> y: b by x.k within 1m", &["TJ0517"]);
    check_codes("x: a by x.k", &[]);
    check_codes("x: a -> y: c by k within 1m", &["TJ0517"]);
    check_codes("x: a -> y: c by x.k = y.key within 1m", &[]);
    check_codes("x: a -> y: c by x.k = x.k within 1m", &["TJ0517"]);
    check_codes("x: a -> y: c by x.v = y.key within 1m", &["TJ0517"]);
    check_codes("x: a -> not b -> y: c by x.k = y.key within 1m", &[]);
    check_codes("x: a -> not c -> y: c by x.k = y.key within 1m", &[]);
    check_codes("x: c -> y: c by v within 1m", &["TJ0207"]);
}

#[test]
fn arrows_before_a_not_are_refused_wherever_it_hides() {
    check_codes("x: a => (not b -> y: c) within 1m", &["TJ0502"]);
    check_codes("x: a => (not b -> y: c){2} within 1m", &["TJ0502"]);
    check_codes(
        "x: a ~> ((not b -> y: c) or z: b) within 1m skip none",
        &["TJ0502"],
    );
    check_codes("x: a => (y: b and not c) within 1m", &[]);
}

#[test]
fn it_is_known_when_an_operand_is_done() {
    check_codes("x: a and (y: b -> not c) within 1m", &["TJ0508"]);
    check_codes(
        "x: a and (y: b -> not c -> not a for 5s) within 1m",
        &["TJ0508"],
    );
    check_codes("x: a and (y: b -> z: c?) within 1m", &["TJ0508"]);
    check_codes("x: a and (y: b -> not c for 5s) within 1m", &[]);
    check_codes("x: a and (y: b+ -> z: c{2}) within 1m", &[]);
}
