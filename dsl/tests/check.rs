//! What the checker tells, and what it keeps to itself.

use std::fmt::Write;
use trapjaw_dsl::diagnostic::Diagnostic;
use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::{check, check_with_warnings};

const EVENTS: &str = "
event login  { user: text, ip: ip, ok: bool, attempts: int, score: float?, phase: enum(started, done), at: time }
event logout { user: text, ip: text, reason: text? }
event alarm  { user: text, why: text, load: float, note: text? }
const LIMIT = 5
const NAME = \"root\"
";

fn findings(files: &[&str]) -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    for (file, text) in files.iter().enumerate() {
        sources.add(format!("{file}.trap"), *text);
    }
    let found = check_with_warnings(&sources).diagnostics;
    (sources, found)
}

/// Each finding as its code, the text at fault, and what is said of it, behind the common event types.
fn told(rules: &str) -> Vec<String> {
    let (sources, found) = findings(&[EVENTS, rules]);
    let tell = |finding: &Diagnostic| {
        let text = sources.get(finding.primary.source).text();
        format!(
            "{} `{}`: {}",
            finding.code,
            &text[finding.primary.range()],
            finding.message
        )
    };
    found.iter().map(tell).collect()
}

/// What is told of a condition on a login.
fn of_condition(condition: &str) -> Vec<String> {
    told(&format!(
        "rule r {{ on l: login where {condition} do log(\"x\") }}"
    ))
}

/// The condition after the suggestion of its only finding.
fn mended(condition: &str) -> String {
    let rule = format!("rule r {{ on l: login where {condition} do log(\"x\") }}");
    let (_, found) = findings(&[EVENTS, &rule]);
    let [finding] = &found[..] else {
        panic!("{condition}: {found:?}")
    };
    let suggestion = finding.suggestion.as_ref().expect(condition);
    let mut text = rule.clone();
    text.replace_range(suggestion.span.range(), &suggestion.replacement);
    let (_, after) = findings(&[EVENTS, &text]);
    assert!(after.is_empty(), "{text}: {after:?}");
    let end = text.len() - " do log(\"x\") }".len();
    text["rule r { on l: login where ".len()..end].to_owned()
}

#[test]
fn suggestions_mend_what_they_are_for() {
    assert_eq!(mended("l.usr == \"a\""), "l.user == \"a\"");
    assert_eq!(mended("usr == \"a\""), "user == \"a\"");
    assert_eq!(mended("k.user == \"a\""), "l.user == \"a\"");
    assert_eq!(mended("l.user == admin"), "l.user == \"admin\"");
    assert_eq!(mended("l.user == NAEM"), "l.user == NAME");
    assert_eq!(mended("l.phase == strated"), "l.phase == started");
    assert_eq!(mended("l.phase == \"started\""), "l.phase == started");
    assert_eq!(mended("\"strated\" == l.phase"), "started == l.phase");
    assert_eq!(mended("l.ip == \"10.0.0.1\""), "l.ip == 10.0.0.1");
    assert_eq!(mended("l.ip == \"::1\""), "l.ip == ip\"::1\"");
    assert_eq!(mended("l.attempts == \"3\""), "l.attempts == 3");
    assert_eq!(mended("l.score == null"), "l.score is null");
    assert_eq!(mended("(null != l.score)"), "(l.score is not null)");
    assert_eq!(
        mended("l.user contains l.attempts"),
        "l.user contains \"{l.attempts}\""
    );
    assert_eq!(mended("severity >= hihg"), "severity >= high");
}

