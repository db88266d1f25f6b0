//! Definitions and references.

use super::{Fixture, with_types};

fn definitions(fixture: &Fixture) -> Vec<String> {
    let found = fixture.analysis.definitions(fixture.at).into_iter();
    found.map(|place| fixture.shown(place)).collect()
}

fn references(fixture: &Fixture) -> Vec<String> {
    let found = fixture.analysis.references(fixture.at, true).into_iter();
    found.map(|place| fixture.shown(place)).collect()
}

/// Each text with the one place that declares what stands at its cursor.
#[test]
fn each_kind_of_name_leads_to_its_declaration() {
    let rule = |clauses: &str| format!("rule r {{ {clauses} do page(c.host, to: c.host) }}");
    let cases = [
        (rule("on c: c$0pu"), "types.trap 2:7 cpu"),
        (rule("on c: cpu where c.lo$0ad > 1"), "types.trap 2:25 load"),
        (rule("on c: cpu where c.load$0 > 1"), "types.trap 2:25 load"),
        (rule("on c: cpu where $0c.load > 1"), "a.trap 1:13 c"),
        (rule("on c: cpu where load > LIM$0IT"), "types.trap 6:7 LIMIT"),
        (rule("on c: cpu where own$0ers[c.host].team is null"), "types.trap 5:7 owners"),
        (rule("on c: cpu where owners[c.host].te$0am is null"), "types.trap 5:55 team"),
        (rule("on c: cpu where c.host in owner$0s"), "types.trap 5:7 owners"),
        ("rule r { on l: login where l.ip in NE$0TS do log(\"x\") }".into(), "types.trap 7:7 NETS"),
        ("rule r { on d: deploy where d.phase == fai$0led do log(\"x\") }".into(), "types.trap 4:81 failed"),
        ("rule r { on d: deploy where d.phase in [$0done, failed] do log(\"x\") }".into(), "types.trap 4:75 done"),
        ("rule r { on d: deploy where d.order.i$0d > 1 do log(\"x\") }".into(), "types.trap 4:90 order.id"),
        ("rule r { on c: cpu by c.host absent 5m of ow$0ners do log(\"x\") }".into(), "types.trap 5:7 owners"),
        ("rule r { on c: cpu emit login { us$0er: c.host, ip: 10.0.0.1, ok: true } }".into(), "types.trap 3:15 user"),
        ("rule r { match a: login[not ok]{3} -> b: login[ip == $0a.last.ip] by user within 1m do log(\"x\") }".into(), "a.trap 1:16 a"),
        ("rule r { match a: login[not ok]{3} -> b: login[ip == a.last.i$0p] by user within 1m do log(\"x\") }".into(), "types.trap 3:27 ip"),
        ("rule r { match a: login{3} by user within 1m do log(\"{$0user} {count(a)}\") }".into(), "types.trap 3:15 user"),
        ("rule r { match a: login{3} by user within 1m do log(\"{user} {count($0a)}\") }".into(), "a.trap 1:16 a"),
        ("rule r { match a: login{3} by user within 1m skip to last $0a do log(\"x\") }".into(), "a.trap 1:16 a"),
        ("rule hot { on c: cpu do log(\"x\") }\ntest \"t\" { at 0s cpu { host: \"a\", load: 1 } expect h$0ot }".into(), "a.trap 1:6 hot"),
        ("test \"t\" { at 0s cpu { ho$0st: \"a\", load: 1 } expect hot }\nrule hot { on c: cpu do log(\"x\") }".into(), "types.trap 2:13 host"),
        ("rule hot { on c: cpu do log(\"x\") }\ntest \"t\" { at 0s cpu { host: \"a\", load: 1 } expect hot { c.lo$0ad: 1 } }".into(), "types.trap 2:25 load"),
        ("rule hot { on c: cpu do log(\"x\") }\ntest \"t\" { at 0s cpu { host: \"a\", load: 1 } expect hot { $0c.load: 1 } }".into(), "a.trap 1:15 c"),
    ];
    for (text, expected) in cases {
        let fixture = with_types(&text);
        assert_eq!(fixture.analysis.diagnostics(), [], "{text}");
        assert_eq!(definitions(&fixture), [expected], "{text}");
    }
}

#[test]
fn a_field_of_several_types_has_several_declarations() {
    let fixture = Fixture::new(
        "event a { host: text }\nevent b { host: text }\nrule r { on e: a | b where e.$0host != \"\" do log(e.host) }",
    );
    assert_eq!(
        definitions(&fixture),
        ["a.trap 1:11 host", "a.trap 2:11 host"]
    );
}

#[test]
fn what_the_language_declares_has_no_declaration() {
    for text in [
        "rule r { on c: cpu where c.so$0urce == \"x\" do log(\"x\") }",
        "rule r { on c: cpu where low$0er(c.host) == \"x\" do log(\"x\") }",
        "rule r { on c: cpu do pa$0ge(\"x\") }",
        "rule r { on$0 c: cpu do page(\"x\") }",
        "rule r { on c: cpu do page(\"x$0y\") }",
        "rule r {}  $0  ",
    ] {
        assert_eq!(
            definitions(&with_types(text)),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn references_are_found_across_files() {
    let fixture = with_types(
        "rule r { on c: cpu where c.host != \"\" by c.h$0ost over 5m having count() > 1 do page(who: c.host) }\n\
         test \"t\" { at 0s cpu { host: \"a\", load: 1 } expect no r { host: \"a\" } }",
    );
    assert_eq!(fixture.analysis.diagnostics(), []);
    assert_eq!(
        references(&fixture),
        [
            "types.trap 2:13 host",
            "a.trap 1:28 host",
            "a.trap 1:44 host",
            "a.trap 1:91 host",
            "a.trap 2:24 host",
            "a.trap 2:59 host",
        ]
    );
    let without = fixture.analysis.references(fixture.at, false);
    assert_eq!(without.len(), 5);
}

#[test]
fn actions_are_found_by_their_name() {
    let fixture = with_types(
        "rule a { on c: cpu do pa$0ge(\"x\") }\nrule b { on c: cpu do page(\"y\"), log(\"z\") }",
    );
    assert_eq!(
        references(&fixture),
        ["a.trap 1:23 page", "a.trap 2:23 page"]
    );
}

#[test]
fn errors_elsewhere_hide_nothing() {
    let fixture = with_types(
        "rule broken { on c: cpu where c. }\nrule odd { on c: cpu where c.laod > c.lo$0ad do log(\"x\") }",
    );
    assert_eq!(fixture.analysis.diagnostics().len(), 2);
    assert_eq!(definitions(&fixture), ["types.trap 2:25 load"]);
}
