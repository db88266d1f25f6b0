//! Renaming.

use super::{Fixture, with_types};
use crate::ide::Analysis;
use crate::source::SourceMap;

/// The files after renaming what stands at the cursor, those that change alone; or why it is refused.
fn renamed(fixture: &Fixture, name: &str) -> Result<String, String> {
    let edits = fixture.analysis.rename(fixture.at, name);
    let edits = edits.map_err(|refused| refused.to_string())?;
    let mut shown = String::new();
    let sources = fixture.analysis.sources();
    let changed = sources.with_texts(|id, text| {
        let mut text = text.to_owned();
        let mut own = edits
            .iter()
            .filter(|edit| edit.place.source == id)
            .peekable();
        own.peek()?;
        for edit in own.rev() {
            text.replace_range(edit.place.range(), &edit.text);
        }
        Some(text)
    });
    for ((_, before), (_, after)) in sources.iter().zip(changed.iter()) {
        if before != after {
            shown.push_str(after.text());
        }
    }
    assert_sound(changed);
    Ok(shown)
}

fn assert_sound(sources: SourceMap) {
    let after = Analysis::new(sources);
    assert_eq!(after.diagnostics(), []);
}

#[test]
fn every_use_gets_the_new_name() {
    let fixture = Fixture::new(
        "event a = \"x\" { host: text = \"data.h\" }\nevent b { host: text = \"data.host\" }\n\
         rule r { on e: a | b where host != \"\" by e.ho$0st for 5m do log(\"{e.host}\") }\n\
         rule s { match x: a -> y: b by host within 5m do log(\"{host} {x.host}\") }\n\
         test \"t\" { at 0s a { host: \"a\" } expect no r { host: \"a\" } expect no s { host: \"a\" } }\n",
    );
    assert_eq!(
        renamed(&fixture, "machine").as_deref(),
        Ok(
            "event a = \"x\" { machine: text = \"data.h\" }\nevent b { machine: text = \"data.host\" }\n\
             rule r { on e: a | b where machine != \"\" by e.machine for 5m do log(\"{e.machine}\") }\n\
             rule s { match x: a -> y: b by machine within 5m do log(\"{machine} {x.machine}\") }\n\
             test \"t\" { at 0s a { machine: \"a\" } expect no r { machine: \"a\" } expect no s { machine: \"a\" } }\n"
        )
    );
}

#[test]
fn events_keep_their_form_on_the_wire() {
    let fixture =
        Fixture::new("event lo$0gin { user: text }\nrule r { on l: login do log(l.user) }\n");
    let expected =
        "event sign_in = \"login\" { user: text }\nrule r { on l: sign_in do log(l.user) }\n";
    assert_eq!(renamed(&fixture, "sign_in").as_deref(), Ok(expected));
    let fixture = Fixture::new(
        "event login { user: text? }\nrule r { on l: login do log(l.us$0er ?? \"\") }\n",
    );
    let expected = "event login { account: text? = \"data.user\" }\nrule r { on l: login do log(l.account ?? \"\") }\n";
    assert_eq!(renamed(&fixture, "account").as_deref(), Ok(expected));
}

#[test]
fn columns_keep_their_headers() {
    let fixture = Fixture::new(
        "//- owners.csv\nhost,team\nweb-1,shop\n//- a.trap\ntable owners from \"owners.csv\" key ho$0st { host: text, team: text }\n\
         event cpu { host: text }\nrule r { on c: cpu do log(owners[c.host].team ?? \"\") }\n",
    );
    assert_eq!(
        renamed(&fixture, "machine").as_deref(),
        Ok(
            "table owners from \"owners.csv\" key machine { machine: text = \"host\", team: text }\n\
             event cpu { host: text }\nrule r { on c: cpu do log(owners[c.host].team ?? \"\") }\n"
        )
    );
}

