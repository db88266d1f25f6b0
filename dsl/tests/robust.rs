//! Whatever the text, checking ends with findings or rules, and rules always compile.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use trapjaw_dsl::diagnostic::{Style, codes, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::{check_with_warnings, compile};

const EVENTS: &str = "
event a { t: text, i: int, f: float?, b: bool, d: duration?, at: time, ip: ip, e: enum(x, y), g: enum(x, z) }
event c { i: int, t: text, f: float?, only: int }
event out { t: text, i: int, f: float }
const N = 3
const T = \"x\"
";

/// Texts that are right, or nearly: the examples of all codes, and the rules of the language page.
fn corpus() -> Vec<String> {
    let examples = codes::entries().flat_map(|entry| entry.examples);
    let mut texts: Vec<String> = examples
        .flat_map(|example| [example.wrong.into(), example.right.into()])
        .collect();
    texts.push(include_str!("../testdata/twelve.trap").into());
    texts.push(include_str!("../testdata/forms.trap").into());
    texts
}

fn sources(text: &str) -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("rules.trap", text);
    sources
}

/// Checks and compiles a text; what is checked without an error must compile. Tells whether it did.
fn take(text: &str) -> bool {
    let sources = sources(text);
    let checked = check_with_warnings(&sources);
    // Findings point into the text: showing them finds those that don't.
    let shown = render(&checked.diagnostics, &sources, Style::Plain);
    let compiled = compile(&sources);
    assert_eq!(
        checked.rules.is_some(),
        compiled.is_ok(),
        "{text}\n{shown}\n{:?}",
        compiled.err()
    );
    compiled.is_ok()
}

/// An expression of some type or none, from the forms that the language has.
fn expression() -> impl Strategy<Value = String> {
    let leaves = prop::sample::select(vec![
        "v.t",
        "v.i",
        "v.f",
        "v.b",
        "v.d",
        "v.at",
        "v.ip",
        "v.e",
        "v.g",
        "t",
        "i",
        "v.time",
        "severity",
        "v.subject",
        "N",
        "T",
        "x",
        "z",
        "high",
        "0",
        "1",
        "7",
        "2.5",
        "90%",
        "5m",
        "\"x\"",
        "\"\"",
        "true",
        "false",
        "null",
        "10.0.0.1",
        "2026-01-31T12:00:00Z",
        "count()",
        "avg(v.i)",
        "max(v.f where v.b)",
        "min(v.at)",
        "sum(v.d)",
    ]);
    leaves.prop_map(String::from).prop_recursive(4, 24, 3, |inner| {
        let infix = prop::sample::select(vec![
            "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "contains", "starts_with", "??",
        ]);
        prop_oneof![
            4 => (inner.clone(), infix, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => inner.clone().prop_map(|a| format!("(not {a})")),
            1 => inner.clone().prop_map(|a| format!("(-{a})")),
            1 => inner.clone().prop_map(|a| format!("({a} is not null)")),
            1 => inner.clone().prop_map(|a| format!("\"<{{{a}}}>\"")),
            1 => inner.clone().prop_map(|a| format!("\"{{{a}:.2}}\"")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} in [{b}, {b}])")),
            1 => inner.prop_map(|a| format!("({a} in [10.0.0.0/8, 10.0.0.1])")),
        ]
    })
}

/// A rule of such expressions.
fn rule() -> impl Strategy<Value = String> {
    let on = prop::sample::select(vec!["a", "a", "a | c", "any"]);
    let clause = prop::sample::select(vec![
        "",
        "over 5m",
        "over 5m each",
        "over 1h tumbling",
        "over all",
        "for 5m gap 1m keep 1s",
        "absent 30s",
    ]);
    let end = prop::sample::select(vec![
        "",
        "limit N per 1h",
        "emit out { t: v.t, i: 1, f: v.i }",
        "on clear do log()",
    ]);
    let parts = prop::collection::vec((prop::bool::weighted(0.4), expression()), 5);
    (on, clause, end, parts).prop_map(|(on, clause, end, parts)| {
        let part = |at: usize, lead: &str| {
            let (given, expression) = &parts[at];
            if *given {
                format!("{lead}{expression}")
            } else {
                String::new()
            }
        };
        let having = if clause.starts_with("over") {
            part(2, "having ")
        } else {
            String::new()
        };
        format!(
            "rule r {{ on v: {on} {} {} {clause} {having} do log({}{}) {end} }}",
            part(0, "where "),
            part(1, "by "),
            part(3, "x: "),
            part(4, ", y: "),
        )
        .replace("log(, ", "log(")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damaged_texts_end_with_findings(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..24, 0_usize..3), 1..4),
    ) {
        let corpus = corpus();
        let mut text = which.get(&corpus).clone();
        let patch = other.get(&corpus);
        for (at, length, how) in cuts {
            let chars: Vec<char> = text.chars().collect();
            let start = at.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            let inside: String = chars[start..end].iter().collect();
            let put = match how {
                0 => String::new(),
                1 => inside.repeat(2),
                _ => patch.chars().skip(start).take(length).collect(),
            };
            let before: String = chars[..start].iter().collect();
            let behind: String = chars[end..].iter().collect();
            text = before + &put + &behind;
        }
        take(&text);
    }

    #[test]
    fn what_is_checked_compiles(rule in rule()) {
        take(&format!("{EVENTS}{rule}"));
    }
}