#[test]
fn each_mistake_is_told_once_and_all_of_them_are() {
    // The unknown field makes nothing of what is around it wrong, and hides nothing beside it.
    assert_eq!(
        of_condition("(l.usr == 5 and l.attempts > \"x\") or not l.user"),
        [
            "TJ0105 `usr`: `login` has no field `usr`",
            "TJ0201 `\"x\"`: `>` needs two values of one type, not int and text",
            "TJ0201 `l.user`: what follows `not` must be bool, not text",
        ]
    );
    assert_eq!(
        told(
            "rule a { on l: lgin where l.what > 3 by l.this over 5m having sum(l.that) > 1 do log(l.other) }
             rule b { severity hgih on l: login by l.score for 0s emit alarm { usr: l.user, load: NOPE } do log(l.user, l.user) }"
        ),
        [
            "TJ0104 `lgin`: there is no event type `lgin`",
            "TJ0112 `hgih`: there is no severity `hgih`",
            "TJ0207 `l.score`: a key can't be a float",
            "TJ0401 `0s`: the duration must be longer than nothing, and this is 0s",
            "TJ0105 `usr`: `alarm` has no field `usr`",
            "TJ0106 `NOPE`: nothing is called `NOPE` here",
            "TJ0312 `l.user`: only one argument goes without a name",
        ]
    );
}

#[test]
fn what_is_declared_wrongly_is_not_missed_where_it_is_used() {
    let (_, found) = findings(&[
        "event e { a: txt, b: int, b: text } const C = 1 / 0 const D = C + 1",
        "rule r { on x: e where x.a == \"a\" and x.b > C and D > x.b do log(x.a) }",
    ]);
    let codes: Vec<String> = found
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    assert_eq!(codes, ["TJ0109", "TJ0102", "TJ0205"]);
}

