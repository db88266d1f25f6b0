//! What is proposed.

use super::{Fixture, with_types};
use crate::ide::words;
use crate::ide::{Completion, CompletionKind};
use crate::syntax::keywords;
use trapjaw_event::{ENVELOPE, FieldType};
use trapjaw_program::AggregateFunction;

fn completions(fixture: &Fixture) -> Vec<Completion> {
    fixture
        .analysis
        .completions(fixture.at, &fixture.text, &["page".to_owned()])
}

/// The labels of the best proposals: those of the least rank.
fn best(text: &str) -> Vec<String> {
    let all = completions(&with_types(text));
    let least = all.iter().map(|proposal| proposal.rank).min();
    let best = all
        .into_iter()
        .filter(|proposal| Some(proposal.rank) == least);
    best.map(|proposal| proposal.label).collect()
}

fn labels(text: &str) -> Vec<String> {
    let all = completions(&with_types(text)).into_iter();
    all.map(|proposal| proposal.label).collect()
}

#[test]
fn the_best_proposals_are_what_can_stand_there() {
    let cases: [(&str, &[&str]); 27] = [
        ("ru$0", &["const", "event", "rule", "table", "test"]),
        ("rule r { on c: cpu where c.$0", &["core", "host", "load"]),
        (
            "rule r { on c: cpu where c.$0\n by c.host do log(\"x\") }",
            &["core", "host", "load"],
        ),
        (
            "rule r { on c: cpu where c.l$0oad > 1 do log(\"x\") }",
            &["core", "host", "load"],
        ),
        (
            "rule r { on c: cpu do log(\"{c.$0}\") }",
            &["core", "host", "load"],
        ),
        ("rule r { on d: deploy where d.order.$0 }", &["id"]),
        ("rule r { on c: $0", &["cpu", "deploy", "login"]),
        ("rule r { on c: cpu | $0 }", &["cpu", "deploy", "login"]),
        ("rule r { match a: $0 }", &["cpu", "deploy", "login"]),
        ("rule r { match a: cpu -> $0 }", &["cpu", "deploy", "login"]),
        ("rule r { on c: cpu emit $0 }", &["cpu", "deploy", "login"]),
        (
            "rule r { on c: cpu emit login { user: c.host, $0 } }",
            &["ip", "ok"],
        ),
        (
            "rule r { on c: cpu emit deploy { phase: $0 } }",
            &["done", "failed", "started"],
        ),
        (
            "rule r { on d: deploy where d.phase == $0 }",
            &["done", "failed", "started"],
        ),
        (
            "rule r { on d: deploy where d.phase in [done, $0] }",
            &["done", "failed", "started"],
        ),
        (
            "rule r { match d: deploy[phase == $0] }",
            &["done", "failed", "started"],
        ),
        (
            "rule r { match a: login -> b: login[ip == a.$0] }",
            &["ip", "ok", "user"],
        ),
        (
            "rule r { match a: login+ -> b: login[ip == a.last.$0] }",
            &["ip", "ok", "user"],
        ),
        (
            "rule r { on c: cpu where owners[c.host].$0 }",
            &["host", "team"],
        ),
        (
            "rule r { on c: cpu by c.host absent 5m of $0 }",
            &["owners"],
        ),
        (
            "rule r { severity $0 }",
            &["critical", "high", "info", "low", "medium"],
        ),
        ("rule r { on c: cpu do $0 }", &["page"]),
        (
            "event e { x: $0 }",
            &[
                "bool", "duration", "enum", "float", "int", "ip", "text", "time",
            ],
        ),
        (
            "rule hot { on c: cpu do log(\"x\") }\ntest \"t\" { expect $0 }",
            &["hot"],
        ),
        ("test \"t\" { at 0s $0 }", &["cpu", "deploy", "login"]),
        ("test \"t\" { at 0s cpu { $0 } }", &["host", "load"]),
        ("test \"t\" { $0 }", &["at", "expect", "expect no"]),
    ];
    for (text, expected) in cases {
        assert_eq!(best(text), expected, "{text}");
    }
}

#[test]
fn clauses_are_proposed_with_what_goes_on_from_the_one_before() {
    let found = labels("rule r {\n    on c: cpu\n    where c.load > 1\n    $0\n}");
    for word in ["by", "for", "on clear", "do", "and", "is null"] {
        assert!(found.iter().any(|label| label == word), "{word}: {found:?}");
    }
    let found = labels("rule r { on c: cpu for 5m g$0 }");
    assert!(found.contains(&"gap".to_owned()) && !found.contains(&"tumbling".to_owned()));
    let found = labels("rule r { on c: cpu over 5m t$0 }");
    assert!(found.contains(&"tumbling".to_owned()) && !found.contains(&"gap".to_owned()));
    let found = labels("rule r { on c: cpu where c.load > 1 $0");
    assert!(found.contains(&"do".to_owned()), "{found:?}");
}