#[test]
fn enough_of_the_random_rules_are_right() {
    // If nearly all were refused, the property above would say little.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let right = (0..500)
        .filter(|_| {
            let rule = rule().new_tree(&mut runner).expect("a rule").current();
            take(&format!("{EVENTS}{rule}"))
        })
        .count();
    assert!(right > 40, "{right} of 500");
}

/// Each level of a nest is looked at a bounded number of times: work that doubled with each would never end.
#[test]
fn deep_patterns_are_checked_and_compiled() {
    let nest = |first: &str, before: &str, after: &str, depth: usize| {
        let (before, after) = (before.repeat(depth), after.repeat(depth));
        format!(
            "event a {{ n: int }} event b {{ n: int }}\n\
             rule r {{ match {first}{before}p: a{after} -> q: b within 1h do log(\"x\") }}"
        )
    };
    for first in ["", "f: a -> ", "f: a? -> ", "f: a* -> "] {
        for quantifier in ["+", "{2}", "{2,3}", "+?", "{2} strict", "+ any"] {
            assert!(take(&nest(first, "(", &format!("{quantifier})"), 50)));
            // Beyond what the parser takes in.
            assert!(!take(&nest(first, "(", &format!("{quantifier})"), 500)));
        }
        // What is optional must not be repeated, but may stand in a group that is.
        assert!(take(&nest(first, "(b? -> ", ")+", 25)));
    }
}

const AB: &str = "event a { n: int } event b { n: int } event c { n: int }\n";

/// `(p0: a or q0: b) and (p1: a or q1: b) and ...`: each operand doubles the ways.
fn operands(number: usize) -> String {
    let operands: Vec<String> = (0..number)
        .map(|at| format!("(p{at}: a or q{at}: b)"))
        .collect();
    operands.join(" and ")
}

#[test]
fn patterns_with_too_many_ways_are_refused() {
    let rule = |pattern: &str| format!("{AB}rule r {{ match {pattern} within 1h do log(\"x\") }}");
    let steps: Vec<String> = (0..60).map(|at| format!("p{at}: a?")).collect();
    let alike: Vec<String> = (0..60).map(|at| format!("p{at}: a")).collect();
    for pattern in [
        operands(6),
        format!("s: c -> ({})", operands(6)),
        format!("{} -> s: c", steps.join(" -> ")),
        alike.join(" or "),
        alike.join(" and "),
    ] {
        assert!(take(&rule(&pattern)), "{pattern}");
    }
    let silent: Vec<String> = (0..20)
        .map(|_| "(not a for 1s or not b for 1s)".into())
        .collect();
    for pattern in [
        operands(20),
        format!("s: c -> ({})", operands(20)),
        format!("({}){{2}}", operands(20)),
        format!("{} -> s: c", silent.join(" -> ")),
    ] {
        let text = rule(&pattern);
        let findings = trapjaw_dsl::check(&sources(&text)).expect_err("too many ways");
        let limit = findings.iter().find(|found| found.message.contains("ways"));
        assert!(limit.is_some(), "{findings:?}");
    }
}

/// What is refused is counted, not walked: what is counted is no less than what is walked.
#[test]
fn no_moment_opens_more_ways_than_are_counted() {
    for pattern in [
        "p: a+ -> q: a+ -> r: b",
        "p: a? -> q: b? -> r: c? -> s: a",
        "(p: a or q: b){1,40} -> r: c",
        "(p: a? -> q: b) and (r: a or s: c) and t: b{2}",
        "u: c -> ((p: a? -> q: b) and (r: a or s: c) and t: b{2}) -> v: a",
        "((p: a and q: b) or (r: a and (s: b or t: c))){1,3} -> u: c",
        "not c for 1s -> (p: a or q: b) -> (not a for 1s or r: b) -> s: c?",
        "u: c -> ((p: a -> not b for 1s -> q: a?) or r: b) -> (s: a? -> t: c)",
        "((p: a+?)+ -> (q: b? -> r: c){2,3})+ -> s: a",
    ] {
        let text = format!("{AB}rule r {{ match {pattern} within 1h do log(\"x\") }}");
        let compiled = compile(&sources(&text)).unwrap_or_else(|found| panic!("{found:?}"));
        let pattern = compiled.program.rules[0].pattern.as_deref().expect("one");
        let most = pattern.root.ways();
        let mut places = pattern.beginnings();
        assert!(places.len() as u64 <= most);
        let mut opened = 0;
        let mut at = 0;
        while at < places.len().min(300) {
            let rest = places[at].clone();
            let awaited = pattern.awaited(&rest);
            let event = pattern.at_event(&rest, awaited.elements);
            let by_event: Vec<_> = event.taken.into_iter().flat_map(|it| it.arrivals).collect();
            let by_time = pattern.at_deadline(&rest, awaited.spans);
            for ways in [by_event, by_time] {
                assert!(ways.len() as u64 <= most, "{text}: {} {most}", ways.len());
                opened = opened.max(ways.len() as u64);
                for next in ways.into_iter().filter_map(|way| way.rest) {
                    if !places.contains(&next) {
                        places.push(next);
                    }
                }
            }
            at += 1;
        }
        assert!(opened > 1 && most <= 8 * opened, "{text}: {opened} {most}");
    }
}