#[test]
fn aliases_constants_variants_rules_and_tables() {
    let cases = [
        (
            "rule r { on $0c: cpu where c.load > LIMIT do log(c.host) }",
            "x",
            "rule r { on x: cpu where x.load > LIMIT do log(x.host) }",
        ),
        (
            "const A = 1\nrule r { on c: cpu where c.load > $0A do log(\"{A}\") }",
            "B",
            "const B = 1\nrule r { on c: cpu where c.load > B do log(\"{B}\") }",
        ),
        (
            "rule hot { on c: cpu do log(\"x\") }\ntest \"t\" { at 0s cpu { host: \"a\", load: 1 } expect h$0ot }",
            "limit",
            "rule `limit` { on c: cpu do log(\"x\") }\ntest \"t\" { at 0s cpu { host: \"a\", load: 1 } expect `limit` }",
        ),
        (
            "event e { state: enum(on_, off) }\nevent f { state: enum(on_, off) }\nrule r { on x: e | f where x.state == o$0ff do log(\"x\") }",
            "down",
            "event e { state: enum(on_, down) }\nevent f { state: enum(on_, down) }\nrule r { on x: e | f where x.state == down do log(\"x\") }",
        ),
        (
            "rule r { match a: login[not ok]+ -> b: login[ok and ip == $0a.last.ip] by user within 1m do log(\"{count(a)} {sum(length(a.user))}\") }",
            "fails",
            "rule r { match fails: login[not ok]+ -> b: login[ok and ip == fails.last.ip] by user within 1m do log(\"{count(fails)} {sum(length(fails.user))}\") }",
        ),
    ];
    for (text, name, expected) in cases {
        let fixture = with_types(text);
        assert_eq!(fixture.analysis.diagnostics(), [], "{text}");
        assert_eq!(renamed(&fixture, name).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn names_that_are_taken_are_refused() {
    let cases = [
        (
            "event a { x: int, y: int }\nrule r { on e: a where e.$0x > 1 do log(\"\") }",
            "y",
            "there is a field `y` already",
        ),
        (
            "event a { x: int }\nrule r { on e: a where e.$0x > 1 do log(\"\") }",
            "time",
            "envelope",
        ),
        ("event a$0 { x: int }\nevent b { x: int }", "b", "already"),
        ("const A = 1\nconst B$0 = 2", "A", "already"),
        (
            "event a { x: int }\nconst A = 1\nrule r { on e: a where x > $0A do log(\"\") }",
            "x",
            "can be read as",
        ),
        (
            "event a { x: int }\nrule r$0 { on e: a do log(\"\") }\nrule s { on e: a do log(\"\") }",
            "s",
            "already",
        ),
        (
            "event a { s: enum(p, q) }\nrule r { on e: a where e.s == $0p do log(\"\") }",
            "q",
            "already",
        ),
        (
            "event a { x: int }\nrule r { match $0e: a -> f: a within 5m do log(\"\") }",
            "f",
            "already",
        ),
        (
            "event a { x: int }\nrule r { on e: a where e.$0x > 1 do log(\"\") }",
            "b`c",
            "backticks",
        ),
        (
            "event a { x: int }\nrule r { on e: a where e.$0x > 1 do log(\"\") }",
            " ",
            "a name is",
        ),
    ];
    for (text, name, expected) in cases {
        let fixture = Fixture::new(text);
        assert_eq!(fixture.analysis.diagnostics(), [], "{text}");
        let refused = renamed(&fixture, name).expect_err(text);
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

/// An alias hides a field of nested data that begins with the same word.
#[test]
fn a_name_that_comes_between_is_refused() {
    let fixture = Fixture::new(
        "event a { load: int, f.load: int }\nrule r { on $0e: a where f.load > 1 and e.load > 1 do log(\"\") }",
    );
    assert_eq!(fixture.analysis.diagnostics(), []);
    let refused = renamed(&fixture, "f").expect_err("`f.load` would be another field");
    assert!(refused.contains("stand for something else"), "{refused}");
}

#[test]
fn what_the_language_names_can_not_be_renamed() {
    for (text, expected) in [
        (
            "rule r { on c: cpu where c.so$0urce == \"x\" do log(\"x\") }",
            "`source` is a name of the language",
        ),
        (
            "rule r { on c: cpu where low$0er(c.host) == \"x\" do log(\"x\") }",
            "`lower` is a name of the language",
        ),
        (
            "rule r { on c: cpu do pa$0ge(\"x\") }",
            "`page` is an action: it is named in the configuration",
        ),
        (
            "rule r { on c: cpu where c.severity == hi$0gh do page(\"x\") }",
            "`high` is declared by the language",
        ),
        (
            "rule r { on$0 c: cpu do page(\"x\") }",
            "there is no name here",
        ),
    ] {
        let fixture = with_types(text);
        assert_eq!(fixture.analysis.diagnostics(), [], "{text}");
        let refused = fixture.analysis.prepare_rename(fixture.at).expect_err(text);
        assert_eq!(refused.to_string(), expected);
    }
    let fixture = with_types("rule r { on c: cpu where c.lo$0ad > 1 do log(\"x\") }");
    let place = fixture
        .analysis
        .prepare_rename(fixture.at)
        .expect("a field");
    assert_eq!(fixture.shown(place), "a.trap 1:28 load");
}

#[test]
fn files_with_errors_are_refused() {
    let fixture = with_types(
        "rule r { on c: cpu where c.lo$0ad > 1 do log(\"x\") }\nrule s { on c: cpu where c.laod > 1 do log(\"x\") }",
    );
    let refused = renamed(&fixture, "level").expect_err("a use may be missed");
    assert!(refused.starts_with("mend the errors first"), "{refused}");
    assert!(refused.ends_with("(a.trap:2)"), "{refused}");
}