#[test]
fn operands_are_what_is_in_scope() {
    let found = labels("rule r { on c: cpu where $0 > 1 }");
    for name in ["c", "load", "LIMIT", "owners", "clamp", "not"] {
        assert!(found.iter().any(|label| label == name), "{name}: {found:?}");
    }
    // There is no window, so there are no aggregates; other rules' events are out of sight.
    for name in ["count", "user", "now", "quantile"] {
        assert!(
            !found.iter().any(|label| label == name),
            "{name}: {found:?}"
        );
    }
    let found = labels("rule r { on c: cpu over 5m having $0 > 1 }");
    assert!(found.contains(&"count".to_owned()) && found.contains(&"quantile".to_owned()));
    let found = labels("rule r { every 5m do log(\"{$0}\") }");
    assert!(found.contains(&"now".to_owned()));
    let found = labels("rule r { match a: login within 5m do log(\"{a.$0}\") }");
    assert_eq!(found[found.len() - 3..], ["first", "last", "prev"]);
}

#[test]
fn what_several_types_share_is_proposed() {
    let fixture = Fixture::new(
        "event a { x: int, y: int, z: int }\nevent b { x: int, y: text }\nrule r { on e: a | b where e.$0 }",
    );
    let found = completions(&fixture);
    let fields: Vec<&str> = found
        .iter()
        .filter(|it| it.rank == 1)
        .map(|it| &*it.label)
        .collect();
    assert_eq!(fields, ["x"]);
    let envelope = found.iter().filter(|it| it.rank == 2);
    assert_eq!(envelope.count(), ENVELOPE.len());
}

#[test]
fn nothing_is_proposed_where_no_known_name_stands() {
    for text in [
        "rule $0",
        "event $0",
        "rule r { on c$0: cpu }",
        "// a comm$0ent",
        "rule r { about \"te$0xt\" }",
        "rule r { on c: cpu where c.load > 9$0 }",
        "rule r { on c: cpu where c.host ~ /a$0b/ }",
        "event e { x: enum(a, $0) }",
        "const X$0 = 1",
    ] {
        assert_eq!(labels(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_stands_there_is_replaced() {
    let fixture = with_types("rule r { on c: cpu where c.lo$0ad > 1 do log(\"x\") }");
    let found = completions(&fixture);
    let load = found
        .iter()
        .find(|it| it.label == "load")
        .expect("the field");
    assert_eq!(fixture.shown(load.replaced), "a.trap 1:28 load");
    assert_eq!(load.detail, "load: float");
    assert_eq!(load.kind, CompletionKind::Field);
    // A name that is a word of the language gets its backticks.
    let fixture = Fixture::new("const `in` = 1\nrule r { on c: cpu where $0 }");
    let found = completions(&fixture);
    let name = found
        .iter()
        .find(|it| it.label == "in")
        .expect("the constant");
    assert_eq!(name.plain(), "`in`");
}

#[test]
fn snippets_are_plain_without_their_places() {
    let fixture = with_types("$0");
    let found = completions(&fixture);
    let rule = found.iter().find(|it| it.label == "rule").expect("an item");
    assert_eq!(
        rule.plain(),
        "rule name {\n    on e: type\n    where \n    do log(\"\")\n}"
    );
    assert_eq!(
        found
            .iter()
            .find(|it| it.label == "const")
            .map(Completion::plain)
            .as_deref(),
        Some("const NAME = ")
    );
}

/// Words in fixtures of editors are those of the parser.
#[test]
fn words_are_the_language_s() {
    let lists = [
        words::ITEMS,
        words::CLAUSES,
        words::STEPS,
        words::OPERANDS,
        words::OPERATORS,
        words::AFTER_FOR,
        words::AFTER_OVER,
        words::AFTER_ABSENT,
        words::AFTER_SCHEDULE,
        words::IN_PATTERN,
        words::SKIPS,
    ];
    let known = keywords();
    for word in lists.into_iter().flatten() {
        for part in word.text.split(' ') {
            assert!(known.contains(&part), "`{part}` is no word of the language");
        }
        assert!(!word.about.is_empty());
    }
    let aggregates = words::AGGREGATES.map(|(name, ..)| name);
    assert_eq!(aggregates, AggregateFunction::ALL.map(|(_, name)| name));
    assert_eq!(words::ENVELOPE.map(|(name, ..)| name), ENVELOPE);
    let types = words::TYPES.iter().map(|word| word.text);
    let plain = [
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
        FieldType::Time,
        FieldType::Duration,
        FieldType::Ip,
    ];
    let plain = plain.map(|ty| ty.to_string());
    assert!(types.eq(plain.iter().map(String::as_str).chain(["enum"])));
}
