//! Hovers, outlines, and what parts of a file are.

use super::{Fixture, with_types};
use crate::ide::{Hover, Symbol, TokenKind};

fn hover(text: &str) -> Hover {
    let fixture = with_types(text);
    let hover = fixture.analysis.hover(fixture.at);
    hover.unwrap_or_else(|| panic!("nothing is told in {text}"))
}

#[test]
fn names_are_told_with_their_types() {
    let cases = [
        (
            "rule r { on c: c$0pu do log(\"x\") }",
            "event cpu { host: text, load: float, core: int? }",
            "A sample of one machine.",
        ),
        (
            "rule r { on d: dep$0loy do log(\"x\") }",
            "event deploy { service: text, phase: enum(started, done, failed), order.id: int? }",
            "On the wire it is called `com.example.deploy`.\n\nEvents may be 5s late.",
        ),
        (
            "rule r { on c: cpu where c.co$0re == 1 do log(\"x\") }",
            "cpu.core: int?",
            "",
        ),
        (
            "rule r { on d: deploy where order.$0id == 1 do log(\"x\") }",
            "deploy.order.id: int?",
            "In JSON it stands at `data.order.id`.",
        ),
        (
            "rule r { on c: cpu where $0c.core == 1 do log(\"x\") }",
            "c: cpu",
            "",
        ),
        (
            "rule r { on c: cpu where c.load > LI$0MIT do log(\"x\") }",
            "const LIMIT: float = 0.9",
            "Written `45% * 2`.",
        ),
        (
            "rule r { on l: login where l.ip in NE$0TS do log(\"x\") }",
            "const NETS = [10.0.0.0/8, 192.168.0.1]",
            "",
        ),
        (
            "rule r { on d: deploy where d.phase == do$0ne do log(\"x\") }",
            "done: enum(started, done, failed)",
            "Value 2 of 3, lowest first.",
        ),
        (
            "rule r { on c: cpu where c.so$0urce == \"x\" do log(\"x\") }",
            "source: text",
            "A field of every event's envelope. Where the event comes from.",
        ),
        (
            "rule r { on c: cpu where owners[c.host].te$0am is null do log(\"x\") }",
            "owners.team: text?",
            "",
        ),
        (
            "rule r { every 5m do log(\"{no$0w}\") }",
            "now: time",
            "The instant at which the clock starts the rule.",
        ),
        (
            "rule r$0 { about \"hot machines\" on c: cpu do log(\"x\") }",
            "rule r",
            "hot machines",
        ),
    ];
    for (text, code, about) in cases {
        let hover = hover(text);
        assert_eq!((&*hover.code, &*hover.text), (code, about), "{text}");
        assert_eq!(
            hover.rule.as_deref(),
            text.starts_with("rule r$0").then_some("r")
        );
    }
}

#[test]
fn functions_are_told_with_an_example() {
    let told = hover("rule r { on c: cpu where cl$0amp(c.load, 0.0, 1.0) > 0.5 do log(\"x\") }");
    assert!(
        told.code
            .contains("clamp(x: float, low: float, high: float) -> float"),
        "{told:?}"
    );
    assert!(
        told.text.contains("- `clamp(120, 0, 100)` is `100`"),
        "{told:?}"
    );
    let told =
        hover("rule r { on c: cpu over 5m having qua$0ntile(c.load, 99%) > 0.5 do log(\"x\") }");
    assert!(told.code.starts_with("quantile(x, p)"), "{told:?}");
}

#[test]
fn a_table_is_told_with_its_rows() {
    let told = hover("rule r { on c: cpu where c.host in own$0ers do log(\"x\") }");
    assert_eq!(
        told.code,
        "table owners from \"owners.csv\" key host { host: text, team: text? }"
    );
    assert!(told.text.starts_with("1 rows."), "{told:?}");
}

#[test]
fn blanks_and_words_tell_nothing() {
    for text in [
        "rule r { on c: cpu $0 do log(\"x\") }",
        "rule r { o$0n c: cpu do log(\"x\") }",
    ] {
        let fixture = with_types(text);
        assert_eq!(fixture.analysis.hover(fixture.at), None);
    }
}

fn outline(symbols: &[Symbol], depth: usize, fixture: &Fixture, out: &mut Vec<String>) {
    for symbol in symbols {
        let whole = fixture.shown(symbol.whole);
        let last = whole.chars().last().unwrap_or_default();
        out.push(format!(
            "{:depth$}{:?} {} [{}] ...{last}",
            "", symbol.kind, symbol.name, symbol.detail
        ));
        outline(&symbol.parts, depth + 2, fixture, out);
    }
}

#[test]
fn an_outline_has_all_items() {
    let fixture = Fixture::new(
        "event e { x: int, y: text? } // none\nconst A = 1 + 1\nrule r { about \"why\" on e: e do log(\"\") }\n\n\
         test \"t\" { at 0s e { x: 1 } expect r }\nrule broken { on \n$0",
    );
    let mut lines = Vec::new();
    outline(
        &fixture.analysis.symbols(fixture.at.source),
        0,
        &fixture,
        &mut lines,
    );
    assert_eq!(
        lines,
        [
            "EventType e [event] ...}",
            "  Field x [int] ...t",
            "  Field y [text?] ...?",
            "Constant A [1 + 1] ...1",
            "Rule r [why] ...}",
            "Test t [test] ...}",
            "Rule broken [] ...n",
        ]
    );
}

#[test]
fn parts_of_a_file_are_what_they_mean() {
    let fixture = Fixture::new(
        "event e { s: enum(p, q) } // c\nconst A = 1\nrule r { on x: e where x.s == p and A > 0 do log(\"a{x.s}\") }$0",
    );
    let tokens = fixture.analysis.tokens(fixture.at.source);
    let shown: Vec<String> = tokens
        .iter()
        .map(|token| {
            let text = &fixture.text[token.place.range()];
            let declares = if token.declares { "!" } else { "" };
            format!("{text}:{:?}{declares}", token.kind)
        })
        .collect();
    assert_eq!(
        shown.join(" "),
        "event:Keyword e:Type! s:Field! enum:Keyword p:Variant! q:Variant! // c:Comment const:Keyword A:Constant! \
         1:Number rule:Keyword r:Rule! on:Keyword x:Alias! e:Type where:Keyword x:Alias s:Field ==:Operator p:Variant \
         and:Keyword A:Constant >:Operator 0:Number do:Keyword log:Function \":Text a:Text x:Alias s:Field \":Text"
    );
    for (place, kind) in TokenKind::ALL.iter().enumerate() {
        assert_eq!(*kind as usize, place);
    }
}