#[test]
fn a_file_that_can_not_be_read_hides_what_it_declares_and_nothing_else() {
    let broken = "evnt missing { a: int }\nevent half { a: int,, }\nconst X 5\nconst FINE = 1";
    let rules = "rule r { on m: missing where m.a > X do log(\"x\") }
                 rule s { on h: half where h.a > FINE and h.what do log(\"x\") }
                 rule t { on l: login where l.attempts > \"x\" do log(\"x\") }";
    let (_, found) = findings(&[EVENTS, broken, rules]);
    let places: Vec<_> = found
        .iter()
        .map(|finding| (finding.code.to_string(), finding.code.number() < 100))
        .collect();
    let syntax = places.iter().filter(|(_, syntax)| *syntax).count();
    let rest: Vec<&str> = places
        .iter()
        .filter(|(_, syntax)| !syntax)
        .map(|(code, _)| &**code)
        .collect();
    assert!(syntax >= 3, "{places:?}");
    assert_eq!(rest, ["TJ0201"]);
}

#[test]
fn a_bare_name_has_one_meaning() {
    assert_eq!(
        of_condition("phase == done and attempts > LIMIT and user == NAME and time > at"),
        [""; 0]
    );
    let two =
        "event e { phase: enum(up, off), off: enum(up, off), up: bool } rule r { on x: e where ";
    for condition in [
        "phase == off",
        "off == phase",
        "x.phase == off",
        "off == x.phase",
        "phase in [up, off]",
    ] {
        let (_, found) = findings(&[&format!("{two}{condition} do log(\"x\") }}")]);
        assert!(!found.is_empty(), "{condition}");
        assert!(
            found
                .iter()
                .all(|finding| finding.code.to_string() == "TJ0107"),
            "{condition}: {found:?}"
        );
    }
    let (_, found) = findings(&[&format!("{two}x.phase == x.off do log(\"x\") }}")]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn operands_have_the_types_that_their_operators_take() {
    let wrong = [
        ("l.ok < true", "TJ0202"),
        ("l.user + 1 == 2", "TJ0202"),
        ("l.at + l.at > l.at", "TJ0202"),
        ("l.at * 2 > l.at", "TJ0202"),
        ("5m * 5m > 1s", "TJ0202"),
        ("2 / 5m > 1", "TJ0202"),
        ("-l.user == \"\"", "TJ0202"),
        ("l.at == l.time - 1", "TJ0202"),
        ("l.attempts", "TJ0201"),
        ("l.ok and l.attempts", "TJ0201"),
        ("l.user contains 5", "TJ0201"),
        ("l.phase == l.severity", "TJ0201"),
        ("(l.score ?? \"x\") == \"x\"", "TJ0201"),
        ("l.attempts in [1, \"x\"]", "TJ0201"),
        ("l.attempts in [1.5]", "TJ0201"),
        ("l.attempts in [1, l.attempts]", "TJ0206"),
        ("l.attempts in LIMIT", "TJ0212"),
        ("l.user in 10.0.0.0/8", "TJ0211"),
        ("l.attempts / 0 > 1", "TJ0205"),
        ("l.attempts > 9223372036854775807 + 1", "TJ0205"),
        ("l.attempts == -(-9223372036854775807 - 2)", "TJ0205"),
        ("l.score > 1e308 * 10 - 1e308 * 10", "TJ0205"),
        ("l.at > 2026-01-31T12:00:00Z + 106751d", "TJ0205"),
        ("l.score in [null]", "TJ0204"),
        ("l.score ?? null > 1", "TJ0204"),
        ("\"{null}\" == \"x\"", "TJ0204"),
        ("l.user == \"{l.attempts:5}\"", "TJ0208"),
        ("l.user == \"{l.attempts:.18}\"", "TJ0208"),
        ("l.user()", "TJ0110"),
        ("user.name == \"x\"", "TJ0116"),
        ("l", "TJ0114"),
    ];
    for (condition, code) in wrong {
        let told = of_condition(condition);
        assert_eq!(told.len(), 1, "{condition}: {told:?}");
        assert!(told[0].starts_with(code), "{condition}: {told:?}");
    }
    for right in [
        "l.attempts > 1.5",
        "l.score > 1",
        "l.score in [1, 2.5]",
        "l.attempts / 2 > 1",
        "l.at - l.time > 5m * 2 - 1h",
        "l.at - l.time > -5m",
        "l.user == \"{l.attempts:.2}\"",
        "l.ok == (l.score is null)",
        "(l.score ?? 0) > 1",
        "l.severity in [high, critical]",
        "l.type == \"login\" and l.source != l.user",
    ] {
        assert_eq!(of_condition(right), [""; 0], "{right}");
    }
}

#[test]
fn aggregates_stand_where_there_is_a_window() {
    let of = |clauses: &str| told(&format!("rule r {{ on l: login {clauses} }}"));
    let code = |clauses: &str| {
        let told = of(clauses);
        assert_eq!(told.len(), 1, "{clauses}: {told:?}");
        told[0][..6].to_owned()
    };
    assert_eq!(code("by count() over 5m do log(\"x\")"), "TJ0306");
    assert_eq!(
        code("over 5m having sum(count()) > 1 do log(\"x\")"),
        "TJ0306"
    );
    assert_eq!(
        code("over 5m having count(where max(l.at) > l.at) > 1 do log(\"x\")"),
        "TJ0306"
    );
    assert_eq!(code("for 5m do log(\"{count()}\")"), "TJ0305");
    assert_eq!(code("absent 5m having l.ok do log(\"x\")"), "TJ0304");
    assert_eq!(
        code("over 5m having max(l.user) > \"x\" do log(\"x\")"),
        "TJ0209"
    );
    assert_eq!(code("over 5m having avg() > 1 do log(\"x\")"), "TJ0209");
    assert_eq!(
        code("over 5m having count(l.user, l.ip) > 1 do log(\"x\")"),
        "TJ0209"
    );
    assert_eq!(
        code("over 5m having count(of: l.user) > 1 do log(\"x\")"),
        "TJ0209"
    );
    assert_eq!(
        code("over 5m having sum(l.attempts where l.user) > 1 do log(\"x\")"),
        "TJ0201"
    );
    assert_eq!(
        code("over 5m tumbling do log(\"x\") on clear do log(\"y\")"),
        "TJ0307"
    );
    assert_eq!(code("limit 0 per 1h do log(\"x\")"), "TJ0401");
    assert_eq!(code("limit 5000000000 per 1h do log(\"x\")"), "TJ0402");
    assert_eq!(code("limit 1048577 per 1h do log(\"x\")"), "TJ0402");
    assert!(of("limit 1048576 per 1h do log(\"x\")").is_empty());
    assert_eq!(code("limit 1.5 per 1h do log(\"x\")"), "TJ0201");
    assert_eq!(code("for 5m keep -1s do log(\"x\")"), "TJ0401");
    assert_eq!(code("over 300 do log(\"x\")"), "TJ0201");
    assert_eq!(code("over count() * 1m do log(\"x\")"), "TJ0306");
    assert_eq!(
        of("for 5m keep 0s do log(\"x\") on clear do log(\"y\")"),
        [""; 0]
    );
    assert_eq!(
        of(
            "over LIMIT * 1m having min(l.phase) == done do log(\"x\") on clear do log(\"{count()}\")"
        ),
        [""; 0]
    );
}

#[test]
fn windows_are_of_a_size_that_can_be_kept() {
    let of = |clauses: &str| told(&format!("rule r {{ on l: login {clauses} do log(\"x\") }}"));
    let wrong = [
        ("over 5m every 1m each", "TJ0308"),
        ("over session 5m each", "TJ0308"),
        ("over 5 events tumbling each", "TJ0308"),
        ("over 5m every 1m on clear do log(\"y\")", "TJ0307"),
        ("over session 5m on clear do log(\"y\")", "TJ0307"),
        ("over 5 events tumbling on clear do log(\"y\")", "TJ0307"),
        ("over 5m every 0s", "TJ0401"),
        ("over session 0s", "TJ0401"),
        ("over 0 events", "TJ0401"),
        ("over 1000001 events", "TJ0402"),
        ("over 1.5 events", "TJ0201"),
        ("over 1001s every 1s", "TJ0402"),
        ("over 5m in \"Europe/Berlin\"", "TJ0318"),
        ("over session 5m in \"Europe/Berlin\"", "TJ0318"),
        ("over 36h tumbling in \"Europe/Berlin\"", "TJ0318"),
        ("over 1h tumbling in \"Europe/Bern\"", "TJ0216"),
        ("over 5m having quantile(l.score) > 1", "TJ0209"),
        ("over 5m having quantile(l.score, 2) > 1", "TJ0209"),
        ("over 5m having quantile(l.score, l.score) > 1", "TJ0206"),
        ("over 5m having quantile(l.user, 50%) > 1", "TJ0209"),
        ("over 5m having stddev(l.at) > 1", "TJ0209"),
        ("over 5m having distinct() > 1", "TJ0209"),
        ("over 5m having rate(l.user) > 1", "TJ0209"),
        ("over 5m having first(l.user) > 1", "TJ0201"),
    ];
    for (clauses, code) in wrong {
        let told = of(clauses);
        assert_eq!(told.len(), 1, "{clauses}: {told:?}");
        assert!(told[0].starts_with(code), "{clauses}: {told:?}");
    }
    for right in [
        "over 5m tumbling in \"Europe/Berlin\"",
        "over 7d tumbling in \"America/New_York\"",
        "over 30d every 1d in \"UTC\"",
        "over 1000s every 1s",
        "over 1s every 1h",
        "over 1000000 events each",
        "over 5 events on clear do log(\"y\")",
        "over 5m having quantile(l.score, 99%) > 1 and quantile(l.attempts, 1) > 1",
        "over 5m having first(l.user) == last(l.user) and first(l.ok) and distinct(l.ip) > 1",
        "over 5m having rate() > 1 and rate(where l.ok) > rate(l.attempts)",
        "over 5m having stddev(l.score) > stddev_pop(l.attempts)",
    ] {
        assert_eq!(of(right), [""; 0], "{right}");
    }
}

#[test]
fn a_derived_event_has_what_its_type_asks_for() {
    let of = |fields: &str| {
        told(&format!(
            "rule r {{ on l: login emit alarm {{ {fields} }} }}"
        ))
    };
    assert_eq!(of("user: l.user, why: \"x\", load: l.attempts"), [""; 0]);
    assert_eq!(of("user: l.user, why: \"x\", load: 1, note: null"), [""; 0]);
    assert_eq!(
        of("user: l.user"),
        ["TJ0309 `alarm`: `alarm` needs `why`, `load`"]
    );
    assert_eq!(
        of("user: l.attempts, why: null, load: 1, load: 2, time: l.at"),
        [
            "TJ0201 `l.attempts`: `user` must be text, not int",
            "TJ0204 `null`: `null` is no value here",
            "TJ0102 `load`: `load` is set already",
            "TJ0105 `time`: `alarm` has no field `time`",
        ]
    );
}

#[test]
fn fields_that_all_types_have_alike_are_the_event_s() {
    let of = |field: &str| {
        told(&format!(
            "rule r {{ on e: login | logout do log(\"{{e.{field}}}\") }}"
        ))
    };
    assert_eq!(of("user"), [""; 0]);
    assert_eq!(of("time"), [""; 0]);
    assert_eq!(
        of("ip"),
        ["TJ0108 `e.ip`: not all types of the event have the field `ip`"]
    );
    assert_eq!(
        of("reason"),
        ["TJ0108 `e.reason`: not all types of the event have the field `reason`"]
    );
    assert_eq!(
        of("nothing"),
        ["TJ0105 `nothing`: `login` and `logout` have no field `nothing`"]
    );
    assert_eq!(
        told("rule r { on e: any do log(\"{e.user}\") }"),
        ["TJ0105 `user`: an event of any type has no field `user`"]
    );
}

#[test]
fn names_are_one_set_over_all_files() {
    let (_, found) = findings(&[
        "rule a { on e: x do log(e.f) }",
        "event x { f: text }",
        "rule a { on e: x do log(e.f) }",
    ]);
    let codes: Vec<String> = found
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    assert_eq!(codes, ["TJ0101"]);
    let (_, found) = findings(&[
        "event a = \"w\" { f: int } event b = \"w\" { f: int } event c { f: int } event d = \"c\" { f: int }",
    ]);
    let codes: Vec<String> = found
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    assert_eq!(codes, ["TJ0101", "TJ0101"]);
}

#[test]
fn fields_say_where_they_stand_in_nested_data() {
    let mut sources = SourceMap::new();
    sources.add(
        "x.trap",
        "event order { id_of: text = \"data.order.id\", customer.name: text, plain: int }
         rule r { on o: order where o.customer.name == \"a\" and customer.name != o.id_of do log(o.id_of) }",
    );
    let set = check(&sources).expect("the rules are right");
    let (_, ty) = set.registry.iter().next().expect("there is a type");
    let paths: Vec<Option<Vec<&str>>> = ty
        .fields
        .iter()
        .map(|field| {
            field
                .path
                .as_ref()
                .map(|path| path.iter().map(|step| &**step).collect())
        })
        .collect();
    assert_eq!(
        paths,
        [
            Some(vec!["data", "order", "id"]),
            Some(vec!["customer", "name"]),
            None
        ]
    );
}

#[test]
fn every_circle_is_told_with_its_path() {
    let events = "event a { n: int } event b { n: int } event c { n: int } event d { n: int }";
    let rules = "
rule ab { on x: a emit b { n: x.n } }
rule bc { on x: b emit c { n: x.n } }
rule ca { on x: c emit a { n: x.n } }
rule dd { on x: d emit d { n: x.n } }
rule fine { on x: c emit d { n: x.n } }
";
    let (_, found) = findings(&[events, rules]);
    let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
    assert_eq!(
        messages,
        [
            "events go in a circle: a -> ab -> b -> bc -> c -> ca -> a",
            "events go in a circle: d -> dd -> d",
        ]
    );
}

#[test]
fn chains_of_derived_events_end() {
    let chain = |length: usize| {
        let mut text = String::from("event t0 { n: int }\n");
        for at in 1..=length {
            let before = at - 1;
            writeln!(
                text,
                "event t{at} {{ n: int }} rule r{at} {{ on x: t{before} emit t{at} {{ n: x.n }} }}"
            )
            .unwrap();
        }
        let mut sources = SourceMap::new();
        sources.add("chain.trap", text);
        sources
    };
    assert!(trapjaw_dsl::compile(&chain(32)).is_ok());
    let found = trapjaw_dsl::compile(&chain(33)).expect_err("one too many");
    let messages: Vec<&str> = found.iter().map(|finding| &*finding.message).collect();
    assert_eq!(
        messages,
        ["more than 32 derived events follow from one another"]
    );
    assert_eq!(
        found[0].notes,
        ["the chain is r1 -> r2 -> r3 -> ... -> r31 -> r32 -> r33"]
    );
    assert_eq!(found[0].labels[0].1, "derivation 33 of it");
}

#[test]
fn what_a_set_may_hold_is_bounded() {
    let code = |text: &str| {
        let (_, found) = findings(&[EVENTS, text]);
        let codes: Vec<String> = found
            .iter()
            .map(|finding| finding.code.to_string())
            .collect();
        codes.join(" ")
    };
    let long = "n".repeat(257);
    assert_eq!(
        code(&format!("rule {long} {{ on l: login do log(\"x\") }}")),
        "TJ0402"
    );
    assert_eq!(code(&format!("event e {{ {long}: int }}")), "TJ0402");
    assert_eq!(code(&format!("event {long} {{ n: int }}")), "TJ0402");
    let fields: Vec<String> = (0..257).map(|at| format!("f{at}: int")).collect();
    assert_eq!(
        code(&format!("event e {{ {} }}", fields.join(", "))),
        "TJ0402"
    );
    let sums: Vec<String> = (0..66)
        .map(|at| format!("{{sum(l.attempts + {at})}}"))
        .collect();
    assert_eq!(
        code(&format!(
            "rule r {{ on l: login over 5m do log(\"{}\") }}",
            sums.join(" ")
        )),
        "TJ0402"
    );
    let arguments: Vec<String> = (0..257).map(|at| format!("a{at}: 1")).collect();
    assert_eq!(
        code(&format!(
            "rule r {{ on l: login do log({}) }}",
            arguments.join(", ")
        )),
        "TJ0402"
    );
    assert_eq!(
        code(&format!(
            "rule r {{ on l: login {} }}",
            "do log(\"x\") ".repeat(65)
        )),
        "TJ0402"
    );
    // A constant list counts wherever it is named.
    let members: Vec<String> = (0..10_000).map(|member| member.to_string()).collect();
    let rules: Vec<String> = (0..300)
        .map(|at| format!("rule r{at} {{ on l: login where l.attempts in LIST do log(\"x\") }}"))
        .collect();
    let list = format!("const LIST = [{}]", members.join(", "));
    assert_eq!(code(&format!("{list}\n{}", rules.join("\n"))), "TJ0402");
}

#[test]
fn constants_that_grow_by_each_other_come_to_an_end() {
    let mut text = format!("const T0 = \"{}\"\n", "x".repeat(1_000));
    for at in 1..64 {
        let before = at - 1;
        writeln!(text, "const T{at} = \"{{T{before}}}{{T{before}}}\"").unwrap();
    }
    let (_, found) = findings(&[&text]);
    let codes: Vec<String> = found
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    assert_eq!(codes, ["TJ0402"]);
    let long = "x".repeat(200_000);
    let uses = "do a(x: T, y: T) ".repeat(64);
    let rules: Vec<String> = (0..10)
        .map(|at| format!("rule r{at} {{ on l: login {uses} }}"))
        .collect();
    let rules = rules.join("\n");
    let (_, found) = findings(&[EVENTS, &format!("const T = \"{long}\""), &rules]);
    let codes: Vec<String> = found
        .iter()
        .map(|finding| finding.code.to_string())
        .collect();
    assert_eq!(codes, ["TJ0402"]);
}

#[test]
fn so_many_findings_and_no_more_are_told() {
    let rules: Vec<String> = (0..1_500)
        .map(|at| format!("rule r{at} {{ on l: lgin do log(\"x\") }}"))
        .collect();
    let rules = rules.join("\n");
    let (_, found) = findings(&[EVENTS, &rules]);
    assert_eq!(found.len(), 1_001);
    assert_eq!(
        found[1_000].message,
        "only the first 1000 findings are shown"
    );
}

#[test]
fn the_language_page_s_rules_are_right() {
    let mut sources = SourceMap::new();
    sources.add("twelve.trap", include_str!("../testdata/twelve.trap"));
    sources.add_table("owners.csv", "service,team\nshop,sales\n");
    let found = check_with_warnings(&sources).diagnostics;
    let text = sources.iter().next().expect("there is a file").1;
    let lines: Vec<(u32, String)> = found
        .iter()
        .map(|finding| {
            (
                text.line_column(finding.primary.start).line,
                finding.code.to_string(),
            )
        })
        .collect();
    assert!(lines.is_empty(), "{lines:?}");
}
